// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// One task management function: what a nexus asks the task manager to do with commands, its own or
// everybody's, and the answer, which comes when nothing of those commands can land any more.
//
//   A session that dies: Manage with kNexusReset, wait until that and all of its commands have
//   called back, destroy the nexus.
//
// Owns: nothing. Lifetime: caller-owned; stays where it is, and its nexus with it, from Manage
// until `done`. Threads: its nexus's reactor. Errors: the service response. Source: SAM-5 clause 7.
#pragma once

#include <array>
#include <cstdint>

#include "engine/completion.h"
#include "vdisk/report_opcodes.h"
#include "vdisk/task.h"
#include "vdisk/unit_attention.h"

namespace quire {

enum class TaskFunction : uint8_t {
  kAbortTask,
  kAbortTaskSet,
  kClearAca,
  kClearTaskSet,
  kLogicalUnitReset,
  kNexusReset,  // I_T NEXUS RESET, and the loss of the nexus
  kQueryTask,
  kQueryTaskSet,
  kQueryAsynchronousEvent,
};

// Those of SAM-5 7.1 that a logical unit gives.
enum class ServiceResponse : uint8_t {
  kFunctionComplete,   // done; of a query: no
  kFunctionSucceeded,  // of a query: yes
  kFunctionRejected,   // there is no such function: NACA is 0, so there is no ACA to clear
};

// As REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS tells it.
inline constexpr TaskManagementSupport kTaskManagementSupport = {.abort_task = true,
                                                                 .abort_task_set = true,
                                                                 .clear_task_set = true,
                                                                 .logical_unit_reset = true,
                                                                 .query_task = true,
                                                                 .query_async_event = true,
                                                                 .query_task_set = true,
                                                                 .i_t_nexus_reset = true};

// The additional response information of QUERY ASYNCHRONOUS EVENT (SAM-5 7.10): how many unit
// attentions are pending and the sense code of the first; zeros when there is none.
std::array<uint8_t, 3> AsynchronousEvent(UnitAttentionList pending);

class TaskManagement {
 public:
  TaskManagement() = default;
  TaskManagement(const TaskManagement&) = delete;
  TaskManagement& operator=(const TaskManagement&) = delete;

  // ---- Inputs ----
  TaskFunction kind = TaskFunction::kAbortTask;
  uint64_t tag = 0;  // which command, of ABORT TASK and QUERY TASK
  // Runs once, from the reactor's ready list. The function may be used again or destroyed from
  // here.
  void (*done)(TaskManagement& function) = nullptr;

  // ---- Valid from `done` ----
  ServiceResponse response() const { return response_; }
  // How many commands it found to abort. iSCSI tells ABORT TASK of an unknown one apart.
  uint32_t count_found() const { return abort_.count_found(); }
  const std::array<uint8_t, 3>& event() const { return event_; }

 private:
  friend class DeviceServer;

  struct Abort : TaskAbort {
    TaskManagement* function = nullptr;
  };
  struct Hop : Completion {
    TaskManagement* function = nullptr;
  };

  void Answer();

  Reactor* reactor_ = nullptr;
  Abort abort_;
  Hop hop_;
  ServiceResponse response_ = ServiceResponse::kFunctionComplete;
  std::array<uint8_t, 3> event_{};
};

}  // namespace quire
