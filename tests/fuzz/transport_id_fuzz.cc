// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: any bytes are a TransportID or none; one that is accepted has a single canonical form.
// Method: what was parsed is written and parsed again; its name is given to the other constructors.

#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "vdisk/transport_id.h"

namespace quire {
namespace {

void CheckOne(std::span<const uint8_t> bytes) {
  const auto parsed = TransportId::Parse(bytes);
  if (!parsed.has_value()) return;
  const TransportId& id = parsed->id;
  QUIRE_CHECK(parsed->size_bytes <= bytes.size());
  QUIRE_CHECK(parsed->size_bytes % 4 == 0);
  QUIRE_CHECK(id.bytes().size() >= TransportId::kMinBytes);
  QUIRE_CHECK(id.bytes().size() <= TransportId::kMaxBytes);
  const auto again = TransportId::Parse(id.bytes());
  QUIRE_CHECK(again.has_value());
  QUIRE_CHECK(again->id == id);
  QUIRE_CHECK(again->size_bytes == id.bytes().size());
  QUIRE_CHECK(id.Names(id));
  if (id.protocol() != TransportProtocol::kIscsi) return;
  const std::string text = id.ToString();
  const std::string name = text.substr(0, text.find(','));
  const auto node = TransportId::IscsiNode(name);
  QUIRE_CHECK(node.has_value());
  QUIRE_CHECK(node->Names(id));
  QUIRE_CHECK((*node == id) == id.names_node());
}

}  // namespace
}  // namespace quire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  // A heap copy of exactly this size, so that a byte too much is seen.
  const std::vector<uint8_t> bytes(data, data + size_bytes);
  quire::CheckOne(bytes);
  return 0;
}
