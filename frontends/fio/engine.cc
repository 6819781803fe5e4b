// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What fio calls: the table of the engine, and how its calls reach a Job.
//
// fio has no stable interface for engines. This one is compiled against the sources of one version
// and looks into fio's structures, so it refuses every other version before it touches anything.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "absl/strings/match.h"
#include "base/log.h"
#include "frontends/fio/job.h"

namespace quire::fio {
namespace {

Job* JobOf(thread_data* td) { return static_cast<Job*>(td->io_ops_data); }

void Complain(const absl::Status& status) {
  log_err("quire: %s\n", std::string(status.message()).c_str());
}

// fio prints one report per run; our start-up lines would only stand in its way.
void LogToFio(LogLevel level, std::string_view line) {
  if (level != LogLevel::kInfo) log_err("quire: %s\n", std::string(line).c_str());
}

int Init(thread_data* td) {
  SetLogSink(LogToFio);
  if (td_min_bs(td) % 512 != 0) {
    log_err("quire: bs= must be a multiple of 512, the block size of the disk\n");
    return EINVAL;
  }
  if (std::max(td->o.max_bs[DDIR_READ], td->o.max_bs[DDIR_WRITE]) > Disk::kMaxTransferBytes) {
    log_err("quire: bs= is at most 4m, the longest transfer of the disk\n");
    return EINVAL;
  }
  absl::StatusOr<std::unique_ptr<Job>> job = Job::Create(*td);
  if (!job.ok()) {
    Complain(job.status());
    return EINVAL;
  }
  td->io_ops_data = job->release();
  return 0;
}

// fio has its buffers now.
int PostInit(thread_data* td) {
  JobOf(td)->Register();
  return 0;
}

void Cleanup(thread_data* td) {
  delete JobOf(td);
  td->io_ops_data = nullptr;
}

int GetFileSize(thread_data* td, fio_file* file) {
  DiskTable::OfProcess().Announce(file->file_name, td_write(td) || td_trim(td));
  return generic_get_file_size(td, file);
}

// fio also opens files before there is a job, to look at their size.
int OpenFile(thread_data* td, fio_file* file) {
  if (const int error = generic_open_file(td, file); error != 0) return error;
  if (JobOf(td) == nullptr) return 0;
  const absl::Status opened = JobOf(td)->OpenFile(*file);
  if (opened.ok()) return 0;
  Complain(opened);
  if (absl::StrContains(opened.message(), "'share'")) {
    log_err("quire: here that is quire_share=1; several jobs on one file want thread=1\n");
  }
  if (generic_close_file(td, file) != 0) log_err("quire: cannot close %s\n", file->file_name);
  td_verror(td, EINVAL, "open_file");
  return 1;
}

int CloseFile(thread_data* td, fio_file* file) {
  if (JobOf(td) != nullptr) JobOf(td)->CloseFile(*file);
  return generic_close_file(td, file);
}

int Invalidate(thread_data*, fio_file* file) {
  Job::LetGoOfCache(*file);
  if (file->filetype == FIO_TYPE_BLOCK) return ioctl(file->fd, BLKFLSBUF) == 0 ? 0 : -errno;
  return -posix_fadvise(file->fd, static_cast<off_t>(file->file_offset),
                        static_cast<off_t>(file->io_size), POSIX_FADV_DONTNEED);
}

int AddUnit(thread_data* td, io_u* unit) {
  JobOf(td)->AddUnit(*unit);
  return 0;
}

void RemoveUnit(thread_data* td, io_u* unit) { JobOf(td)->RemoveUnit(*unit); }

fio_q_status Queue(thread_data* td, io_u* unit) { return JobOf(td)->Queue(*unit); }

int Commit(thread_data* td) {
  JobOf(td)->Commit();
  return 0;
}

int GetEvents(thread_data* td, unsigned int min_events, unsigned int max_events, const timespec*) {
  return JobOf(td)->GetEvents(min_events, max_events);
}

io_u* TakeEvent(thread_data* td, int) { return &JobOf(td)->TakeEvent(); }

char* Explain(io_u* unit) { return strdup(Job::Explain(*unit).c_str()); }

ioengine_ops* Engine() {
  static std::array<fio_option, 6> options = OptionTable();
  static ioengine_ops engine = [] {
    ioengine_ops ops = {};
    ops.name = "quire";
    ops.version = FIO_IOOPS_VERSION;
    ops.flags = FIO_NOEXTEND | FIO_NO_OFFLOAD | FIO_ASYNCIO_SETS_ISSUE_TIME;
    ops.init = Init;
    ops.post_init = PostInit;
    ops.cleanup = Cleanup;
    ops.get_file_size = GetFileSize;
    ops.open_file = OpenFile;
    ops.close_file = CloseFile;
    ops.invalidate = Invalidate;
    ops.io_u_init = AddUnit;
    ops.io_u_free = RemoveUnit;
    ops.queue = Queue;
    ops.commit = Commit;
    ops.getevents = GetEvents;
    ops.event = TakeEvent;
    ops.errdetails = Explain;
    ops.option_struct_size = sizeof(Options);
    ops.options = options.data();
    return ops;
  }();
  return &engine;
}

// Says why not, once: fio asks several times.
bool IsTheRightFio() {
  constexpr char kWanted[] = QUIRE_FIO_VERSION;
  const auto* found = static_cast<const char*>(dlsym(RTLD_DEFAULT, "fio_version_string"));
  if (found != nullptr && std::strcmp(found, kWanted) == 0) return true;
  static bool said = false;
  if (std::exchange(said, true)) return false;
  if (found == nullptr) {
    std::fputs("quire: this is an engine for fio, and this program is not fio\n", stderr);
  } else {
    std::fprintf(stderr,
                 "quire: this engine is built for %s, and this is %s: build it anew on this "
                 "machine (./dev setup, ./dev check)\n",
                 kWanted, found);
  }
  return false;
}

}  // namespace
}  // namespace quire::fio

extern "C" __attribute__((visibility("default"))) void get_ioengine(ioengine_ops** engine) {
  *engine = quire::fio::IsTheRightFio() ? quire::fio::Engine() : nullptr;
}
