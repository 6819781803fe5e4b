// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/absent_nexuses.h"

namespace quire {

AbsentNexuses::Absents::iterator AbsentNexuses::Find(std::string_view name) {
  auto absent = absents_.begin();
  while (absent != absents_.end() && absent->name != name) ++absent;
  return absent;
}

void AbsentNexuses::Add(std::string_view name, UnitAttentionList list) {
  if (max_count_ == 0) return;
  if (absents_.size() == max_count_) absents_.pop_front();
  absents_.push_back({std::string(name), list});
}

void AbsentNexuses::Leave(std::string_view name, UnitAttentionList list) {
  list.Post(UnitAttention::kNexusLoss);
  MutexLock lock(mutex_);
  if (const auto known = Find(name); known != absents_.end()) absents_.erase(known);
  Add(name, list);
}

UnitAttentionList AbsentNexuses::Return(std::string_view name) {
  UnitAttentionList list;
  MutexLock lock(mutex_);
  const auto known = Find(name);
  if (known == absents_.end()) {
    list.Post(UnitAttention::kPowerOn);
    return list;
  }
  list = known->list;
  absents_.erase(known);
  return list;
}

void AbsentNexuses::Post(std::string_view name, UnitAttention attention) {
  MutexLock lock(mutex_);
  if (const auto known = Find(name); known != absents_.end()) {
    known->list.Post(attention);
    return;
  }
  UnitAttentionList list;
  list.Post(UnitAttention::kPowerOn);
  list.Post(attention);
  Add(name, list);
}

void AbsentNexuses::PostAll(UnitAttention attention) {
  MutexLock lock(mutex_);
  for (Absent& absent : absents_) absent.list.Post(attention);
}

size_t AbsentNexuses::count() const {
  MutexLock lock(mutex_);
  return absents_.size();
}

}  // namespace quire
