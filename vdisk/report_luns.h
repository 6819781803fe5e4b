// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The data of REPORT LUNS, and how a LUN is written.
// Threads: values, any thread. Source: SPC-4 6.33, SAM-5 4.7.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "vdisk/cdb.h"
#include "vdisk/response.h"
#include "vdisk/sense.h"

namespace quire {

constexpr uint32_t kMaxLun = 0x3fff;  // flat space addressing (SAM-5 4.7.7.3)

// The eight bytes of a LUN, as a number: peripheral device addressing up to 255, then flat space
// addressing (SAM-5 4.7.7.2, 4.7.7.3). REQUIRES: at most kMaxLun.
uint64_t EncodeLun(uint32_t lun);
// Either form of any number; none when it is of another method or has further levels.
std::optional<uint32_t> DecodeLun(uint64_t bytes);

// `luns` in ascending order. REQUIRES: `cdb` is a REPORT LUNS.
Outcome WriteReportLuns(const Cdb& cdb, std::span<const uint32_t> luns, Response& response);

}  // namespace quire
