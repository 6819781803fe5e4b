// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The reservations of a device as its nexuses see them: one published state, changed by one command
// at a time, saved before it is published.
// Owns: the state. Threads: any thread; Change blocks while it saves, so it is for workers.
// Errors: a state that cannot be saved is forgotten, and the command told so.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "vdisk/reservation_store.h"
#include "vdisk/reservations.h"

namespace quire {

using ReservationChange = std::function<ReservationEffect(Reservations& next, const NexusId& nexus,
                                                          const ReservationPorts& ports)>;

class ReservationState {
 public:
  // `path` empty: nothing is kept over a loss of power, and APTPL is refused. An error when there
  // is a file and neither it nor its copy can be used.
  static absl::StatusOr<std::unique_ptr<ReservationState>> Open(const std::string& path);

  std::shared_ptr<const Reservations> state() const;
  // Whether they can survive a loss of power.
  bool kept() const { return store_.has_value(); }
  // One more for each state that was published.
  uint64_t epoch() const { return epoch_.load(std::memory_order_acquire); }
  // Whether the reservations let a command of the nexus `id` pass, whose view it is.
  bool Allows(ReservationView& view, const NexusId& id, ReservationClass command) const {
    if (view.epoch() != epoch()) [[unlikely]]
      Renew(view, id);
    return view.Allows(command);
  }
  // REQUIRES: `id` is the nexus whose view it is.
  void Renew(ReservationView& view, const NexusId& id) const;

  // What RESERVE of SPC-2 gave is released, whoever holds it or only if that is `holder`: after a
  // reset or the loss of a nexus. Does not block.
  void ReleaseSpc2(const NexusId* holder = nullptr);

  // `published(effect)` runs once the change is what everybody sees, before anybody else's change.
  ReservationEffect Change(const ReservationChange& change, const NexusId& nexus,
                           const ReservationPorts& ports,
                           const std::function<void(const ReservationEffect&)>& published);

 private:
  ReservationState(std::string path, Reservations loaded);
  void Publish(Reservations next) QUIRE_REQUIRES(mutex_);
  std::optional<Outcome> Keep(const Reservations& before, const Reservations& after) const;

  // Constant after construction.
  const std::optional<ReservationStore> store_;
  // Held by whoever changes.
  Mutex change_mutex_;
  // Guarded.
  mutable Mutex mutex_;
  std::shared_ptr<const Reservations> state_ QUIRE_GUARDED_BY(mutex_);
  std::atomic<uint64_t> epoch_{1};  // written under mutex_
};

}  // namespace quire
