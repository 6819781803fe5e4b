// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: zeros that stand in for a lost page never pass for data, also while the window is retired.
// Method: one thread loses pages, another retires their window again and again; afterwards every
// page that shows zeros must count as lost.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/prng.h"
#include "pagecache/mapping.h"
#include "tests/support/served_file.h"

namespace quire {
namespace {

TEST(MappingThreadsTest, LosingAndRetiringAtOnce) {
  constexpr uint64_t kPages = 64;
  const ScratchFile file(kPages * kPageBytes);
  file.Fill(0, Filled(kPages * kPageBytes, 'a'));
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    const auto mapping = *Mapping::Create(file.fd(), kPages * kPageBytes, true);
    std::atomic<bool> done{false};
    std::thread retirer([&] {
      while (!done.load()) ASSERT_TRUE(mapping->RetireWindow(0).ok());
    });
    Prng prng(seed);
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(mapping->PatchLost(mapping->At(prng.Below(kPages) * kPageBytes)));
    }
    done.store(true);
    retirer.join();
    for (uint64_t page = 0; page < kPages; ++page) {
      const bool zeros = *mapping->At(page * kPageBytes) == std::byte{0};
      ASSERT_TRUE(!zeros || mapping->Lost({page * kPageBytes, kPageBytes}))
          << "page " << page << ", seed " << seed;
    }
  }
}

}  // namespace
}  // namespace quire
