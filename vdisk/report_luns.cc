// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/report_luns.h"

#include "base/check.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

// SELECT REPORT (SPC-4 6.33). There are no well known logical units.
enum SelectReport : uint8_t {
  kLogicalUnits = 0x00,
  kWellKnown = 0x01,
  kAll = 0x02,
};

constexpr uint64_t kFlatSpace = 0x4000;
constexpr uint64_t kMaxPeripheral = 0xff;

}  // namespace

uint64_t EncodeLun(uint32_t lun) {
  QUIRE_CHECK(lun <= kMaxLun);
  const uint64_t first_level = lun <= kMaxPeripheral ? lun : kFlatSpace | lun;
  return first_level << 48;
}

std::optional<uint32_t> DecodeLun(uint64_t bytes) {
  if ((bytes & 0xffffffffffffu) != 0) return std::nullopt;
  const uint64_t first_level = bytes >> 48;
  // Peripheral device addressing of bus 0, or flat space addressing.
  if (first_level <= kMaxPeripheral) return static_cast<uint32_t>(first_level);
  if ((first_level & ~uint64_t{kMaxLun}) != kFlatSpace) return std::nullopt;
  return static_cast<uint32_t>(first_level & kMaxLun);
}

Outcome WriteReportLuns(const Cdb& cdb, std::span<const uint32_t> luns, Response& response) {
  QUIRE_DCHECK(cdb.operation() == Operation::kReportLuns);
  const uint8_t select = cdb.select_report();
  if (select > kAll) return kInvalidFieldInCdb.AtCdbField(2);
  if (select == kWellKnown) luns = {};
  response.Big<4>(luns.size() * 8);
  response.Zeros(4);
  for (const uint32_t lun : luns) response.Big<8>(EncodeLun(lun));
  return kGood;
}

}  // namespace quire
