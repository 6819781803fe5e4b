// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: who waits for whom is what the table in the header says, in order of arrival.
// Method: pins of each kind against each other; waiters are told when their turn comes.

#include "pagecache/pin_table.h"

#include <gtest/gtest.h>

namespace quire {
namespace {

struct TestPin : Pin {
  bool granted = false;
};

class PinTableTest : public testing::Test {
 protected:
  bool Acquire(TestPin& pin, ByteRange range, PinKind kind) {
    const bool now = table_.Acquire(
        pin, range, kind, [](Pin& waiter) { static_cast<TestPin&>(waiter).granted = true; });
    table_.CheckInvariants();
    return now;
  }
  void Release(TestPin& pin) {
    table_.Release(pin);
    table_.CheckInvariants();
  }
  PinTable table_;
};

constexpr ByteRange kHere{0, 8192};
constexpr ByteRange kOver{4096, 8192};
constexpr ByteRange kBeside{8192, 4096};

TEST_F(PinTableTest, EveryPair) {
  struct Row {
    PinKind earlier;
    PinKind later;
    bool waits;
  };
  for (const Row& row :
       {Row{PinKind::kLent, PinKind::kLent, false}, Row{PinKind::kLent, PinKind::kFill, false},
        Row{PinKind::kLent, PinKind::kWrite, false}, Row{PinKind::kFill, PinKind::kLent, false},
        Row{PinKind::kFill, PinKind::kFill, true}, Row{PinKind::kFill, PinKind::kWrite, true},
        Row{PinKind::kWrite, PinKind::kLent, true}, Row{PinKind::kWrite, PinKind::kFill, true},
        Row{PinKind::kWrite, PinKind::kWrite, true}}) {
    TestPin earlier;
    TestPin later;
    TestPin beside;
    EXPECT_TRUE(Acquire(earlier, kHere, row.earlier));
    EXPECT_EQ(Acquire(later, kOver, row.later), !row.waits);
    EXPECT_FALSE(later.granted);
    Release(earlier);
    EXPECT_EQ(later.granted, row.waits);
    EXPECT_EQ(Acquire(beside, {0, 4096}, PinKind::kWrite), true) << "nothing overlaps";
    Release(later);
    Release(beside);
  }
  EXPECT_EQ(table_.count(), 0u);
}

TEST_F(PinTableTest, FirstComeFirstServed) {
  TestPin first;
  TestPin writer;
  TestPin reader;
  TestPin last;
  ASSERT_TRUE(Acquire(first, kHere, PinKind::kWrite));
  ASSERT_FALSE(Acquire(writer, kHere, PinKind::kWrite));
  ASSERT_FALSE(Acquire(reader, kHere, PinKind::kLent));
  ASSERT_FALSE(Acquire(last, kHere, PinKind::kWrite));
  Release(first);
  EXPECT_TRUE(writer.granted);
  EXPECT_FALSE(reader.granted);
  EXPECT_FALSE(last.granted);
  Release(writer);
  EXPECT_TRUE(reader.granted);
  EXPECT_TRUE(last.granted) << "a lent reference holds nobody up";
  Release(reader);
  Release(last);
}

// A copy holds its source, and waits for its target behind a write that waits for that source: had
// it entered for one after the other, neither would ever go on.
TEST_F(PinTableTest, TwoRangesAtOnceMakeNoCircle) {
  PinTable other;
  const Pin::Granted granted = [](Pin& pin) { static_cast<TestPin&>(pin).granted = true; };
  for (PinTable* const target_table : {&table_, &other}) {
    TestPin held;
    TestPin source;
    TestPin target;
    TestPin across;
    ASSERT_TRUE(target_table->Acquire(held, {12288, 4096}, PinKind::kWrite, granted));
    EXPECT_EQ(
        PinTable::AcquireBoth({table_, source, {4096, 4096}, PinKind::kFill},
                              {*target_table, target, {12288, 8192}, PinKind::kWrite}, granted),
        1u);
    ASSERT_FALSE(Acquire(across, {0, 16384}, PinKind::kWrite));
    EXPECT_FALSE(target.granted);
    target_table->Release(held);
    EXPECT_TRUE(target.granted);
    EXPECT_FALSE(across.granted);
    Release(source);
    target_table->Release(target);
    EXPECT_TRUE(across.granted);
    Release(across);
  }
}

TEST_F(PinTableTest, AFilledReadIsLentAndLetsOthersGo) {
  TestPin fill;
  TestPin second;
  TestPin writer;
  ASSERT_TRUE(Acquire(fill, kHere, PinKind::kFill));
  ASSERT_FALSE(Acquire(second, kHere, PinKind::kFill));
  ASSERT_FALSE(Acquire(writer, kHere, PinKind::kWrite));
  table_.LendFilled(fill);
  EXPECT_TRUE(second.granted);
  EXPECT_FALSE(writer.granted);
  Release(second);
  EXPECT_TRUE(writer.granted);
  Release(writer);
  EXPECT_TRUE(table_.AnyIn(kHere));
  EXPECT_FALSE(table_.AnyIn(kBeside));
  Release(fill);
  EXPECT_FALSE(table_.AnyIn(kHere));
}

TEST_F(PinTableTest, AWaiterThatIsLentFreesThoseBehindIt) {
  TestPin writer;
  TestPin reader;
  TestPin last;
  ASSERT_TRUE(Acquire(writer, {0, 4096}, PinKind::kWrite));
  ASSERT_FALSE(Acquire(reader, {0, 8192}, PinKind::kLent));
  // Waits for the reader alone: it has nothing in common with the first write.
  ASSERT_FALSE(Acquire(last, {4096, 4096}, PinKind::kWrite));
  Release(writer);
  EXPECT_TRUE(reader.granted);
  EXPECT_TRUE(last.granted);
  Release(reader);
  Release(last);
}

TEST_F(PinTableTest, FrozenWritesThatComeWaitAndThoseBeforeGoOn) {
  TestPin running;
  TestPin waiting;
  TestPin late;
  TestPin beside;
  TestPin reader;
  TestPin fill;
  ASSERT_TRUE(Acquire(running, kHere, PinKind::kWrite));
  ASSERT_FALSE(Acquire(waiting, kHere, PinKind::kWrite));
  table_.Freeze();
  EXPECT_FALSE(table_.AllLanded());
  EXPECT_FALSE(Acquire(late, kHere, PinKind::kWrite));
  EXPECT_FALSE(Acquire(beside, {uint64_t{1} << 40, 4096}, PinKind::kWrite)) << "anywhere";
  EXPECT_TRUE(Acquire(reader, {uint64_t{1} << 30, 4096}, PinKind::kLent));
  EXPECT_TRUE(Acquire(fill, {uint64_t{1} << 31, 4096}, PinKind::kFill));
  Release(running);
  EXPECT_TRUE(waiting.granted) << "it came before the freeze";
  EXPECT_FALSE(table_.AllLanded());
  Release(waiting);
  EXPECT_TRUE(table_.AllLanded());
  EXPECT_FALSE(late.granted);
  EXPECT_FALSE(beside.granted);
  Release(reader);
  Release(fill);
  table_.Thaw();
  EXPECT_TRUE(late.granted);
  EXPECT_TRUE(beside.granted);
  Release(late);
  Release(beside);
  TestPin after;
  EXPECT_TRUE(Acquire(after, kHere, PinKind::kWrite));
  Release(after);
}

TEST_F(PinTableTest, WaitersMayReachIntoTheNextSpan) {
  TestPin left;
  TestPin right;
  TestPin wide;
  const ByteRange end{kMaxTransferBytes - 4096, 4096};
  const ByteRange start{kMaxTransferBytes, 4096};
  ASSERT_TRUE(Acquire(left, end, PinKind::kWrite));
  ASSERT_TRUE(Acquire(right, start, PinKind::kWrite));
  ASSERT_FALSE(Acquire(wide, {end.offset, 8192}, PinKind::kWrite));
  Release(left);
  EXPECT_FALSE(wide.granted);
  Release(right);
  EXPECT_TRUE(wide.granted);
  EXPECT_EQ(table_.count(), 1u);
  Release(wide);
}

}  // namespace
}  // namespace quire
