// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The parameter list of EXTENDED COPY(LID1): any bytes become units by their names and segments to
// copy between them, or a refusal. Units by identification descriptor (E4h) and segments from block
// device to block device (02h) are known, no inline data.
//
//   | head, 16 | CSCD descriptors, 32 each | segment descriptors, 28 each | inline data |
//
// Owns: nothing. Lifetime: the bytes outlive it. Threads: a value, any thread.
// Errors: the outcome of Parse, with a pointer to the field at fault.
// Source: SPC-4 6.5 (EXTENDED COPY(LID1)), 6.4.4 to 6.4.6 (its descriptors).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "vdisk/designators.h"
#include "vdisk/geometry.h"
#include "vdisk/sense.h"

namespace quire {

struct ParsedCopyList;

// CSCD: copy source or copy destination.
struct CscdDescriptor {
  Designator designator;  // of a logical unit
  uint32_t block_bytes = 0;
  uint16_t at = 0;  // where the descriptor is in the list
};

struct CopySegment {
  uint16_t source = 0;  // number of a CSCD descriptor, or CopyList::kOwnUnit
  uint16_t target = 0;
  BlockRange source_blocks;
  BlockRange target_blocks;  // as many
  uint16_t at = 0;           // where the descriptor is in the list
};

class CopyList {
 public:
  static constexpr size_t kHeadBytes = 16;
  static constexpr size_t kCscdBytes = 32;
  static constexpr size_t kSegmentBytes = 28;
  static constexpr size_t kMaxCscds = 16;
  // So many that 1 GiB of 512-byte blocks goes into one command: a segment has less than 64 Ki.
  static constexpr size_t kMaxSegments = 64;
  static constexpr size_t kMaxDescriptorBytes =
      kMaxCscds * kCscdBytes + kMaxSegments * kSegmentBytes;
  static constexpr uint8_t kCscdType = 0xe4;
  static constexpr uint8_t kSegmentType = 0x02;
  // The CSCD descriptor ID of the unit that the command was sent to (SPC-4 6.4.5.1).
  static constexpr uint16_t kOwnUnit = 0xffff;
  // Fields of the descriptors that others point at.
  static constexpr size_t kBlockLengthAt = 29;
  static constexpr size_t kCountAt = 10;
  static constexpr size_t kSourceLbaAt = 12;
  static constexpr size_t kTargetLbaAt = 20;

  // `list` has as many bytes as the CDB's parameter list length; none is not an error.
  static ParsedCopyList Parse(std::span<const uint8_t> list);

  // False: nobody may ask about this copy later (LIST ID USAGE 11b).
  bool has_identifier() const { return has_identifier_; }
  uint8_t identifier() const { return identifier_; }

  size_t count_cscds() const { return cscds_.size() / kCscdBytes; }
  // REQUIRES: index < count_cscds().
  CscdDescriptor cscd(size_t index) const;
  size_t count_segments() const { return segments_.size() / kSegmentBytes; }
  // REQUIRES: index < count_segments(). Its units are in the list; it may be empty; nothing is
  // known about where the disks end.
  CopySegment segment(size_t index) const;

 private:
  std::span<const uint8_t> cscds_;     // INVARIANT: whole descriptors
  std::span<const uint8_t> segments_;  // INVARIANT: whole descriptors
  bool has_identifier_ = false;
  uint8_t identifier_ = 0;
};

struct ParsedCopyList {
  Outcome outcome;
  CopyList list;  // empty in a refusal
};

}  // namespace quire
