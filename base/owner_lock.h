// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A lock for what one thread, its owner, uses all the time and others hardly ever: the owner takes
// it with a plain store, everybody else pays for both with a system call (microseconds).
//
//   owner:  busy = 1;             foreign?  -> back off, wait
//   other:  foreign = 1;  membarrier;  wait while busy
//
// The kernel's membarrier makes sure that one of them sees the other, without an expensive
// instruction on the owner's side; where it is refused the owner pays for that instruction (6 ns).
// Threads: any thread; the first that calls BindToThisThread is the owner. Not recursive. The owner
// holds it for a few instructions only: others spin meanwhile.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <thread>

namespace quire {

class alignas(64) OwnerLock {
 public:
  // `asymmetric` false: the owner pays, as where there is no membarrier.
  explicit OwnerLock(bool asymmetric = HasMembarrier()) : asymmetric_(asymmetric) {}
  OwnerLock(const OwnerLock&) = delete;
  OwnerLock& operator=(const OwnerLock&) = delete;

  // The first call names the owner, later ones do nothing. REQUIRES: calls come from one thread.
  void BindToThisThread() {
    if (owner_.load(std::memory_order_relaxed) == std::thread::id()) [[unlikely]] {
      owner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    }
  }

  class Guard {
   public:
    explicit Guard(OwnerLock& lock) : lock_(lock), is_owner_(lock.LockAsOwner()) {
      if (!is_owner_) [[unlikely]]
        LockOne(lock);
    }
    ~Guard() {
      if (is_owner_) [[likely]] {
        lock_.busy_.store(false, std::memory_order_release);
      } else {
        lock_.UnlockForeign();
      }
    }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    OwnerLock& lock_;
    const bool is_owner_;
  };

  // Holds many at the price of one. REQUIRES: callers agree on the order of the locks, or hold
  // another lock that keeps them apart.
  class GuardAll {
   public:
    explicit GuardAll(std::span<OwnerLock* const> locks);
    ~GuardAll();
    GuardAll(const GuardAll&) = delete;
    GuardAll& operator=(const GuardAll&) = delete;

   private:
    const std::span<OwnerLock* const> locks_;
  };

  static bool HasMembarrier();

 private:
  // False: the caller is not the owner.
  bool LockAsOwner() {
    if (owner_.load(std::memory_order_relaxed) != std::this_thread::get_id()) return false;
    for (;;) {
      if (asymmetric_) {
        busy_.store(true, std::memory_order_relaxed);
        std::atomic_signal_fence(std::memory_order_seq_cst);
      } else {
        busy_.exchange(true, std::memory_order_seq_cst);
      }
      if (!foreign_.load(std::memory_order_seq_cst)) [[likely]]
        return true;
      BackOff();
    }
  }
  static void LockOne(OwnerLock& lock);
  void BackOff();
  void AnnounceForeign();
  void AwaitOwner() const;
  void UnlockForeign();

  const bool asymmetric_;
  std::atomic<bool> busy_{false};     // written by the owner: it holds the lock, or tries to
  std::atomic<bool> foreign_{false};  // somebody else holds it, or waits for the owner to leave
  std::atomic<std::thread::id> owner_{};
};

}  // namespace quire
