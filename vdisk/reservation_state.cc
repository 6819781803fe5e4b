// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/reservation_state.h"

#include <utility>

#include "base/log.h"
#include "vdisk/outcomes.h"

namespace quire {

absl::StatusOr<std::unique_ptr<ReservationState>> ReservationState::Open(const std::string& path) {
  Reservations loaded;
  if (!path.empty()) {
    absl::StatusOr<ReservationStore::Loaded> found = ReservationStore(path).Load();
    if (!found.ok()) return found.status();
    if (!found->damage.ok()) {
      Log(LogLevel::kError,
          "reservations of the state before are used: " + std::string(found->damage.message()));
    }
    loaded = std::move(found->reservations);
    loaded.PowerOn();
  }
  return std::unique_ptr<ReservationState>(new ReservationState(path, std::move(loaded)));
}

ReservationState::ReservationState(std::string path, Reservations loaded)
    : store_(path.empty() ? std::nullopt : std::optional<ReservationStore>(std::move(path))),
      state_(std::make_shared<const Reservations>(std::move(loaded))) {}

std::shared_ptr<const Reservations> ReservationState::state() const {
  MutexLock lock(mutex_);
  return state_;
}

void ReservationState::Renew(ReservationView& view, const NexusId& id) const {
  MutexLock lock(mutex_);
  view = state_->ViewOf(id, epoch_.load(std::memory_order_relaxed));
}

ReservationEffect ReservationState::Change(
    const ReservationChange& change, const NexusId& nexus, const ReservationPorts& ports,
    const std::function<void(const ReservationEffect&)>& published) {
  MutexLock one_at_a_time(change_mutex_);
  const std::shared_ptr<const Reservations> before = state();
  Reservations next = *before;
  ReservationEffect effect = change(next, nexus, ports);
  if (!effect.outcome.good()) return effect;
  if (const std::optional<Outcome> refusal = Keep(*before, next)) return {.outcome = *refusal};
  if (effect.changed) {
    MutexLock lock(mutex_);
    Publish(std::move(next));
  }
  published(effect);
  return effect;
}

void ReservationState::Publish(Reservations next) {
  state_ = std::make_shared<const Reservations>(std::move(next));
  epoch_.fetch_add(1, std::memory_order_acq_rel);
}

// Beside a change that is under way: while there is an SPC-2 holder, only its RELEASE changes
// anything, and that comes to the same.
void ReservationState::ReleaseSpc2(const NexusId* holder) {
  MutexLock lock(mutex_);
  if (!state_->spc2_holder().has_value()) return;
  Reservations next = *state_;
  if (holder == nullptr) {
    next.Spc2Reset();
  } else {
    next.Spc2Lose(*holder);
  }
  if (next.spc2_holder().has_value()) return;
  Publish(std::move(next));
}

// Without a place to keep it nobody is promised that it survives (SPC-4 6.16.3, APTPL).
std::optional<Outcome> ReservationState::Keep(const Reservations& before,
                                              const Reservations& after) const {
  if (!store_.has_value()) {
    if (after.aptpl()) return kInvalidFieldInParameterList.AtParameterField(20, 0);
    return std::nullopt;
  }
  if (!ReservationStore::Concerns(before, after)) return std::nullopt;
  const absl::Status saved = store_->Save(after);
  if (saved.ok()) return std::nullopt;
  Log(LogLevel::kError, "reservations are as they were: " + std::string(saved.message()));
  return kInternalTargetFailure;
}

}  // namespace quire
