// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "engine/mailbox.h"

namespace quire {

bool Mailbox::Push(Completion& completion) {
  Completion* head = head_.load(std::memory_order_relaxed);
  do {
    completion.next_in_mailbox_ = head;
  } while (!head_.compare_exchange_weak(head, &completion, std::memory_order_seq_cst,
                                        std::memory_order_relaxed));
  return head == nullptr;
}

void Mailbox::TakeAll(IntrusiveList<Completion>& mail) {
  IntrusiveList<Completion> oldest_first;
  Completion* newest = head_.exchange(nullptr, std::memory_order_seq_cst);
  while (newest != nullptr) {
    Completion& completion = *newest;
    newest = completion.next_in_mailbox_;
    completion.next_in_mailbox_ = nullptr;
    oldest_first.PushFront(completion);
  }
  mail.Append(oldest_first);
}

}  // namespace quire
