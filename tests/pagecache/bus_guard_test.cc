// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a page that cannot be supplied is an error of our copies and zeros to everybody else, and a
// SIGBUS elsewhere is not ours.
// Method: mappings of truncated files; children where the process's handlers matter.

#include "pagecache/bus_guard.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/support/served_file.h"

namespace quire {
namespace {

constexpr uint64_t kFileBytes = 64 * 1024;

class BusGuardTest : public testing::Test {
 protected:
  BusGuardTest() : file_(kFileBytes) {
    EXPECT_TRUE(bus_guard::Install());
    file_.Fill(0, Filled(kFileBytes, 'a'));
    mapping_ = *Mapping::Create(file_.fd(), kFileBytes, true);
    EXPECT_TRUE(bus_guard::Watch(*mapping_));
  }
  ~BusGuardTest() override { bus_guard::Unwatch(*mapping_); }
  void Truncate() { ASSERT_EQ(ftruncate(file_.fd(), 4096), 0); }

  ScratchFile file_;
  std::unique_ptr<Mapping> mapping_;
};

TEST_F(BusGuardTest, ACopyStops) {
  std::vector<std::byte> bytes = Filled(8192, 'b');
  EXPECT_TRUE(bus_guard::GuardedCopy(bytes, {mapping_->At(0), 8192}));
  EXPECT_EQ(bytes, Filled(8192, 'a'));
  Truncate();
  EXPECT_FALSE(bus_guard::GuardedCopy(bytes, {mapping_->At(0), 8192}));
  EXPECT_FALSE(bus_guard::GuardedCopy({mapping_->At(0), 8192}, bytes));
  EXPECT_TRUE(bus_guard::GuardedCopy(std::span(bytes).first(4096), {mapping_->At(0), 4096}));
  EXPECT_EQ(mapping_->count_lost(), 0u) << "nothing was put in the place of the page";
}

TEST_F(BusGuardTest, AnybodyElseFindsZeros) {
  Truncate();
  EXPECT_EQ(*mapping_->At(8192), std::byte{0});
  EXPECT_TRUE(mapping_->Lost({8192, 1}));
  EXPECT_FALSE(mapping_->Lost({0, 4096}));
}

int RunInChild(void (*body)()) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

// A truncated mapping that nobody watches.
char* Unwatched() {
  const ScratchFile file(8192);
  void* memory = mmap(nullptr, 8192, PROT_READ, MAP_SHARED, file.fd(), 0);
  if (ftruncate(file.fd(), 0) != 0) _exit(2);
  return static_cast<char*>(memory);
}

TEST_F(BusGuardTest, OthersStillGetTheirSignal) {
  const int status = RunInChild([] {
    volatile const char* byte = Unwatched();
    static_cast<void>(*byte);
  });
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGBUS);
#else
  EXPECT_NE(status, 0) << "the sanitizer's own handler ends the process";
#endif
}

TEST_F(BusGuardTest, CanBeDeclined) {
  const int status = RunInChild([] {
    bus_guard::Decline();
    const ScratchFile file(8192);
    WorkerPool workers;
    auto opened = *File::Open({.path = file.path()});
    Client client(workers, *opened);
    ReadOp op;
    op.references_only = true;
    if (!client.Read(op, {0, 4096}).ok()) _exit(3);
    if (op.referenced_bytes != 0) _exit(4);
    op.data.Reset();
    if (!client.Write({0, 4096}, Filled(4096, 'x')).ok()) _exit(5);
    if (file.Contents(0, 4096) != Filled(4096, 'x')) _exit(6);
    // Not by way of destructors: the child shares them with its parent's test.
    unlink(file.path().c_str());
    _exit(0);
  });
  EXPECT_EQ(status, 0) << "exit code " << WEXITSTATUS(status);
}

}  // namespace
}  // namespace quire
