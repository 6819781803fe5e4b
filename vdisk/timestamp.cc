// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/timestamp.h"

namespace quire {

void WriteTimestamp(uint64_t unix_ms, Response& response) {
  constexpr uint8_t kSetByOtherMeans = 0x03;  // TIMESTAMP ORIGIN: neither zero nor SET TIMESTAMP
  response.Big<2>(10);
  response.Byte(kSetByOtherMeans);
  response.Byte(0);
  response.Big<6>(unix_ms);
  response.Zeros(2);
}

}  // namespace quire
