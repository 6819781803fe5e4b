// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the arithmetic of ranges is right for all numbers that it admits, and refuses the others.
// Method: any two ranges, near to each other and to every power of two, compared with the same sums
// in 128 bits.

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>

#include "base/byte_range.h"
#include "base/check.h"
#include "vdisk/geometry.h"

namespace quire {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr Wide kLimit = Wide{1} << 64;

struct WideRange {
  explicit WideRange(const ByteRange& range)
      : from(range.offset), to(Wide{range.offset} + range.length) {}
  Wide from;
  Wide to;
};

// Boundaries are where the faults are.
uint64_t AnyNumber(FuzzedDataProvider& input) {
  const auto shift = input.ConsumeIntegralInRange<uint32_t>(0, 64);
  const auto delta = static_cast<uint64_t>(input.ConsumeIntegralInRange<int32_t>(-4097, 4097));
  return (shift == 64 ? 0 : uint64_t{1} << shift) + delta;
}

void CheckOne(const ByteRange& range, uint64_t size_bytes, uint64_t unit) {
  const WideRange wide(range);
  QUIRE_CHECK(range.FitsIn(size_bytes) == (wide.to <= size_bytes));
  QUIRE_CHECK(range.Valid() == (wide.to < kLimit));
  if (!range.Valid()) return;
  QUIRE_CHECK(range.end() == static_cast<uint64_t>(wide.to));
  QUIRE_CHECK(range.empty() == (wide.from == wide.to));
  QUIRE_CHECK(range.AlignedTo(unit) == (wide.from % unit == 0 && wide.to % unit == 0));
  const Wide to = (wide.to + unit - 1) / unit * unit;
  if (to >= kLimit) return;
  const ByteRange out = range.AlignedOut(unit);
  QUIRE_CHECK(out.AlignedTo(unit));
  QUIRE_CHECK(out.offset == static_cast<uint64_t>(wide.from / unit * unit));
  QUIRE_CHECK(out.end() == static_cast<uint64_t>(to));
  QUIRE_CHECK(out.Contains(range));
  QUIRE_CHECK(out.AlignedOut(unit) == out);
}

void CheckTwo(const ByteRange& a, const ByteRange& b) {
  if (!a.Valid() || !b.Valid()) return;
  const WideRange left(a);
  const WideRange right(b);
  QUIRE_CHECK(a.Overlaps(b) == b.Overlaps(a));
  QUIRE_CHECK(a.Contains(b) == (left.from <= right.from && right.to <= left.to));
  const Wide from = std::max(left.from, right.from);
  const Wide to = std::min(left.to, right.to);
  const ByteRange common = a.Intersect(b);
  QUIRE_CHECK(common.length == static_cast<uint64_t>(from < to ? to - from : 0));
  QUIRE_CHECK(common.offset == static_cast<uint64_t>(from));
  QUIRE_CHECK(common == b.Intersect(a));
  if (!a.empty() && !b.empty()) QUIRE_CHECK(a.Overlaps(b) == !common.empty());
  if (common.empty()) return;
  QUIRE_CHECK(a.Contains(common));
  QUIRE_CHECK(b.Contains(common));
}

void CheckGeometry(FuzzedDataProvider& input) {
  const uint32_t block_bytes = input.ConsumeBool() ? 512 : 4096;
  const uint64_t size_bytes = AnyNumber(input);
  const Geometry geometry = Geometry::ForSize(size_bytes, block_bytes);
  QUIRE_CHECK(geometry.size_bytes() <= size_bytes);
  QUIRE_CHECK(size_bytes - geometry.size_bytes() < block_bytes);
  const BlockRange blocks{{AnyNumber(input)}, {AnyNumber(input)}};
  const Wide end = (Wide{blocks.first.value} + blocks.count.value) * block_bytes;
  QUIRE_CHECK(geometry.Contains(blocks) == (end <= geometry.size_bytes()));
  if (!geometry.Contains(blocks)) return;
  const ByteRange bytes = geometry.Bytes(blocks);
  QUIRE_CHECK(bytes.Valid());
  QUIRE_CHECK(bytes.FitsIn(size_bytes));
  QUIRE_CHECK(bytes.AlignedTo(block_bytes));
  QUIRE_CHECK(bytes.end() == static_cast<uint64_t>(end));
}

}  // namespace
}  // namespace quire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  FuzzedDataProvider input(data, size_bytes);
  const quire::ByteRange a{quire::AnyNumber(input), quire::AnyNumber(input)};
  quire::ByteRange b{quire::AnyNumber(input), quire::AnyNumber(input)};
  if (input.ConsumeBool()) {  // a neighbour
    b.offset = a.offset + static_cast<uint64_t>(input.ConsumeIntegralInRange<int32_t>(-2, 2)) +
               (input.ConsumeBool() ? a.length : 0);
  }
  const uint64_t unit = uint64_t{1} << input.ConsumeIntegralInRange<uint32_t>(0, 30);
  quire::CheckOne(a, quire::AnyNumber(input), unit);
  quire::CheckOne(b, a.offset, unit);
  quire::CheckTwo(a, b);
  quire::CheckGeometry(input);
  return 0;
}
