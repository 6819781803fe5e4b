// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The data of REPORT SUPPORTED OPERATION CODES and REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS.
// Threads: values, any thread. Source: SPC-4 6.35, 6.36.
#pragma once

#include "vdisk/cdb.h"
#include "vdisk/response.h"
#include "vdisk/sense.h"

namespace quire {

// All commands or one, of those that this disk carries out. Timeouts are told as 0, not indicated,
// and only where RCTD asks for them. REQUIRES: `cdb` is a REPORT SUPPORTED OPERATION CODES.
Outcome WriteSupportedOpcodes(const Cdb& cdb, OperationSet operations, Response& response);

// What a target port passes on (SPC-4 6.36).
struct TaskManagementSupport {
  bool abort_task = true;
  bool abort_task_set = true;
  bool clear_task_set = true;
  bool logical_unit_reset = true;
  bool query_task = false;
  bool query_async_event = false;
  bool query_task_set = false;
  bool i_t_nexus_reset = false;
};
void WriteSupportedTaskManagementFunctions(const Cdb& cdb, const TaskManagementSupport& support,
                                           Response& response);

}  // namespace quire
