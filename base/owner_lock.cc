// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "base/owner_lock.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/check.h"

namespace quire {
namespace {

bool Membarrier(int command) { return syscall(SYS_membarrier, command, 0, 0) == 0; }

// Every running thread of this process has executed a full barrier when this returns.
void MakeAllSee() {
  if (Membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED)) return;
  // A child made by fork may have to register again.
  QUIRE_CHECK(Membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED));
  QUIRE_CHECK(Membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED));
}

}  // namespace

bool OwnerLock::HasMembarrier() {
  static const bool has = Membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
  return has;
}

void OwnerLock::BackOff() {
  busy_.store(false, std::memory_order_release);
  foreign_.wait(true, std::memory_order_acquire);
}

void OwnerLock::AnnounceForeign() {
  while (foreign_.exchange(true, std::memory_order_seq_cst)) {
    foreign_.wait(true, std::memory_order_acquire);
  }
}

void OwnerLock::AwaitOwner() const {
  while (busy_.load(std::memory_order_seq_cst)) std::this_thread::yield();
}

void OwnerLock::UnlockForeign() {
  foreign_.store(false, std::memory_order_release);
  foreign_.notify_all();
}

void OwnerLock::LockOne(OwnerLock& lock) {
  lock.AnnounceForeign();
  if (lock.asymmetric_) MakeAllSee();
  lock.AwaitOwner();
}

OwnerLock::GuardAll::GuardAll(std::span<OwnerLock* const> locks) : locks_(locks) {
  bool asymmetric = false;
  for (OwnerLock* lock : locks_) {
    lock->AnnounceForeign();
    asymmetric |= lock->asymmetric_;
  }
  if (asymmetric) MakeAllSee();
  for (const OwnerLock* lock : locks_) lock->AwaitOwner();
}

OwnerLock::GuardAll::~GuardAll() {
  for (OwnerLock* lock : locks_) lock->UnlockForeign();
}

}  // namespace quire
