// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "bench/support/scsi_bed.h"

#include "base/big_endian.h"
#include "bench/support/die.h"

namespace quire::bench {
namespace {

template <typename T>
T ValueOrDie(absl::StatusOr<T> made) {
  if (!made.ok()) Die(std::string(made.status().message()));
  return *std::move(made);
}

Outcome Answer(ScsiNexus& nexus, Reactor& reactor, std::span<const uint8_t> cdb,
               std::span<const uint8_t> data) {
  struct Waited : ScsiCommand {
    bool answered = false;
  } command;
  // The path only reads it.
  auto* const bytes = reinterpret_cast<std::byte*>(const_cast<uint8_t*>(data.data()));
  const Segment piece{bytes, data.size()};
  command.cdb = cdb;
  if (!data.empty()) command.data_out = SgView({&piece, 1});
  command.done = [](ScsiCommand& done) { static_cast<Waited&>(done).answered = true; };
  nexus.server().Execute(nexus, command);
  while (!command.answered) reactor.Wait(kNsPerSecond);
  const Outcome outcome = command.outcome();
  command.Drop();
  return outcome;
}

}  // namespace

Cdb16 MakeCdb16(uint8_t opcode, BlockRange blocks) {
  Cdb16 cdb{opcode};
  StoreBig<8>(&cdb[2], blocks.first.value);
  StoreBig<4>(&cdb[10], blocks.count.value);
  return cdb;
}

ScsiBed::ScsiBed(const std::string& path) {
  device_ = ValueOrDie(Device::Create(ValueOrDie(File::Open({.path = path})), kBlockBytes));
}

std::unique_ptr<DeviceServer> ScsiBed::MakeUnit() {
  return ValueOrDie(DeviceServer::Create(*device_, {}));
}

std::unique_ptr<Reactor> ScsiBed::MakeReactor() { return ValueOrDie(Reactor::Create(workers_)); }

std::unique_ptr<ScsiNexus> Connect(DeviceServer& unit, Reactor& reactor, uint64_t number) {
  const auto port = TransportId::IscsiPort("iqn.2026-01.bench", number);
  auto nexus = unit.Connect(reactor, {*port, 1}, {.relative_port = 1});
  constexpr std::array<uint8_t, 6> kTestUnitReady{};
  while (!Answer(*nexus, reactor, kTestUnitReady, {}).good()) continue;
  return nexus;
}

void RunOne(ScsiNexus& nexus, Reactor& reactor, std::span<const uint8_t> cdb,
            std::span<const uint8_t> data) {
  if (!Answer(nexus, reactor, cdb, data).good()) Die("a command failed");
}

}  // namespace quire::bench
