// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/bus_guard.h"

#include <setjmp.h>
#include <signal.h>

#include <array>
#include <atomic>
#include <mutex>

#include "base/check.h"
#include "sg/copy.h"

namespace quire::bus_guard {
namespace {

constexpr size_t kMaxMappings = 256;
// Read by the signal handler: plain atomics, no lock.
std::array<std::atomic<Mapping*>, kMaxMappings> g_watched;
std::atomic<bool> g_declined{false};
struct sigaction g_previous;
thread_local sigjmp_buf* t_landing = nullptr;

Mapping* FindMapping(const void* address) {
  for (std::atomic<Mapping*>& slot : g_watched) {
    Mapping* mapping = slot.load(std::memory_order_acquire);
    if (mapping != nullptr && mapping->Contains(address)) return mapping;
  }
  return nullptr;
}

// What would have happened without us.
void Chain(int signal, siginfo_t* info, void* context) {
  if ((g_previous.sa_flags & SA_SIGINFO) != 0) {
    g_previous.sa_sigaction(signal, info, context);
    return;
  }
  if (g_previous.sa_handler != SIG_DFL && g_previous.sa_handler != SIG_IGN) {
    g_previous.sa_handler(signal);
    return;
  }
  // The default: put it back; the faulting instruction runs again and ends the process.
  sigaction(signal, &g_previous, nullptr);
}

void OnSigbus(int signal, siginfo_t* info, void* context) {
  Mapping* mapping = FindMapping(info->si_addr);
  if (mapping == nullptr) {
    Chain(signal, info, context);
    return;
  }
  if (sigjmp_buf* landing = t_landing; landing != nullptr) {
    t_landing = nullptr;
    siglongjmp(*landing, 1);
  }
  if (!mapping->PatchLost(info->si_addr)) Chain(signal, info, context);
}

}  // namespace

void Decline() { g_declined.store(true); }

bool Install() {
  if (g_declined.load()) return false;
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action = {};
    action.sa_sigaction = OnSigbus;
    // NODEFER: a landing leaves the handler by a jump that restores no mask.
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    QUIRE_CHECK(sigaction(SIGBUS, &action, &g_previous) == 0);
  });
  return true;
}

bool Watch(Mapping& mapping) {
  for (std::atomic<Mapping*>& slot : g_watched) {
    Mapping* expected = nullptr;
    if (slot.compare_exchange_strong(expected, &mapping)) return true;
  }
  return false;
}

void Unwatch(Mapping& mapping) {
  for (std::atomic<Mapping*>& slot : g_watched) {
    Mapping* expected = &mapping;
    if (slot.compare_exchange_strong(expected, nullptr)) return;
  }
}

bool GuardedCopy(std::span<std::byte> target, std::span<const std::byte> source) {
  QUIRE_DCHECK(target.size() == source.size());
  sigjmp_buf landing;
  if (sigsetjmp(landing, 0) != 0) return false;
  t_landing = &landing;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  CopyBytes(target, source);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  t_landing = nullptr;
  return true;
}

}  // namespace quire::bus_guard
