// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: commands take their turns; wherever an abort finds one, it ends, is answered as it should
// be and is freed once; on the way of a READ or WRITE nothing is allocated.
// Method: commands of two hosts started before the reactor turns, so that they wait for each other,
// and task management functions between.
#include "tests/support/no_allocation.h"
#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

struct TestAbort : TaskAbort {
  int count_done = 0;
  static void Done(TaskAbort& abort) { ++static_cast<TestAbort&>(abort).count_done; }
};

class CommandPathAbortsTest : public ScsiFixture {
 protected:
  void Start(ScsiNexus& nexus, TestCommand& command) { server_->Execute(nexus, command); }
  static Bytes CompareAndWrite(uint64_t lba, uint8_t count) { return Cdb16(0x89, lba, count); }
  Bytes Instances(uint8_t verified, uint8_t written) const {
    Bytes data = Filled(1, verified);
    data.resize(2 * kBlockBytes, written);
    return data;
  }
  // Answered or not, it has ended and was freed, both once.
  void ExpectEnded(TestCommand& command, bool answered) {
    WaitFor(command);
    EXPECT_EQ(command.count_freed, 1);
    EXPECT_EQ(command.answered(), answered);
  }
};

// ---- Turns ----

TEST_F(CommandPathAbortsTest, HeadOfQueuePassesThoseThatWait) {
  TestCommand first(Write16(0, 1), Filled(1, 1));
  TestCommand ordered(Write16(8, 1), Filled(1, 2));
  TestCommand urgent(Read16(8, 1), {});
  ordered.attribute = TaskAttribute::kOrdered;
  urgent.attribute = TaskAttribute::kHeadOfQueue;
  Start(*a_, first);
  Start(*a_, ordered);
  Start(*b_, urgent);
  for (TestCommand* const one : {&first, &ordered, &urgent}) ExpectEnded(*one, true);
  EXPECT_EQ(urgent.found, Filled(1, 0)) << "before the ORDERED write";
  EXPECT_EQ(FileBytes(8, 1), Filled(1, 2));
}

TEST_F(CommandPathAbortsTest, ExclusiveCommandsTakeTurnsWithThoseThatOverlap) {
  TestCommand write(Write16(0, 4), Filled(4, 1));
  TestCommand compare(CompareAndWrite(1, 1), Instances(1, 2));
  TestCommand read(Read16(0, 4), {});
  TestCommand again(CompareAndWrite(1, 1), Instances(2, 3));
  TestCommand stale(CompareAndWrite(1, 1), Instances(2, 4));
  Start(*a_, write);
  Start(*b_, compare);
  Start(*a_, read);
  Start(*a_, again);
  Start(*b_, stale);
  for (TestCommand* const one : {&write, &compare, &read, &again, &stale}) ExpectEnded(*one, true);
  EXPECT_EQ(compare.outcome(), kGood);
  EXPECT_EQ(again.outcome(), kGood);
  EXPECT_TRUE(stale.outcome().Is(kMiscompare));
  EXPECT_EQ(Bytes(read.found.begin() + kBlockBytes, read.found.begin() + 2 * kBlockBytes),
            Filled(1, 2));
  EXPECT_EQ(FileBytes(1, 1), Filled(1, 3));
}

// ---- Aborts ----

TEST_F(CommandPathAbortsTest, AbortedWhileItWaitsForItsTurn) {
  TestCommand first(Write16(0, 1), Filled(1, 1));
  TestCommand waiting(Write16(0, 1), Filled(1, 2));
  waiting.tag = 7;
  waiting.attribute = TaskAttribute::kOrdered;
  Start(*a_, first);
  Start(*a_, waiting);
  TestAbort abort;
  EXPECT_TRUE(server_->task_set().AbortTask(a_->tasks(), 7, abort, TestAbort::Done)) << "at once";
  EXPECT_EQ(abort.count_found(), 1u);
  EXPECT_EQ(waiting.count_done, 0) << "on its reactor, not inside the function";
  ExpectEnded(waiting, false);
  ExpectEnded(first, true);
  EXPECT_EQ(FileBytes(0, 1), Filled(1, 1));
}

TEST_F(CommandPathAbortsTest, AbortedWhileItWaitsForItsBlocks) {
  TestCommand compare(CompareAndWrite(0, 1), Instances(0, 1));
  TestCommand waiting(Write16(0, 1), Filled(1, 2));
  waiting.tag = 7;
  Start(*a_, compare);
  Start(*b_, waiting);
  TestAbort abort;
  EXPECT_FALSE(server_->task_set().AbortTask(b_->tasks(), 7, abort, TestAbort::Done));
  ExpectEnded(waiting, false);
  EXPECT_EQ(abort.count_done, 1);
  ExpectEnded(compare, true);
  EXPECT_EQ(FileBytes(0, 1), Filled(1, 1));
  EXPECT_EQ(Run(*b_, CompareAndWrite(0, 1), Instances(1, 3)), kGood) << "the blocks are free";
}

