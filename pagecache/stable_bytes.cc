// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/stable_bytes.h"

#include "base/check.h"
#include "pagecache/bus_guard.h"
#include "sg/sg_builder.h"

namespace quire {

void StableBytes::Start(SgVector& data) {
  MutexLock lock(mutex_);
  data_ = &data;
  consumed_bytes_ = 0;
  lost_ = false;
}

void StableBytes::Reset() {
  MutexLock lock(mutex_);
  data_ = nullptr;
  private_.reset();
}

bool StableBytes::MakePrivate() {
  MutexLock lock(mutex_);
  QUIRE_CHECK(data_ != nullptr);
  const uint64_t left = data_->length_bytes() - consumed_bytes_;
  if (left == 0 || private_ != nullptr) return false;
  // An allocation and a copy on the writer's time: rare, and dearer for nobody else.
  private_.reset(new std::byte[left]);
  SgCursor from(data_->view());
  from.Skip(consumed_bytes_);
  for (uint64_t done = 0; done < left;) {
    const Segment piece = from.Take(left - done);
    QUIRE_CHECK(piece.size_bytes > 0);
    if (!bus_guard::GuardedCopy({private_.get() + done, piece.size_bytes},
                                {piece.data, piece.size_bytes})) {
      lost_ = true;
    }
    done += piece.size_bytes;
  }
  SgBuilder::Redirect(*data_, consumed_bytes_, {private_.get(), left});
  return true;
}

bool StableBytes::made_private() {
  MutexLock lock(mutex_);
  return private_ != nullptr;
}

bool StableBytes::lost() {
  MutexLock lock(mutex_);
  return lost_;
}

StableLook::StableLook(StableBytes& bytes) : bytes_(bytes) {
  bytes_.mutex_.lock();
  if (bytes_.data_ == nullptr) return;  // a read of nothing, or one that failed
  const uint64_t left = bytes_.data_->length_bytes() - bytes_.consumed_bytes_;
  SgCursor cursor(bytes_.data_->view());
  cursor.Skip(bytes_.consumed_bytes_);
  size_t count = 0;
  for (uint64_t seen = 0; seen < left; seen += segments_[count++].size_bytes) {
    segments_[count] = cursor.Take(left - seen);
  }
  left_ = SgView(std::span(segments_, count), left);
}

StableLook::~StableLook() { bytes_.mutex_.unlock(); }

void StableLook::Consume(uint64_t length_bytes) {
  QUIRE_CHECK(length_bytes <= left_.length_bytes());
  bytes_.consumed_bytes_ += length_bytes;
}

}  // namespace quire
