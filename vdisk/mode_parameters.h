// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The mode parameters that an initiator may change, and those that come from the configuration.
// Threads: values, any thread. Source: SPC-4 7.5, SBC-3 6.5.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace quire {

// Changed by MODE SELECT; shared by all nexuses (SPC-4 6.9).
// INVARIANT: every value fits its field and is one that the standard defines.
struct ModeParameters {
  static constexpr size_t kSavedBytes = 8;

  uint8_t wce = 1;      // caching page: GOOD before data is stable
  uint8_t d_sense = 0;  // control page: sense data in descriptor format
  uint8_t swp = 0;      // control page: writes are refused
  uint8_t tas = 0;      // control page: TASK ABORTED for commands that others end

  void CheckInvariants() const;

  // As saved pages are stored: a version, then the values.
  std::array<uint8_t, kSavedBytes> Saved() const;
  // None when the bytes are not what Saved gives.
  static std::optional<ModeParameters> FromSaved(std::span<const uint8_t> bytes);

  friend bool operator==(const ModeParameters&, const ModeParameters&) = default;
};

// Constant after construction.
struct ModeTraits {
  bool wce_changeable = true;        // else the cache is what it is
  bool read_cache_disabled = false;  // RCD
  bool savable = true;               // PS bits and SP
  bool write_protected = false;      // a read-only disk: WP whatever SWP says
  bool implicit_alua = false;        // IALUAE of the control extension page
  bool thresholds = false;           // there is a page of them
  uint32_t threshold_sets = 0;       // available threshold sets to be told at; 0: it is not enabled
  ModeParameters defaults = {};
};

// PC (SPC-4 6.11.1).
enum class PageControl : uint8_t { kCurrent = 0, kChangeable = 1, kDefault = 2, kSaved = 3 };

// All that MODE SENSE tells.
struct ModeState {
  ModeTraits traits = {};
  ModeParameters current = {};
  ModeParameters saved = {};
};

}  // namespace quire
