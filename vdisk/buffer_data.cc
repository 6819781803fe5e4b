// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/buffer_data.h"

#include "base/check.h"

namespace quire {

void WriteBufferDescriptor(Response& response) { response.Zeros(4); }

void WriteEchoBufferDescriptor(uint16_t capacity_bytes, bool own_per_nexus, Response& response) {
  QUIRE_CHECK(capacity_bytes <= kMaxEchoBufferBytes);
  constexpr uint8_t kEbos = 0x01;
  response.Byte(own_per_nexus ? kEbos : 0);
  response.Byte(0);
  response.Big<2>(capacity_bytes);
}

}  // namespace quire
