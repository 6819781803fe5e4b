// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// std::mutex with clang's thread-safety annotations, and the annotations themselves.
// Threads: any thread. Held for a few instructions only; never across a submit or a system call
// unless the member that it guards says so.
#pragma once

#include <mutex>

#if defined(__clang__)
#define QUIRE_ANNOTATE(x) __attribute__((x))
#else
#define QUIRE_ANNOTATE(x)
#endif

#define QUIRE_GUARDED_BY(lock) QUIRE_ANNOTATE(guarded_by(lock))
#define QUIRE_REQUIRES(lock) QUIRE_ANNOTATE(requires_capability(lock))
#define QUIRE_EXCLUDES(lock) QUIRE_ANNOTATE(locks_excluded(lock))
#define QUIRE_NO_THREAD_ANALYSIS QUIRE_ANNOTATE(no_thread_safety_analysis)

namespace quire {

class QUIRE_ANNOTATE(capability("mutex")) Mutex {
 public:
  void lock() QUIRE_ANNOTATE(acquire_capability()) { mutex_.lock(); }
  void unlock() QUIRE_ANNOTATE(release_capability()) { mutex_.unlock(); }
  bool try_lock() QUIRE_ANNOTATE(try_acquire_capability(true)) { return mutex_.try_lock(); }

 private:
  std::mutex mutex_;
};

class QUIRE_ANNOTATE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) QUIRE_ANNOTATE(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() QUIRE_ANNOTATE(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace quire
