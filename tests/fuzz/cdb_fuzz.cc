// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: whatever bytes come as a CDB, parsing ends with a command of the table or with sense data
// that points into them.
// Method: any bytes; the numbers of an accepted CDB are read again by hand, and its bits compared
// with the map that initiators are told.

#include <algorithm>
#include <cstddef>
#include <span>

#include "base/check.h"
#include "vdisk/cdb.h"
#include "vdisk/outcomes.h"
#include "vdisk/sense_data.h"

namespace quire {
namespace {

void CheckRefusal(const Outcome& outcome, std::span<const uint8_t> bytes) {
  if (outcome.Is(kInvalidOpcode)) {
    QUIRE_CHECK(bytes.empty() || FormOf(bytes[0]) == OpcodeForm::kUnknown);
  } else {
    QUIRE_CHECK(outcome.Is(kInvalidFieldInCdb));
    QUIRE_CHECK(outcome.specific == SenseSpecific::kCdbField);
    QUIRE_CHECK(outcome.number <= bytes.size());
    QUIRE_CHECK(outcome.number < Opcode::kMaxCdbBytes);
  }
  for (const SenseFormat format : {SenseFormat::kFixed, SenseFormat::kDescriptor}) {
    QUIRE_CHECK(SenseData::Encode(outcome, format).bytes().size() >= 8);
  }
}

void CheckCommand(const Cdb& cdb, std::span<const uint8_t> bytes) {
  QUIRE_CHECK(cdb.opcode != nullptr);
  const Opcode& row = *cdb.opcode;
  QUIRE_CHECK(bytes.size() >= row.cdb_bytes);
  QUIRE_CHECK(row.opcode == bytes[0]);
  QUIRE_CHECK(!row.has_service_action || row.service_action == (bytes[1] & 0x1f));
  uint64_t length = 0;
  for (size_t i = 0; i < row.length.count_bytes; ++i) {
    length = length << 8 | bytes[row.length.byte + i];
  }
  if (row.opcode == 0x08 || row.opcode == 0x0a) length = length == 0 ? 256 : length;
  if (row.opcode == 0x25) length = 8;  // READ CAPACITY(10) has none and always answers so much
  QUIRE_CHECK(cdb.length == length);
  for (size_t i = 0; i < cdb.bytes.size(); ++i) {
    QUIRE_CHECK(cdb.bytes[i] == (i < row.cdb_bytes ? bytes[i] : 0));
    QUIRE_CHECK((cdb.bytes[i] & ~row.allowed[i]) == 0);
  }
  QUIRE_CHECK(cdb.data_bytes(4096) <= uint64_t{2} * 4096 * std::max(1u, cdb.length));
  QUIRE_CHECK(cdb.data_is_out() || cdb.data_bytes(4096) == 0 ||
              row.transfer == Transfer::kInBytes || row.transfer == Transfer::kInBlocks);
}

}  // namespace
}  // namespace quire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  const std::span bytes(data, size_bytes);
  const quire::ParsedCdb parsed = quire::ParseCdb(bytes);
  if (parsed.outcome.good()) {
    quire::CheckCommand(parsed.cdb, bytes);
  } else {
    quire::CheckRefusal(parsed.outcome, bytes);
  }
  return 0;
}
