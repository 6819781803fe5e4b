// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The sizes that the page-cache engine counts in.
#pragma once

#include <cstdint>

namespace quire {

inline constexpr uint64_t kPageBytes = 4096;
// The page cache dirties, writes back and drops pages in folios of up to this size (Linux: a page
// of page-table entries), which lie at multiples of their size.
inline constexpr uint64_t kLargestFolioBytes = 2 * 1024 * 1024;
// Residency hints are kept per region: one mincore tells about all of it.
inline constexpr uint64_t kRegionBytes = 1024 * 1024;
// One page of page-table entries covers this much; what page-table memory is counted in.
inline constexpr uint64_t kPageTableSpanBytes = 2 * 1024 * 1024;
// Idle page tables are given back per window.
inline constexpr uint64_t kWindowBytes = 256 * 1024 * 1024;
// The longest read or write; longer discards are done in pieces of this size.
inline constexpr uint64_t kMaxTransferBytes = 4 * 1024 * 1024;

}  // namespace quire
