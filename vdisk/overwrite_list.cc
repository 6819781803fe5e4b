// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/overwrite_list.h"

#include "base/big_endian.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

constexpr size_t kHeadBytes = 4;

OverwriteList Fault(uint16_t byte, uint8_t bit = Outcome::kNoBit) {
  return {.outcome = kInvalidFieldInParameterList.AtParameterField(byte, bit)};
}

}  // namespace

OverwriteList ParseOverwriteList(std::span<const uint8_t> list, uint32_t block_bytes) {
  constexpr uint8_t kInvert = 0x80;
  constexpr uint8_t kTest = 0x60;  // the vendor's
  constexpr uint8_t kCount = 0x1f;
  // What is wrong with the length is wrong with the CDB (SBC-3 5.24.1, table of service actions).
  if (list.size() <= kHeadBytes || list.size() > kHeadBytes + block_bytes) {
    return {.outcome = kInvalidFieldInCdb.AtCdbField(7)};
  }
  if ((list[0] & kTest) != 0) return Fault(0, 6);
  if ((list[0] & kCount) == 0) return Fault(0, 4);
  if (list[1] != 0) return Fault(1);
  const size_t length = LoadBig<2>(&list[2]);
  if (length == 0 || length > block_bytes) return Fault(2);
  if (length > list.size() - kHeadBytes) return {.outcome = kParameterListLengthError};
  return {.count_passes = list[0] & uint32_t{kCount},
          .invert = (list[0] & kInvert) != 0,
          .pattern = list.subspan(kHeadBytes, length)};
}

}  // namespace quire
