// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/copy_list.h"

#include "base/big_endian.h"
#include "base/check.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

// Of the head.
constexpr size_t kUsageAt = 1;  // LIST ID USAGE, bits 4 and 3
constexpr size_t kCscdLengthAt = 2;
constexpr size_t kSegmentLengthAt = 8;
constexpr size_t kInlineLengthAt = 12;
constexpr uint8_t kUsageReserved = 1;
constexpr uint8_t kUsageNone = 3;

// Of a CSCD descriptor.
constexpr size_t kDeviceTypeAt = 1;  // bits 4 to 0; 7 and 6: LU ID TYPE, 5: NUL
constexpr size_t kInitiatorPortAt = 2;
constexpr size_t kCodeSetAt = 4;
constexpr size_t kDesignatorTypeAt = 5;  // and the association, bits 5 and 4
constexpr size_t kDesignatorLengthAt = 7;
constexpr size_t kDesignatorAt = 8;
constexpr size_t kMaxDesignatorBytes = 20;

// Of a segment descriptor.
constexpr size_t kSegmentHeadBytes = 4;

Outcome At(const Outcome& outcome, size_t byte, uint8_t bit = Outcome::kNoBit) {
  return outcome.AtParameterField(static_cast<uint16_t>(byte), bit);
}

Outcome CheckHead(std::span<const uint8_t> list) {
  const uint8_t usage = list[kUsageAt] >> 3 & 3;
  if (usage == kUsageReserved) return At(kInvalidFieldInParameterList, kUsageAt, 4);
  if (usage == kUsageNone && list[0] != 0) return At(kInvalidFieldInParameterList, 0);
  const size_t cscd_bytes = LoadBig<2>(&list[kCscdLengthAt]);
  const uint64_t segment_bytes = LoadBig<4>(&list[kSegmentLengthAt]);
  if (cscd_bytes + segment_bytes > CopyList::kMaxDescriptorBytes) return kParameterListLengthError;
  if (cscd_bytes > CopyList::kMaxCscds * CopyList::kCscdBytes) {
    return At(kTooManyTargetDescriptors, kCscdLengthAt);
  }
  if (segment_bytes > CopyList::kMaxSegments * CopyList::kSegmentBytes) {
    return At(kTooManySegmentDescriptors, kSegmentLengthAt);
  }
  if (LoadBig<4>(&list[kInlineLengthAt]) != 0) {
    return At(kInlineDataLengthExceeded, kInlineLengthAt);
  }
  if (CopyList::kHeadBytes + cscd_bytes + segment_bytes > list.size()) {
    return kParameterListLengthError;
  }
  if (cscd_bytes % CopyList::kCscdBytes != 0) {
    return At(kInvalidFieldInParameterList, kCscdLengthAt);
  }
  return kGood;
}

// SPC-4 6.4.5.2 and 6.4.5.4. LU ID TYPE is a logical unit number; with NUL it is nobody's.
Outcome CheckCscd(const uint8_t* bytes, size_t at) {
  if (bytes[0] != CopyList::kCscdType) return At(kUnsupportedTargetDescriptorType, at);
  if ((bytes[kDeviceTypeAt] & 0x1f) != 0) {
    return At(kIncorrectCopyTargetDeviceType, at + kDeviceTypeAt, 4);
  }
  if ((bytes[kDeviceTypeAt] & 0xc0) != 0) {
    return At(kInvalidFieldInParameterList, at + kDeviceTypeAt, 7);
  }
  if ((bytes[kDeviceTypeAt] & 0x20) != 0) return At(kCopyTargetNotReachable, at + kDeviceTypeAt, 5);
  // We have no initiator ports.
  if (LoadBig<2>(bytes + kInitiatorPortAt) != 0) {
    return At(kCopyTargetNotReachable, at + kInitiatorPortAt);
  }
  if ((bytes[kDesignatorTypeAt] & 0x30) != 0) {  // not a logical unit's
    return At(kInvalidFieldInParameterList, at + kDesignatorTypeAt, 5);
  }
  const size_t length = bytes[kDesignatorLengthAt];
  if (length == 0 || length > kMaxDesignatorBytes) {
    return At(kInvalidFieldInParameterList, at + kDesignatorLengthAt);
  }
  return kGood;
}

Outcome CheckCscds(std::span<const uint8_t> cscds) {
  for (size_t at = 0; at < cscds.size(); at += CopyList::kCscdBytes) {
    const Outcome outcome = CheckCscd(&cscds[at], CopyList::kHeadBytes + at);
    if (!outcome.good()) return outcome;
  }
  return kGood;
}

