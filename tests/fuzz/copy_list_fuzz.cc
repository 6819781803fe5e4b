// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: whatever list EXTENDED COPY brings, what comes out lies within it and within the limits
// that are told, and a refusal points into it.
// Method: any bytes; a good head in front of some, so that the descriptors are reached.

#include <fuzzer/FuzzedDataProvider.h>

#include <vector>

#include "base/big_endian.h"
#include "base/check.h"
#include "vdisk/copy_list.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

// A head for so many descriptors as there are bytes for.
void MakeHead(std::vector<uint8_t>& list, size_t count_cscds) {
  const size_t cscd_bytes = count_cscds * CopyList::kCscdBytes;
  if (list.size() < CopyList::kHeadBytes + cscd_bytes) return;
  const size_t rest = list.size() - CopyList::kHeadBytes - cscd_bytes;
  list[0] = 0;
  StoreBig<2>(&list[2], cscd_bytes);
  StoreBig<4>(&list[8], rest / CopyList::kSegmentBytes * CopyList::kSegmentBytes);
  StoreBig<4>(&list[12], 0);
}

// Good descriptors but for what was there, so that the fields behind their heads matter.
void MakeDescriptors(std::vector<uint8_t>& list, size_t count_cscds) {
  for (size_t i = 0; i < count_cscds; ++i) {
    const size_t at = CopyList::kHeadBytes + i * CopyList::kCscdBytes;
    if (at + CopyList::kCscdBytes > list.size()) return;
    list[at] = CopyList::kCscdType;
    list[at + 1] &= 0xe0;
    StoreBig<2>(&list[at + 2], 0);
    list[at + 5] &= 0x0f;
  }
  size_t at = CopyList::kHeadBytes + count_cscds * CopyList::kCscdBytes;
  for (; at + CopyList::kSegmentBytes <= list.size(); at += CopyList::kSegmentBytes) {
    list[at] = CopyList::kSegmentType;
    StoreBig<2>(&list[at + 2], CopyList::kSegmentBytes - 4);
  }
}

void CheckList(const CopyList& list, std::span<const uint8_t> bytes) {
  QUIRE_CHECK(list.count_cscds() <= CopyList::kMaxCscds);
  QUIRE_CHECK(list.count_segments() <= CopyList::kMaxSegments);
  for (size_t i = 0; i < list.count_cscds(); ++i) {
    const CscdDescriptor cscd = list.cscd(i);
    QUIRE_CHECK(bytes[cscd.at] == CopyList::kCscdType);
    const std::span<const uint8_t> name = cscd.designator.bytes;
    QUIRE_CHECK(!name.empty());
    QUIRE_CHECK(name.data() >= &bytes[cscd.at]);
    QUIRE_CHECK(name.data() + name.size() <= bytes.data() + bytes.size());
    QUIRE_CHECK(name.size() <= 20);
  }
  for (size_t i = 0; i < list.count_segments(); ++i) {
    const CopySegment segment = list.segment(i);
    QUIRE_CHECK(bytes[segment.at] == CopyList::kSegmentType);
    for (const uint16_t unit : {segment.source, segment.target}) {
      QUIRE_CHECK(unit < list.count_cscds() || unit == CopyList::kOwnUnit);
    }
    QUIRE_CHECK(segment.source_blocks.count == segment.target_blocks.count);
    QUIRE_CHECK(LoadBig<8>(&bytes[segment.at + size_t{12}]) == segment.source_blocks.first.value);
    QUIRE_CHECK(LoadBig<8>(&bytes[segment.at + size_t{20}]) == segment.target_blocks.first.value);
  }
}

}  // namespace
}  // namespace quire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  FuzzedDataProvider input(data, size_bytes);
  const uint8_t help = input.ConsumeIntegralInRange<uint8_t>(0, 2);
  const size_t count_cscds = input.ConsumeIntegralInRange<size_t>(0, 17);
  auto bytes = input.ConsumeRemainingBytes<uint8_t>();
  if (help > 0) quire::MakeHead(bytes, count_cscds);
  if (help > 1) quire::MakeDescriptors(bytes, count_cscds);
  const quire::ParsedCopyList parsed = quire::CopyList::Parse(bytes);
  if (parsed.outcome.good()) {
    quire::CheckList(parsed.list, bytes);
    return 0;
  }
  QUIRE_CHECK(parsed.list.count_cscds() == 0);
  QUIRE_CHECK(parsed.list.count_segments() == 0);
  QUIRE_CHECK(parsed.outcome.status == quire::Status::kCheckCondition);
  if (parsed.outcome.Is(quire::kParameterListLengthError)) return 0;
  QUIRE_CHECK(parsed.outcome.specific == quire::SenseSpecific::kParameterField);
  QUIRE_CHECK(parsed.outcome.number < bytes.size());
  return 0;
}
