// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: what is written is read again, and no damage goes unnoticed or does harm.
// Method: the topology of reservation_fixture.h; every byte changed, every truncation, and contents
// that contradict themselves under a checksum that is right.

#include "vdisk/reservation_file.h"

#include "base/big_endian.h"
#include "base/crc32c.h"
#include "tests/vdisk/reservation_fixture.h"

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

class ReservationFileTest : public ReservationTest {
 protected:
  // Three registrations that survive, of which b1 holds `type`.
  void Fill(ReservationType type) {
    state = {};
    RegisterThree();
    ReserveOut request = Request(ReserveOutAction::kRegisterAndIgnore, 0, kC);
    request.aptpl = true;
    Do(b2, request);
    ASSERT_TRUE(Reserve(b1, kB, type).outcome.good());
  }
  static void Seal(Bytes& bytes) {
    const auto body = std::span(bytes).first(bytes.size() - 4);
    StoreBig<4>(&bytes[bytes.size() - 4], Crc32c(body));
  }
  // What is said of `bytes` with this one changed, though the checksum is right.
  static std::string Complaint(Bytes bytes, size_t at, uint8_t value) {
    bytes[at] = value;
    Seal(bytes);
    const auto decoded = DecodeReservations(bytes);
    return decoded.ok() ? "" : std::string(decoded.status().message());
  }
};

TEST_F(ReservationFileTest, ThereAndBack) {
  EXPECT_EQ(*DecodeReservations(EncodeReservations(state)), state);
  for (const ReservationType type : kTypes) {
    Fill(type);
    EXPECT_EQ(*DecodeReservations(EncodeReservations(state)), state);
  }
}

TEST_F(ReservationFileTest, TheLargestFits) {
  ReserveOut request = Request(ReserveOutAction::kRegister, 0, kA);
  request.aptpl = true;
  for (uint64_t i = 0; i < Reservations::kMaxRegistrations; ++i) {
    state.Perform({*TransportId::IscsiPort(std::string(223, 'n'), i), 1}, request, {});
  }
  const Bytes bytes = EncodeReservations(state);
  EXPECT_EQ(bytes.size(), kMaxReservationFileBytes);
  EXPECT_EQ(*DecodeReservations(bytes), state);
}

TEST_F(ReservationFileTest, WithoutPersistenceOnlyTheGenerationIsKept) {
  RegisterThree();
  Reserve(a1, kA, kWe);
  const Reservations kept = *DecodeReservations(EncodeReservations(state));
  EXPECT_TRUE(kept.registrations().empty());
  EXPECT_FALSE(kept.held().has_value());
  EXPECT_EQ(kept.generation(), 3u);
}

TEST_F(ReservationFileTest, Spc2ReserveIsNotKept) {
  Spc2Reserve(a1);
  EXPECT_FALSE(DecodeReservations(EncodeReservations(state))->spc2_holder().has_value());
}

TEST_F(ReservationFileTest, EveryByteIsGuarded) {
  Fill(kWeRo);
  const Bytes whole = EncodeReservations(state);
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const uint8_t change : {0x01, 0x80, 0xff}) {
      Bytes bytes = whole;
      bytes[at] ^= change;
      EXPECT_EQ(DecodeReservations(bytes).status().code(), absl::StatusCode::kDataLoss) << at;
    }
  }
  for (size_t size = 0; size < whole.size(); ++size) {
    const Bytes bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_EQ(DecodeReservations(bytes).status().code(), absl::StatusCode::kDataLoss) << size;
  }
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_EQ(DecodeReservations(longer).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(ReservationFileTest, WhatIsWrongIsSaid) {
  Fill(kWe);
  const Bytes whole = EncodeReservations(state);
  const size_t entry_bytes = 12 + port_a1.bytes().size();
  const auto at = [&](const std::string& what, size_t entry) {
    return what + " at byte " + std::to_string(24 + entry * entry_bytes);
  };
  EXPECT_EQ(Complaint(whole, 0, 'q'), "not its mark at byte 0");
  EXPECT_EQ(Complaint(whole, 11, 0), "a version that never was at byte 8");
  EXPECT_EQ(Complaint(whole, 16, 0x04), "unknown flags at byte 16");
  EXPECT_EQ(Complaint(whole, 16, 0x01), "a type of nothing reserved at byte 17");
  EXPECT_EQ(Complaint(whole, 16, 0x02), "registrations without APTPL at byte 20");
  EXPECT_EQ(Complaint(whole, 17, 0x02), "registrations that contradict each other at byte 16");
  EXPECT_EQ(Complaint(whole, 17, 0x07), "registrations that contradict each other at byte 16");
  EXPECT_EQ(Complaint(whole, 23, 3), at("more than the registrations", 3));
  EXPECT_EQ(Complaint(whole, 23, 5), at("a bad registration", 4));
  EXPECT_EQ(Complaint(whole, 35, 1), at("a bad registration", 0));
  EXPECT_EQ(Complaint(whole, 34, 1), at("a holder too many", 2));
  EXPECT_EQ(Complaint(whole, 31, 0), "registrations that contradict each other at byte 16");
  Bytes twice = whole;
  std::copy_n(whole.begin() + 24, entry_bytes,
              twice.begin() + 24 + static_cast<ptrdiff_t>(entry_bytes));
  Seal(twice);
  EXPECT_EQ(std::string(DecodeReservations(twice).status().message()),
            at("a second registration of one nexus", 1));
}

TEST_F(ReservationFileTest, ALaterVersionIsRefusedByName) {
  Bytes bytes = EncodeReservations(state);
  bytes[11] = 2;
  Seal(bytes);
  const absl::Status status = DecodeReservations(bytes).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_NE(status.message().find("version 2"), absl::string_view::npos);
}

}  // namespace
}  // namespace quire
