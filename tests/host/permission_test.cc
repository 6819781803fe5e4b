// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: who may only read a file is served from it, right to the byte, though the kernel keeps from
// him what is in memory; who may not even do that gets one clear error.
// Method: children that have become nobody, on files of root in every mode; the parent, root, drops
// the file from memory and writes to it.

#include <gmock/gmock.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdio>
#include <ostream>

#include "host/disk.h"
#include "tests/support/served_file.h"

namespace quire {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr uint64_t kMiB = 1024 * 1024;
constexpr uint64_t kFileBytes = 4 * kMiB;
constexpr uid_t kNobody = 65534;

void BecomeNobody() {
  QUIRE_CHECK(setgroups(0, nullptr) == 0);
  QUIRE_CHECK(setresgid(kNobody, kNobody, kNobody) == 0);
  QUIRE_CHECK(setresuid(kNobody, kNobody, kNobody) == 0);
}

class PermissionTest : public testing::Test {
 protected:
  PermissionTest() : scratch_(kFileBytes) { scratch_.Fill(0, Filled(kFileBytes, 'a')); }
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "becoming somebody else needs root";
    const std::string folder = ScratchFile::Folder();
    struct stat found = {};
    ASSERT_EQ(stat(folder.c_str(), &found), 0);
    if ((found.st_mode & S_IXOTH) == 0) GTEST_SKIP() << "nobody may not enter " << folder;
  }
  void SetMode(mode_t mode) { ASSERT_EQ(fchmod(scratch_.fd(), mode), 0); }

