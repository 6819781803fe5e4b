// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: parameter lists are taken or refused as SPC-4 6.16 says, whatever their lengths claim, and
// what PERSISTENT RESERVE IN returns has the layouts of 6.15 at any allocation length.
// Method: lists written byte by byte; every truncation and every value of every byte of each; the
// topology of reservation_fixture.h for what is read back.

#include "vdisk/reservation_codec.h"

#include <set>
#include <utility>

#include "base/big_endian.h"
#include "tests/vdisk/reservation_fixture.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

using List = std::vector<uint8_t>;
constexpr uint8_t kRegister = 0, kIgnore = 6, kMove = 7;

class ReservationCodecTest : public ReservationTest {
 protected:
  static List Basic(uint64_t key, uint64_t action_key, uint8_t flags = 0) {
    List list(24);
    StoreBig<8>(&list[0], key);
    StoreBig<8>(&list[8], action_key);
    list[20] = flags;
    return list;
  }
  static List Specifying(const std::vector<TransportId>& initiators) {
    List list = Basic(0, kA, 0x09);
    list.resize(28);
    for (const TransportId& id : initiators) {
      list.insert(list.end(), id.bytes().begin(), id.bytes().end());
    }
    StoreBig<4>(&list[24], list.size() - 28);
    return list;
  }
  static List Moving(const TransportId& initiator, uint16_t port, uint8_t flags) {
    List list = Basic(kA, kB);
    list[17] = flags;
    StoreBig<2>(&list[18], port);
    StoreBig<4>(&list[20], initiator.bytes().size());
    list.insert(list.end(), initiator.bytes().begin(), initiator.bytes().end());
    return list;
  }
  static Outcome Refusal(uint8_t action, const List& list) {
    return ParseReserveOut(action, 1, list).outcome;
  }
  List Read(uint8_t action, size_t allocation_bytes = 65535) const {
    const ReserveInData data = BuildReserveIn(action, state, true, allocation_bytes);
    EXPECT_TRUE(data.outcome.good());
    return data.bytes;
  }
};

TEST_F(ReservationCodecTest, ABasicList) {
  const auto [outcome, request] = ParseReserveOut(kRegister, 0x25, Basic(kA, kB, 0x05));
  EXPECT_TRUE(outcome.good());
  EXPECT_EQ(request.action, ReserveOutAction::kRegister);
  EXPECT_EQ(request.key, kA);
  EXPECT_EQ(request.action_key, kB);
  EXPECT_EQ(request.kind.scope, 2);
  EXPECT_EQ(request.kind.type, kWeRo);
  EXPECT_TRUE(request.aptpl);
  EXPECT_TRUE(request.all_target_ports);
  EXPECT_FALSE(request.specify_initiators);
}

TEST_F(ReservationCodecTest, FlagsThatAServiceActionIgnores) {
  for (const uint8_t action : {1, 2, 3, 4, 5}) {
    const auto [outcome, request] = ParseReserveOut(action, 1, Basic(kA, kB, 0x05));
    EXPECT_TRUE(outcome.good());
    EXPECT_FALSE(request.aptpl);
    EXPECT_FALSE(request.all_target_ports);
  }
  const auto ignoring = ParseReserveOut(kIgnore, 1, Basic(kA, kB, 0x05));
  EXPECT_TRUE(ignoring.request.aptpl);
  EXPECT_TRUE(ignoring.request.all_target_ports);
}

TEST_F(ReservationCodecTest, ServiceActionsThatAreNone) {
  for (int action = 8; action < 256; ++action) {
    EXPECT_EQ(Refusal(static_cast<uint8_t>(action), Basic(kA, kB)), kInvalidFieldInCdb);
    EXPECT_EQ(BuildReserveIn(static_cast<uint8_t>(action), state, true, 100).outcome,
              kInvalidFieldInCdb);
  }
}

TEST_F(ReservationCodecTest, ABasicListHas24Bytes) {
  for (const uint8_t action : {0, 1, 2, 3, 4, 5, 6}) {
    for (size_t size = 0; size < 100; ++size) {
      List list = Basic(kA, kB);
      list.resize(size);
      EXPECT_EQ(Refusal(action, list), size == 24 ? Outcome{} : kParameterListLengthError) << size;
    }
  }
}

