// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/format_list.h"

#include <bit>

#include "base/big_endian.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

constexpr uint8_t kFov = 0x80;    // the other flags are valid
constexpr uint8_t kDpry = 0x40;   // do not use the list of defects that the medium came with
constexpr uint8_t kDcrt = 0x20;   // do not certify the medium
constexpr uint8_t kStpf = 0x10;   // stop when there is no list of defects
constexpr uint8_t kIp = 0x08;     // an initialization pattern follows
constexpr uint8_t kImmed = 0x02;  // the one flag that does not need FOV
constexpr size_t kPatternHeadBytes = 4;

FormatList Fault(size_t byte, uint8_t bit = Outcome::kNoBit) {
  return {.outcome =
              kInvalidFieldInParameterList.AtParameterField(static_cast<uint16_t>(byte), bit)};
}
uint8_t LeftMostBit(uint8_t bits) { return static_cast<uint8_t>(std::bit_width(bits) - 1); }

// The initialization pattern descriptor, at `at` (SBC-3 5.3.2.3).
FormatList ParsePattern(std::span<const uint8_t> list, size_t at, uint32_t block_bytes) {
  constexpr uint8_t kDefaultPattern = 0x00;
  constexpr uint8_t kRepeatPattern = 0x01;
  if (list.size() - at < kPatternHeadBytes) return {.outcome = kParameterListLengthError};
  // IP MODIFIER is obsolete, and blocks that were reassigned (SI) there are none.
  if (list[at] != 0) return Fault(at, LeftMostBit(list[at]));
  const uint8_t type = list[at + 1];
  const size_t length = LoadBig<2>(&list[at + 2]);
  if (type != kDefaultPattern && type != kRepeatPattern) return Fault(at + 1);
  const bool fits = type == kDefaultPattern ? length == 0 : length > 0 && length <= block_bytes;
  if (!fits) return Fault(at + 2);
  if (list.size() - at - kPatternHeadBytes < length) return {.outcome = kParameterListLengthError};
  return {.pattern = list.subspan(at + kPatternHeadBytes, length)};
}

}  // namespace

FormatList ParseFormatList(std::span<const uint8_t> list, bool long_header, uint32_t block_bytes) {
  const size_t head_bytes = long_header ? 8 : 4;
  if (list.size() < head_bytes) return {.outcome = kParameterListLengthError};
  if (list[0] != 0) return Fault(0, LeftMostBit(list[0]));  // PROTECTION FIELD USAGE
  const uint8_t flags = list[1];
  constexpr uint8_t kKnown = kFov | kDpry | kDcrt | kStpf | kIp | kImmed;
  if (const auto unknown = static_cast<uint8_t>(flags & ~kKnown); unknown != 0) {
    return Fault(1, LeftMostBit(unknown));
  }
  const auto optional = static_cast<uint8_t>(flags & (kDpry | kDcrt | kStpf | kIp));
  if ((flags & kFov) == 0 && optional != 0) return Fault(1, LeftMostBit(optional));
  // P_I_INFORMATION and PROTECTION INTERVAL EXPONENT.
  if (long_header && (list[2] != 0 || list[3] != 0)) return Fault(list[2] != 0 ? 2 : 3);
  const uint64_t defects = long_header ? LoadBig<4>(&list[4]) : LoadBig<2>(&list[2]);
  if (defects != 0) return Fault(long_header ? 4 : 2);
  FormatList parsed;
  if ((flags & kIp) != 0) parsed = ParsePattern(list, head_bytes, block_bytes);
  parsed.immed = (flags & kImmed) != 0;
  return parsed;
}

}  // namespace quire
