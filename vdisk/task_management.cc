// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/task_management.h"

#include "vdisk/device_server.h"

namespace quire {

std::array<uint8_t, 3> AsynchronousEvent(UnitAttentionList pending) {
  constexpr uint8_t kOne = 1 << 4;  // UADE DEPTH
  constexpr uint8_t kSeveral = 2 << 4;
  const uint8_t depth = pending.count() > 1 ? kSeveral : kOne;
  const std::optional<UnitAttention> first = pending.Take();
  if (!first.has_value()) return {};
  const Outcome sense = OutcomeOf(*first);
  return {static_cast<uint8_t>(depth | static_cast<uint8_t>(sense.key)), sense.asc, sense.ascq};
}

// To the function's reactor, from any thread.
void TaskManagement::Answer() {
  hop_.function = this;
  hop_.Start(*reactor_, [](Completion& completion) {
    TaskManagement& answered = *static_cast<Hop&>(completion).function;
    answered.done(answered);
  });
  reactor_->Post(hop_, IoResult::Bytes(0));
}

// Victims are marked before it returns: a command that is sent later is none of them.
void DeviceServer::Manage(ScsiNexus& nexus, TaskManagement& function) {
  function.reactor_ = &nexus.reactor_;
  function.response_ = ServiceResponse::kFunctionComplete;
  function.event_ = {};
  function.abort_.function = &function;
  if (Started(nexus, function)) function.Answer();
}

// True: it is complete. State is reset after the commands were marked, so that what one of them
// did until then is reset, too.
bool DeviceServer::Started(ScsiNexus& nexus, TaskManagement& function) {
  const auto answer = [&function](bool yes) {
    if (yes) function.response_ = ServiceResponse::kFunctionSucceeded;
    return true;
  };
  const TaskAbort::Done gone = [](TaskAbort& abort) {
    static_cast<TaskManagement::Abort&>(abort).function->Answer();
  };
  MutexLock lock(mutex_);
  const bool tas = mode_.current.tas != 0;
  bool now = true;
  switch (function.kind) {
    case TaskFunction::kAbortTask:
      return task_set_.AbortTask(nexus.tasks_, function.tag, function.abort_, gone);
    case TaskFunction::kAbortTaskSet:
      return task_set_.AbortTaskSet(nexus.tasks_, function.abort_, gone);
    case TaskFunction::kClearTaskSet:
      return task_set_.ClearTaskSet(nexus.tasks_, tas, function.abort_, gone);
    case TaskFunction::kLogicalUnitReset:
      now = task_set_.ResetUnit(&nexus.tasks_, tas, function.abort_, gone);
      Reset();
      return now;
    case TaskFunction::kNexusReset:
      now = task_set_.ResetNexus(nexus.tasks_, function.abort_, gone);
      reservations_->ReleaseSpc2(&nexus.id_);
      medium_.Allow(nexus);
      return now;
    case TaskFunction::kQueryTask:
      return answer(task_set_.Has(nexus.tasks_, function.tag));
    case TaskFunction::kQueryTaskSet:
      return answer(task_set_.HasAny(nexus.tasks_));
    case TaskFunction::kQueryAsynchronousEvent:
      function.event_ = AsynchronousEvent(nexus.attentions_.list());
      return answer(nexus.attentions_.pending());
    case TaskFunction::kClearAca:
      break;
  }
  function.response_ = ServiceResponse::kFunctionRejected;
  return true;
}

}  // namespace quire
