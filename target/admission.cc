// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "target/admission.h"

namespace quire {

template <typename Key>
std::shared_ptr<BudgetAccount> Admission::Find(
    std::map<Key, std::weak_ptr<BudgetAccount>>& accounts, const Key& key,
    const BudgetAccount::Options& options) {
  std::shared_ptr<BudgetAccount> account = accounts[key].lock();
  if (account != nullptr) return account;
  std::erase_if(accounts, [](const auto& one) { return one.second.expired(); });
  account = std::make_shared<BudgetAccount>(budget_, options);
  accounts[key] = account;
  return account;
}

std::shared_ptr<BudgetAccount> Admission::OfInitiator(const std::string& name) {
  MutexLock lock(mutex_);
  return Find(initiators_, name,
              {.name = name,
               .kind = BudgetAccount::Kind::kInitiator,
               .limit_bytes = options_.initiator_limit_bytes,
               .guaranteed_bytes = options_.guaranteed_bytes});
}

std::shared_ptr<BudgetAccount> Admission::OfDevice(const Device& device, const std::string& name) {
  MutexLock lock(mutex_);
  return Find(devices_, &device,
              {.name = name,
               .kind = BudgetAccount::Kind::kDevice,
               .limit_bytes = options_.device_limit_bytes});
}

}  // namespace quire
