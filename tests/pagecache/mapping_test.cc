// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: page tables are accounted for and given back while addresses stay valid; lost pages heal.
// Method: a temporary file mapped, touched, retired; the kernel's own VmPTE beside our estimate.

#include "pagecache/mapping.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/served_file.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;

uint64_t KernelPageTableKiB() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "VmPTE:") {
      uint64_t kib = 0;
      status >> kib;
      return kib;
    }
  }
  return 0;
}

TEST(MappingTest, AccountsByTheSpanAndGivesBack) {
  const ScratchFile file(kWindowBytes);
  const auto mapping = *Mapping::Create(file.fd(), kWindowBytes, true);
  EXPECT_GE(mapping->capacity_bytes(), kWindowBytes + (uint64_t{64} << 30));
  EXPECT_FALSE(mapping->OldestWindow(100).has_value());
  const uint64_t before_kib = KernelPageTableKiB();
  volatile std::byte sum{};
  for (uint64_t at = 0; at < kWindowBytes; at += kPageTableSpanBytes) {
    sum = sum | *mapping->At(at);
    mapping->NoteTouched({at, 1}, 5);
    mapping->NoteTouched({at, kPageTableSpanBytes}, 5);
  }
  const uint64_t count_spans = kWindowBytes / kPageTableSpanBytes;
  EXPECT_EQ(mapping->page_table_bytes(), count_spans * kPageBytes);
  EXPECT_GE(KernelPageTableKiB() - before_kib, count_spans * 4 / 2);
  EXPECT_FALSE(mapping->OldestWindow(5).has_value());
  EXPECT_EQ(mapping->OldestWindow(6), 0u);
  mapping->Postpone(0, 9);
  EXPECT_FALSE(mapping->OldestWindow(9).has_value());

  ASSERT_TRUE(mapping->RetireWindow(0).ok());
  EXPECT_EQ(mapping->page_table_bytes(), 0u);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // A sanitizer's shadow of these addresses keeps page tables of its own.
  EXPECT_LE(KernelPageTableKiB(), before_kib + 64);
#endif
  file.Fill(7 * kMiB, Filled(1, 'x'));
  EXPECT_EQ(*mapping->At(7 * kMiB), std::byte{'x'}) << "addresses stay valid";
}

TEST(MappingTest, TheOldestWindowFirst) {
  const ScratchFile file(3 * kWindowBytes);
  const auto mapping = *Mapping::Create(file.fd(), 3 * kWindowBytes, false);
  mapping->NoteTouched({2 * kWindowBytes, 1}, 1);
  mapping->NoteTouched({0, 1}, 2);
  mapping->NoteTouched({kWindowBytes - 1, 2}, 3);
  EXPECT_EQ(mapping->OldestWindow(10), 2u);
  ASSERT_TRUE(mapping->RetireWindow(2).ok());
  EXPECT_TRUE(mapping->OldestWindow(10).has_value());
  EXPECT_NE(*mapping->OldestWindow(10), 2u);
}

TEST(MappingTest, LostPagesAreZerosUntilTheWindowIsRetired) {
  const ScratchFile file(kMiB);
  file.Fill(0, Filled(kMiB, 'a'));
  const auto mapping = *Mapping::Create(file.fd(), kMiB, true);
  EXPECT_FALSE(mapping->Lost({0, kMiB}));
  ASSERT_TRUE(mapping->PatchLost(mapping->At(8192 + 5)));
  EXPECT_EQ(*mapping->At(8192), std::byte{0});
  EXPECT_EQ(*mapping->At(8191), std::byte{'a'});
  EXPECT_TRUE(mapping->Lost({0, kMiB}));
  EXPECT_TRUE(mapping->Lost({12287, 1}));
  EXPECT_FALSE(mapping->Lost({0, 8192}));
  EXPECT_FALSE(mapping->Lost({12288, kMiB}));
  EXPECT_EQ(mapping->count_lost(), 1u);
  ASSERT_TRUE(mapping->RetireWindow(0).ok());
  EXPECT_FALSE(mapping->Lost({0, kMiB}));
  EXPECT_EQ(*mapping->At(8192), std::byte{'a'});
}

}  // namespace
}  // namespace quire
