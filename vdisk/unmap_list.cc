// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/unmap_list.h"

#include <algorithm>

#include "base/big_endian.h"
#include "base/check.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

constexpr size_t kDescriptorLengthAt = 2;  // UNMAP BLOCK DESCRIPTOR DATA LENGTH

BlockRange RangeAt(const uint8_t* descriptor) {
  return {{LoadBig<8>(descriptor)}, {LoadBig<4>(descriptor + 8)}};
}

Outcome Fault(size_t byte) {
  return kInvalidFieldInParameterList.AtParameterField(static_cast<uint16_t>(byte));
}

// A limit of 0 means that none is told.
Outcome CheckRanges(std::span<const uint8_t> descriptors, const Geometry& geometry,
                    const BlockLimits& limits) {
  constexpr size_t kCountAt = 8;
  uint64_t sum = 0;  // of 32-bit numbers, at most 4095 of them
  for (size_t at = 0; at < descriptors.size(); at += UnmapList::kDescriptorBytes) {
    const BlockRange blocks = RangeAt(&descriptors[at]);
    if (!geometry.Contains(blocks)) {
      return kLbaOutOfRange.WithInformation(geometry.FirstBeyond(blocks).value);
    }
    sum += blocks.count.value;
    if (limits.max_unmap != 0 && sum > limits.max_unmap) {
      return Fault(UnmapList::kHeadBytes + at + kCountAt);
    }
  }
  return kGood;
}

}  // namespace

// A list that is shorter than it says, or ends within a descriptor, has those that are whole: the
// rest is ignored (SBC-3 5.28). UNMAP DATA LENGTH says nothing that the others do not.
ParsedUnmapList UnmapList::Parse(std::span<const uint8_t> list, const Geometry& geometry,
                                 const BlockLimits& limits) {
  ParsedUnmapList parsed;
  if (list.empty()) return parsed;  // not an error
  if (list.size() < kHeadBytes) {
    parsed.outcome = kParameterListLengthError;
    return parsed;
  }
  const size_t told = LoadBig<2>(&list[kDescriptorLengthAt]);
  const size_t count = std::min(told, list.size() - kHeadBytes) / kDescriptorBytes;
  if (limits.max_unmap_descriptors != 0 && count > limits.max_unmap_descriptors) {
    parsed.outcome = Fault(kDescriptorLengthAt);
    return parsed;
  }
  const std::span<const uint8_t> descriptors = list.subspan(kHeadBytes, count * kDescriptorBytes);
  parsed.outcome = CheckRanges(descriptors, geometry, limits);
  if (parsed.outcome.good()) parsed.list.descriptors_ = descriptors;
  return parsed;
}

BlockRange UnmapList::operator[](size_t index) const {
  QUIRE_DCHECK(index < count());
  return RangeAt(&descriptors_[index * kDescriptorBytes]);
}

}  // namespace quire
