// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The stations of a command on its way through the device server.
#include <algorithm>
#include <utility>

#include "vdisk/command_run.h"
#include "vdisk/device_server.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

// Whether a command has its blocks beside others or to itself (SBC-4 4.27 for what is atomic).
RangeMode ModeOf(Operation operation) {
  switch (operation) {
    case Operation::kCompareAndWrite:
    case Operation::kOrWrite:
    case Operation::kWriteSame:
    case Operation::kUnmap:
    case Operation::kWriteAtomic:
    case Operation::kWriteAndVerify:  // nobody else writes between the two
      return RangeMode::kExclusive;
    default:
      return RangeMode::kShared;
  }
}

}  // namespace

void DeviceServer::Execute(ScsiNexus& nexus, ScsiCommand& command) {
  QUIRE_CHECK(command.state_ == ScsiCommand::State::kIdle);
  command.state_ = ScsiCommand::State::kRunning;
  command.owners_.store(1, std::memory_order_relaxed);
  command.server_ = this;
  command.nexus_ = &nexus;
  command.fate_ = Fate::kUntouched;
  command.parameter_is_in_ = false;
  command.claimed_ = false;
  command.inside_execute_ = true;
  command.outcome_ = ParseCdb(command.cdb, command.cdb_);
  command.place_.tag = command.tag;
  command.place_.attribute = command.attribute;
  const bool runs = task_set_.Enter(nexus.tasks_, command.place_, [](Task& task, Turn turn) {
    ScsiCommand& told = *static_cast<ScsiCommand::Place&>(task).command;
    if (turn == Turn::kAborted) told.fate_ = task.fate();
    HopTo(told, [](ScsiCommand& here) { here.server_->TakeTurn(here); });
  });
  if (runs) TakeTurn(command);
  command.inside_execute_ = false;
}

// To the command's reactor, from any thread.
void DeviceServer::HopTo(ScsiCommand& command, void (*then)(ScsiCommand& command)) {
  command.hop_.then = then;
  Reactor& reactor = command.nexus_->reactor_;
  command.hop_.Start(reactor, [](Completion& completion) {
    auto& hop = static_cast<ScsiCommand::Hop&>(completion);
    hop.then(*hop.command);
  });
  reactor.Post(command.hop_, IoResult::Bytes(0));
}

void DeviceServer::TakeTurn(ScsiCommand& command) {
  if (command.fate_ != Fate::kUntouched) {  // it is out of the task set already
    command.outcome_ = kTaskAborted;
    Answer(command);
    return;
  }
  if (command.place_.aborted()) {  // unit attentions are for commands that are answered
    End(command, kGood);
    return;
  }
  if (const Outcome refusal = Refusal(command); !refusal.good()) {
    End(command, refusal);
    return;
  }
  ClaimBlocks(command);
}

// In the order of SAM-5 5.3.3 (status precedence): resets and nexus loss, RESERVATION CONFLICT,
// other unit attentions, all else. So who was fenced hears of it by its first write, and of what
// was done to its registration when it asks (TEST UNIT READY). The medium comes last: it is
// nobody's business whom a reservation keeps out.
Outcome DeviceServer::Refusal(ScsiCommand& command) {
  ScsiNexus& nexus = *command.nexus_;
  Outcome refusal = command.outcome_;
  if (refusal.good() && !operations().Has(command.cdb_.operation())) {
    refusal = kInvalidOpcode;
  }
  const bool conflict = refusal.good() && !reservations_->Allows(nexus.view_, nexus.id_,
                                                                 command.cdb_.reservation_class());
  const Opcode* const row = command.cdb_.opcode;  // nullptr: there is no such command
  const bool reported = row == nullptr || row->unit_attention == UnitAttentionRule::kReported;
  if (reported && nexus.attentions_.pending()) {
    const auto attention = conflict ? nexus.attentions_.TakeReset() : nexus.attentions_.Take();
    if (attention.has_value()) return OutcomeOf(*attention);
  }
  if (conflict) return kReservationConflict;
  if (reported && nexus.deferred_.pending()) {
    if (const auto error = nexus.deferred_.Take()) return *error;
  }
  return refusal.good() ? medium_.Check(command.cdb_.operation()) : refusal;
}

