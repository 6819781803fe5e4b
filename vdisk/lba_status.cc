// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/lba_status.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace quire {

LbaStatusWriter::LbaStatusWriter(Lba first, Response& response)
    : response_(response), next_(first) {
  response_.Zeros(8);
}

void LbaStatusWriter::Add(BlockCount count, LbaStatus status) {
  if (count.value == 0) return;
  if (status != status_) Flush();
  status_ = status;
  QUIRE_CHECK(count.value <= std::numeric_limits<uint64_t>::max() - pending_.value);
  pending_.value += count.value;
}

void LbaStatusWriter::Flush() {
  while (pending_.value > 0) {
    const uint64_t count = std::min<uint64_t>(pending_.value, std::numeric_limits<uint32_t>::max());
    response_.Big<8>(next_.value);
    response_.Big<4>(count);
    response_.Byte(static_cast<uint8_t>(status_));
    response_.Zeros(3);
    next_.value += count;
    pending_.value -= count;
  }
}

void LbaStatusWriter::Finish() {
  Flush();
  response_.SetBig<4>(0, response_.full_bytes() - 4);
}

}  // namespace quire
