// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/copy_results.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <limits>
#include <vector>

#include "vdisk/copy_list.h"
#include "vdisk/opcodes.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

constexpr uint8_t kIdentifierAt = 2;  // in the CDB
// Of one nexus at once: as many as there are identifiers, and as many as the field can say.
constexpr uint8_t kConcurrentCopies = 255;

// The segments of a copy are of whole blocks.
uint8_t GranularityOf(uint32_t block_bytes) {
  return static_cast<uint8_t>(std::countr_zero(block_bytes));
}

void SupportedCommands(Response& response) {
  constexpr uint8_t kOpcodes[] = {0x83, 0x84};
  std::vector<uint8_t> commands;
  for (const uint8_t opcode : kOpcodes) {
    const size_t at = commands.size();
    commands.insert(commands.end(), {opcode, 0});
    for (const Opcode& row : AllOpcodes()) {
      if (row.opcode == opcode) commands.push_back(row.service_action);
    }
    commands[at + 1] = static_cast<uint8_t>(commands.size() - at - 2);
  }
  const size_t body = (1 + commands.size() + 3) / 4 * 4;
  response.Big<2>(0x0001);
  response.Big<2>(body);
  response.Byte(static_cast<uint8_t>(commands.size()));
  response.Bytes(commands);
  response.Zeros(body - 1 - commands.size());
}

void ParameterData(Response& response) {
  response.Big<2>(0x0004);
  response.Big<2>(28);
  response.Zeros(4);
  response.Big<2>(CopyList::kMaxCscds);
  response.Big<2>(CopyList::kMaxSegments);
  response.Big<4>(CopyList::kMaxDescriptorBytes);
  response.Big<4>(0);  // MAXIMUM INLINE DATA LENGTH
  response.Zeros(12);
}

void SupportedDescriptors(Response& response) {
  response.Big<2>(0x0008);
  response.Big<2>(4);
  response.Byte(2);
  response.Byte(CopyList::kSegmentType);
  response.Byte(CopyList::kCscdType);
  response.Zeros(1);
}

void SupportedIds(Response& response) {
  response.Big<2>(0x000c);
  response.Big<2>(4);
  response.Big<2>(2);
  response.Big<2>(CopyList::kOwnUnit);
}

// A segment is as long as its field can say: no limit is told.
void GeneralCopies(uint32_t block_bytes, Response& response) {
  response.Big<2>(0x8001);
  response.Big<2>(32);
  response.Big<4>(kConcurrentCopies);
  response.Big<4>(kConcurrentCopies);
  response.Big<4>(0);
  response.Byte(GranularityOf(block_bytes));
  response.Zeros(19);
}

}  // namespace

Outcome WriteCopyStatus(const CopyResults& results, uint8_t identifier, Response& response) {
  const auto found = results.find(identifier);
  if (found == results.end()) return kInvalidFieldInCdb.AtCdbField(kIdentifierAt);
  const CopyResult& result = found->second;
  uint8_t state = 0;  // in progress
  if (!result.running) state = result.outcome.good() ? 1 : 2;
  // TRANSFER COUNT UNITS: bytes, KiB, MiB, ...
  uint8_t units = 0;
  uint64_t count = result.count_bytes;
  for (; count > std::numeric_limits<uint32_t>::max(); count >>= 10) ++units;
  response.Big<4>(8);
  response.Byte(state);
  response.Big<2>(result.count_segments);
  response.Byte(units);
  response.Big<4>(count);
  return kGood;
}

Outcome WriteCopyFailure(const CopyResults& results, uint8_t identifier, SenseFormat format,
                         Response& response) {
  const auto found = results.find(identifier);
  if (found == results.end()) return kInvalidFieldInCdb.AtCdbField(kIdentifierAt);
  const CopyResult& result = found->second;
  response.Big<4>(0);
  if (result.running || result.outcome.good()) return kGood;
  const SenseData sense = SenseData::Encode(result.outcome, format);
  response.PadTo(56);
  response.Byte(static_cast<uint8_t>(result.outcome.status));
  response.Byte(0);
  response.Big<2>(sense.bytes().size());
  response.Bytes(sense.bytes());
  response.SetBig<4>(0, response.full_bytes() - 4);
  return kGood;
}

void WriteCopyParameters(uint32_t block_bytes, Response& response) {
  constexpr uint8_t kSnlid = 0x01;  // LIST ID USAGE 11b
  response.Big<4>(42);
  response.Byte(kSnlid);
  response.Zeros(3);
  response.Big<2>(CopyList::kMaxCscds);
  response.Big<2>(CopyList::kMaxSegments);
  response.Big<4>(CopyList::kMaxDescriptorBytes);
  response.Zeros(16);  // no limit to a segment; no inline data, held data, stream devices
  response.PadTo(34);
  response.Big<2>(kConcurrentCopies);
  response.Byte(kConcurrentCopies);
  response.Byte(GranularityOf(block_bytes));
  response.PadTo(43);
  response.Byte(2);
  response.Byte(CopyList::kSegmentType);
  response.Byte(CopyList::kCscdType);
}

void WriteThirdPartyCopyPage(uint32_t block_bytes, Response& response) {
  SupportedCommands(response);
  ParameterData(response);
  SupportedDescriptors(response);
  SupportedIds(response);
  GeneralCopies(block_bytes, response);
}

}  // namespace quire
