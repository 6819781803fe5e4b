// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: any bytes are reservations or an error; what is accepted is in order and is written again
// as it was read.
// Method: any bytes; and any bytes under a mark, a version and a checksum that are right.

#include <cstdint>
#include <vector>

#include "base/big_endian.h"
#include "base/check.h"
#include "base/crc32c.h"
#include "vdisk/reservation_file.h"

namespace quire {
namespace {

void CheckOne(std::span<const uint8_t> bytes) {
  const auto decoded = DecodeReservations(bytes);
  if (!decoded.ok()) {
    QUIRE_CHECK(!decoded.status().message().empty());
    return;
  }
  QUIRE_CHECK(decoded->CheckInvariants());
  const auto encoded = EncodeReservations(*decoded);
  QUIRE_CHECK(encoded.size() <= kMaxReservationFileBytes);
  QUIRE_CHECK(*DecodeReservations(encoded) == *decoded);
}

}  // namespace
}  // namespace quire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  std::vector<uint8_t> bytes(data, data + size_bytes);
  quire::CheckOne(bytes);
  if (bytes.size() < 28) return 0;
  const auto empty = quire::EncodeReservations(quire::Reservations());
  std::copy_n(empty.begin(), 12, bytes.begin());
  const auto body = std::span(bytes).first(bytes.size() - 4);
  quire::StoreBig<4>(&bytes[body.size()], quire::Crc32c(body));
  quire::CheckOne(bytes);
  return 0;
}
