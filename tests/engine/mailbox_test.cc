// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: mail comes out in the order it went in, and the first letter of a batch asks for a wake-up.
// Method: one thread; the storms are in mailbox_threads_test.
#include "engine/mailbox.h"

#include <gtest/gtest.h>

#include <array>

namespace quire {
namespace {

TEST(Mailbox, OrderAndWakeUps) {
  Mailbox mailbox;
  std::array<Completion, 4> letters;
  IntrusiveList<Completion> mail;
  EXPECT_TRUE(mailbox.empty());
  EXPECT_TRUE(mailbox.Push(letters[0]));
  EXPECT_FALSE(mailbox.Push(letters[1]));
  EXPECT_FALSE(mailbox.Push(letters[2]));
  EXPECT_FALSE(mailbox.empty());
  mailbox.TakeAll(mail);
  EXPECT_TRUE(mailbox.empty());
  EXPECT_TRUE(mailbox.Push(letters[3]));
  mailbox.TakeAll(mail);  // behind what is there
  mailbox.TakeAll(mail);
  for (Completion& letter : letters) EXPECT_EQ(mail.PopFront(), &letter);
  EXPECT_TRUE(mail.empty());
}

}  // namespace
}  // namespace quire
