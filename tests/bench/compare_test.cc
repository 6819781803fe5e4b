// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: rounds are interleaved, every way gets each, and the counting round is one more.
// Method: ways that write down when they ran.
#include "bench/support/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sg/copy.h"

namespace quire::bench {
namespace {

class NotingWay : public Way {
 public:
  NotingWay(std::string name, std::string& notes) : name_(std::move(name)), notes_(notes) {}
  std::string name() const override { return name_; }
  uint64_t own_system_calls() const override { return 0; }
  uint64_t Run(const Batch& batch) override {
    notes_ += name_;
    CountKernelCopy(batch.offsets.size() * batch.length_bytes);
    return 5;
  }

 private:
  const std::string name_;
  std::string& notes_;
};

TEST(Compare, RotatesTheOrderAndCountsAtTheEnd) {
  std::string notes;
  NotingWay a("a", notes), b("b", notes), c("c", notes);
  Way* const ways[] = {&a, &b, &c};
  const uint64_t offsets[] = {0, 4096};
  const auto results = Compare(ways, {.count_rounds = 2, .prepare = [&](int, size_t, Way&) {
                                        return Batch{.offsets = offsets, .length_bytes = 4096};
                                      }});
  EXPECT_EQ(notes, "abcbcaabc");
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[1].name, "b");
  EXPECT_EQ(results[1].count_requests, 2u);
  EXPECT_EQ(results[1].kernel_copied_bytes, 4096);
  EXPECT_EQ(results[1].user_copied_bytes, 0);
}

}  // namespace
}  // namespace quire::bench
