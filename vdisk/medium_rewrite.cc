// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/medium_rewrite.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "vdisk/command_run.h"

namespace quire {
namespace {

constexpr uint64_t kFillBytes = 1 << 20;
constexpr uint64_t kErasePieceBytes = 16 << 20;  // between two looks at whether to go on

uint16_t Progress(uint64_t done, uint64_t all) {
  return static_cast<uint16_t>(static_cast<double>(done) / static_cast<double>(all) * 65535);
}

}  // namespace

void MediumRewrite::Start(const Workplace& place, const Plan& plan, ScsiCommand* waiting,
                          const NexusId& by) {
  QUIRE_CHECK(!running());
  QUIRE_CHECK(waiting != nullptr || place.stays);
  running_.store(true, std::memory_order_release);
  place_ = place;
  plan_ = plan;
  waiting_ = waiting;
  by_ = std::nullopt;
  if (waiting == nullptr) by_ = by;
  pass_ = 0;
  stopping_ = false;
  Prepare(std::exchange(plan_.pattern, {}));
  HopTo(&MediumRewrite::ClaimAll);
}

// Every block begins with the first byte of the pattern (SBC-3 5.24.2.2).
void MediumRewrite::Prepare(std::span<const uint8_t> pattern) {
  fill_.clear();
  if (pattern.empty()) return;
  const Geometry geometry = server_.device().geometry();
  const uint32_t block_bytes = geometry.block_bytes;
  fill_.resize(std::min(geometry.size_bytes(), kFillBytes));
  const bool even = plan_.count_passes % 2 == 0;
  const uint8_t mask = plan_.invert && even ? 0xff : 0;
  for (size_t i = 0; i < fill_.size(); ++i) {
    fill_[i] = static_cast<std::byte>(pattern[i % block_bytes % pattern.size()] ^ mask);
  }
}

void MediumRewrite::HopTo(Next next) {
  next_ = next;
  hop_.rewrite = this;
  hop_.Start(*place_.reactor, [](Completion& completion) {
    MediumRewrite& rewrite = *static_cast<Hop&>(completion).rewrite;
    (rewrite.*rewrite.next_)();
  });
  place_.reactor->Post(hop_, IoResult::Bytes(0));
}

void MediumRewrite::ClaimAll() {
  claim_.rewrite = this;
  part_.table = &server_.ranges();
  part_.range = {0, server_.device().geometry().size_bytes()};
  part_.mode = RangeMode::kExclusive;
  const bool now = RangeLock::Acquire(claim_, {&part_, 1}, [](RangeClaim& claim) {
    MediumRewrite& rewrite = *static_cast<Claim&>(claim).rewrite;
    rewrite.HopTo(&MediumRewrite::BeginPass);
  });
  if (now) BeginPass();
}

Outcome MediumRewrite::ExitFailureMode() {
  Medium& medium = server_.medium();
  const bool failed = medium.state() == Medium::State::kSanitizeFailed;
  const Outcome outcome = medium.ExitFailureMode();
  if (!outcome.good() || !failed || !mark_.kept()) return outcome;
  const absl::Status saved = mark_.Save(std::nullopt);
  if (saved.ok()) return outcome;
  Log(LogLevel::kError, "the medium stays as failed: " + std::string(saved.message()));
  medium.RestoreFailed(Medium::Work::kSanitizeUnrestricted);
  return kInternalTargetFailure;
}

void MediumRewrite::Mark(std::optional<Medium::Work> begun, Next next) {
  if (!mark_.kept()) {
    (this->*next)();
    return;
  }
  marked_ = begun;
  next_ = next;
  mark_work_.rewrite = this;
  mark_work_.work = [](WorkOp& op) {
    MediumRewrite& rewrite = *static_cast<Work&>(op).rewrite;
    const absl::Status saved = rewrite.mark_.Save(rewrite.marked_);
    if (saved.ok()) return IoResult::Bytes(0);
    Log(LogLevel::kError, std::string(saved.message()));
    return IoResult::Error(EIO);
  };
  mark_work_.Start(*place_.reactor, [](Completion& completion) {
    MediumRewrite& rewrite = *static_cast<Work&>(completion).rewrite;
    if (completion.result().ok()) {
      (rewrite.*rewrite.next_)();
    } else {
      rewrite.Fail();
    }
  });
  place_.reactor->SubmitToWorkers(mark_work_);
}

void MediumRewrite::BeginPass() {
  done_blocks_ = 0;
  if (pass_ == 0) {
    count_ = server_.device().geometry().count;  // it does not shrink any more
    Mark(plan_.work, &MediumRewrite::NextPiece);
  } else {
    if (plan_.invert) {
      for (std::byte& byte : fill_) byte = ~byte;
    }
    NextPiece();
  }
}

void MediumRewrite::NextPiece() {
  if (GivenUp()) return;
  const uint64_t all = count_.value * plan_.count_passes;
  server_.medium().SetProgress(Progress(pass_ * count_.value + done_blocks_, all));
  if (done_blocks_ == count_.value) {
    Take(CommandKind::kFlush, {{0}, count_}, &MediumRewrite::EndPass);
    return;
  }
  const uint32_t block_bytes = server_.device().geometry().block_bytes;
  const uint64_t most = (fill_.empty() ? kErasePieceBytes : fill_.size()) / block_bytes;
  const BlockRange piece = {{done_blocks_}, {std::min(most, count_.value - done_blocks_)}};
  done_blocks_ += piece.count.value;
  CommandKind kind = CommandKind::kWrite;
  if (fill_.empty()) {
    kind = server_.provisioning().unmap ? CommandKind::kUnmap : CommandKind::kWriteZeroes;
  } else {
    segment_ = {fill_.data(), piece.count.value * block_bytes};
  }
  Take(kind, piece, &MediumRewrite::NextPiece);
}

void MediumRewrite::Take(CommandKind kind, BlockRange blocks, Next next) {
  next_ = next;
  step_.rewrite = this;
  step_.kind = kind;
  step_.blocks = blocks;
  step_.data_out = kind == CommandKind::kWrite ? SgView({&segment_, 1}) : SgView();
  step_.done = [](Command& done) {
    MediumRewrite& rewrite = *static_cast<Step&>(done).rewrite;
    const bool good = done.outcome.good();
    done.Drop();
    if (good) {
      (rewrite.*rewrite.next_)();
    } else {
      rewrite.Fail();
    }
  };
  server_.device().Execute(*place_.nexus, step_);
}

void MediumRewrite::EndPass() {
  if (++pass_ < plan_.count_passes) {
    BeginPass();
  } else {
    Mark(std::nullopt, &MediumRewrite::Succeed);
  }
}

// An abort takes the command away, not the work that it began; but without a place of its own that
// cannot go on.
bool MediumRewrite::GivenUp() {
  const bool aborted = waiting_ != nullptr && CommandRun(*waiting_).aborted();
  if (stopping_ || (aborted && !place_.stays)) {
    Fail();
    return true;
  }
  if (aborted) CommandRun(*std::exchange(waiting_, nullptr)).EndFromAnywhere(kGood);
  return false;
}

void MediumRewrite::Succeed() { End(true); }
void MediumRewrite::Fail() { End(false); }

// As soon as the medium knows, the next one may start.
void MediumRewrite::End(bool good) {
  ScsiCommand* const waiting = std::exchange(waiting_, nullptr);
  const std::optional<NexusId> by = std::move(by_);
  const Outcome failure =
      plan_.work == Medium::Work::kFormat ? kFormatCommandFailed : kSanitizeCommandFailed;
  DeviceServer& server = server_;
  RangeLock::Release(claim_);
  running_.store(false, std::memory_order_release);
  server.medium().EndWork(good);
  if (waiting != nullptr) {
    CommandRun(*waiting).EndFromAnywhere(good ? kGood : failure);
  } else if (!good && by.has_value()) {
    server.PostDeferredError(*by, failure);
  }
}

}  // namespace quire
