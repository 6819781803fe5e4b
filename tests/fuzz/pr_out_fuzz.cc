// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: no parameter list of PERSISTENT RESERVE OUT brings the parser or the reservations to harm.
// Method: any lists, one after the other, by any of four nexuses. Each is parsed and, when it is
// taken, carried out; the invariants hold after each, a refusal changes nothing, and what
// PERSISTENT RESERVE IN returns can be cut anywhere.

#include <fuzzer/FuzzedDataProvider.h>

#include <array>
#include <vector>

#include "base/big_endian.h"
#include "base/check.h"
#include "vdisk/reservation_codec.h"

namespace quire {
namespace {

constexpr std::array<TargetPort, 2> kTargets{
    {{1, TransportProtocol::kIscsi}, {2, TransportProtocol::kIscsi}}};

// Sometimes a whole initiator that could be there.
std::vector<uint8_t> AnyList(FuzzedDataProvider& input, const std::vector<TransportId>& known) {
  auto list = input.ConsumeBytes<uint8_t>(input.ConsumeIntegralInRange<size_t>(0, 400));
  if (input.ConsumeBool() || list.size() < 28) return list;
  // Small keys, so that they meet; lengths that fit.
  StoreBig<8>(&list[0], list[7] % 4);
  StoreBig<8>(&list[8], list[15] % 4);
  const bool moves = input.ConsumeBool();
  list.resize(moves ? 24 : 28);
  for (int count = input.ConsumeIntegralInRange<int>(0, moves ? 1 : 3); count > 0; --count) {
    const auto bytes = known[input.ConsumeIntegralInRange<size_t>(0, known.size() - 1)].bytes();
    list.insert(list.end(), bytes.begin(), bytes.end());
  }
  if (moves) {
    StoreBig<4>(&list[20], list.size() - 24);
  } else if (input.ConsumeBool()) {
    StoreBig<4>(&list[24], list.size() - 28);
  } else {
    list.resize(24);
  }
  return list;
}

void CheckOne(FuzzedDataProvider& input, const std::vector<TransportId>& known,
              Reservations& state) {
  const auto action = input.ConsumeIntegralInRange<uint8_t>(0, 9);
  const auto scope_type = input.ConsumeIntegral<uint8_t>();
  const ParsedReserveOut parsed = ParseReserveOut(action, scope_type, AnyList(input, known));
  if (!parsed.outcome.good()) return;
  const NexusId nexus{known[input.ConsumeIntegralInRange<size_t>(0, 1)],
                      input.ConsumeIntegralInRange<uint16_t>(1, 2)};
  const Reservations before = state;
  const ReservationEffect effect = state.Perform(nexus, parsed.request, {kTargets, known});
  QUIRE_CHECK(state.CheckInvariants());
  QUIRE_CHECK(effect.changed == !(before == state));
  QUIRE_CHECK(effect.outcome.good() || !effect.changed);
  for (const auto& attention : effect.attentions) QUIRE_CHECK(attention.nexus != nexus);
  for (uint8_t read = 0; read < 4; ++read) {
    const auto whole = BuildReserveIn(read, state, true, SIZE_MAX).bytes;
    const auto allocation = input.ConsumeIntegralInRange<size_t>(0, 65535);
    const auto cut = BuildReserveIn(read, state, true, allocation).bytes;
    QUIRE_CHECK(cut.size() == std::min(allocation, whole.size()));
    QUIRE_CHECK(std::equal(cut.begin(), cut.end(), whole.begin()));
  }
}

}  // namespace
}  // namespace quire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  using quire::TransportId;
  static const std::vector<TransportId> known = {
      *TransportId::IscsiPort("iqn.a", 1), *TransportId::IscsiPort("iqn.b", 2),
      *TransportId::IscsiPort("iqn.b", 3), *TransportId::IscsiNode("iqn.b")};
  FuzzedDataProvider input(data, size_bytes);
  quire::Reservations state;
  for (int i = 0; i < 50 && input.remaining_bytes() > 0; ++i) {
    quire::CheckOne(input, known, state);
  }
  return 0;
}
