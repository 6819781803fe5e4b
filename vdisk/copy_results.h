// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What a disk tells about third-party copies: the data of RECEIVE COPY RESULTS and the Third-party
// Copy VPD page. Threads: values, any thread.
// Source: SPC-4 6.21 to 6.24 (RECEIVE COPY ...(LID1)), 7.8.17 (the page).
#pragma once

#include <cstdint>
#include <map>

#include "vdisk/response.h"
#include "vdisk/sense.h"
#include "vdisk/sense_data.h"

namespace quire {

// How far a copy is, or how it ended.
struct CopyResult {
  bool running = true;
  uint16_t count_segments = 0;  // that are done
  uint64_t count_bytes = 0;
  Outcome outcome = {};  // once it is not running
};

// Of one nexus, by list identifier; the latest copy of each.
using CopyResults = std::map<uint8_t, CopyResult>;

// COPY STATUS. `results` has none of that identifier: an invalid field in the CDB.
Outcome WriteCopyStatus(const CopyResults& results, uint8_t identifier, Response& response);
// FAILED SEGMENT DETAILS: the sense data of a copy that failed; nothing of one that did not.
Outcome WriteCopyFailure(const CopyResults& results, uint8_t identifier, SenseFormat format,
                         Response& response);
// OPERATING PARAMETERS.
void WriteCopyParameters(uint32_t block_bytes, Response& response);
// VPD page 8Fh, from its fifth byte on.
void WriteThirdPartyCopyPage(uint32_t block_bytes, Response& response);

}  // namespace quire