// SPC-4 6.4.6.1 and 6.4.6.4. CAT does nothing where blocks are equally long, and DC changes
// nothing.
Outcome CheckSegment(std::span<const uint8_t> rest, size_t at, size_t count_cscds) {
  if (rest.size() < kSegmentHeadBytes) return At(kInvalidFieldInParameterList, kSegmentLengthAt);
  if (rest[0] != CopyList::kSegmentType) return At(kUnsupportedSegmentDescriptorType, at);
  if (LoadBig<2>(&rest[2]) != CopyList::kSegmentBytes - kSegmentHeadBytes) {
    return At(kInvalidFieldInParameterList, at + 2);
  }
  if (rest.size() < CopyList::kSegmentBytes) {
    return At(kInvalidFieldInParameterList, kSegmentLengthAt);
  }
  for (const size_t field : {size_t{4}, size_t{6}}) {
    const uint64_t cscd = LoadBig<2>(&rest[field]);
    if (cscd >= count_cscds && cscd != CopyList::kOwnUnit) {
      return At(kCopyTargetNotReachable, at + field);
    }
  }
  return kGood;
}

Outcome CheckSegments(std::span<const uint8_t> segments, size_t first_at, size_t count_cscds) {
  for (size_t at = 0; at < segments.size(); at += CopyList::kSegmentBytes) {
    const Outcome outcome = CheckSegment(segments.subspan(at), first_at + at, count_cscds);
    if (!outcome.good()) return outcome;
  }
  return kGood;
}

}  // namespace

ParsedCopyList CopyList::Parse(std::span<const uint8_t> list) {
  ParsedCopyList parsed;
  if (list.empty()) return parsed;  // not an error
  if (list.size() < kHeadBytes) {
    parsed.outcome = kParameterListLengthError;
    return parsed;
  }
  parsed.outcome = CheckHead(list);
  if (!parsed.outcome.good()) return parsed;
  const std::span<const uint8_t> cscds = list.subspan(kHeadBytes, LoadBig<2>(&list[kCscdLengthAt]));
  const std::span<const uint8_t> segments =
      list.subspan(kHeadBytes + cscds.size(), LoadBig<4>(&list[kSegmentLengthAt]));
  parsed.outcome = CheckCscds(cscds);
  if (parsed.outcome.good()) {
    parsed.outcome = CheckSegments(segments, kHeadBytes + cscds.size(), cscds.size() / kCscdBytes);
  }
  if (!parsed.outcome.good()) return parsed;
  parsed.list.cscds_ = cscds;
  parsed.list.segments_ = segments;
  parsed.list.identifier_ = list[0];
  parsed.list.has_identifier_ = (list[kUsageAt] >> 3 & 3) != kUsageNone;
  return parsed;
}

CscdDescriptor CopyList::cscd(size_t index) const {
  QUIRE_DCHECK(index < count_cscds());
  const std::span<const uint8_t> bytes = cscds_.subspan(index * kCscdBytes, kCscdBytes);
  return {.designator = {.code_set = static_cast<uint8_t>(bytes[kCodeSetAt] & 0x0f),
                         .type = static_cast<uint8_t>(bytes[kDesignatorTypeAt] & 0x0f),
                         .bytes = bytes.subspan(kDesignatorAt, bytes[kDesignatorLengthAt])},
          .block_bytes = static_cast<uint32_t>(LoadBig<3>(&bytes[kBlockLengthAt])),
          .at = static_cast<uint16_t>(kHeadBytes + index * kCscdBytes)};
}

CopySegment CopyList::segment(size_t index) const {
  QUIRE_DCHECK(index < count_segments());
  const uint8_t* const bytes = &segments_[index * kSegmentBytes];
  const BlockCount count{LoadBig<2>(bytes + kCountAt)};
  return {.source = static_cast<uint16_t>(LoadBig<2>(bytes + 4)),
          .target = static_cast<uint16_t>(LoadBig<2>(bytes + 6)),
          .source_blocks = {{LoadBig<8>(bytes + kSourceLbaAt)}, count},
          .target_blocks = {{LoadBig<8>(bytes + kTargetLbaAt)}, count},
          .at = static_cast<uint16_t>(kHeadBytes + cscds_.size() + index * kSegmentBytes)};
}

}  // namespace quire
