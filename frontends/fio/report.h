// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Tells how a disk's requests went: by reference or copied, by which paths, for which reasons.
#pragma once

#include <string>

#include "host/disk.h"
#include "sg/copy.h"

namespace quire::fio {

// A few lines, each starting with "quire: ".
std::string ReportText(const std::string& title, const DiskStats& stats, const CopyCounts& copied);

// To standard error, so that fio's own output stays parsable.
void PrintReport(const Disk& disk);

}  // namespace quire::fio
