// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Bytes of a command beside bytes of the medium. REQUIRES: private memory, not a mapping: what is
// looked at cannot vanish. Threads: values, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sg/sg_view.h"

namespace quire {

// Where the first bytes that differ are, as far as both go.
std::optional<uint64_t> FirstDifference(SgView one, SgView other);
// The same against `block` again and again. REQUIRES: `block` is not empty.
std::optional<uint64_t> FirstDifferenceFromBlock(SgView bytes, SgView block);
bool AllZero(SgView bytes);
// Each byte of `target` becomes its OR with that of `source`, as far as both go.
void OrInto(SgView target, SgView source);

// So many bytes from `offset_bytes` on, their segments in `pieces`. REQUIRES: they lie within.
SgView PartOf(SgView whole, uint64_t offset_bytes, uint64_t length_bytes,
              std::vector<Segment>& pieces);

}  // namespace quire
