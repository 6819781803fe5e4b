// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/file_channel.h"

#include <cerrno>

#include "pagecache/copier.h"
#include "pagecache/discard.h"
#include "pagecache/insert.h"
#include "pagecache/reader.h"
#include "pagecache/sync.h"

namespace quire {
namespace {

constexpr uint64_t kRetryNs = kNsPerMs;

void RunStep(Completion& completion) {
  FileOp& op = *static_cast<FileOp::Io&>(completion).op;
  op.step(op, completion.result());
}

}  // namespace

FileChannel::FileChannel(File& file, Reactor& reactor)
    : file_(file),
      reactor_(reactor),
      counters_(*file.AddChannel()),
      fixed_file_(reactor, file.backing_->fd()),
      fixed_direct_file_(reactor, file.backing_->direct_fd()),
      housekeeping_(file, reactor) {
  kick_.channel = this;
  retry_timer_.channel = this;
  retry_timer_.callback = [](Timer& timer) {
    static_cast<RetryTimer&>(timer).channel->RetryWaiting();
  };
}

FileChannel::~FileChannel() {
  reactor_.CheckMayTurn();
  QUIRE_CHECK(waiting_for_memory_.empty());
  reactor_.timers().Cancel(retry_timer_);
  // A kick on its way ends at the next turn.
  while (kicked_.load(std::memory_order_acquire)) reactor_.Wait(kNsPerMs);
  file_.count_channels_.fetch_sub(1);
}

void FileChannel::Begin(FileOp& op, Completion::Callback done) {
  op.Start(reactor_, done);
  op.channel = this;
  op.file = &file_;
}

void FileChannel::Read(ReadOp& op, Completion::Callback done) {
  Begin(op, done);
  Reader::Start(op);
}

void FileChannel::Write(WriteOp& op, Completion::Callback done) {
  Begin(op, done);
  Inserter::Start(op);
}

void FileChannel::Sync(SyncOp& op, Completion::Callback done) {
  Begin(op, done);
  Syncer::Start(op);
}

void FileChannel::Discard(DiscardOp& op, Completion::Callback done) {
  Begin(op, done);
  Discarder::Start(op);
}

void FileChannel::Copy(CopyOp& op, Completion::Callback done) {
  Begin(op, done);
  Copier::Start(op);
}

void FileChannel::Reject(FileOp& op, int error, Completion::Callback done) {
  Begin(op, done);
  Finish(op, IoResult::Error(error));
}

void FileChannel::Finish(FileOp& op, IoResult result) { reactor_.Complete(op, result); }

void FileChannel::Acquire(FileOp& op, ByteRange range, PinKind kind, FileOp::Step step,
                          StableBytes* stable) {
  op.step = step;
  op.pin.op = &op;
  const auto granted = [](Pin& pin) {
    // On whichever thread let go.
    FileOp& waiter = *static_cast<FileOp::TablePin&>(pin).op;
    waiter.channel->PostStep(waiter, waiter.step);
  };
  if (file_.pins_.Acquire(op.pin, range, kind, granted, stable)) {
    step(op, IoResult::Bytes(0));
  } else {
    counters_.waits.Add();
  }
}

void FileChannel::Submit(FileOp& op, Backing::Via via, bool direct, FileOp::Step step) {
  op.step = step;
  op.io.op = &op;
  if (op.file == &file_) {
    op.io.fixed_file = direct ? fixed_direct_file_.index() : fixed_file_.index();
  }
  op.io.Start(reactor_, RunStep);
  op.file->backing_->Submit(reactor_, op.io, via, direct);
}

void FileChannel::SubmitWork(FileOp& op, WorkOp::Work work, FileOp::Step step) {
  op.step = step;
  op.io.op = &op;
  op.io.work = work;
  op.io.Start(reactor_, RunStep);
  reactor_.SubmitToWorkers(static_cast<WorkOp&>(op.io));
}

// op.io is idle while the op waits, and carries the news home.
void FileChannel::PostStep(FileOp& op, FileOp::Step step) {
  op.step = step;
  op.io.op = &op;
  op.io.Start(reactor_, RunStep);
  reactor_.Post(op.io, IoResult::Bytes(1));
}

Sgv* FileChannel::TakeMemory(FileOp& op, uint64_t length_bytes, FileOp::Step step) {
  if (Sgv* memory = reactor_.memory().TakeContiguous(length_bytes); memory != nullptr)
    return memory;
  // Whoever returns memory looks at the count after that; so memory that came back before the
  // count was raised is found by the second Take, and later memory of this channel brings a kick.
  // That of others is found by the timer.
  count_waiting_.fetch_add(1);
  if (Sgv* memory = reactor_.memory().TakeContiguous(length_bytes); memory != nullptr) {
    count_waiting_.fetch_sub(1);
    return memory;
  }
  op.step = step;
  waiting_for_memory_.PushBack(op);
  if (!retry_timer_.armed()) {
    reactor_.timers().Arm(retry_timer_, reactor_.clock().NowNs() + kRetryNs);
  }
  return nullptr;
}

void FileChannel::ReturnMemory(Sgv& memory) {
  SgvPool::Return(memory);
  if (count_waiting_.load() == 0 || kicked_.exchange(true)) return;
  kick_.Start(reactor_, [](Completion& completion) {
    FileChannel& channel = *static_cast<Kick&>(completion).channel;
    channel.kicked_.store(false, std::memory_order_release);
    channel.RetryWaiting();
  });
  reactor_.Post(kick_, IoResult::Bytes(0));
}

void FileChannel::RetryWaiting() {
  IntrusiveList<FileOp, Waiting> again;
  again.Append(waiting_for_memory_);
  while (FileOp* op = again.PopFront()) {
    count_waiting_.fetch_sub(1);
    op->step(*op, IoResult::Bytes(0));
  }
}

}  // namespace quire
