// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The parameter list of EXTENDED COPY(LID1), put together byte by byte for tests.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "base/big_endian.h"

namespace quire {

struct CopyListBuilder {
  using Bytes = std::vector<uint8_t>;
  static constexpr uint8_t kDiscard = 0x10;  // LIST ID USAGE 10b
  static constexpr uint8_t kNone = 0x18;     // 11b

  uint8_t identifier = 0;
  uint8_t usage = kNone;
  std::vector<Bytes> cscds;
  std::vector<Bytes> segments;

  // By its NAA.
  CopyListBuilder& Unit(std::span<const uint8_t> naa, uint32_t block_bytes = 512) {
    Bytes cscd(32);
    cscd[0] = 0xe4;
    cscd[4] = 1;  // binary
    cscd[5] = 3;  // NAA
    cscd[7] = static_cast<uint8_t>(naa.size());
    std::ranges::copy(naa, cscd.begin() + 8);
    StoreBig<3>(&cscd[29], block_bytes);
    cscds.push_back(cscd);
    return *this;
  }
  CopyListBuilder& Segment(uint16_t source, uint64_t source_lba, uint16_t target,
                           uint64_t target_lba, uint16_t count) {
    Bytes segment(28);
    segment[0] = 0x02;
    segment[3] = 24;
    StoreBig<2>(&segment[4], source);
    StoreBig<2>(&segment[6], target);
    StoreBig<2>(&segment[10], count);
    StoreBig<8>(&segment[12], source_lba);
    StoreBig<8>(&segment[20], target_lba);
    segments.push_back(segment);
    return *this;
  }
  Bytes List() const {
    Bytes list(16);
    list[0] = identifier;
    list[1] = usage;
    StoreBig<2>(&list[2], cscds.size() * 32);
    StoreBig<4>(&list[8], segments.size() * 28);
    for (const auto* descriptors : {&cscds, &segments}) {
      for (const Bytes& one : *descriptors) list.insert(list.end(), one.begin(), one.end());
    }
    return list;
  }
};

}  // namespace quire
