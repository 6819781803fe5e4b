// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a session charges before it submits, says "full" without touching the command, and gets its
// credit back when commands are freed; data comes into memory that was asked for before.
// Method: a session with room for two commands on the null disk.

#include "target/session.h"

#include <gtest/gtest.h>

#include "tests/target/data_buffers_fixture.h"

namespace quire {
namespace {

class SessionTest : public testing::Test {
 protected:
  SessionTest()
      : reactor_(*Reactor::Create(workers_)),
        device_(*Device::Create(*File::Open({.path = "null", .null_size_bytes = 1 << 20}), 512)),
        target_("test") {
    EXPECT_EQ(target_.Add(*device_), 0u);
    session_ = std::make_unique<Session>(
        target_, *reactor_, Session::Options{.initiator_name = "me", .max_commands = 2});
  }
  static void Prepare(Command& command) {
    command.blocks = {{0}, {8}};
    command.done = [](Command&) {};
  }

  WorkerPool workers_;
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<Device> device_;
  Target target_;
  std::unique_ptr<Session> session_;
};

TEST_F(SessionTest, FullIsAnOrdinaryAnswer) {
  Command commands[3];
  for (Command& command : commands) Prepare(command);
  EXPECT_EQ(session_->Submit(commands[0]), Session::Answer::kAccepted);
  EXPECT_EQ(session_->Submit(commands[1]), Session::Answer::kAccepted);
  EXPECT_EQ(session_->Submit(commands[2]), Session::Answer::kFull);
  reactor_->Poll();
  EXPECT_EQ(session_->Submit(commands[2]), Session::Answer::kFull) << "answered, but not freed";
  commands[0].Drop();
  EXPECT_EQ(session_->Submit(commands[2]), Session::Answer::kAccepted);
  reactor_->Poll();
  commands[1].Drop();
  commands[2].Drop();
  EXPECT_EQ(session_->count_commands(), 0u);
}

TEST_F(SessionTest, ThereIsOnlyLunZero) {
  Command command;
  Prepare(command);
  command.lun = 1;
  EXPECT_EQ(session_->Submit(command), Session::Answer::kNoSuchLun);
  EXPECT_EQ(session_->count_commands(), 0u);
}

// ---- Memory for data ----

class SessionMemoryTest : public testing::Test {
 protected:
  SessionMemoryTest()
      : memory_(16 * kMib, {.limit_bytes = 8 * kMib}),
        reactor_(*Reactor::Create(memory_.workers, {.memory = memory_.shared.get()})),
        session_(std::make_unique<Session>(
            memory_.target, *reactor_,
            Session::Options{.initiator_name = "me", .admission = &memory_.admission})) {}
  void Turn() {
    for (int i = 0; i < 20; ++i) reactor_->Poll();
  }

  TestMemory memory_;
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<Session> session_;
};

TEST_F(SessionMemoryTest, OnlyForLogicalUnitsThatThereAre) {
  TestBuffer buffer(/*of_lun=*/2, 4096);
  EXPECT_EQ(session_->Ask(buffer), Session::Answer::kNoSuchLun);
  Turn();
  EXPECT_EQ(buffer.count_done, 0);
  EXPECT_EQ(memory_.used_bytes(), 0u);
}

TEST_F(SessionMemoryTest, TooLargeIsAnAnswer) {
  TestBuffer buffer(8 * kMib + 1);
  EXPECT_EQ(session_->Ask(buffer), Session::Answer::kTooLarge);
  Turn();
  EXPECT_EQ(buffer.count_done, 0);
  EXPECT_EQ(memory_.used_bytes(), 0u);
}

TEST_F(SessionMemoryTest, WhatIsGivenUpComesWithoutMemory) {
  TestBuffer buffer(4096);
  ASSERT_EQ(session_->Ask(buffer), Session::Answer::kAccepted);
  session_->Cancel(buffer);
  Turn();
  EXPECT_EQ(buffer.count_done, 1);
  EXPECT_FALSE(buffer.memory.held());
  EXPECT_EQ(memory_.used_bytes(), 0u);
}

TEST_F(SessionMemoryTest, AWriteGoesFromItToTheDisk) {
  constexpr uint64_t kLength = kMib + 512;
  TestBuffer buffer(/*of_lun=*/1, kLength);
  ASSERT_EQ(session_->Ask(buffer), Session::Answer::kAccepted);
  Turn();
  ASSERT_TRUE(buffer.granted());
  Mark(buffer.memory, 1);  // as if it were received
  Command command;
  command.kind = CommandKind::kWrite;
  command.lun = 1;
  command.blocks = {{8}, {kLength / 512}};
  command.data_out = buffer.memory.view();
  command.done = [](Command&) {};
  ASSERT_EQ(session_->Submit(command), Session::Answer::kAccepted);
  Turn();
  EXPECT_TRUE(command.outcome.good());
  command.Drop();
  buffer.memory.Reset();
  const FileStats stats = memory_.devices[1]->file().stats();
  EXPECT_EQ(stats.writes, 1u);
  EXPECT_EQ(stats.written_bytes, kLength);
  EXPECT_EQ(memory_.devices[0]->file().stats().writes, 0u);
  memory_.ExpectAllBack();
}

TEST(SessionDeathTest, DoesNotEndBeforeItsMemoryIsBack) {
  const auto misuse = [] {
    TestMemory memory(16 * kMib, {.limit_bytes = 8 * kMib});
    const auto reactor = *Reactor::Create(memory.workers, {.memory = memory.shared.get()});
    TestBuffer buffer(4096);
    Session session(memory.target, *reactor,
                    {.initiator_name = "me", .admission = &memory.admission});
    static_cast<void>(session.Ask(buffer));
    reactor->Poll();
  };
  EXPECT_DEATH(misuse(), "count\\(\\) == 0");
}

// It may have to turn the reactor for its housekeeping to end.
TEST(SessionDeathTest, DoesNotEndInsideACallback) {
  const auto misuse = [] {
    WorkerPool workers;
    const auto reactor = *Reactor::Create(workers);
    const auto device =
        *Device::Create(*File::Open({.path = "null", .null_size_bytes = 1 << 20}), 512);
    Target target("test");
    target.Add(*device);
    static std::unique_ptr<Session> session;
    session = std::make_unique<Session>(target, *reactor, Session::Options{});
    Command command;
    command.blocks = {{0}, {8}};
    command.done = [](Command& answered) { answered.Drop(); };
    command.freed = [](Command&) { session.reset(); };
    if (session->Submit(command) == Session::Answer::kAccepted) reactor->Poll();
  };
  EXPECT_DEATH(misuse(), "in_turn_");
}

}  // namespace
}  // namespace quire