// An abort that comes before the change prevents it. Whom this command fences is marked before
// anybody else's change, so that two that preempt each other never wait for each other: the one
// whose change is second was aborted by the first.
void DeviceServer::ChangeReservations(ScsiCommand& command) {
  std::vector<TransportId> initiators;
  {
    MutexLock lock(mutex_);
    for (const ScsiNexus* const nexus : nexuses_) initiators.push_back(nexus->id_.initiator);
  }
  const ReservationPorts ports = {.targets = ports_, .initiators = initiators};
  const auto change = [&command](Reservations& next, const NexusId& nexus,
                                 const ReservationPorts& known) -> ReservationEffect {
    if (command.place_.aborted()) return {.outcome = kTaskAborted};
    return command.change_(next, nexus, known);
  };
  bool gone = true;
  command.effect_ = reservations_->Change(change, command.nexus_->id_, ports,
                                          [&](const ReservationEffect& effect) {
                                            Tell(effect);
                                            gone = Fence(command, effect);
                                          });
  if (gone) HopTo(command, EndChange);
}

// Comes twice, when the worker is done and when the victims are gone.
void DeviceServer::EndChange(ScsiCommand& command) {
  if (--command.awaited_ > 0) return;
  DeviceServer& server = *command.server_;
  // A reset that came while RESERVE was on its way found nothing to release.
  if (command.cdb_.operation() == Operation::kReserve && command.effect_.changed &&
      command.place_.aborted()) {
    server.reservations_->ReleaseSpc2(&command.nexus_->id_);
  }
  const bool fences = !command.effect_.fenced.empty() && server.units_ != nullptr;
  if (!fences || server.CopiesAreOver(command)) server.End(command, command.effect_.outcome);
}

// What a victim copies to this disk through another one is in the task set of that one. It is over
// when nobody else has any blocks here; while the medium is made anew, which takes long and ends
// every copy at its next piece, when no other disk uses this one. False: the command ends later.
bool DeviceServer::CopiesAreOver(ScsiCommand& command) {
  if (medium_.busy()) {
    if (!units_->in_use(*this)) return true;
    command.awaited_ = 1;
    HopTo(command, EndChange);
    return false;
  }
  command.part_.range = {0, device_.geometry().size_bytes()};
  command.part_.mode = RangeMode::kExclusive;
  command.part_.table = &ranges_;
  command.claimed_ = true;
  return RangeLock::Acquire(command.claim_, {&command.part_, 1}, [](RangeClaim& claim) {
    HopTo(*static_cast<ScsiCommand::Claim&>(claim).command,
          [](ScsiCommand& here) { here.server_->End(here, here.effect_.outcome); });
  });
}

// Who is to hear of it, connected or not. Commands cleared are told by those who clear them.
void DeviceServer::Tell(const ReservationEffect& effect) {
  MutexLock lock(mutex_);
  for (const ReservationEffect::Attention& one : effect.attentions) {
    const std::optional<UnitAttention> attention = AttentionOf(one.sense);
    if (!attention.has_value() || *attention == UnitAttention::kCommandsCleared) continue;
    const auto there = std::ranges::find_if(
        nexuses_, [&one](const ScsiNexus* nexus) { return nexus->id_ == one.nexus; });
    if (there != nexuses_.end()) {
      (*there)->attentions_.Post(*attention);
    } else {
      absent_.Post(ScsiNexus::NameOf(one.nexus), *attention);
    }
  }
}

