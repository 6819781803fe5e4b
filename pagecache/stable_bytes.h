// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The bytes of a read whose reader may not see them change. They stay page references until a
// write is about to land on them; then the part not yet consumed becomes private.
//
// The reader looks at the bytes only through a StableLook, which keeps a write from making them
// private meanwhile: a look lasts for one copy or one gathered send, never for a round trip.
// Owns: the private bytes. Threads: the reader's and any writer's; the mutex is between them.
#pragma once

#include <cstdint>
#include <memory>

#include "base/mutex.h"
#include "sg/sg_vector.h"

namespace quire {

class StableBytes {
 public:
  // Starts a new read whose bytes are in `data`, which stays where it is until Reset().
  void Start(SgVector& data);
  // Forgets the read and frees what was made private.
  void Reset();

  // Called by the pin table before a write lands on the bytes. Copies what is not yet consumed and
  // lets `data` point there. False when nothing was left to copy.
  bool MakePrivate();
  bool made_private();
  // A page was gone when it was to be copied: the bytes are not to be trusted.
  bool lost();

 private:
  friend class StableLook;

  Mutex mutex_;
  SgVector* data_ QUIRE_GUARDED_BY(mutex_) = nullptr;
  uint64_t consumed_bytes_ QUIRE_GUARDED_BY(mutex_) = 0;
  std::unique_ptr<std::byte[]> private_ QUIRE_GUARDED_BY(mutex_);
  bool lost_ QUIRE_GUARDED_BY(mutex_) = false;
};

// One look at the bytes not yet consumed. Short: an overlapping write waits for its end.
class StableLook {
 public:
  explicit StableLook(StableBytes& bytes) QUIRE_NO_THREAD_ANALYSIS;
  ~StableLook() QUIRE_NO_THREAD_ANALYSIS;
  StableLook(const StableLook&) = delete;
  StableLook& operator=(const StableLook&) = delete;

  // What is left; borrowed until the end of the look. Empty when the read found nothing.
  SgView left() const { return left_; }
  // The first `length_bytes` of it will not be looked at again.
  void Consume(uint64_t length_bytes) QUIRE_NO_THREAD_ANALYSIS;

 private:
  StableBytes& bytes_;
  Segment segments_[SgVector::kMaxSegments];
  SgView left_;
};

}  // namespace quire
