// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The data of READ DEFECT DATA(10) and (12): lists without a defect, as files have none.
// Threads: values, any thread. Source: SBC-3 5.17, 5.18.
#pragma once

#include "vdisk/cdb.h"
#include "vdisk/response.h"

namespace quire {

// The lists that were asked for, in the format that was asked for: an empty list has any.
// REQUIRES: `cdb` is a READ DEFECT DATA.
void WriteDefectData(const Cdb& cdb, Response& response);

}  // namespace quire
