// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What SCSI costs: READ(16) and WRITE(16) of cached blocks beside the typed command that they
// become, alone and 32 at once; without reservations and with 64 registrants; and the question to
// the reservations alone.

#include <cmath>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/big_endian.h"
#include "base/prng.h"
#include "bench/support/args.h"
#include "bench/support/compare.h"
#include "bench/support/die.h"
#include "bench/support/report.h"
#include "bench/support/scsi_bed.h"
#include "bench/support/work_file.h"

namespace quire::bench {
namespace {

constexpr uint64_t kFileBytes = 64 << 20;
constexpr double kLimitOfPathNs = 150;
constexpr uint64_t kRegistrants = 64;

bool Good(const Command& command) { return command.outcome.good(); }
bool Good(const ScsiCommand& command) { return command.outcome().good(); }

// Keeps `depth` requests going; each is freed before its place is used again.
template <typename Request>
class Path : public Way {
 public:
  // `source`: what is written, the same memory for all paths.
  Path(std::string name, Reactor& reactor, std::span<std::byte> source, uint32_t depth)
      : name_(std::move(name)), reactor_(reactor), source_(source) {
    for (uint32_t i = 0; i < depth; ++i) {
      slots_.push_back(std::make_unique<Slot>());
      slots_.back()->path = this;
      slots_.back()->done = [](Request& request) {
        auto& slot = static_cast<Slot&>(request);
        if (!Good(slot)) Die("a command failed");
        slot.Drop();
        slot.path->idle_.push_back(&slot);
      };
      idle_.push_back(slots_.back().get());
    }
  }

  std::string name() const override { return name_; }
  uint64_t own_system_calls() const override { return reactor_.count_system_calls(); }
  uint64_t Run(const Batch& batch) override {
    size_t next = 0;
    while (next < batch.offsets.size() || idle_.size() < slots_.size()) {
      while (next < batch.offsets.size() && !idle_.empty()) {
        Slot& slot = *idle_.back();
        idle_.pop_back();
        slot.source = {source_.data(), batch.length_bytes};
        Start(slot, {{batch.offsets[next++] / ScsiBed::kBlockBytes},
                     {batch.length_bytes / ScsiBed::kBlockBytes}});
      }
      reactor_.Wait(kNsPerSecond);
    }
    return 0;
  }

 protected:
  struct Slot : Request {
    Path* path = nullptr;
    Cdb16 cdb_bytes = {};
    Segment source;
  };
  virtual void Start(Slot& slot, BlockRange blocks) = 0;

 private:
  const std::string name_;
  Reactor& reactor_;
  const std::span<std::byte> source_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> idle_;
};

enum class Kind : uint8_t { kRead, kWrite };

class TypedPath final : public Path<Command> {
 public:
  TypedPath(Reactor& reactor, Device& device, Nexus& nexus, Kind kind, std::span<std::byte> source,
            uint32_t depth)
      : Path("typed", reactor, source, depth), device_(device), nexus_(nexus), kind_(kind) {}

 private:
  void Start(Slot& slot, BlockRange blocks) override {
    slot.kind = kind_ == Kind::kRead ? CommandKind::kRead : CommandKind::kWrite;
    slot.blocks = blocks;
    if (kind_ == Kind::kWrite) slot.data_out = SgView({&slot.source, 1});
    device_.Execute(nexus_, slot);
  }

  Device& device_;
  Nexus& nexus_;
  const Kind kind_;
};

class ScsiPath final : public Path<ScsiCommand> {
 public:
  ScsiPath(std::string name, Reactor& reactor, ScsiNexus& nexus, Kind kind,
           std::span<std::byte> source, uint32_t depth)
      : Path(std::move(name), reactor, source, depth), nexus_(nexus), kind_(kind) {}

 private:
  void Start(Slot& slot, BlockRange blocks) override {
    slot.cdb_bytes = MakeCdb16(kind_ == Kind::kRead ? kRead16 : kWrite16, blocks);
    slot.cdb = slot.cdb_bytes;
    if (kind_ == Kind::kWrite) slot.data_out = SgView({&slot.source, 1});
    nexus_.server().Execute(nexus_, slot);
  }

