// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/logical_units.h"

#include <algorithm>
#include <mutex>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "vdisk/identity.h"

namespace quire {

LogicalUnits::Use::~Use() {
  if (unit_ != nullptr) units_.EndUse(*unit_);
}

LogicalUnits::~LogicalUnits() {
  MutexLock lock(mutex_);
  QUIRE_CHECK(entries_.empty());
}

LogicalUnits::Entry* LogicalUnits::EntryOf(const DeviceServer& unit) {
  const auto found = std::ranges::find(entries_, &unit, &Entry::unit);
  return found != entries_.end() ? &*found : nullptr;
}

absl::Status LogicalUnits::Add(DeviceServer& unit, const Identity& identity) {
  MutexLock lock(mutex_);
  for (const Entry& entry : entries_) {
    if (entry.identity->scsi_name() == identity.scsi_name()) {
      return absl::AlreadyExistsError(
          absl::StrCat("two disks have the name ", std::string(identity.scsi_name()),
                       "; give each of them a serial number or a NAA of its own"));
    }
  }
  entries_.push_back({.unit = &unit, .identity = &identity});
  return absl::OkStatus();
}

void LogicalUnits::BeginRemove(DeviceServer& unit) {
  MutexLock lock(mutex_);
  if (Entry* const entry = EntryOf(unit); entry != nullptr) entry->leaving = true;
}

bool LogicalUnits::TryRemove(DeviceServer& unit) {
  MutexLock lock(mutex_);
  const Entry* const entry = EntryOf(unit);
  if (entry != nullptr && entry->count_uses > 0) return false;
  std::erase_if(entries_, [&unit](const Entry& one) { return one.unit == &unit; });
  return true;
}

void LogicalUnits::Remove(DeviceServer& unit) QUIRE_NO_THREAD_ANALYSIS {
  BeginRemove(unit);
  std::unique_lock lock(mutex_);
  if (EntryOf(unit) == nullptr) return;
  // Others come and go meanwhile: entries move.
  const auto unused = [&]() QUIRE_NO_THREAD_ANALYSIS { return EntryOf(unit)->count_uses == 0; };
  unused_.wait(lock, unused);
  std::erase_if(entries_, [&unit](const Entry& one) { return one.unit == &unit; });
}

std::optional<LogicalUnits::Use> LogicalUnits::Find(const Designator& designator) {
  MutexLock lock(mutex_);
  for (Entry& entry : entries_) {
    if (entry.leaving || !IsNamed(*entry.identity, designator)) continue;
    ++entry.count_uses;
    return Use(*this, *entry.unit);
  }
  return std::nullopt;
}

bool LogicalUnits::leaving(const DeviceServer& unit) const {
  MutexLock lock(mutex_);
  const auto found = std::ranges::find(entries_, &unit, &Entry::unit);
  return found != entries_.end() && found->leaving;
}

bool LogicalUnits::in_use(const DeviceServer& unit) const {
  MutexLock lock(mutex_);
  const auto found = std::ranges::find(entries_, &unit, &Entry::unit);
  return found != entries_.end() && found->count_uses > 0;
}

void LogicalUnits::EndUse(DeviceServer& unit) {
  MutexLock lock(mutex_);  // to the end: whoever waits may take this away
  --EntryOf(unit)->count_uses;
  unused_.notify_all();
}

}  // namespace quire