  // Runs `body` in a child.
  template <typename Body>
  static void InChild(Body body) {
    const pid_t child = fork();
    if (child == 0) {
      body();
      _exit(testing::Test::HasFailure() ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << "the child says above what was wrong";
  }

  // Every byte, by requests of one length, in every way that there is.
  static void ExpectBytes(Client& client, char value) {
    for (const uint64_t length : {uint64_t{512}, uint64_t{4096}, uint64_t{128 * 1024}, kMiB}) {
      for (uint64_t at = 0; at < kFileBytes; at += std::max(length, uint64_t{64 * 1024})) {
        ReadOp op;
        op.references_only = at % (2 * length) != 0;
        ASSERT_EQ(client.Read(op, {at, length}), IoResult::Bytes(length));
        ASSERT_EQ(Collect(op.data.view()), Filled(length, value)) << at << " + " << length;
        op.data.Reset();
        ASSERT_FALSE(op.revoked);
      }
    }
  }

  ScratchFile scratch_;
};

TEST_F(PermissionTest, WhoMayOnlyReadIsServed) {
  SetMode(0644);
  scratch_.Drop();
  InChild([this] {
    BecomeNobody();
    WorkerPool workers;
    auto file = File::Open({.path = scratch_.path(), .read_only = true});
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_FALSE((*file)->traits().writable);
    EXPECT_FALSE((*file)->traits().residency_known) << "mincore says that all is there";
    Client client(workers, **file);
    ExpectBytes(client, 'a');  // not in memory at first
    ExpectBytes(client, 'a');  // and in memory
    EXPECT_GT((*file)->stats().referenced_bytes, 0u) << "references all the same";
    EXPECT_EQ(client.Write({0, 512}, Filled(512, 'b')), IoResult::Error(EROFS));
    EXPECT_EQ(client.Discard({0, 512}), IoResult::Error(EROFS));
    EXPECT_EQ(client.Sync(), IoResult::Bytes(0));
  });
  EXPECT_EQ(scratch_.Contents(0, 512), Filled(512, 'a'));
}

// The parent drops and writes the file while the child has it open.
TEST_F(PermissionTest, WhatTheOwnerDoesIsSeen) {
  SetMode(0644);
  int to_child[2];
  int to_parent[2];
  ASSERT_EQ(pipe(to_child), 0);
  ASSERT_EQ(pipe(to_parent), 0);
  const pid_t child = fork();
  if (child == 0) {
    [&] {
      BecomeNobody();
      WorkerPool workers;
      auto file = File::Open({.path = scratch_.path(), .read_only = true});
      ASSERT_TRUE(file.ok()) << file.status();
      Client client(workers, **file);
      for (const char value : {'a', 'b', 'c'}) {
        ExpectBytes(client, value);
        (*file)->RetireAll();  // a mapped page is not dropped
        ASSERT_EQ(write(to_parent[1], "x", 1), 1);
        char go = 0;
        ASSERT_EQ(read(to_child[0], &go, 1), 1);
      }
    }();
    _exit(HasFailure() ? 1 : 0);
  }
  close(to_parent[1]);
  for (const char next : {'b', 'c', 'd'}) {
    char ready = 0;
    if (read(to_parent[0], &ready, 1) != 1) break;  // the child has failed
    scratch_.Fill(0, Filled(kFileBytes, next));
    scratch_.Drop();
    ASSERT_EQ(write(to_child[1], "x", 1), 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "the child says above what was wrong";
  for (const int fd : {to_child[0], to_child[1], to_parent[0]}) close(fd);
}

// A server that opens its files as root and then gives up what it may: from then on mincore says
// "all there" to it.
TEST_F(PermissionTest, WhoGivesUpHisRightsIsServed) {
  SetMode(0600);
  for (const bool read_only : {true, false}) {
    scratch_.Drop();
    InChild([this, read_only] {
      auto file = File::Open({.path = scratch_.path(), .read_only = read_only});
      ASSERT_TRUE(file.ok()) << file.status();
      BecomeNobody();
      WorkerPool workers;
      Client client(workers, **file);
      ExpectBytes(client, 'a');
      if (read_only) return;
      (*file)->RetireAll();
      scratch_.Drop();
      ASSERT_TRUE(client.Write({kMiB - 1, 4098}, Filled(4098, 'b')).ok());
      ASSERT_TRUE(client.Write({2 * kMiB, kMiB}, Filled(kMiB, 'b')).ok());
      ASSERT_TRUE(client.Write({kMiB - 1, 4098}, Filled(4098, 'a')).ok());
      ASSERT_TRUE(client.Write({2 * kMiB, kMiB}, Filled(kMiB, 'a')).ok());
      ExpectBytes(client, 'a');
      EXPECT_TRUE(client.Sync().ok());
    });
    EXPECT_EQ(scratch_.Contents(0, kFileBytes), Filled(kFileBytes, 'a'));
  }
}

// Rights over the file, not over its bytes: the owner of a file that he may not write.
TEST_F(PermissionTest, TheOwnerIsToldWhatIsInMemory) {
  SetMode(0444);
  ASSERT_EQ(fchown(scratch_.fd(), kNobody, kNobody), 0);
  InChild([this] {
    BecomeNobody();
    auto file = File::Open({.path = scratch_.path(), .read_only = true});
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_TRUE((*file)->traits().residency_known);
    WorkerPool workers;
    Client client(workers, **file);
    ExpectBytes(client, 'a');
  });
}

// ---- Refusals ----

struct Refusal {
  mode_t mode;
  bool read_only;
};
std::string NameOf(const Refusal& refusal) {
  char name[32];
  std::snprintf(name, sizeof(name), "%o_%s", refusal.mode,
                refusal.read_only ? "ReadOnly" : "ReadWrite");
  return name;
}
void PrintTo(const Refusal& refusal, std::ostream* out) { *out << NameOf(refusal); }

class PermissionRefusedTest : public PermissionTest, public testing::WithParamInterface<Refusal> {};

TEST_P(PermissionRefusedTest, SaysOnceAndClearlyWhatToDo) {
  const auto [mode, read_only] = GetParam();
  SetMode(mode);
  InChild([this, read_only = read_only] {
    BecomeNobody();
    const auto disk = Disk::Open({.path = scratch_.path(), .read_only = read_only});
    ASSERT_FALSE(disk.ok());
    EXPECT_EQ(disk.status().code(), absl::StatusCode::kPermissionDenied);
    const std::string message(disk.status().message());
    EXPECT_THAT(message, HasSubstr(scratch_.path()));
    EXPECT_THAT(message, HasSubstr("change its mode or owner"));
    EXPECT_THAT(message, Not(HasSubstr("\n")));
    // Advice that has been followed already is none.
    EXPECT_EQ(message.find("read-only") == std::string::npos, read_only) << message;
  });
}

INSTANTIATE_TEST_SUITE_P(Modes, PermissionRefusedTest,
                         testing::Values(Refusal{.mode = 0600, .read_only = false},
                                         Refusal{.mode = 0600, .read_only = true},
                                         Refusal{.mode = 0644, .read_only = false},
                                         Refusal{.mode = 0622, .read_only = false},
                                         Refusal{.mode = 0622, .read_only = true}),
                         [](const auto& test) { return NameOf(test.param); });

TEST_F(PermissionTest, AFolderThatMayNotBeEnteredIsARefusal) {
  std::string folder = ScratchFile::Folder() + "/quire-test-folder-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  InChild([&folder] {
    BecomeNobody();
    const auto disk = Disk::Open({.path = folder + "/disk", .read_only = true});
    EXPECT_EQ(disk.status().code(), absl::StatusCode::kPermissionDenied) << disk.status();
  });
  rmdir(folder.c_str());
}

}  // namespace
}  // namespace quire
