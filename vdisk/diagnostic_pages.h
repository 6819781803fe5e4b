// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The diagnostic pages of SEND DIAGNOSTIC and RECEIVE DIAGNOSTIC RESULTS: the list of the pages
// there are, which is the only one. Threads: values, any thread. Source: SPC-4 6.28, 6.42, 7.2.
#pragma once

#include <cstdint>
#include <span>

#include "vdisk/cdb.h"
#include "vdisk/response.h"
#include "vdisk/sense.h"

namespace quire {

// The page that came with the command: none, or the one that asks for the list.
// REQUIRES: `cdb` is a SEND DIAGNOSTIC.
Outcome CheckDiagnosticPage(const Cdb& cdb, std::span<const uint8_t> list);

// Without PCV it is the page of the last SEND DIAGNOSTIC: the list again.
// REQUIRES: `cdb` is a RECEIVE DIAGNOSTIC RESULTS.
Outcome WriteDiagnosticPage(const Cdb& cdb, Response& response);

}  // namespace quire
