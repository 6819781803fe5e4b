// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: initiators find the disk's names, and the port's, in the Device Identification page.
// Method: the whole page against bytes written by hand; without a port; and names of any length.

#include "vdisk/designators.h"

#include <gtest/gtest.h>

#include <vector>

namespace quire {
namespace {

using Bytes = std::vector<uint8_t>;

void Append(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}
void Append(Bytes& bytes, const std::string& text) {
  bytes.insert(bytes.end(), text.begin(), text.end());
}

Bytes Written(const Identity& identity, const TargetPortIdentity& port) {
  Bytes buffer(2048);
  Response response(buffer);
  WriteDesignators(identity, port, response);
  buffer.resize(response.full_bytes());
  return buffer;
}

Bytes OfTheUnit() {
  Bytes bytes{1,    3,    0,    16,   0x60, 0x25, 0x15, 0x52, 0x79, 0x3c,
              0x64, 0xbf, 0x6f, 0x0d, 0x35, 0x97, 0xba, 0x44, 0x6f, 0x18};
  Append(bytes, Bytes{2, 1, 0, 30});
  Append(bytes, "QUIRE   DISK            foobar");
  Append(bytes, Bytes{1, 2, 0, 8, 0x02, 0x51, 0x55, 0x97, 0xba, 0x44, 0x6f, 0x18});
  Append(bytes, Bytes{3, 8, 0, 40});
  Append(bytes, "naa.60251552793c64bf6f0d3597ba446f18");
  Append(bytes, Bytes(4));
  return bytes;
}

TEST(DesignatorsTest, OfTheUnitAlone) {
  EXPECT_EQ(Written(*Identity::Make({.serial = "foobar"}), {}), OfTheUnit());
}

TEST(DesignatorsTest, IsNamedByEachOfThemAndNothingElse) {
  const Identity identity = *Identity::Make({.serial = "foobar"});
  const Bytes page = OfTheUnit();
  size_t count = 0;
  for (size_t at = 0; at < page.size(); at += 4u + page[at + 3]) {
    Bytes name(page.begin() + static_cast<ptrdiff_t>(at) + 4,
               page.begin() + static_cast<ptrdiff_t>(at) + 4 + page[at + 3]);
    const Designator designator{.code_set = page[at], .type = page[at + 1], .bytes = name};
    EXPECT_TRUE(IsNamed(identity, designator));
    EXPECT_FALSE(IsNamed(*Identity::Make({.serial = "foobaz"}), designator));
    Designator other = designator;
    other.type ^= 7;
    EXPECT_FALSE(IsNamed(identity, other));
    other = designator;
    other.code_set ^= 3;
    EXPECT_FALSE(IsNamed(identity, other));
    other = designator;
    other.bytes = other.bytes.first(name.size() - 1);
    EXPECT_FALSE(IsNamed(identity, other));
    name.back() ^= 1;
    EXPECT_FALSE(IsNamed(identity, designator));
    ++count;
  }
  EXPECT_EQ(count, 4u);
  EXPECT_FALSE(IsNamed(identity, {}));
}

TEST(DesignatorsTest, OfThePortToo) {
  const TargetPortIdentity port{.relative_port = 0x0102,
                                .port_group = 3,
                                .port_name = "iqn.a,t,0x01",
                                .device_name = "iqn.a"};
  Bytes expected = OfTheUnit();
  Append(expected, Bytes{0x51, 0x94, 0, 4, 0, 0, 1, 2});
  Append(expected, Bytes{0x51, 0x95, 0, 4, 0, 0, 0, 3});
  Append(expected, Bytes{0x53, 0x98, 0, 16});
  Append(expected, "iqn.a,t,0x01");
  Append(expected, Bytes(4));
  Append(expected, Bytes{0x53, 0xa8, 0, 8});
  Append(expected, "iqn.a");
  Append(expected, Bytes(3));
  EXPECT_EQ(Written(*Identity::Make({.serial = "foobar"}), port), expected);
}

// The descriptors follow each other exactly, whatever the names' lengths.
TEST(DesignatorsTest, AnyLengths) {
  for (size_t length = 1; length <= 300; ++length) {
    const std::string name(length, 'n');
    const Identity identity =
        *Identity::Make({.serial = name.substr(0, Identity::kMaxSerialBytes)});
    const Bytes bytes = Written(identity, {.relative_port = 1, .port_name = name});
    size_t at = 0;
    int count = 0;
    for (; at < bytes.size(); ++count) at += 4u + bytes[at + 3];
    EXPECT_EQ(at, bytes.size());
    EXPECT_EQ(count, 7);
    EXPECT_EQ(bytes.back(), 0);
  }
}

}  // namespace
}  // namespace quire
