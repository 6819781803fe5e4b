// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The logical units of one process by their names, so that a copy finds the one it is to or from.
// Owns: nothing. Lifetime: outlives its units and every Use. Threads: any thread; Remove waits, so
// it is for management, not for a reactor that carries out commands.
// Errors: Add by Status that says what to do.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "vdisk/designators.h"

namespace quire {

class DeviceServer;
class Identity;

class LogicalUnits {
 public:
  // A unit that cannot go for as long as this is there. Move-only.
  class Use {
   public:
    Use(Use&& from) noexcept : units_(from.units_), unit_(from.unit_) { from.unit_ = nullptr; }
    Use& operator=(Use&&) = delete;
    ~Use();

    DeviceServer& unit() const { return *unit_; }

   private:
    friend class LogicalUnits;
    Use(LogicalUnits& units, DeviceServer& unit) : units_(units), unit_(&unit) {}

    LogicalUnits& units_;
    DeviceServer* unit_;
  };

  LogicalUnits() = default;
  ~LogicalUnits();
  LogicalUnits(const LogicalUnits&) = delete;
  LogicalUnits& operator=(const LogicalUnits&) = delete;

  // Refused when another unit has its name already: a copy must not go to the wrong disk.
  absl::Status Add(DeviceServer& unit, const Identity& identity);
  // Not found from now on; those who use it are to end; back when they have. Nothing for a unit
  // that was never added.
  void Remove(DeviceServer& unit);
  // The same in two steps, for who has to turn a reactor meanwhile: false as long as it is used.
  void BeginRemove(DeviceServer& unit);
  bool TryRemove(DeviceServer& unit);

  // The unit that has it among its designators.
  std::optional<Use> Find(const Designator& designator);
  // Somebody wants to remove it.
  bool leaving(const DeviceServer& unit) const;
  // Copies through other units are to or from it.
  bool in_use(const DeviceServer& unit) const;

 private:
  struct Entry {
    DeviceServer* unit;
    const Identity* identity;
    uint64_t count_uses = 0;
    bool leaving = false;
  };
  Entry* EntryOf(const DeviceServer& unit) QUIRE_REQUIRES(mutex_);
  void EndUse(DeviceServer& unit);

  mutable Mutex mutex_;
  std::condition_variable_any unused_;
  std::vector<Entry> entries_ QUIRE_GUARDED_BY(mutex_);
};

}  // namespace quire
