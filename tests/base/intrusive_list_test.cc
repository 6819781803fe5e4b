// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: order is kept by every operation, and removal works from anywhere.
// Method: small lists, read back as strings.
#include "base/intrusive_list.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace quire {
namespace {

struct OtherTag;
struct Letter : ListNode<>, ListNode<OtherTag> {
  explicit Letter(char c) : letter(c) {}
  char letter;
};
using List = IntrusiveList<Letter>;
using OtherList = IntrusiveList<Letter, OtherTag>;

std::string Read(List& list) {
  std::string text;
  for (Letter* item = list.Front(); item != nullptr; item = list.Next(*item)) text += item->letter;
  return text;
}

class IntrusiveListTest : public testing::Test {
 protected:
  ~IntrusiveListTest() override {
    while (list_.PopFront() != nullptr) {
    }
    while (other_.PopFront() != nullptr) {
    }
  }
  Letter a_{'a'}, b_{'b'}, c_{'c'}, d_{'d'};
  List list_, other_;
};

TEST_F(IntrusiveListTest, StartsEmpty) {
  EXPECT_TRUE(list_.empty());
  EXPECT_EQ(list_.Front(), nullptr);
  EXPECT_EQ(list_.PopFront(), nullptr);
}

TEST_F(IntrusiveListTest, PushAndPopKeepOrder) {
  list_.PushBack(b_);
  list_.PushBack(c_);
  list_.PushFront(a_);
  EXPECT_EQ(Read(list_), "abc");
  EXPECT_EQ(list_.PopFront(), &a_);
  EXPECT_FALSE(static_cast<ListNode<>&>(a_).linked());
  EXPECT_EQ(Read(list_), "bc");
}

TEST_F(IntrusiveListTest, InsertBefore) {
  list_.PushBack(a_);
  list_.PushBack(c_);
  list_.InsertBefore(c_, b_);
  list_.InsertBefore(a_, d_);
  EXPECT_EQ(Read(list_), "dabc");
}

TEST_F(IntrusiveListTest, RemoveFromAnywhere) {
  for (Letter* item : {&a_, &b_, &c_, &d_}) list_.PushBack(*item);
  list_.Remove(b_);
  EXPECT_EQ(Read(list_), "acd");
  list_.Remove(d_);
  EXPECT_EQ(Read(list_), "ac");
  list_.Remove(a_);
  list_.Remove(c_);
  EXPECT_TRUE(list_.empty());
}

TEST_F(IntrusiveListTest, AppendMovesAllInOrder) {
  list_.PushBack(a_);
  other_.PushBack(b_);
  other_.PushBack(c_);
  list_.Append(other_);
  EXPECT_EQ(Read(list_), "abc");
  EXPECT_TRUE(other_.empty());
  list_.Append(other_);
  EXPECT_EQ(Read(list_), "abc");
  other_.Append(list_);
  EXPECT_EQ(Read(other_), "abc");
  EXPECT_TRUE(list_.empty());
  list_.PushBack(d_);
  EXPECT_EQ(Read(list_), "d");
}

TEST_F(IntrusiveListTest, TwoTagsTwoLists) {
  OtherList by_tag;
  list_.PushBack(a_);
  list_.PushBack(b_);
  by_tag.PushBack(b_);
  by_tag.PushBack(a_);
  EXPECT_EQ(by_tag.PopFront(), &b_);
  EXPECT_EQ(by_tag.PopFront(), &a_);
  EXPECT_EQ(Read(list_), "ab");
}

#ifndef NDEBUG
TEST(IntrusiveListDeathTest, LinkedTwiceIsABug) {
  EXPECT_DEATH(
      {
        Letter a('a');
        List list;
        list.PushBack(a);
        list.PushBack(a);
      },
      "linked");
}
#endif

}  // namespace
}  // namespace quire
