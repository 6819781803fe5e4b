// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The name of an initiator port, as SCSI passes it around: a TransportID.
// It is held in the form it has on the wire, made canonical, so that equal ports are equal bytes:
//
//   iSCSI       | 05 or 45 | 00 | length | name [ ,i,0x<12 digits of the ISID> ] 00.. |   lower
//   case all others  | 24 bytes, as they came                                             |
//
// Threads: a value, any thread. Errors: what is no TransportID is refused, never asserted.
// Source: SPC-4 7.6.4; names of at most 223 bytes: RFC 7143 4.2.7.1.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace quire {

// The PROTOCOL IDENTIFIER field (SPC-4 7.6.1); the others are taken as they come.
enum class TransportProtocol : uint8_t { kFibreChannel = 0, kSrp = 4, kIscsi = 5, kSas = 6 };

class TransportId {
 public:
  static constexpr size_t kMinBytes = 24;
  static constexpr size_t kMaxBytes = 248;  // a name of 223, ",i,0x", 12 digits and a zero, padded

  // The port of the iSCSI node `name` whose session has this ISID (48 bits); none for a bad name.
  static std::optional<TransportId> IscsiPort(std::string_view name, uint64_t isid);
  // All ports of that node (format code 00b).
  static std::optional<TransportId> IscsiNode(std::string_view name);

  struct Parsed;
  // The one that `bytes` begin with; more may follow it.
  static std::optional<Parsed> Parse(std::span<const uint8_t> bytes);

  TransportProtocol protocol() const { return TransportProtocol(bytes_[0] & 0x0f); }
  // It stands for all ports of its node, so that it cannot be one end of a nexus.
  bool names_node() const;
  // It is that port, or that port's node.
  bool Names(const TransportId& port) const;

  // On the wire: a multiple of four bytes.
  std::span<const uint8_t> bytes() const {
    return {reinterpret_cast<const uint8_t*>(bytes_.data()), bytes_.size()};
  }
  // For people.
  std::string ToString() const;

  friend bool operator==(const TransportId&, const TransportId&) = default;
  friend std::strong_ordering operator<=>(const TransportId& a, const TransportId& b) {
    return a.bytes_ <=> b.bytes_;
  }

 private:
  explicit TransportId(std::string bytes) : bytes_(std::move(bytes)) {}
  static TransportId Iscsi(uint8_t format, std::string_view text);
  static std::optional<Parsed> ParseIscsi(std::span<const uint8_t> bytes);
  // iSCSI: the name with its ISID, as it stands in the bytes.
  std::string_view text() const;

  std::string bytes_;
};

struct TransportId::Parsed {
  TransportId id;
  size_t size_bytes = 0;  // how many bytes it took where it came from
};

}  // namespace quire
