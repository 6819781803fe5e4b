// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "frontends/fio/job.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sg/copy.h"
#include "vdisk/sense.h"

namespace quire::fio {
namespace {

DiskOptions::Cache CacheOf(const thread_data& td, const Options& options) {
  switch (options.cache) {
    case kCacheWriteback:
      return DiskOptions::Cache::kWriteback;
    case kCacheWritethrough:
      return DiskOptions::Cache::kWritethrough;
    case kCacheNone:
      return DiskOptions::Cache::kNone;
    default:
      return td.o.odirect != 0 ? DiskOptions::Cache::kNone : DiskOptions::Cache::kWriteback;
  }
}

// The blocks of [begin, end), which must start and end with one unless they may be `widened`.
std::optional<BlockRange> Blocks(uint64_t begin, uint64_t end, uint32_t block_bytes,
                                 bool widened = false) {
  if (!widened && (begin % block_bytes != 0 || end % block_bytes != 0)) return std::nullopt;
  const uint64_t first = begin / block_bytes;
  return BlockRange{{first}, {(end + block_bytes - 1) / block_bytes - first}};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Job>> Job::Create(thread_data& td) {
  absl::StatusOr<std::shared_ptr<DiskTable::Common>> common = DiskTable::OfProcess().common();
  if (!common.ok()) return common.status();
  absl::StatusOr<std::unique_ptr<Reactor>> reactor =
      Reactor::Create((*common)->workers, {.memory = &(*common)->memory->shared()});
  if (!reactor.ok()) return reactor.status();
  return std::unique_ptr<Job>(new Job(td, *std::move(common), *std::move(reactor)));
}

Job::Job(thread_data& td, std::shared_ptr<DiskTable::Common> common,
         std::unique_ptr<Reactor> reactor)
    : td_(td),
      options_(*static_cast<const Options*>(td.eo)),
      batched_(td.o.iodepth_batch > 1),
      common_(std::move(common)),
      reactor_(std::move(reactor)) {}

Job::~Job() = default;

absl::Status Job::OpenFile(fio_file& file) {
  absl::StatusOr<std::shared_ptr<Disk>> disk =
      DiskTable::OfProcess().Open({.disk = {.path = file.file_name,
                                            .cache = CacheOf(td_, options_),
                                            .share = options_.share != 0,
                                            .hints = options_.hints != 0},
                                   .writes = td_write(&td_) || td_trim(&td_),
                                   .fd = file.fd,
                                   .report = options_.stats != 0});
  if (!disk.ok()) return disk.status();
  if (std::ranges::find(disks_, *disk) == disks_.end()) disks_.push_back(*disk);
  auto session =
      (*disk)->Connect(*reactor_, {.initiator_name = "fio", .max_commands = td_.o.iodepth});
  file.engine_data = new OpenDisk{*std::move(disk), std::move(session)};
  return absl::OkStatus();
}

void Job::CloseFile(fio_file& file) {
  delete static_cast<OpenDisk*>(std::exchange(file.engine_data, nullptr));
}

void Job::LetGoOfCache(fio_file& file) {
  if (file.engine_data == nullptr) return;
  static_cast<OpenDisk*>(file.engine_data)->disk->LetGoOfCache();
}

void Job::Register() {
  // A replayed log that comes in chunks may have fio allocate them anew while it runs.
  if (CacheOf(td_, options_) != DiskOptions::Cache::kNone || td_.o.read_iolog_chunked != 0) return;
  registered_ = {static_cast<std::byte*>(static_cast<void*>(td_.orig_buffer)),
                 td_.orig_buffer_size};
  if (!registered_.empty()) reactor_->memory().registered().Add(registered_);
}

void Job::AddUnit(io_u& unit) {
  auto* slot = new Slot;
  slot->job = this;
  slot->unit = &unit;
  slot->done = OnDone;
  unit.engine_data = slot;
}

void Job::RemoveUnit(io_u& unit) {
  if (!registered_.empty()) {
    reactor_->memory().registered().Remove(std::exchange(registered_, {}));
  }
  delete static_cast<Slot*>(std::exchange(unit.engine_data, nullptr));
}

fio_q_status Job::Queue(io_u& unit) {
  Slot& slot = *static_cast<Slot*>(unit.engine_data);
  OpenDisk& open = *static_cast<OpenDisk*>(unit.file->engine_data);
  if (fio_fill_issue_time(&td_)) {
    fio_gettime(&unit.issue_time, nullptr);
    // What the delays of a replayed log are counted from.
    if (td_.o.read_iolog_file != nullptr) td_.last_issue = unit.issue_time;
  }
  if (unit.ddir == DDIR_SYNC_FILE_RANGE && unit.file->first_write == unit.file->last_write) {
    return FIO_Q_COMPLETED;  // nothing was written since the last one
  }
  if (const int error = Prepare(slot, *open.disk); error != 0) {
    slot.outcome = OutcomeFromErrno(error, Direction::kNone);
    PutIntoEvents(slot, error);
    return FIO_Q_QUEUED;
  }
  if (open.session->Submit(slot) != Session::Answer::kAccepted) return FIO_Q_BUSY;
  if (!batched_) {
    // What needs no waiting is done by this turn: then fio is spared the trip through its queue.
    awaited_ = &slot;
    reactor_->Poll();
    if (std::exchange(awaited_, nullptr) == nullptr) return FIO_Q_COMPLETED;
  }
  io_u_queued(&td_, &unit);
  return FIO_Q_QUEUED;
}

int Job::Prepare(Slot& slot, const Disk& disk) const {
  const io_u& unit = *slot.unit;
  const uint64_t begin = unit.offset;
  const uint64_t end = begin + unit.xfer_buflen;
  slot.fua = false;
  std::optional<BlockRange> blocks;
  switch (unit.ddir) {
    case DDIR_READ:
    case DDIR_WRITE:
      slot.kind = unit.ddir == DDIR_READ ? CommandKind::kRead : CommandKind::kWrite;
      blocks = Blocks(begin, end, disk.block_bytes());
      slot.source = {static_cast<std::byte*>(unit.xfer_buf), unit.xfer_buflen};
      slot.data_out = SgView({&slot.source, 1}, unit.xfer_buflen);
      slot.fua = td_.o.sync_io != 0;
      break;
    case DDIR_TRIM:
      slot.kind = CommandKind::kUnmap;
      blocks = Blocks(begin, end, disk.block_bytes());
      break;
    case DDIR_SYNC:
    case DDIR_DATASYNC:
      slot.kind = CommandKind::kFlush;
      blocks = BlockRange{};
      break;
    case DDIR_SYNC_FILE_RANGE:
      slot.kind = CommandKind::kFlush;
      blocks = Blocks(unit.file->first_write, unit.file->last_write, disk.block_bytes(), true);
      break;
    default:
      return EOPNOTSUPP;
  }
  if (!blocks.has_value()) return EINVAL;
  slot.blocks = *blocks;
  return 0;
}

void Job::OnDone(Command& command) {
  Slot& slot = static_cast<Slot&>(command);
  Job& job = *slot.job;
  const int error = job.Land(slot);
  // fio tells more about an error that comes as an event.
  if (job.awaited_ == &slot && error == 0) {
    job.awaited_ = nullptr;
  } else {
    job.PutIntoEvents(slot, error);
  }
}

int Job::Land(Slot& slot) const {
  io_u& unit = *slot.unit;
  if (slot.outcome.good() && unit.ddir == DDIR_READ &&
      (unit.end_io != nullptr || options_.copy != 0)) {
    if (MayLend(slot)) {
      slot.own_buffer = std::exchange(unit.buf, slot.data_in().view().segments()[0].data);
      slot.own_end_io = std::exchange(unit.end_io, OnEnd);
      return 0;
    }
    const Segment target = {static_cast<std::byte*>(unit.xfer_buf), unit.xfer_buflen};
    CopySg(SgView({&target, 1}, unit.xfer_buflen), slot.data_in().view());
  }
  slot.Drop();
  return slot.revoked() ? EIO : ErrnoFromOutcome(slot.outcome);
}

void Job::PutIntoEvents(Slot& slot, int error) {
  slot.error = error;
  landed_.PushBack(slot);
  ++count_landed_;
}

// fio looks at io_u->buf as a whole, in end_io. It must find its own buffer there where that is not
// the end of it (a checking thread), where it writes to it (verify_offset), or where the bytes are
// only a part of it.
bool Job::MayLend(const Slot& slot) const {
  const io_u& unit = *slot.unit;
  if (options_.copy != 0 || td_.o.verify_async != 0 || td_.o.verify_offset != 0) return false;
  const bool whole = unit.xfer_buf == unit.buf && unit.xfer_buflen == unit.buflen;
  return whole && slot.data_in().view().segments().size() == 1;
}

int Job::OnEnd(thread_data* td, io_u** unit) {
  Slot& slot = *static_cast<Slot*>((*unit)->engine_data);
  int error = slot.own_end_io(td, unit);
  slot.unit->buf = slot.own_buffer;
  slot.unit->end_io = slot.own_end_io;
  slot.Drop();
  if (error == 0 && slot.revoked()) error = EIO;
  return error;
}

void Job::Commit() {
  if (batched_) reactor_->Poll();
}

int Job::GetEvents(unsigned int min_events, unsigned int max_events) {
  reactor_->Poll();
  while (count_landed_ < min_events) reactor_->Wait(kNsPerSecond);
  return static_cast<int>(std::min(count_landed_, max_events));
}

io_u& Job::TakeEvent() {
  Slot& slot = *landed_.PopFront();
  --count_landed_;
  io_u& unit = *slot.unit;
  if (slot.error != 0) {
    unit.error = static_cast<unsigned int>(slot.error);
    if (ddir_rw(unit.ddir)) unit.resid = unit.xfer_buflen;
    // fio itself does not look at the error of a queued flush.
    if (ddir_sync(unit.ddir)) td_verror(&td_, unit.error, "flush");
  }
  return unit;
}

std::string Job::Explain(const io_u& unit) {
  const Outcome& outcome = static_cast<const Slot*>(unit.engine_data)->outcome;
  return absl::StrFormat("%s, additional sense %02xh/%02xh", Name(outcome.key), outcome.asc,
                         outcome.ascq);
}

}  // namespace quire::fio
