// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// File contents that are a function of (offset, version), so that any byte can be checked anywhere.
// Threads: any thread.
#pragma once

#include <cstdint>
#include <span>

#include "sg/sg_view.h"

namespace quire::bench {

// `offset` and the lengths are multiples of 8.
void FillPattern(std::span<std::byte> target, uint64_t offset, uint64_t version);
bool HasPattern(SgView bytes, uint64_t offset, uint64_t version);

// The sum of all 64-bit words: the cheapest way to look at every byte. Not inlined, so that no
// compiler can leave it out.
uint64_t SumWords(std::span<const std::byte> bytes);
uint64_t SumWords(SgView bytes);

}  // namespace quire::bench
