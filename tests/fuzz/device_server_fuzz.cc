// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: whatever commands come, in whatever order and from whichever nexuses, each is answered
// once, with no more data than its CDB allows, and what the nexuses share stays in order.
// Method: bytes become CDBs with data, most of them of commands that exist, task management
// functions and nexuses that come and go; several commands in flight on a small simulated file.

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "base/big_endian.h"
#include "base/log.h"
#include "tests/support/memory_backing.h"
#include "vdisk/device_server.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

constexpr uint32_t kBlockBytes = 512;
constexpr uint64_t kDiskBytes = 256 * 1024;
constexpr uint64_t kMaxDataBytes = 64 * 1024;
constexpr size_t kNexuses = 3;

// Shared by all runs: a ring and threads cost more than a run.
struct Machine {
  WorkerPool workers{2};
  std::unique_ptr<Reactor> reactor = *Reactor::Create(workers);

  static Machine& Get() {
    static Machine machine;
    return machine;
  }
};

struct Slot : ScsiCommand {
  std::vector<uint8_t> cdb_bytes;
  std::vector<uint8_t> data;
  std::vector<std::byte> found;
  Segment piece;
  bool running = false;
  bool aborted = false;  // a task management function came while it ran
};

// A task management function that may have to wait for its victims.
struct Function : TaskAbort {
  std::atomic<bool> waits = false;
};

class Run {
 public:
  explicit Run(FuzzedDataProvider& input) : input_(input), reactor_(*Machine::Get().reactor) {
    const auto cache = input_.ConsumeBool() ? CacheMode::kWriteback : CacheMode::kWritethrough;
    auto file =
        File::Open(std::make_unique<MemoryBacking>(kDiskBytes), {.path = "fuzz", .cache = cache});
    device_ = *Device::Create(*std::move(file), kBlockBytes);
    server_ = *DeviceServer::Create(
        *device_, {.thin = input_.ConsumeBool(),
                   .ports = {{1, TransportProtocol::kIscsi}, {2, TransportProtocol::kIscsi}}});
    for (size_t i = 0; i < kNexuses; ++i) Connect(i);
  }
  ~Run() {
    Settle();
    for (auto& nexus : nexuses_) nexus.reset();
    const Device::Counts counts = device_->counts();
    QUIRE_CHECK(counts.executed == counts.freed);
    QUIRE_CHECK(device_->file().stats().lent == 0);
  }

  void Step() {
    switch (input_.ConsumeIntegralInRange<int>(0, 15)) {
      case 0:
        Settle();
        return;
      case 1:
        Settle();
        Connect(AnyNexus());
        return;
      case 2:
      case 3:
        Manage();
        return;
      case 4:
        server_->PostAttention(
            static_cast<UnitAttention>(input_.ConsumeIntegralInRange<int>(0, kUnitAttentions - 1)));
        return;
      case 5:
        reactor_.Poll();
        return;
      default:
        Execute();
    }
  }

 private:
  size_t AnyNexus() { return input_.ConsumeIntegralInRange<size_t>(0, kNexuses - 1); }

  // Anew where it was connected. The last two are of one initiator port.
  void Connect(size_t i) {
    const NexusId id{*TransportId::IscsiPort("iqn.2026-01.fuzz", std::min<size_t>(i, 1)),
                     static_cast<uint16_t>(i == 2 ? 2 : 1)};
    nexuses_[i].reset();
    nexuses_[i] = server_->Connect(reactor_, id, {.relative_port = id.target_port});
    while (input_.ConsumeBool() && nexuses_[i]->attentions().Take().has_value()) {
    }
  }

