// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: whatever list UNMAP brings, only blocks of the disk are unmapped, and no more than it
// allows. Method: any bytes under any limits; sums in 128 bits; a refusal must have a reason.

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <vector>

#include "base/big_endian.h"
#include "base/check.h"
#include "vdisk/outcomes.h"
#include "vdisk/unmap_list.h"

namespace quire {
namespace {

__extension__ using Wide = unsigned __int128;

struct Reading {
  bool inside = true;
  Wide sum = 0;
  size_t count = 0;
};

// The descriptors that are whole, read in the plainest way.
Reading Read(const std::vector<uint8_t>& list, const Geometry& geometry) {
  Reading reading;
  const size_t told = list[2] * size_t{256} + list[3];
  for (size_t at = 8; at + 16 <= list.size() && at + 16 <= 8 + told; at += 16) {
    const Wide first = LoadBig<8>(&list[at]);
    const Wide count = LoadBig<4>(&list[at + 8]);
    reading.inside = reading.inside && first + count <= geometry.count.value;
    reading.sum += count;
    ++reading.count;
  }
  return reading;
}

void CheckList(const UnmapList& list, const Reading& reading, const Geometry& geometry) {
  QUIRE_CHECK(list.count() == reading.count);
  Wide sum = 0;
  for (size_t i = 0; i < list.count(); ++i) {
    QUIRE_CHECK(geometry.Contains(list[i]));
    QUIRE_CHECK(geometry.Bytes(list[i]).FitsIn(geometry.size_bytes()));
    sum += list[i].count.value;
  }
  QUIRE_CHECK(sum == reading.sum);
}

}  // namespace
}  // namespace quire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  FuzzedDataProvider input(data, size_bytes);
  const uint64_t blocks = uint64_t{1} << input.ConsumeIntegralInRange<uint32_t>(0, 40);
  const quire::Geometry geometry{512, {blocks + input.ConsumeIntegral<uint8_t>()}};
  const quire::BlockLimits limits{.max_unmap = input.ConsumeIntegral<uint32_t>(),
                                  .max_unmap_descriptors = input.ConsumeIntegral<uint8_t>()};
  const auto list = input.ConsumeRemainingBytes<uint8_t>();
  const auto parsed = quire::UnmapList::Parse(list, geometry, limits);
  if (list.size() < 8) {
    QUIRE_CHECK(parsed.outcome == (list.empty() ? quire::kGood : quire::kParameterListLengthError));
    QUIRE_CHECK(parsed.list.count() == 0);
    return 0;
  }
  const quire::Reading reading = quire::Read(list, geometry);
  const bool few =
      limits.max_unmap_descriptors == 0 || reading.count <= limits.max_unmap_descriptors;
  const bool short_enough = limits.max_unmap == 0 || reading.sum <= limits.max_unmap;
  QUIRE_CHECK(parsed.outcome.good() == (reading.inside && few && short_enough));
  if (parsed.outcome.good()) {
    quire::CheckList(parsed.list, reading, geometry);
    return 0;
  }
  QUIRE_CHECK(parsed.list.count() == 0);
  if (parsed.outcome.Is(quire::kLbaOutOfRange)) {
    QUIRE_CHECK(!reading.inside);
  } else {
    QUIRE_CHECK(parsed.outcome.Is(quire::kInvalidFieldInParameterList));
    QUIRE_CHECK(parsed.outcome.number < list.size());
  }
  return 0;
}