  ScsiNexus& nexus_;
  const Kind kind_;
};

// PERSISTENT RESERVE OUT, LU scope (SPC-4 6.16).
void SendReserveOut(ScsiNexus& nexus, Reactor& reactor, uint8_t action, uint8_t type, uint64_t key,
                    uint64_t action_key) {
  const std::array<uint8_t, 10> cdb = {0x5f, action, type, 0, 0, 0, 0, 0, 24, 0};
  std::array<uint8_t, 24> list{};
  StoreBig<8>(&list[0], key);
  StoreBig<8>(&list[8], action_key);
  RunOne(nexus, reactor, cdb, list);
}

// `kRegistrants` nexuses, the first of which holds a reservation of type write exclusive,
// registrants only.
std::vector<std::unique_ptr<ScsiNexus>> Register(DeviceServer& unit, Reactor& reactor) {
  std::vector<std::unique_ptr<ScsiNexus>> nexuses;
  for (uint64_t number = 1; number <= kRegistrants; ++number) {
    nexuses.push_back(Connect(unit, reactor, number));
    SendReserveOut(*nexuses.back(), reactor, /*action=*/0, 0, 0, /*action_key=*/number);
  }
  SendReserveOut(*nexuses.front(), reactor, /*action=*/1, /*type=*/5, /*key=*/1, 0);
  return nexuses;
}

class ScsiBench {
 public:
  ScsiBench(const Args& args, const std::string& path)
      : smoke_(args.smoke),
        report_(args.json),
        bed_(path),
        plain_(bed_.MakeUnit()),
        reserved_(bed_.MakeUnit()),
        reactor_(bed_.MakeReactor()),
        nexus_(bed_.device().Connect(*reactor_)),
        scsi_nexus_(Connect(*plain_, *reactor_, 1)),
        registrants_(Register(*reserved_, *reactor_)) {}

  void Run() {
    WarmUp();
    for (const Kind kind : {Kind::kRead, Kind::kWrite}) {
      for (const uint64_t length_bytes : {uint64_t{4096}, uint64_t{65536}}) {
        for (const uint32_t depth : {1u, 32u}) MeasurePaths(kind, length_bytes, depth);
      }
    }
    MeasureQuestion();
    report_.Finish();
  }

 private:
  static std::vector<uint64_t> Offsets(uint64_t length_bytes, size_t count) {
    Prng random(length_bytes);
    std::vector<uint64_t> offsets(count);
    for (uint64_t& offset : offsets)
      offset = random.Below(kFileBytes / length_bytes) * length_bytes;
    return offsets;
  }

  // Until all of the file is known to be in memory and to be written densely.
  void WarmUp() {
    std::vector<uint64_t> offsets;
    for (uint64_t at = 0; at < kFileBytes; at += 1 << 20) offsets.push_back(at);
    for (const Kind kind : {Kind::kRead, Kind::kWrite}) {
      TypedPath path(*reactor_, bed_.device(), *nexus_, kind, source_, 4);
      for (int pass = 0; pass < (smoke_ ? 2 : 6); ++pass) {
        path.Run({.offsets = offsets, .length_bytes = 1 << 20});
        reactor_->Wait(10 * kNsPerMs);
      }
    }
  }

  void MeasurePaths(Kind kind, uint64_t length_bytes, uint32_t depth) {
    TypedPath typed(*reactor_, bed_.device(), *nexus_, kind, source_, depth);
    ScsiPath scsi("SCSI", *reactor_, *scsi_nexus_, kind, source_, depth);
    ScsiPath reserved("SCSI, 64 registrants", *reactor_, *registrants_.back(), kind, source_,
                      depth);
    const auto offsets = Offsets(length_bytes, smoke_ ? 500 : length_bytes == 4096 ? 8000 : 2000);
    const Batch batch{.offsets = offsets, .length_bytes = length_bytes};
    Way* const ways[] = {&typed, &scsi, &reserved};
    const auto found = Compare(ways, {.count_rounds = smoke_ ? 3 : 61,
                                      .prepare = [&](int, size_t, Way&) { return batch; }});
    const std::string name = absl::StrCat(kind == Kind::kRead ? "read" : "write", "-",
                                          SizeName(length_bytes), "-depth-", depth);
    report_.Heading(absl::StrCat("cached, ", name));
    report_.Table(found);
    AddDifference("figure/scsi-" + name, found[1], found[0]);
    AddDifference("figure/scsi-64-registrants-" + name, found[2], found[0]);
    AddCopies("figure/scsi-copies-" + name, found[1], found[0]);
  }

