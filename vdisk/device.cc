// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/device.h"

#include <cerrno>

#include "absl/strings/str_cat.h"

namespace quire {

absl::StatusOr<std::unique_ptr<Device>> Device::Create(std::unique_ptr<File> file,
                                                       uint32_t block_bytes) {
  if (block_bytes != 512 && block_bytes != 4096) {
    return absl::InvalidArgumentError(
        absl::StrCat("a block size of ", block_bytes, " bytes; it must be 512 or 4096"));
  }
  if (file->size_bytes() < block_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(file->options().path, " is ", file->size_bytes(),
                     " bytes long, less than one block; enlarge it, for example with: truncate -s "
                     "10G ",
                     file->options().path));
  }
  return std::unique_ptr<Device>(new Device(std::move(file), block_bytes));
}

std::unique_ptr<Nexus> Device::Connect(Reactor& reactor) {
  return std::make_unique<Nexus>(*this, *file_, reactor);
}

void Device::Enter(const Nexus& nexus) {
  MutexLock lock(mutex_);
  nexuses_.push_back(&nexus);
}

void Device::Leave(const Nexus& nexus) {
  MutexLock lock(mutex_);
  former_.executed += nexus.executed_.value();
  former_.freed += nexus.freed_.load(std::memory_order_relaxed);
  std::erase(nexuses_, &nexus);
}

Device::Counts Device::counts() const {
  MutexLock lock(mutex_);
  Counts sum = former_;
  for (const Nexus* nexus : nexuses_) {
    sum.executed += nexus->executed_.value();
    sum.freed += nexus->freed_.load(std::memory_order_relaxed);
  }
  return sum;
}

int Device::CopyRefusal(const Command& command) const {
  const CopyEnds& ends = command.copy;
  const Device& source = ends.source != nullptr ? *ends.source : *this;
  const Device& target = ends.target != nullptr ? *ends.target : *this;
  if (source.block_bytes_ != target.block_bytes_) return EINVAL;
  if (!target.geometry().Contains(command.blocks)) return ERANGE;
  if (!source.geometry().Contains({ends.source_first, command.blocks.count})) return ERANGE;
  return target.read_only() ? EROFS : 0;
}

int Device::Refusal(const Command& command, const Geometry& geometry) const {
  if (command.kind == CommandKind::kCopy) return CopyRefusal(command);
  if (!geometry.Contains(command.blocks)) return ERANGE;
  switch (command.kind) {
    case CommandKind::kRead:
    case CommandKind::kFlush:
      return 0;
    case CommandKind::kWrite:
      if (command.data_out.length_bytes() != geometry.Bytes(command.blocks).length) return EINVAL;
      [[fallthrough]];
    case CommandKind::kUnmap:
    case CommandKind::kWriteZeroes:
      return read_only() ? EROFS : 0;
    case CommandKind::kCopy:
      break;
  }
  return EINVAL;
}

void Device::StartCopy(FileChannel& channel, Command& command) {
  const CopyEnds& ends = command.copy;
  Device& source = ends.source != nullptr ? *ends.source : *this;
  Device& target = ends.target != nullptr ? *ends.target : *this;
  const Geometry geometry = target.geometry();
  Command::Part<CopyOp>& op = command.copy_;
  op.command = &command;
  op.source = &source.file();
  op.target = &target.file();
  op.range = geometry.Bytes({ends.source_first, command.blocks.count});
  op.target_offset = geometry.Bytes(command.blocks).offset;
  op.fua = command.fua;
  channel.Copy(op, [](Completion& completion) {
    auto& copy = static_cast<Command::Part<CopyOp>&>(completion);
    Answer(*copy.command, copy.result(), Direction::kWrite);
  });
}

void Device::Execute(Nexus& nexus, Command& command) {
  QUIRE_CHECK(command.state_ == Command::State::kIdle);
  command.state_ = Command::State::kRunning;
  command.owners_.store(1, std::memory_order_relaxed);
  command.device_ = this;
  command.nexus_ = &nexus;
  command.read_.revoked = false;  // of the command before
  command.read_.referenced_bytes = 0;
  nexus.executed_.Add();
  FileChannel& channel = nexus.channel_;
  const Geometry geometry = this->geometry();
  if (const int error = Refusal(command, geometry); error != 0) {
    command.sync_.command = &command;
    channel.Reject(command.sync_, error, [](Completion& completion) {
      auto& op = static_cast<Command::Part<SyncOp>&>(completion);
      Answer(*op.command, op.result(), Direction::kNone);
    });
    return;
  }
  const ByteRange range = geometry.Bytes(command.blocks);
  switch (command.kind) {
    case CommandKind::kRead: {
      Command::Part<ReadOp>& op = command.read_;
      op.command = &command;
      op.range = range;
      op.stable = command.stable;
      op.references_only = command.references_only;
      op.copies_only = command.copies_only;
      channel.Read(op, [](Completion& completion) {
        auto& read = static_cast<Command::Part<ReadOp>&>(completion);
        Answer(*read.command, read.result(), Direction::kRead);
      });
      return;
    }
    case CommandKind::kWrite: {
      Command::Part<WriteOp>& op = command.write_;
      op.command = &command;
      op.range = range;
      op.source = command.data_out;
      op.fua = command.fua;
      op.atomic = command.atomic;
      op.stores_only = command.stores_only;
      op.writes_only = command.writes_only;
      channel.Write(op, [](Completion& completion) {
        auto& write = static_cast<Command::Part<WriteOp>&>(completion);
        Answer(*write.command, write.result(), Direction::kWrite);
      });
      return;
    }
    case CommandKind::kFlush: {
      Command::Part<SyncOp>& op = command.sync_;
      op.command = &command;
      op.range = range;
      channel.Sync(op, [](Completion& completion) {
        auto& sync = static_cast<Command::Part<SyncOp>&>(completion);
        Answer(*sync.command, sync.result(), Direction::kWrite);
      });
      return;
    }
    case CommandKind::kUnmap:
    case CommandKind::kWriteZeroes: {
      Command::Part<DiscardOp>& op = command.discard_;
      op.command = &command;
      op.range = range;
      op.zero = command.kind == CommandKind::kWriteZeroes;
      channel.Discard(op, [](Completion& completion) {
        auto& discard = static_cast<Command::Part<DiscardOp>&>(completion);
        Answer(*discard.command, discard.result(), Direction::kWrite);
      });
      return;
    }
    case CommandKind::kCopy:
      StartCopy(channel, command);
      return;
  }
}

void Device::Answer(Command& command, IoResult result, Direction direction) {
  command.outcome = OutcomeFromErrno(result.error(), direction);
  command.state_ = Command::State::kAnswered;
  command.done(command);
}

void Device::OnFreeCommand(Command& command) {
  QUIRE_CHECK(command.state_ == Command::State::kAnswered);
  command.read_.data.Reset();
  command.state_ = Command::State::kIdle;
  command.nexus_->freed_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace quire
