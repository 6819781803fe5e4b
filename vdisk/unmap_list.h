// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The parameter list of UNMAP: any bytes become ranges of blocks or a refusal.
// Owns: nothing. Lifetime: the bytes outlive it. Threads: a value, any thread.
// Errors: the outcome of Parse, with a pointer to the field at fault.
// Source: SBC-3 5.28.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "vdisk/block_limits.h"
#include "vdisk/geometry.h"
#include "vdisk/sense.h"

namespace quire {

struct ParsedUnmapList;

class UnmapList {
 public:
  static constexpr size_t kHeadBytes = 8;
  static constexpr size_t kDescriptorBytes = 16;

  // `list` has as many bytes as the CDB's parameter list length. All or nothing: a range outside of
  // the disk or more than `limits` allows, and none is unmapped.
  static ParsedUnmapList Parse(std::span<const uint8_t> list, const Geometry& geometry,
                               const BlockLimits& limits);

  size_t count() const { return descriptors_.size() / kDescriptorBytes; }
  // REQUIRES: index < count(). Lies on the disk; may be empty; ranges may overlap.
  BlockRange operator[](size_t index) const;

 private:
  std::span<const uint8_t> descriptors_;  // INVARIANT: whole ones
};

struct ParsedUnmapList {
  Outcome outcome;
  UnmapList list;  // empty in a refusal
};

}  // namespace quire
