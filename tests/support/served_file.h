// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A temporary file opened by the engine on a reactor of its own, with calls that wait: what most
// end-to-end tests of the page-cache engine stand on.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "pagecache/file.h"
#include "pagecache/file_channel.h"

namespace quire {

// Removed at the end. On the file system of TMPDIR, else /var/tmp (a real one, as a rule).
class ScratchFile {
 public:
  explicit ScratchFile(uint64_t size_bytes, const std::string& folder = Folder()) {
    path_ = folder + "/quire-test-XXXXXX";
    fd_ = mkstemp(path_.data());
    EXPECT_GE(fd_, 0) << path_;
    EXPECT_EQ(ftruncate(fd_, static_cast<off_t>(size_bytes)), 0);
  }
  ~ScratchFile() {
    close(fd_);
    unlink(path_.c_str());
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  static std::string Folder() {
    const char* folder = std::getenv("TMPDIR");
    return folder != nullptr ? folder : "/var/tmp";
  }
  const std::string& path() const { return path_; }
  int fd() const { return fd_; }

  void Fill(uint64_t offset, const std::vector<std::byte>& bytes) const {
    ASSERT_EQ(pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset)),
              static_cast<ssize_t>(bytes.size()));
  }
  std::vector<std::byte> Contents(uint64_t offset, uint64_t length) const {
    std::vector<std::byte> bytes(length);
    EXPECT_EQ(pread(fd_, bytes.data(), length, static_cast<off_t>(offset)),
              static_cast<ssize_t>(length));
    return bytes;
  }
  // Writes everything back and drops it from the page cache (unless somebody maps it).
  void Drop() const {
    ASSERT_EQ(fsync(fd_), 0);
    ASSERT_EQ(posix_fadvise(fd_, 0, 0, POSIX_FADV_DONTNEED), 0);
  }

 private:
  std::string path_;
  int fd_ = -1;
};

// Pages of private memory that requests have now.
inline uint64_t TakenPages(Reactor& reactor) {
  const SgvPool::Stats& stats = reactor.memory().pool().stats();
  return stats.cached_pages.load() - stats.idle_pages.load();
}

// One reactor's way into a shared file, with calls that wait. Belongs to the thread that uses it.
class Client {
 public:
  Client(WorkerPool& workers, File& file, const ReactorOptions& options = {})
      : reactor_(*Reactor::Create(workers, options)),
        channel_(std::make_unique<FileChannel>(file, *reactor_)) {}

  FileChannel& channel() { return *channel_; }
  Reactor& reactor() { return *reactor_; }

  // Whether writes are stores wherever that is possible (the harder path), or as it is cheapest.
  bool stores_only = true;

  IoResult Read(ReadOp& op, ByteRange range) {
    op.range = range;
    channel_->Read(op, Mark);
    return Await(op);
  }
  IoResult Write(ByteRange range, const std::vector<std::byte>& bytes, bool fua = false) {
    WriteOp op;
    const Segment piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
    op.range = range;
    op.source = SgView({&piece, 1});
    op.fua = fua;
    op.stores_only = stores_only;
    channel_->Write(op, Mark);
    return Await(op);
  }
  IoResult Sync(ByteRange range = {}) {
    SyncOp op;
    op.range = range;
    channel_->Sync(op, Mark);
    return Await(op);
  }
  IoResult Discard(ByteRange range, bool zero = false) {
    DiscardOp op;
    op.range = range;
    op.zero = zero;
    channel_->Discard(op, Mark);
    return Await(op);
  }
  IoResult Copy(File& source, ByteRange range, File& target, uint64_t target_offset) {
    CopyOp op;
    op.source = &source;
    op.target = &target;
    op.range = range;
    op.target_offset = target_offset;
    channel_->Copy(op, Mark);
    return Await(op);
  }
  // Turns until `op` has called back.
  IoResult Await(const Completion& op) {
    while (op.state() != Completion::State::kIdle) reactor_->Wait(10 * kNsPerMs);
    return op.result();
  }
  static void Mark(Completion&) {}

 private:
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<FileChannel> channel_;
};

// The bytes of a view, one after the other.
inline std::vector<std::byte> Collect(SgView view) {
  std::vector<std::byte> bytes;
  for (const Segment& segment : view.segments()) {
    bytes.insert(bytes.end(), segment.data, segment.data + segment.size_bytes);
  }
  return bytes;
}

inline std::vector<std::byte> Filled(uint64_t length, int value) {
  return std::vector<std::byte>(length, static_cast<std::byte>(value));
}

}  // namespace quire
