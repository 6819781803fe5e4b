// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/command_run.h"

#include <cstring>

#include "sg/copy.h"
#include "vdisk/background.h"
#include "vdisk/compare.h"

namespace quire {

std::span<const uint8_t> CommandRun::List() const {
  std::vector<uint8_t>& list = command_.parameter_;
  list.resize(command_.data_out.length_bytes());
  const Segment target{reinterpret_cast<std::byte*>(list.data()), list.size()};
  CopySg(SgView({&target, 1}, list.size()), command_.data_out);
  return list;
}

// What the last step found goes back first.
Command& CommandRun::NextStep(Next next) const {
  if (std::exchange(command_.step_held_, false)) command_.step_.Drop();
  command_.next_ = next;
  return command_.step_;
}

void CommandRun::Take(const Transfer& transfer, Next next) const {
  Command& step = NextStep(next);
  step.kind = transfer.kind;
  step.blocks = transfer.blocks;
  step.data_out = transfer.data;
  step.fua = transfer.fua;
  step.atomic = transfer.atomic;
  step.copies_only = transfer.copy;
  step.stable = transfer.kind == CommandKind::kRead && command_.stable;
  step.done = [](Command& done) {
    ScsiCommand& command = *static_cast<ScsiCommand::Step&>(done).command;
    command.step_held_ = true;
    const CommandRun run(command);
    if (done.kind != CommandKind::kRead && run.nexus().lookout_.has_value()) {
      run.nexus().lookout_->NoteWritten();
    }
    if (!done.outcome.good()) {
      run.End(done.outcome);
    } else {
      command.next_(run);
    }
  };
  server().device_.Execute(*nexus().nexus_, step);
}

void CommandRun::Copy(const CopyEnds& ends, BlockRange blocks, bool fua, Next next) const {
  Command& step = NextStep(next);
  step.kind = CommandKind::kCopy;
  step.copy = ends;
  step.blocks = blocks;
  step.fua = fua;
  step.done = [](Command& done) {
    ScsiCommand& command = *static_cast<ScsiCommand::Step&>(done).command;
    command.step_held_ = true;
    const CommandRun run(command);
    if (run.nexus().lookout_.has_value()) run.nexus().lookout_->NoteWritten();
    command.next_(run);
  };
  server().device_.Execute(*nexus().nexus_, step);
}

void CommandRun::ClaimForItself(std::span<const BlockRange> ranges, Next next) const {
  std::vector<ClaimedBlocks> all;
  all.reserve(ranges.size());
  for (const BlockRange& blocks : ranges) all.push_back({.of = server(), .blocks = blocks});
  Claim(all, next);
}

void CommandRun::Claim(std::span<const ClaimedBlocks> all, Next next) const {
  command_.parts_ = std::vector<RangePart>(all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    command_.parts_[i].table = &all[i].of.ranges_;
    command_.parts_[i].range = all[i].of.device_.geometry().Bytes(all[i].blocks);
    command_.parts_[i].mode = RangeMode::kExclusive;
  }
  ClaimParts(next);
}

// A place behind the end of every disk stands for the mode parameters.
void CommandRun::ClaimModeParameters(bool disk, Next next) const {
  constexpr ByteRange kModeParameters{uint64_t{1} << 63, 1};
  command_.parts_ = std::vector<RangePart>(disk ? 2 : 1);
  for (RangePart& part : command_.parts_) {
    part.table = &server().ranges_;
    part.range = kModeParameters;
    part.mode = RangeMode::kExclusive;
  }
  if (disk) command_.parts_[0].range = {0, kModeParameters.offset};  // as far as it may grow
  ClaimParts(next);
}

void CommandRun::ClaimParts(Next next) const {
  command_.next_ = next;
  command_.claimed_ = true;
  constexpr void (*kClaimed)(ScsiCommand&) = [](ScsiCommand& here) {
    if (!here.server_->EndIfBlocksWent(here)) here.next_(CommandRun(here));
  };
  const bool now = RangeLock::Acquire(command_.claim_, command_.parts_, [](RangeClaim& claim) {
    DeviceServer::HopTo(*static_cast<ScsiCommand::Claim&>(claim).command, kClaimed);
  });
  if (now) kClaimed(command_);
}

void CommandRun::OnWorker(Job job, Next next) const {
  command_.job_ = job;
  command_.next_ = next;
  command_.work_.work = [](WorkOp& op) {
    ScsiCommand& command = *static_cast<ScsiCommand::Work&>(op).command;
    command.outcome_ = command.job_(CommandRun(command));
    return IoResult::Bytes(0);
  };
  command_.work_.Start(nexus().reactor_, [](Completion& completion) {
    ScsiCommand& command = *static_cast<ScsiCommand::Work&>(completion).command;
    const CommandRun run(command);
    if (command.outcome_.good()) {
      command.next_(run);
    } else {
      run.End(command.outcome_);
    }
  });
  nexus().reactor_.SubmitToWorkers(command_.work_);
}

void CommandRun::ChangeReservations(ReservationChange change) const {
  command_.change_ = std::move(change);
  command_.awaited_ = 2;
  OnWorker(
      [](CommandRun run) {
        run.server().ChangeReservations(run.command_);
        return kGood;
      },
      [](CommandRun run) { DeviceServer::EndChange(run.command_); });
}

void CommandRun::EndFromAnywhere(const Outcome& outcome) const {
  command_.outcome_ = outcome;
  DeviceServer::HopTo(command_, [](ScsiCommand& here) { here.server_->End(here, here.outcome_); });
}

void CommandRun::Rewrite(const MediumRewrite::Plan& plan, bool immed) const {
  Background* const background = server().background();
  const bool waits = !immed || background == nullptr;
  const Workplace place = background != nullptr ? background->workplace()
                                                : Workplace{.reactor = &nexus().reactor_,
                                                            .nexus = nexus().nexus_.get()};
  server().rewrite().Start(place, plan, waits ? &command_ : nullptr, nexus().id());
  if (!waits) End();
}

void CommandRun::EndWithFound() const {
  command_.parameter_is_in_ = false;
  End();
}

bool CommandRun::EndIfTooLong() const {
  if (geometry().Bytes(cdb().blocks()).length <= kMaxTransferBytes) return false;
  End(kInvalidFieldInCdb.AtCdbField(cdb().opcode->length.byte));
  return true;
}

bool CommandRun::HasAllData() const {
  const uint64_t promised = cdb().data_bytes(geometry().block_bytes);
  if (data_out().length_bytes() < promised) {
    End(kDataPhaseError);
    return false;
  }
  if (data_out().length_bytes() > promised) [[unlikely]] {
    command_.promised_.clear();
    command_.data_out = PartOf(data_out(), 0, promised, command_.promised_);
  }
  return true;
}

bool CommandRun::EndIfWriteProtected() const {
  const Outcome protection = server().write_protection();
  if (!protection.good()) End(protection);
  return !protection.good();
}

bool CommandRun::writes_through() const {
  return cdb().Has(CdbFlag::kFua) || server().writes_through();
}

SenseFormat CommandRun::sense_format() const {
  return server().d_sense_.load(std::memory_order_relaxed) ? SenseFormat::kDescriptor
                                                           : SenseFormat::kFixed;
}

}  // namespace quire