// PREEMPT AND ABORT is answered when nothing of its victims can land any more (SPC-4 5.13.11.2.6).
// Under the mutex none of them leaves before it is marked. False: they will be gone later.
bool DeviceServer::Fence(ScsiCommand& command, const ReservationEffect& effect) {
  if (effect.fenced.empty()) return true;
  MutexLock lock(mutex_);
  command.victims_.clear();
  for (ScsiNexus* const nexus : nexuses_) {
    const bool fenced = std::ranges::find(effect.fenced, nexus->id_) != effect.fenced.end();
    if (!fenced) continue;
    command.victims_.push_back(&nexus->tasks_);
    medium_.Allow(*nexus);
  }
  return task_set_.AbortPreempted(
      {.victims = command.victims_,
       .requester = &command.nexus_->tasks_,
       .except = &command.place_,
       .tas = mode_.current.tas != 0},
      command.fence_,
      [](TaskAbort& abort) { HopTo(*static_cast<ScsiCommand::Fence&>(abort).command, EndChange); });
}

// Of commands that touch blocks; UNMAP claims those of its list itself.
void DeviceServer::ClaimBlocks(ScsiCommand& command) {
  const Cdb& cdb = command.cdb_;
  const Geometry geometry = device_.geometry();
  if (!cdb.opcode->length_in_blocks) {
    Run(command);
    return;
  }
  const BlockRange blocks = cdb.blocks();
  if (!geometry.Contains(blocks)) {
    End(command, kLbaOutOfRange.WithInformation(geometry.FirstBeyond(blocks).value));
    return;
  }
  if (blocks.count.value == 0) {
    Run(command);
    return;
  }
  command.part_.range = geometry.Bytes(blocks);
  command.part_.mode = ModeOf(cdb.operation());
  command.part_.table = &ranges_;
  command.claimed_ = true;
  const RangeClaim::Granted granted = [](RangeClaim& claim) {
    HopTo(*static_cast<ScsiCommand::Claim&>(claim).command,
          [](ScsiCommand& here) { here.server_->Run(here); });
  };
  const bool now =
      command.part_.mode == RangeMode::kShared
          ? RangeLock::AcquireShared(command.nexus_->lane_, command.claim_, command.part_, granted)
          : RangeLock::Acquire(command.claim_, {&command.part_, 1}, granted);
  if (now) Run(command);
}

// True, and the command has ended: since its blocks were found there, the disk was cut or the
// medium went. While it holds them neither happens (Resize, MediumRewrite).
bool DeviceServer::EndIfBlocksWent(ScsiCommand& command) {
  if (command.cdb_.operation() == Operation::kModeSelect) return false;  // it addresses none
  if (const Outcome refusal = medium_.Check(command.cdb_.operation()); !refusal.good()) {
    End(command, refusal);
    return true;
  }
  const uint64_t size_bytes = device_.file().size_bytes();
  for (const RangePart& part : command.claim_.parts()) {
    if (part.table != &ranges_ || part.range.FitsIn(size_bytes)) continue;
    End(command, kLbaOutOfRange);
    return true;
  }
  return false;
}

void DeviceServer::Run(ScsiCommand& command) {
  if (command.place_.aborted()) {
    End(command, kGood);
    return;
  }
  if (command.claimed_ && EndIfBlocksWent(command)) return;
  CommandRun::HandlerOf(command.cdb_.operation())(CommandRun(command));
}

void DeviceServer::End(ScsiCommand& command, const Outcome& outcome) {
  if (std::exchange(command.claimed_, false)) RangeLock::Release(command.claim_);
  command.fate_ = task_set_.Leave(command.place_);
  if (command.copy_ != nullptr) {
    command.copy_->NoteEnd(command.fate_ == Fate::kUntouched ? outcome : kTaskAborted);
    command.copy_.reset();  // the other disks may go now
  }
  command.outcome_ = command.fate_ == Fate::kAbortedByOther ? kTaskAborted : outcome;
  command.sense_format_ =
      d_sense_.load(std::memory_order_relaxed) ? SenseFormat::kDescriptor : SenseFormat::kFixed;
  if (command.parameter_is_in_) {
    command.parameter_segment_ = {reinterpret_cast<std::byte*>(command.parameter_.data()),
                                  command.parameter_.size()};
  }
  if (command.inside_execute_) {
    HopTo(command, Answer);
  } else {
    Answer(command);
  }
}

void DeviceServer::Answer(ScsiCommand& command) {
  command.state_ = ScsiCommand::State::kAnswered;
  command.done(command);
}

}  // namespace quire
