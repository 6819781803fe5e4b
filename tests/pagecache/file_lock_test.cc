// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: one owner per file, and the error says who that is.
// Method: locks from this process and from a child.

#include "pagecache/file_lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include "absl/strings/str_cat.h"
#include "tests/support/served_file.h"

namespace quire {
namespace {

int OpenAgain(const ScratchFile& file) { return open(file.path().c_str(), O_RDWR | O_CLOEXEC); }

TEST(FileLockTest, ASecondOwnerIsRefusedAndTheFirstNamed) {
  const ScratchFile file(4096);
  const int first = OpenAgain(file);
  const int second = OpenAgain(file);
  ASSERT_TRUE(LockFile(first, file.path(), false).ok());
  const absl::Status refused = LockFile(second, file.path(), false);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.message().find(absl::StrCat("pid ", getpid())), std::string::npos)
      << refused.message();
  EXPECT_FALSE(LockFile(second, file.path(), true).ok());
  close(first);
  EXPECT_TRUE(LockFile(second, file.path(), false).ok());
  close(second);
}

TEST(FileLockTest, EndsThoughSomebodyKeepsTheFile) {
  const ScratchFile file(4096);
  const int first = OpenAgain(file);
  const int kept = dup(first);  // as a ring does for a while
  const int second = OpenAgain(file);
  ASSERT_TRUE(LockFile(first, file.path(), false).ok());
  UnlockFile(first);
  close(first);
  EXPECT_TRUE(LockFile(second, file.path(), false).ok());
  close(second);
  close(kept);
}

TEST(FileLockTest, ReadersShare) {
  const ScratchFile file(4096);
  const int first = OpenAgain(file);
  const int second = OpenAgain(file);
  EXPECT_TRUE(LockFile(first, file.path(), true).ok());
  EXPECT_TRUE(LockFile(second, file.path(), true).ok());
  close(first);
  close(second);
}

TEST(FileLockTest, NamesAnotherProcess) {
  const ScratchFile file(4096);
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const int fd = OpenAgain(file);
    const char ok = LockFile(fd, file.path(), false).ok() ? 'y' : 'n';
    if (write(ready[1], &ok, 1) == 1) pause();
    _exit(0);
  }
  char ok = 0;
  ASSERT_EQ(read(ready[0], &ok, 1), 1);
  ASSERT_EQ(ok, 'y');
  const int fd = OpenAgain(file);
  const absl::Status refused = LockFile(fd, file.path(), false);
  EXPECT_NE(refused.message().find(absl::StrCat("pid ", child, " (")), std::string::npos)
      << refused.message();
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(LockFile(fd, file.path(), false).ok()) << "the lock dies with its owner";
  close(fd);
  close(ready[0]);
  close(ready[1]);
}

}  // namespace
}  // namespace quire
