// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a disk is built from options, says clearly what is wrong with them, and counts every layer
// that a request passes.
// Method: one request of each kind through a session; missing files, second owners, the null disk.

#include "host/disk.h"

#include <gtest/gtest.h>

#include "tests/support/await_answer.h"
#include "tests/support/served_file.h"

namespace quire {
namespace {

void Execute(Session& session, Command& command) {
  AwaitAnswer(session.reactor(), command,
              [&] { ASSERT_EQ(session.Submit(command), Session::Answer::kAccepted); });
}

TEST(DiskTest, EveryLayerSeesEveryRequest) {
  const ScratchFile scratch(1 << 20);
  WorkerPool workers;
  auto reactor = *Reactor::Create(workers);
  auto disk = *Disk::Open({.path = scratch.path()});
  EXPECT_NE(disk->Describe().find(scratch.path()), std::string::npos);
  auto session = disk->Connect(*reactor, {.initiator_name = "me"});
  const std::vector<std::byte> bytes = Filled(4096, 'x');
  const Segment piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
  for (const CommandKind kind :
       {CommandKind::kWrite, CommandKind::kRead, CommandKind::kFlush, CommandKind::kUnmap}) {
    Command command;
    command.kind = kind;
    command.blocks = {{0}, {8}};
    if (kind == CommandKind::kWrite) command.data_out = SgView({&piece, 1});
    Execute(*session, command);
    EXPECT_TRUE(command.outcome.good());
    EXPECT_EQ(session->count_commands(), 1u);
    command.Drop();
    EXPECT_EQ(session->count_commands(), 0u);
  }
  const DiskStats stats = disk->stats();
  EXPECT_EQ(stats.commands_executed, 4u);
  EXPECT_EQ(stats.commands_freed, 4u);
  EXPECT_EQ(stats.reads, 1u);
  EXPECT_EQ(stats.writes, 1u);
  EXPECT_EQ(stats.flushes, 1u);
  EXPECT_EQ(stats.discards, 1u);
  EXPECT_EQ(stats.read_bytes, 4096u);
  EXPECT_EQ(stats.written_bytes, 4096u);
  EXPECT_EQ(stats.references_lent, 0u);
  ASSERT_EQ(stats.write_paths.size(), 1u);
  ASSERT_EQ(stats.write_reasons.size(), 1u);
}

TEST(DiskTest, SaysWhatToDo) {
  const auto missing = Disk::Open({.path = "/nowhere/disk"});
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.status().message().find("create it first"), std::string::npos);
  const auto folder = Disk::Open({.path = "/tmp"});
  EXPECT_FALSE(folder.ok());
  const ScratchFile scratch(1 << 20);
  const auto owner = Disk::Open({.path = scratch.path()});
  ASSERT_TRUE(owner.ok());
  const auto second = Disk::Open({.path = scratch.path()});
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find(std::to_string(getpid())), std::string::npos)
      << second.status().message();
  EXPECT_TRUE(Disk::Open({.path = scratch.path(), .share = true}).ok());
}

TEST(DiskTest, TheNullDiskReadsZerosAndForgetsWrites) {
  WorkerPool workers;
  auto reactor = *Reactor::Create(workers);
  auto disk = *Disk::Open({.path = "null"});
  EXPECT_EQ(disk->size_bytes(), uint64_t{1} << 40);
  auto session = disk->Connect(*reactor, {});
  const std::vector<std::byte> bytes = Filled(4096, 'x');
  const Segment piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
  Command write;
  write.kind = CommandKind::kWrite;
  write.blocks = {{1 << 20}, {8}};
  write.data_out = SgView({&piece, 1});
  write.fua = true;
  Execute(*session, write);
  EXPECT_TRUE(write.outcome.good());
  write.Drop();
  Command read;
  read.blocks = {{1 << 20}, {8}};
  Execute(*session, read);
  EXPECT_EQ(read.referenced_bytes(), 4096u);
  EXPECT_EQ(Collect(read.data_in().view()), Filled(4096, 0));
  read.Drop();
}

}  // namespace
}  // namespace quire
