// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/extents.h"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <new>

namespace quire {
namespace {

// One question: the kernel's head, and as many extents as it may answer with.
class Question {
 public:
  explicit Question(size_t max_count) : max_count_(std::min(max_count, kMaxCount)) {}

  // 0, or an errno.
  int Ask(int fd, ByteRange range) {
    auto* const head = new (space_) fiemap();  // braces would fill its zero-length array
    head->fm_start = range.offset;
    head->fm_length = range.length;
    head->fm_extent_count = static_cast<uint32_t>(max_count_);
    if (ioctl(fd, FS_IOC_FIEMAP, head) != 0) return errno;
    const auto* const extents = reinterpret_cast<const fiemap_extent*>(space_ + sizeof(fiemap));
    answer_ = {extents, head->fm_mapped_extents};
    return 0;
  }
  std::span<const fiemap_extent> answer() const { return answer_; }
  // There may be more of them.
  bool full() const { return answer_.size() == max_count_; }

 private:
  static constexpr size_t kMaxCount = 128;

  const size_t max_count_;
  alignas(fiemap) std::byte space_[sizeof(fiemap) + kMaxCount * sizeof(fiemap_extent)];
  std::span<const fiemap_extent> answer_;
};

int64_t FindBySeeking(int fd, ByteRange range, std::span<ByteRange> found) {
  size_t count = 0;
  for (uint64_t at = range.offset; at < range.end() && count < found.size();) {
    const off_t data = lseek(fd, static_cast<off_t>(at), SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // a hole up to the end
    if (data < 0 && errno == EINVAL) {      // it has no holes
      found[count++] = {at, range.end() - at};
      break;
    }
    const off_t hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
    if (hole < 0) return -errno;
    const auto run = ByteRange{static_cast<uint64_t>(data), static_cast<uint64_t>(hole - data)};
    at = run.end();
    if (const ByteRange part = run.Intersect(range); !part.empty()) found[count++] = part;
  }
  return static_cast<int64_t>(count);
}

}  // namespace

int64_t FindMapped(int fd, ByteRange range, std::span<ByteRange> found) {
  size_t count = 0;
  for (uint64_t at = range.offset; at < range.end() && count < found.size();) {
    Question question(found.size() - count);
    const int error = question.Ask(fd, {at, range.end() - at});
    if (error == EOPNOTSUPP || error == ENOTTY) return FindBySeeking(fd, range, found);
    if (error != 0) return -error;
    for (const fiemap_extent& extent : question.answer()) {
      const ByteRange part =
          ByteRange{extent.fe_logical, extent.fe_length}.Intersect({at, range.end() - at});
      if (part.empty()) continue;
      found[count++] = part;
      at = part.end();
    }
    if (!question.full() || (question.answer().back().fe_flags & FIEMAP_EXTENT_LAST) != 0) break;
  }
  return static_cast<int64_t>(count);
}

}  // namespace quire