  // Any bytes, or those of a command that exists; its blocks mostly on the disk.
  std::vector<uint8_t> AnyCdb() {
    auto bytes = input_.ConsumeBytes<uint8_t>(input_.ConsumeIntegralInRange<size_t>(0, 16));
    const auto form = input_.ConsumeIntegral<uint8_t>();
    if (form < 16) return bytes;
    const Opcode& row =
        AllOpcodes()[input_.ConsumeIntegralInRange<size_t>(0, AllOpcodes().size() - 1)];
    bytes.resize(row.cdb_bytes);
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] &= row.allowed[i];
    bytes[0] = row.opcode;
    if (row.has_service_action) {
      bytes[1] = static_cast<uint8_t>((bytes[1] & 0xe0) | row.service_action);
    }
    if (form < 64) return bytes;
    const auto small = [&](CdbNumber number, uint16_t most) {
      for (size_t i = 0; i < number.count_bytes; ++i) bytes[number.byte + i] = 0;
      const auto value = input_.ConsumeIntegralInRange<uint16_t>(0, most);
      if (number.count_bytes > 0) bytes[number.byte + number.count_bytes - 1] = value & 0xff;
      if (number.count_bytes > 1) bytes[number.byte + number.count_bytes - 2] = value >> 8;
    };
    small(row.lba, kDiskBytes / kBlockBytes);
    small(row.length, row.length_in_blocks ? 64 : 1024);
    return bytes;
  }

  // As long as the CDB promises, as a rule.
  std::vector<uint8_t> DataFor(const ParsedCdb& parsed) {
    uint64_t length = 0;
    if (parsed.outcome.good() && parsed.cdb.data_is_out()) {
      length = std::min(parsed.cdb.data_bytes(kBlockBytes), kMaxDataBytes);
    }
    if (input_.ConsumeIntegral<uint8_t>() < 8) {
      length = input_.ConsumeIntegralInRange<uint64_t>(0, 4096);
    }
    std::vector<uint8_t> data = input_.ConsumeBytes<uint8_t>(
        input_.ConsumeIntegralInRange<size_t>(0, std::min<uint64_t>(length, 256)));
    data.resize(length);
    return data;
  }

  void Execute() {
    const auto slot =
        std::ranges::find_if(slots_, [](const Slot& candidate) { return !candidate.running; });
    if (slot == slots_.end()) {
      Settle();
      return;
    }
    slot->cdb_bytes = AnyCdb();
    slot->data = DataFor(ParseCdb(slot->cdb_bytes));
    slot->piece = {reinterpret_cast<std::byte*>(slot->data.data()), slot->data.size()};
    slot->cdb = slot->cdb_bytes;
    slot->data_out = slot->data.empty() ? SgView() : SgView({&slot->piece, 1});
    slot->tag = static_cast<uint64_t>(slot - slots_.begin());
    slot->attribute =
        static_cast<TaskAttribute>(input_.ConsumeIntegralInRange<int>(0, kTaskAttributes - 1));
    slot->stable = input_.ConsumeBool();
    slot->done = Answered;
    slot->freed = [](ScsiCommand& command) { static_cast<Slot&>(command).running = false; };
    slot->running = true;
    slot->aborted = false;
    server_->Execute(*nexuses_[AnyNexus()], *slot);
    QUIRE_CHECK(slot->running);  // never answered by the call that started it
  }

  static void Answered(ScsiCommand& command) {
    Slot& slot = static_cast<Slot&>(command);
    QUIRE_CHECK(slot.running);  // once
    const ParsedCdb parsed = ParseCdb(slot.cdb_bytes);
    QUIRE_CHECK(slot.answered() || slot.aborted);
    QUIRE_CHECK(!slot.outcome().good() || !slot.answered() || parsed.outcome.good());
    const uint64_t found = slot.data_in().length_bytes();
    QUIRE_CHECK(found == 0 || !parsed.cdb.data_is_out());
    QUIRE_CHECK(found == 0 || found <= parsed.cdb.data_bytes(kBlockBytes));
    QUIRE_CHECK(slot.outcome().status != Status::kCheckCondition || !slot.sense().bytes().empty());
    slot.found.clear();  // every byte of it can be looked at
    for (const Segment& piece : slot.data_in().segments()) {
      slot.found.insert(slot.found.end(), piece.data, piece.data + piece.size_bytes);
    }
    command.Drop();
  }

  void Manage() {
    const auto function = std::ranges::find_if(
        functions_, [](const Function& candidate) { return !candidate.waits; });
    if (function == functions_.end()) {
      Settle();
      return;
    }
    for (Slot& slot : slots_) slot.aborted = slot.running;
    TaskSet& set = server_->task_set();
    NexusTasks& tasks = nexuses_[AnyNexus()]->tasks();
    const bool tas = input_.ConsumeBool();
    const TaskAbort::Done done = [](TaskAbort& abort) {
      static_cast<Function&>(abort).waits = false;
    };
    function->waits = true;
    bool complete = false;
    switch (input_.ConsumeIntegralInRange<int>(0, 4)) {
      case 0:
        complete = set.AbortTask(tasks, input_.ConsumeIntegralInRange<uint64_t>(0, slots_.size()),
                                 *function, done);
        break;
      case 1:
        complete = set.AbortTaskSet(tasks, *function, done);
        break;
      case 2:
        complete = set.ClearTaskSet(tasks, tas, *function, done);
        break;
      case 3:
        complete = set.ResetUnit(&tasks, tas, *function, done);
        break;
      default:
        complete = set.ResetNexus(tasks, *function, done);
        break;
    }
    if (complete) function->waits = false;
  }

  bool Busy() const {
    return std::ranges::any_of(slots_, [](const Slot& slot) { return slot.running; }) ||
           std::ranges::any_of(functions_, [](const Function& one) { return one.waits.load(); });
  }
  void Settle() {
    for (int turns = 0; Busy(); ++turns) {
      QUIRE_CHECK(turns < 20000);  // something was never answered
      reactor_.Wait(kNsPerMs);
    }
    server_->CheckInvariants();
  }

  FuzzedDataProvider& input_;
  Reactor& reactor_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<DeviceServer> server_;
  std::array<std::unique_ptr<ScsiNexus>, kNexuses> nexuses_;
  std::array<Slot, 8> slots_;
  std::array<Function, 2> functions_;
};

}  // namespace
}  // namespace quire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  quire::SetLogSink([](quire::LogLevel, std::string_view) {});
  FuzzedDataProvider input(data, size_bytes);
  quire::Run run(input);
  for (int steps = 0; input.remaining_bytes() > 0 && steps < 100; ++steps) run.Step();
  return 0;
}
