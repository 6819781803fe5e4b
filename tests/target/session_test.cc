// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a session charges before it submits, says "full" without touching the command, and gets its
// credit back when commands are freed.
// Method: a session with room for two commands on the null disk.

#include "target/session.h"

#include <gtest/gtest.h>

#include "pagecache/file.h"

namespace quire {
namespace {

class SessionTest : public testing::Test {
 protected:
  SessionTest()
      : reactor_(*Reactor::Create(workers_)),
        device_(*Device::Create(*File::Open({.path = "null", .null_size_bytes = 1 << 20}), 512)),
        target_("test") {
    EXPECT_EQ(target_.Add(*device_), 0u);
    session_ = std::make_unique<Session>(
        target_, *reactor_, Session::Options{.initiator_name = "me", .max_commands = 2});
  }
  static void Prepare(Command& command) {
    command.blocks = {{0}, {8}};
    command.done = [](Command&) {};
  }

  WorkerPool workers_;
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<Device> device_;
  Target target_;
  std::unique_ptr<Session> session_;
};

TEST_F(SessionTest, FullIsAnOrdinaryAnswer) {
  Command commands[3];
  for (Command& command : commands) Prepare(command);
  EXPECT_EQ(session_->Submit(commands[0]), Session::Answer::kAccepted);
  EXPECT_EQ(session_->Submit(commands[1]), Session::Answer::kAccepted);
  EXPECT_EQ(session_->Submit(commands[2]), Session::Answer::kFull);
  reactor_->Poll();
  EXPECT_EQ(session_->Submit(commands[2]), Session::Answer::kFull) << "answered, but not freed";
  commands[0].Drop();
  EXPECT_EQ(session_->Submit(commands[2]), Session::Answer::kAccepted);
  reactor_->Poll();
  commands[1].Drop();
  commands[2].Drop();
  EXPECT_EQ(session_->count_commands(), 0u);
}

TEST_F(SessionTest, ThereIsOnlyLunZero) {
  Command command;
  Prepare(command);
  command.lun = 1;
  EXPECT_EQ(session_->Submit(command), Session::Answer::kNoSuchLun);
  EXPECT_EQ(session_->count_commands(), 0u);
}

// It may have to turn the reactor for its housekeeping to end.
TEST(SessionDeathTest, DoesNotEndInsideACallback) {
  const auto misuse = [] {
    WorkerPool workers;
    const auto reactor = *Reactor::Create(workers);
    const auto device =
        *Device::Create(*File::Open({.path = "null", .null_size_bytes = 1 << 20}), 512);
    Target target("test");
    target.Add(*device);
    static std::unique_ptr<Session> session;
    session = std::make_unique<Session>(target, *reactor, Session::Options{});
    Command command;
    command.blocks = {{0}, {8}};
    command.done = [](Command& answered) { answered.Drop(); };
    command.freed = [](Command&) { session.reset(); };
    if (session->Submit(command) == Session::Answer::kAccepted) reactor->Poll();
  };
  EXPECT_DEATH(misuse(), "in_turn_");
}

}  // namespace
}  // namespace quire
