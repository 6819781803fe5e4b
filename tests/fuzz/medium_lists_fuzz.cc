// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: whatever lists FORMAT UNIT and SANITIZE bring, a pattern lies inside the list and fits into
// a block. Method: any bytes for both block sizes; a refusal must have a reason.

#include <cstddef>
#include <span>

#include "base/check.h"
#include "vdisk/format_list.h"
#include "vdisk/outcomes.h"
#include "vdisk/overwrite_list.h"

namespace quire {
namespace {

void CheckPattern(std::span<const uint8_t> pattern, std::span<const uint8_t> list,
                  uint32_t block_bytes) {
  if (pattern.empty()) return;
  QUIRE_CHECK(pattern.size() <= block_bytes);
  QUIRE_CHECK(pattern.data() >= list.data());
  QUIRE_CHECK(pattern.data() + pattern.size() <= list.data() + list.size());
}

void CheckRefusal(const Outcome& outcome, bool has_pattern) {
  if (outcome.good()) return;
  QUIRE_CHECK(outcome.key == SenseKey::kIllegalRequest);
  QUIRE_CHECK(!has_pattern);
}

}  // namespace
}  // namespace quire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  using namespace quire;
  const std::span<const uint8_t> list(data, size_bytes);
  for (const uint32_t block_bytes : {512u, 4096u}) {
    for (const bool long_header : {false, true}) {
      const FormatList format = ParseFormatList(list, long_header, block_bytes);
      CheckPattern(format.pattern, list, block_bytes);
      CheckRefusal(format.outcome, !format.pattern.empty());
    }
    const OverwriteList overwrite = ParseOverwriteList(list, block_bytes);
    CheckPattern(overwrite.pattern, list, block_bytes);
    CheckRefusal(overwrite.outcome, !overwrite.pattern.empty());
    if (overwrite.outcome.good()) QUIRE_CHECK(overwrite.count_passes - 1 < 31);
  }
  return 0;
}
