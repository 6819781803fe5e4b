// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The checksum CRC-32C (Castagnoli) of what is kept in small files.
// Threads: any thread. Source: RFC 7143 appendix A.4 has its numbers and test values.
#pragma once

#include <cstdint>
#include <span>

namespace quire {

uint32_t Crc32c(std::span<const uint8_t> bytes);

}  // namespace quire
