// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// An initiator's session with a target, on one reactor: the way commands come in.
// Owns: a nexus per logical unit. Lifetime: the target and the reactor outlive it; the destructor
// checks that every command was freed and all memory given back, and that it is not called inside a
// callback: it may have to turn the reactor. Threads: the reactor's; commands are freed on any
// thread. Errors: "full" is an ordinary answer of Submit.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/reactor.h"
#include "target/data_buffers.h"
#include "target/target.h"
#include "vdisk/command.h"

namespace quire {

class Session {
 public:
  struct Options {
    std::string initiator_name;
    uint32_t max_commands = 1024;    // running, or answered and not yet freed
    Admission* admission = nullptr;  // outlives the session; nullptr: nothing is asked of it
  };

  Session(Target& target, Reactor& reactor, Options options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  enum class Answer : uint8_t {
    kAccepted,   // `done` will run
    kFull,       // too many commands: TASK SET FULL; the command is untouched
    kNoSuchLun,  // the command is untouched
    kTooLarge,   // more memory than the initiator may ever have
  };
  [[nodiscard]] Answer Submit(Command& command);

  // Asks for memory for data that the initiator may then send; see DataBuffers.
  // REQUIRES: an admission.
  [[nodiscard]] Answer Ask(DataBuffer& buffer);
  void Cancel(DataBuffer& buffer);

  Target& target() { return target_; }
  Reactor& reactor() { return reactor_; }
  uint32_t count_commands() const { return count_commands_.load(std::memory_order_acquire); }

 private:
  // Constant after construction.
  Target& target_;
  Reactor& reactor_;
  const Options options_;
  std::vector<std::unique_ptr<Nexus>> nexuses_;
  std::unique_ptr<DataBuffers> buffers_;
  // Any thread.
  std::atomic<uint32_t> count_commands_{0};
};

}  // namespace quire