TEST_F(ReservationCodecTest, SpecifiedInitiators) {
  const auto [outcome, request] =
      ParseReserveOut(kRegister, 1, Specifying({port_b1, Node("b"), port_b2}));
  EXPECT_TRUE(outcome.good());
  EXPECT_TRUE(request.specify_initiators);
  EXPECT_EQ(request.initiators, (std::vector<TransportId>{port_b1, Node("b"), port_b2}));
  EXPECT_TRUE(Refusal(kRegister, Specifying({})).good()) << "a list of none";
}

TEST_F(ReservationCodecTest, OnlyRegisterSpecifies) {
  for (const uint8_t action : {1, 2, 3, 4, 5, 6}) {
    EXPECT_EQ(Refusal(action, Specifying({port_b1})), kInvalidFieldInParameterList);
    EXPECT_EQ(Refusal(action, Basic(kA, kB, 0x08)), kInvalidFieldInParameterList);
  }
}

TEST_F(ReservationCodecTest, EveryTruncationOfSpecifiedInitiators) {
  const List whole = Specifying({port_b1, port_b2});
  for (size_t size = 0; size < whole.size(); ++size) {
    List list(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_EQ(Refusal(kRegister, list), kParameterListLengthError) << size;
    if (size < 28) continue;
    StoreBig<4>(&list[24], size - 28);  // the lengths agree, but an initiator is cut
    const bool whole_ones = size == 28 || size == 28 + port_b1.bytes().size();
    EXPECT_EQ(Refusal(kRegister, list), whole_ones ? Outcome{} : kInvalidFieldInParameterList);
  }
}

TEST_F(ReservationCodecTest, TooManyInitiators) {
  const auto longest = *TransportId::IscsiPort(std::string(223, 'n'), 1);
  std::vector<TransportId> many(256, longest);
  const List whole = Specifying(many);
  EXPECT_EQ(whole.size(), kMaxReserveOutBytes);
  EXPECT_TRUE(Refusal(kRegister, whole).good());
  many.push_back(port_a1);
  EXPECT_EQ(Refusal(kRegister, Specifying(many)), kParameterListLengthError);
}

TEST_F(ReservationCodecTest, RegisterAndMove) {
  const auto [outcome, request] = ParseReserveOut(kMove, 0xff, Moving(port_b2, 0x0102, 0x03));
  EXPECT_TRUE(outcome.good());
  EXPECT_EQ(request.key, kA);
  EXPECT_EQ(request.action_key, kB);
  EXPECT_TRUE(request.unregister);
  EXPECT_TRUE(request.aptpl);
  EXPECT_EQ(request.target_port, 0x0102);
  EXPECT_EQ(request.initiators, std::vector<TransportId>{port_b2});
  EXPECT_FALSE(ParseReserveOut(kMove, 0, Moving(port_b2, 1, 0x01)).request.unregister);
  EXPECT_FALSE(ParseReserveOut(kMove, 0, Moving(port_b2, 1, 0x02)).request.aptpl);
}

TEST_F(ReservationCodecTest, EveryTruncationOfRegisterAndMove) {
  const List whole = Moving(port_b2, 1, 0);
  for (size_t size = 0; size < whole.size(); ++size) {
    List list(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_EQ(Refusal(kMove, list), kParameterListLengthError) << size;
    if (size < 24) continue;
    StoreBig<4>(&list[20], size - 24);
    EXPECT_EQ(Refusal(kMove, list), kInvalidFieldInParameterList) << size;
  }
  List longer = whole;
  longer.resize(whole.size() + 24);
  EXPECT_EQ(Refusal(kMove, longer), kParameterListLengthError);
  StoreBig<4>(&longer[20], longer.size() - 24);
  EXPECT_EQ(Refusal(kMove, longer), kInvalidFieldInParameterList) << "more than one";
}

TEST_F(ReservationCodecTest, EveryByteMayBeAnything) {
  for (const auto& [action, whole] : {std::pair{kRegister, Specifying({port_b1, port_b2})},
                                      std::pair{kMove, Moving(port_b2, 1, 3)}}) {
    for (size_t at = 0; at < whole.size(); ++at) {
      for (int value = 0; value < 256; ++value) {
        List list = whole;
        list[at] = static_cast<uint8_t>(value);
        const Outcome outcome = Refusal(action, list);
        EXPECT_TRUE(outcome.good() || outcome == kParameterListLengthError ||
                    outcome == kInvalidFieldInParameterList);
      }
    }
  }
}

TEST_F(ReservationCodecTest, ReadKeys) {
  EXPECT_EQ(Read(0), List(8, 0));
  RegisterThree();
  const List data = Read(0);
  ASSERT_EQ(data.size(), 8u + 3 * 8);
  EXPECT_EQ(LoadBig<4>(&data[0]), 3u) << "generation";
  EXPECT_EQ(LoadBig<4>(&data[4]), 24u);
  std::multiset<uint64_t> keys;
  for (size_t at = 8; at < data.size(); at += 8) keys.insert(LoadBig<8>(&data[at]));
  EXPECT_EQ(keys, (std::multiset<uint64_t>{kA, kA, kB})) << "one per nexus, equal or not";
}

TEST_F(ReservationCodecTest, ReadReservation) {
  RegisterThree();
  EXPECT_EQ(Read(1).size(), 8u) << "nothing is reserved";
  for (const ReservationType type : kTypes) {
    Reserve(b1, kB, type);
    const List data = Read(1);
    ASSERT_EQ(data.size(), 24u);
    EXPECT_EQ(LoadBig<4>(&data[4]), 16u);
    EXPECT_EQ(LoadBig<8>(&data[8]), type == kWeAr || type == kEaAr ? 0 : kB);
    EXPECT_EQ(data[21], static_cast<uint8_t>(type));
    EXPECT_EQ(LoadBig<5>(&data[16]), 0u);
    EXPECT_EQ(LoadBig<2>(&data[22]), 0u);
    Release(b1, kB, type);
  }
}

TEST_F(ReservationCodecTest, ReportCapabilities) {
  EXPECT_EQ(Read(2), (List{0, 8, 0x1d, 0xc0, 0xea, 0x01, 0, 0}));
  EXPECT_EQ(BuildReserveIn(2, state, false, 8).bytes[2], 0x1c) << "without PTPL_C";
  ReserveOut request = Request(ReserveOutAction::kRegister, 0, kA);
  request.aptpl = true;
  Do(a1, request);
  EXPECT_EQ(Read(2)[3], 0xc1) << "PTPL_A";
}

TEST_F(ReservationCodecTest, ReadFullStatus) {
  RegisterThree();
  Reserve(b1, kB, kEaRo);
  const List data = Read(3);
  ASSERT_EQ(LoadBig<4>(&data[4]), data.size() - 8);
  size_t at = 8;
  for (const auto& [nexus, key] : state.registrations()) {
    ASSERT_LE(at + 24, data.size());
    const auto id = TransportId::Parse(std::span(data).subspan(at + 24));
    ASSERT_TRUE(id.has_value());
    EXPECT_EQ((NexusId{id->id, static_cast<uint16_t>(LoadBig<2>(&data[at + 18]))}), nexus);
    EXPECT_EQ(LoadBig<4>(&data[at + 20]), id->size_bytes);
    EXPECT_EQ(LoadBig<8>(&data[at]), key);
    EXPECT_EQ(data[at + 12], nexus == b1 ? 0x01 : 0x00) << "R_HOLDER";
    EXPECT_EQ(data[at + 13], nexus == b1 ? 0x06 : 0x00);
    at += 24 + id->size_bytes;
  }
  EXPECT_EQ(at, data.size());
  Release(b1, kB, kEaRo);
  Reserve(b1, kB, kWeAr);
  EXPECT_EQ(Read(3)[8 + 12], 0x01) << "every registrant is a holder";
}

// Rule 10.
TEST_F(ReservationCodecTest, EveryAllocationLength) {
  RegisterThree();
  Reserve(a1, kA, kWe);
  for (const uint8_t action : {0, 1, 2, 3}) {
    const List whole = Read(action);
    for (size_t allocation = 0; allocation < whole.size() + 20; ++allocation) {
      const List data = Read(action, allocation);
      ASSERT_EQ(data.size(), std::min(allocation, whole.size()));
      EXPECT_TRUE(std::equal(data.begin(), data.end(), whole.begin())) << "lengths of the whole";
    }
  }
}

}  // namespace
}  // namespace quire
