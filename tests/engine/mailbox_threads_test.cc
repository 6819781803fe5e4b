// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: no letter is lost, doubled or overtaken by a later one of the same sender.
// Method: four senders, one receiver that checks the numbers.
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <thread>
#include <vector>

#include "engine/mailbox.h"

namespace quire {
namespace {

struct Letter : Completion {
  size_t sender = 0;
  size_t number = 0;
};

TEST(MailboxThreads, EveryLetterOnceInOrder) {
  constexpr size_t kSenders = 4;
  constexpr size_t kLetters = 20'000;
  Mailbox mailbox;
  std::array<std::deque<Letter>, kSenders> letters;
  std::vector<std::thread> senders;
  for (size_t i = 0; i < kSenders; ++i) {
    letters[i].resize(kLetters);
    senders.emplace_back([&, i] {
      for (size_t k = 0; k < kLetters; ++k) {
        letters[i][k].sender = i;
        letters[i][k].number = k;
        mailbox.Push(letters[i][k]);
      }
    });
  }
  std::array<size_t, kSenders> next{};
  for (size_t count = 0; count < kSenders * kLetters;) {
    IntrusiveList<Completion> mail;
    mailbox.TakeAll(mail);
    while (Completion* completion = mail.PopFront()) {
      const Letter& letter = static_cast<Letter&>(*completion);
      EXPECT_EQ(letter.number, next[letter.sender]++);
      ++count;
    }
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_TRUE(mailbox.empty());
}

}  // namespace
}  // namespace quire
