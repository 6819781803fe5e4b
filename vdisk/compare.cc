// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/compare.h"

#include <algorithm>
#include <cstring>

namespace quire {
namespace {

// Calls `visit(a, b, offset)` with pieces of equal length until it answers false.
template <typename Visit>
void Together(SgView one, SgView other, Visit visit) {
  SgCursor in_one(one);
  SgCursor in_other(other);
  const uint64_t length_bytes = std::min(one.length_bytes(), other.length_bytes());
  Segment a;
  Segment b;
  for (uint64_t at = 0; at < length_bytes;) {
    if (a.size_bytes == 0) a = in_one.Take(length_bytes - at);
    if (b.size_bytes == 0) b = in_other.Take(length_bytes - at);
    const size_t size_bytes = std::min(a.size_bytes, b.size_bytes);
    if (!visit(Segment{a.data, size_bytes}, Segment{b.data, size_bytes}, at)) return;
    a = {a.data + size_bytes, a.size_bytes - size_bytes};
    b = {b.data + size_bytes, b.size_bytes - size_bytes};
    at += size_bytes;
  }
}

}  // namespace

std::optional<uint64_t> FirstDifference(SgView one, SgView other) {
  std::optional<uint64_t> found;
  Together(one, other, [&found](Segment a, Segment b, uint64_t at) {
    if (std::memcmp(a.data, b.data, a.size_bytes) == 0) return true;  // as a rule; many at a time
    std::byte* const end = a.data + a.size_bytes;
    found = at + static_cast<uint64_t>(std::mismatch(a.data, end, b.data).first - a.data);
    return false;
  });
  return found;
}

std::optional<uint64_t> FirstDifferenceFromBlock(SgView bytes, SgView block) {
  std::vector<Segment> pieces;
  for (uint64_t at = 0; at < bytes.length_bytes();) {
    const uint64_t length = std::min(block.length_bytes(), bytes.length_bytes() - at);
    pieces.clear();
    const auto differs = FirstDifference(PartOf(bytes, at, length, pieces), block);
    if (differs.has_value()) return at + *differs;
    at += length;
  }
  return std::nullopt;
}

bool AllZero(SgView bytes) {
  return std::ranges::all_of(bytes.segments(), [](const Segment& segment) {
    return std::all_of(segment.data, segment.data + segment.size_bytes,
                       [](std::byte byte) { return byte == std::byte{0}; });
  });
}

void OrInto(SgView target, SgView source) {
  Together(target, source, [](Segment to, Segment from, uint64_t) {
    for (size_t i = 0; i < to.size_bytes; ++i) to.data[i] |= from.data[i];
    return true;
  });
}

SgView PartOf(SgView whole, uint64_t offset_bytes, uint64_t length_bytes,
              std::vector<Segment>& pieces) {
  SgCursor cursor(whole);
  cursor.Skip(offset_bytes);
  const size_t first = pieces.size();
  for (uint64_t left = length_bytes; left > 0;) {
    const Segment piece = cursor.Take(left);
    QUIRE_CHECK(piece.size_bytes > 0);
    pieces.push_back(piece);
    left -= piece.size_bytes;
  }
  return SgView(std::span(pieces).subspan(first), length_bytes);
}

}  // namespace quire
