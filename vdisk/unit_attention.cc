// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/unit_attention.h"

#include <algorithm>

#include "base/check.h"

namespace quire {
namespace {

constexpr Outcome Attention(uint8_t asc, uint8_t ascq) {
  return {Status::kCheckCondition, SenseKey::kUnitAttention, asc, ascq};
}

bool IsReset(UnitAttention attention) {
  return attention == UnitAttention::kPowerOn || attention == UnitAttention::kUnitReset ||
         attention == UnitAttention::kNexusLoss;
}

}  // namespace

Outcome OutcomeOf(UnitAttention attention) {
  switch (attention) {
    case UnitAttention::kMediumChanged:
      return Attention(0x28, 0x00);
    case UnitAttention::kPowerOn:
      return Attention(0x29, 0x00);
    case UnitAttention::kUnitReset:
      return Attention(0x29, 0x03);
    case UnitAttention::kNexusLoss:
      return Attention(0x29, 0x07);
    case UnitAttention::kModeParametersChanged:
      return Attention(0x2a, 0x01);
    case UnitAttention::kReservationsPreempted:
      return Attention(0x2a, 0x03);
    case UnitAttention::kReservationsReleased:
      return Attention(0x2a, 0x04);
    case UnitAttention::kRegistrationsPreempted:
      return Attention(0x2a, 0x05);
    case UnitAttention::kCapacityChanged:
      return Attention(0x2a, 0x09);
    case UnitAttention::kCommandsCleared:
      return Attention(0x2f, 0x00);
    case UnitAttention::kThinThreshold:
      return Attention(0x38, 0x07);
    case UnitAttention::kInquiryChanged:
      return Attention(0x3f, 0x03);
    case UnitAttention::kReportedLunsChanged:
      return Attention(0x3f, 0x0e);
  }
  QUIRE_CHECK(false);
  return {};
}

size_t UnitAttentionList::Find(UnitAttention attention) const {
  const auto end = attentions_.begin() + static_cast<std::ptrdiff_t>(count_);
  return static_cast<size_t>(std::find(attentions_.begin(), end, attention) - attentions_.begin());
}

bool UnitAttentionList::Has(UnitAttention attention) const { return Find(attention) < count_; }

std::optional<UnitAttention> AttentionOf(const Outcome& outcome) {
  for (size_t i = 0; i < kUnitAttentions; ++i) {
    const auto attention = static_cast<UnitAttention>(i);
    if (OutcomeOf(attention).Is(outcome)) return attention;
  }
  return std::nullopt;
}

void UnitAttentionList::Post(UnitAttention attention) {
  if (attention == UnitAttention::kPowerOn) count_ = 0;
  if (IsReset(attention) && Has(UnitAttention::kPowerOn)) return;
  if (Has(attention)) return;
  QUIRE_CHECK(count_ < attentions_.size());
  attentions_[count_++] = attention;
}

void UnitAttentionList::RemoveAt(size_t place) {
  QUIRE_DCHECK(place < count_);
  for (size_t i = place + 1; i < count_; ++i) attentions_[i - 1] = attentions_[i];
  --count_;
}

std::optional<UnitAttention> UnitAttentionList::Take() {
  if (count_ == 0) return std::nullopt;
  const UnitAttention oldest = attentions_[0];
  RemoveAt(0);
  return oldest;
}

std::optional<UnitAttention> UnitAttentionList::TakeReset() {
  for (size_t place = 0; place < count_; ++place) {
    const UnitAttention attention = attentions_[place];
    if (!IsReset(attention)) continue;
    RemoveAt(place);
    return attention;
  }
  return std::nullopt;
}

void UnitAttentionList::Clear(UnitAttention attention) {
  if (const size_t place = Find(attention); place < count_) RemoveAt(place);
}

void UnitAttentionQueue::Post(UnitAttention attention) {
  MutexLock lock(mutex_);
  list_.Post(attention);
  count_.store(list_.count(), std::memory_order_relaxed);
}

std::optional<UnitAttention> UnitAttentionQueue::Take() {
  MutexLock lock(mutex_);
  const std::optional<UnitAttention> oldest = list_.Take();
  count_.store(list_.count(), std::memory_order_relaxed);
  return oldest;
}

std::optional<UnitAttention> UnitAttentionQueue::TakeReset() {
  MutexLock lock(mutex_);
  const std::optional<UnitAttention> oldest = list_.TakeReset();
  count_.store(list_.count(), std::memory_order_relaxed);
  return oldest;
}

void UnitAttentionQueue::Clear(UnitAttention attention) {
  MutexLock lock(mutex_);
  list_.Clear(attention);
  count_.store(list_.count(), std::memory_order_relaxed);
}

UnitAttentionList UnitAttentionQueue::list() const {
  MutexLock lock(mutex_);
  return list_;
}

}  // namespace quire
