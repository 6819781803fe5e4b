// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The data of RECEIVE DIAGNOSTIC RESULTS: the list of diagnostic pages, which is the only one.
// Threads: values, any thread. Source: SPC-4 6.28, 7.2.
#pragma once

#include "vdisk/cdb.h"
#include "vdisk/response.h"
#include "vdisk/sense.h"

namespace quire {

// Without PCV it is the page of the last SEND DIAGNOSTIC, which takes none: the list again.
// REQUIRES: `cdb` is a RECEIVE DIAGNOSTIC RESULTS.
Outcome WriteDiagnosticPage(const Cdb& cdb, Response& response);

}  // namespace quire