  // The medians of what a round took more: both ways met the same weather.
  void AddDifference(const std::string& name, const Measured& scsi, const Measured& typed) {
    std::vector<double> more(scsi.cpu_ns_by_round);
    for (size_t i = 0; i < more.size(); ++i) more[i] -= typed.cpu_ns_by_round[i];
    report_.Add({.name = name,
                 .metric = "CPU more than the typed command",
                 .unit = "ns",
                 .ours = SpreadOf(more).median,
                 .peer = kLimitOfPathNs,
                 .peer_name = "150 ns",
                 .limit = 1});
    std::printf("  that is %.0f ns\n", SpreadOf(more).median);
  }
  void AddCopies(const std::string& name, const Measured& scsi, const Measured& typed) {
    const double more = scsi.user_copied_bytes + scsi.kernel_copied_bytes -
                        typed.user_copied_bytes - typed.kernel_copied_bytes;
    report_.Add({.name = name,
                 .metric = "bytes copied more than the typed command",
                 .unit = "bytes",
                 .ours = std::round(more),
                 .peer = 1,
                 .peer_name = "a byte",
                 .limit = 0});
  }

  // Of a nexus among `count` registrants, the last of them.
  double QuestionNs(uint64_t count) const {
    const auto state = *ReservationState::Open("");
    const auto id = [](uint64_t number) {
      return NexusId{*TransportId::IscsiPort("iqn.2026-01.bench", number), 1};
    };
    const auto perform = [&](uint64_t number, const ReserveOut& what) {
      const auto change = [&](Reservations& next, const NexusId& nexus,
                              const ReservationPorts& ports) {
        return next.Perform(nexus, what, ports);
      };
      if (!state->Change(change, id(number), {}, [](const ReservationEffect&) {}).outcome.good()) {
        Die("a registration failed");
      }
    };
    ReserveOut what;
    for (uint64_t number = 1; number <= count; ++number) {
      what.action_key = number;
      perform(number, what);
    }
    what.action = ReserveOutAction::kReserve;
    what.kind.type = ReservationType::kWriteExclusiveRegistrantsOnly;
    what.key = 1;
    if (count > 0) perform(1, what);
    const NexusId own = id(std::max<uint64_t>(count, 1));
    ReservationView view;
    const uint64_t questions = smoke_ ? 100'000 : 10'000'000;
    const uint64_t start_ns = ThreadCpuNs();
    for (uint64_t i = 0; i < questions; ++i) {
      auto asked = ReservationClass::kMediumWrite;
      __asm__ volatile("" : "+r"(asked)::"memory");
      if (!state->Allows(view, own, asked)) Die("a registrant is refused");
    }
    return static_cast<double>(ThreadCpuNs() - start_ns) / static_cast<double>(questions);
  }

  void MeasureQuestion() {
    report_.Heading("may this command pass the reservations?");
    AddQuestion("none", 0, 10);
    AddQuestion("64-registrants", kRegistrants, 40);
  }
  void AddQuestion(const std::string& name, uint64_t count_registrants, double limit_ns) {
    std::vector<double> rounds;
    for (int i = 0; i < (smoke_ ? 1 : 7); ++i) rounds.push_back(QuestionNs(count_registrants));
    const double ns = SpreadOf(rounds).median;
    std::printf("  %-16s %.2f ns\n", name.c_str(), ns);
    report_.Add({.name = "figure/reservation-check-" + name,
                 .metric = "CPU",
                 .unit = "ns",
                 .ours = ns,
                 .peer = limit_ns,
                 .peer_name = absl::StrCat(limit_ns, " ns"),
                 .limit = 1});
  }

  const bool smoke_;
  Report report_;
  std::vector<std::byte> source_ = std::vector<std::byte>(1 << 20);
  ScsiBed bed_;
  const std::unique_ptr<DeviceServer> plain_, reserved_;  // units over the same device
  const std::unique_ptr<Reactor> reactor_;
  const std::unique_ptr<Nexus> nexus_;
  const std::unique_ptr<ScsiNexus> scsi_nexus_;
  const std::vector<std::unique_ptr<ScsiNexus>> registrants_;
};

int Main(int argc, char** argv) {
  const Args args = ParseArgs(argc, argv, "Measures what SCSI adds to a cached read or write.");
  const WorkFile file(args, kFileBytes);
  ScsiBench(args, file.path()).Run();
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::Main(argc, argv); }
