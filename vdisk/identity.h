// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Who a disk says it is: initiators take two paths with the same identity for one disk.
// Threads: constant after Make. Errors: absl::Status says what to change.
// Source: SPC-4 6.6.2 (texts), 7.8.6 (designators), 7.8.15 (unit serial number).
//
// Nobody assigned us a company's number, so the NAA is one that anyone may make: NAA 6 with a
// company identifier whose local bit is set (02 51 55h), then 100 bits of FNV-1a over the serial
// number, or over the name where there is none. The same text gives the same NAA on every machine
// and for ever: two servers of one file share a serial number, two disks never do.
//
//   | 6 | 0 2 5 1 5 5 | 36 bits: vendor specific identifier | 64 bits: its extension |
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace quire {

struct IdentityOptions {
  std::string vendor = "QUIRE";   // at most 8 characters of 20h to 7Eh
  std::string product = "DISK";   // at most 16
  std::string revision = "0001";  // at most 4
  std::string serial = {};        // at most 64; empty: derived from the name
  std::string name = {};          // of the disk, unique; needed where there is no serial number
  std::string naa = {};           // 16 or 32 hexadecimal digits; empty: derived
};

class Identity {
 public:
  static constexpr size_t kVendorBytes = 8;
  static constexpr size_t kProductBytes = 16;
  static constexpr size_t kRevisionBytes = 4;
  static constexpr size_t kMaxSerialBytes = 64;

  static absl::StatusOr<Identity> Make(const IdentityOptions& options);

  std::string_view vendor() const { return vendor_; }
  std::string_view product() const { return product_; }
  std::string_view revision() const { return revision_; }
  std::string_view serial() const { return serial_; }
  // 8 or 16 bytes (SPC-4 7.8.6.6).
  std::span<const uint8_t> naa() const { return std::span(naa_).first(naa_bytes_); }
  // "naa." and its digits, the SCSI name string (SPC-4 7.8.6.11).
  std::string_view scsi_name() const { return scsi_name_; }
  // With the same locally administered company identifier (SPC-4 7.8.6.5.2).
  const std::array<uint8_t, 8>& eui64() const { return eui64_; }

 private:
  Identity() = default;

  std::string vendor_;
  std::string product_;
  std::string revision_;
  std::string serial_;
  std::string scsi_name_;
  std::array<uint8_t, 16> naa_{};
  size_t naa_bytes_ = 16;
  std::array<uint8_t, 8> eui64_{};
};

// The way that a command came: a target port, as SPC-4 7.8.6 and RFC 7143 4.4 name it.
struct TargetPortIdentity {
  uint16_t relative_port = 0;         // 0: not told
  uint16_t port_group = 0;            // of asymmetric access; the device server's to say
  uint8_t protocol = 5;               // PROTOCOL IDENTIFIER (SPC-4 7.6.1): 5 is iSCSI
  std::string_view port_name = {};    // for example "iqn.2026-01.org.example:disk,t,0x0001"
  std::string_view device_name = {};  // for example "iqn.2026-01.org.example:disk"
};

}  // namespace quire