TEST_F(CommandPathAbortsTest, AbortedBetweenItsStepsItWritesNothing) {
  TestCommand compare(CompareAndWrite(0, 1), Instances(0, 1));
  Start(*a_, compare);  // its read has begun
  TestAbort abort;
  EXPECT_FALSE(server_->task_set().AbortTaskSet(a_->tasks(), abort, TestAbort::Done));
  ExpectEnded(compare, false);
  EXPECT_EQ(abort.count_done, 1);
  EXPECT_EQ(FileBytes(0, 1), Filled(1, 0));
}

TEST_F(CommandPathAbortsTest, AnAbortIsCompleteWhenWhatRunsHasLanded) {
  TestCommand write(Write16(0, 1), Filled(1, 1));
  Start(*a_, write);
  TestAbort abort;
  EXPECT_FALSE(server_->task_set().AbortTaskSet(a_->tasks(), abort, TestAbort::Done));
  EXPECT_EQ(abort.count_done, 0);
  ExpectEnded(write, false);
  EXPECT_EQ(abort.count_done, 1);
  EXPECT_EQ(write.data_in().length_bytes(), 0u);
}

TEST_F(CommandPathAbortsTest, AbortedByAnotherNexusWithTasItIsAnsweredSo) {
  TestCommand read(Read16(0, 1), {});
  TestCommand waiting(Read16(0, 1), {});
  waiting.attribute = TaskAttribute::kOrdered;
  Start(*a_, read);
  Start(*a_, waiting);
  TestAbort abort;
  server_->task_set().ClearTaskSet(b_->tasks(), /*tas=*/true, abort, TestAbort::Done);
  for (TestCommand* const one : {&read, &waiting}) {
    ExpectEnded(*one, true);
    EXPECT_EQ(one->outcome(), kTaskAborted);
    EXPECT_TRUE(one->found.empty()) << "no data with it";
  }
  EXPECT_EQ(Run(*a_, {0, 0, 0, 0, 0, 0}), kGood) << "no unit attention: it was told";
}

TEST_F(CommandPathAbortsTest, AbortedByAnotherNexusWithoutTasItIsToldLater) {
  TestCommand read(Read16(0, 1), {});
  Start(*a_, read);
  TestAbort abort;
  server_->task_set().ClearTaskSet(b_->tasks(), /*tas=*/false, abort, TestAbort::Done);
  ExpectEnded(read, false);
  EXPECT_EQ(Run(*a_, {0, 0, 0, 0, 0, 0}), kCommandsClearedByAnotherInitiator);
}

// ---- Memory ----

TEST_F(CommandPathAbortsTest, ReadsAndWritesAllocateNothing) {
  struct Slot : ScsiCommand {
    int count_done = 0;
  };
  const Bytes read = Read16(0, 8);
  const Bytes write = Write16(4, 8);
  Bytes data = Filled(8, 1);
  const Segment piece{reinterpret_cast<std::byte*>(data.data()), data.size()};
  Slot slots[8];
  const auto round = [&] {
    for (size_t i = 0; i < std::size(slots); ++i) {
      Slot& slot = slots[i];
      const bool writes = i % 2 == 1;
      slot.cdb = writes ? write : read;
      slot.data_out = writes ? SgView({&piece, 1}) : SgView();
      slot.count_done = 0;
      slot.done = [](ScsiCommand& command) {
        ++static_cast<Slot&>(command).count_done;
        command.Drop();
      };
      server_->Execute(i % 3 == 0 ? *a_ : *b_, slot);
    }
    for (Slot& slot : slots) {
      while (slot.count_done == 0) reactor_->Wait(kNsPerMs);
      QUIRE_CHECK(slot.outcome().good());
    }
  };
  ASSERT_EQ(Run(*a_, Write16(0, 2048), Filled(2048, 1)), kGood);
  // Until a worker has found that the blocks are in memory: a thread that starts is allocated.
  for (int i = 0; i < 10000 && device_->file().stats().hint_hits == 0; ++i) {
    round();
    reactor_->Wait(kNsPerMs);
  }
  ASSERT_GT(device_->file().stats().hint_hits, 0u);
  const NoAllocation scope;
  for (int i = 0; i < 50; ++i) round();
}

TEST_F(CommandPathAbortsTest, ReferencesAndPlacesGoBackOnce) {
  const Device::Counts before = device_->counts();
  {
    TestCommand read(Read16(0, 8), {});
    TestCommand wrong(Read16(kDiskBytes / kBlockBytes, 8), {});
    TestCommand differs(CompareAndWrite(0, 1), Instances(9, 1));
    read.keep = true;
    for (TestCommand* const one : {&read, &wrong, &differs}) Start(*a_, *one);
    WaitFor(read);
    ExpectEnded(wrong, true);
    ExpectEnded(differs, true);
    EXPECT_TRUE(differs.outcome().Is(kMiscompare));
    EXPECT_EQ(read.count_freed, 0);
    read.Drop();
    EXPECT_EQ(read.count_freed, 1);
  }
  EXPECT_EQ(device_->file().stats().lent, 0u);
  const Device::Counts after = device_->counts();
  EXPECT_EQ(after.executed - before.executed, 2u) << "the steps of the first and the last";
  EXPECT_EQ(after.freed - before.freed, 2u);
}

}  // namespace
}  // namespace quire
