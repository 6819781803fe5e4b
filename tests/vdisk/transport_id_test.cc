// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: equal initiator ports have equal TransportIDs however they were written, and no length or
// text in one is believed.
// Method: tables of good and bad bytes; every truncation of a good one; every value of each byte.

#include "vdisk/transport_id.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace quire {
namespace {

constexpr std::string_view kName = "iqn.2026-01.example:host-a";
constexpr uint64_t kIsid = 0x00023d000001;

// As an initiator may write it: `additional` bytes behind the head.
std::vector<uint8_t> Wire(uint8_t first, std::string_view text, size_t additional) {
  std::vector<uint8_t> bytes(4 + additional);
  bytes[0] = first;
  bytes[2] = static_cast<uint8_t>(additional >> 8);
  bytes[3] = static_cast<uint8_t>(additional);
  std::copy_n(text.begin(), std::min(text.size(), additional), bytes.begin() + 4);
  return bytes;
}

TEST(TransportIdTest, APortIsWrittenAsTheStandardSays) {
  const auto id = *TransportId::IscsiPort(kName, kIsid);
  EXPECT_EQ(std::vector<uint8_t>(id.bytes().begin(), id.bytes().end()),
            Wire(0x45, std::string(kName) + ",i,0x00023d000001", 44));
  EXPECT_EQ(id.ToString(), std::string(kName) + ",i,0x00023d000001");
  EXPECT_EQ(id.protocol(), TransportProtocol::kIscsi);
  EXPECT_FALSE(id.names_node());
}

TEST(TransportIdTest, ANodeIsAtLeast24Bytes) {
  const auto id = *TransportId::IscsiNode("iqn.a");
  EXPECT_EQ(id.bytes().size(), TransportId::kMinBytes);
  EXPECT_EQ(id.bytes()[0], 0x05);
  EXPECT_TRUE(id.names_node());
}

TEST(TransportIdTest, TheLongestFits) {
  const std::string name(223, 'n');
  EXPECT_EQ(TransportId::IscsiPort(name, kIsid)->bytes().size(), TransportId::kMaxBytes);
  EXPECT_EQ(TransportId::IscsiNode(name)->bytes().size(), 228u);
  EXPECT_FALSE(TransportId::IscsiPort(name + "n", kIsid).has_value());
}

TEST(TransportIdTest, OneMeaningHasOneForm) {
  const auto id = *TransportId::IscsiPort(kName, kIsid);
  const std::string upper = "IQN.2026-01.EXAMPLE:HOST-A";
  for (const auto& bytes :
       {Wire(0x45, upper + ",i,0x00023D000001", 44),  // case
        Wire(0x45, upper + ",I,0X23d000001", 44),     // leading zeros left out
        Wire(0x75, upper + ",i,0x00023d000001", 60),  // reserved bits, padding
        Wire(0x45, std::string(kName) + ",i,0x00023d000001" + '\0' + "junk", 52)}) {
    const auto parsed = TransportId::Parse(bytes);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->id, id);
    EXPECT_EQ(parsed->size_bytes, bytes.size());
  }
}

TEST(TransportIdTest, OthersAre24BytesAsTheyCame) {
  for (const uint8_t protocol : {0, 1, 3, 4, 6, 10, 15}) {
    std::vector<uint8_t> bytes(40, 0x5a);
    bytes[0] = protocol;
    const auto parsed = TransportId::Parse(bytes);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->size_bytes, 24u);
    EXPECT_TRUE(std::ranges::equal(parsed->id.bytes(), std::span(bytes).first(24)));
    EXPECT_FALSE(parsed->id.names_node());
    bytes[0] |= 0x40;
    EXPECT_FALSE(TransportId::Parse(bytes).has_value()) << "a format that is not defined";
  }
}

TEST(TransportIdTest, WhatIsNoneIsRefused) {
  const std::string name(kName);
  for (const auto& bytes :
       {Wire(0x45, name + ",i,0x", 44),               // no ISID
        Wire(0x45, name + ",i,0x00023d0000010", 48),  // too long
        Wire(0x45, name + ",i,0x00023d00000g", 44),   // no number
        Wire(0x45, name + ",i,0x-1", 44),             // nor this
        Wire(0x45, name, 44),                         // the format says port
        Wire(0x05, name + ",i,0x00023d000001", 44),   // the format says node
        Wire(0x45, ",i,0x00023d000001", 44),          // no name
        Wire(0x05, "", 20),                           // nor here
        Wire(0x05, "two words", 20),                  //
        Wire(0x05, "twenty-bytes-of-name", 20),       // no zero behind it
        Wire(0x05, "short", 16),                      // the length is too small
        Wire(0x05, "odd", 22),                        // or no multiple of four
        Wire(0x85, name, 44), Wire(0xc5, name, 44),   // formats that are not defined
        Wire(0x05, std::string(224, 'n'), 228)}) {    // longer than a name may be
    EXPECT_FALSE(TransportId::Parse(bytes).has_value()) << bytes[0] << " " << bytes[4];
  }
}

TEST(TransportIdTest, NoLengthIsBelieved) {
  auto bytes = Wire(0x45, std::string(kName) + ",i,0x00023d000001", 44);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<uint8_t> shorter(bytes.begin(), bytes.begin() + static_cast<long>(size));
    EXPECT_FALSE(TransportId::Parse(shorter).has_value()) << size;
  }
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      auto changed = bytes;
      changed[at] = static_cast<uint8_t>(value);
      const auto parsed = TransportId::Parse(changed);
      if (!parsed.has_value()) continue;
      EXPECT_LE(parsed->size_bytes, changed.size());
      EXPECT_EQ(TransportId::Parse(parsed->id.bytes())->id, parsed->id) << "canonical";
    }
  }
}

TEST(TransportIdTest, ANodeNamesItsPorts) {
  const auto node = *TransportId::IscsiNode("IQN.2026-01.example:host-A");
  EXPECT_TRUE(node.Names(*TransportId::IscsiPort(kName, 1)));
  EXPECT_TRUE(node.Names(*TransportId::IscsiPort(kName, 2)));
  EXPECT_TRUE(node.Names(node));
  EXPECT_FALSE(node.Names(*TransportId::IscsiPort("iqn.2026-01.example:host-ab", 1)));
  const auto port = *TransportId::IscsiPort(kName, 1);
  EXPECT_TRUE(port.Names(port));
  EXPECT_FALSE(port.Names(*TransportId::IscsiPort(kName, 2)));
  EXPECT_FALSE(port.Names(node));
  std::vector<uint8_t> sas(24, 0);
  sas[0] = 6;
  EXPECT_FALSE(node.Names(TransportId::Parse(sas)->id));
}

}  // namespace
}  // namespace quire
