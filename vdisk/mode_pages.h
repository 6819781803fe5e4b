// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The mode pages of a disk as bytes: 01h, 08h, 0Ah, 0Ah/01h, 1Ch and 1Ch/02h.
// Threads: values, any thread. Source: SPC-4 7.5, SBC-3 6.5.
//
// A page is its constant bytes with the fields of ModeParameters laid over them. MODE SENSE shows
// such an image, MODE SELECT compares what it was sent with it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "vdisk/mode_parameters.h"

namespace quire {

struct ModePage {
  static constexpr size_t kMaxBytes = 32;
  using Image = std::array<uint8_t, kMaxBytes>;

  uint8_t code = 0;
  uint8_t subpage = 0;  // 0: in page_0 format, else in sub_page format (SPC-4 7.5.7)
  uint8_t size_bytes = 0;
  Image constant{};

  size_t head_bytes() const { return subpage == 0 ? 2 : 4; }
  // 1Ch/02h is a page of disks with thresholds.
  bool Present(const ModeTraits& traits) const;
  // Without the PS bit.
  Image With(const ModeParameters& parameters, const ModeTraits& traits) const;
  // Ones where MODE SELECT may change a bit; the head is as in With.
  Image Changeable(const ModeTraits& traits) const;
  // PS: there is something to save.
  bool Savable(const ModeTraits& traits) const;
  // Reads the fields back.
  void Read(std::span<const uint8_t> bytes, ModeParameters& parameters) const;
};

// In ascending order of page, then subpage.
std::span<const ModePage> ModePages();
// nullptr when there is no such page.
const ModePage* FindModePage(uint8_t code, uint8_t subpage);

}  // namespace quire
