// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: whatever parameter list MODE SELECT brings, the disk keeps parameters that the standard
// has, and says where it did not like the list. Method: any bytes, and true mode data with bytes
// changed; the same list again must change nothing, and what MODE SENSE then tells must be
// accepted.

#include <fuzzer/FuzzedDataProvider.h>

#include <array>
#include <vector>

#include "base/check.h"
#include "vdisk/mode_select.h"
#include "vdisk/mode_sense.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

constexpr Geometry kGeometry{512, {123456}};
using Bytes = std::vector<uint8_t>;

ModeState AnyState(FuzzedDataProvider& input) {
  ModeState state;
  state.traits.wce_changeable = input.ConsumeBool();
  state.traits.savable = input.ConsumeBool();
  state.traits.implicit_alua = input.ConsumeBool();
  state.current.wce = input.ConsumeBool();
  state.current.tas = input.ConsumeBool();
  return state;
}

// What MODE SENSE tells, without the bits that MODE SELECT reserves.
Bytes TrueList(const ModeState& state, bool form6) {
  const std::array<uint8_t, 6> sense6{0x1a, 8, 0x3f, 0xff, 255, 0};
  const std::array<uint8_t, 10> sense10{0x5a, 8, 0x3f, 0xff, 0, 0, 0, 2, 0, 0};
  Bytes list(512);
  Response response(list);
  const Cdb cdb = form6 ? ParseCdb(sense6).cdb : ParseCdb(sense10).cdb;
  QUIRE_CHECK(WriteModeSense(cdb, state, kGeometry, response).good());
  list.resize(response.full_bytes());
  for (size_t at = form6 ? 4 : 8; at < list.size();) {
    list[at] &= 0x7f;
    at += (list[at] & 0x40) != 0 ? 4u + list[at + 3] : 2u + list[at + 1];
  }
  return list;
}

void CheckRefusal(const ModeSelection& selection, const ModeState& state, size_t size_bytes) {
  const Outcome& outcome = selection.outcome;
  QUIRE_CHECK(selection.parameters == state.current);
  QUIRE_CHECK(!selection.save);
  if (outcome.Is(kParameterListLengthError) || outcome.Is(kInvalidFieldInCdb)) return;
  QUIRE_CHECK(outcome.Is(kInvalidFieldInParameterList));
  QUIRE_CHECK(outcome.specific == SenseSpecific::kParameterField);
  QUIRE_CHECK(outcome.number < size_bytes);
}

}  // namespace
}  // namespace quire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  FuzzedDataProvider input(data, size_bytes);
  quire::ModeState state = quire::AnyState(input);
  const bool form6 = input.ConsumeBool();
  const auto flags = static_cast<uint8_t>(input.ConsumeBool() ? 0x10 : 0x11);
  const std::array<uint8_t, 6> select6{0x15, flags, 0, 0, 0, 0};
  const std::array<uint8_t, 10> select10{0x55, flags, 0, 0, 0, 0, 0, 0, 0, 0};
  const quire::Cdb cdb = form6 ? quire::ParseCdb(select6).cdb : quire::ParseCdb(select10).cdb;
  quire::Bytes list;
  if (input.ConsumeBool()) {
    list = quire::TrueList(state, form6);
    for (int i = input.ConsumeIntegralInRange<int>(0, 8); i > 0; --i) {
      list[input.ConsumeIntegralInRange<size_t>(0, list.size() - 1)] =
          input.ConsumeIntegral<uint8_t>();
    }
  } else {
    list = input.ConsumeRemainingBytes<uint8_t>();
  }

  const auto selection = quire::ParseModeSelect(cdb, list, state, quire::kGeometry);
  if (!selection.outcome.good()) {
    quire::CheckRefusal(selection, state, list.size());
    return 0;
  }
  state.current = selection.parameters;
  const auto again = quire::ParseModeSelect(cdb, list, state, quire::kGeometry);
  QUIRE_CHECK(again.outcome.good());
  QUIRE_CHECK(again.parameters == state.current);
  const auto told =
      quire::ParseModeSelect(cdb, quire::TrueList(state, form6), state, quire::kGeometry);
  QUIRE_CHECK(told.outcome.good());
  QUIRE_CHECK(told.parameters == state.current);
  return 0;
}
