// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/designators.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace quire {
namespace {

// SPC-4 7.8.6.1.
enum class CodeSet : uint8_t { kBinary = 1, kAscii = 2, kUtf8 = 3 };
enum class Association : uint8_t { kLogicalUnit = 0, kTargetPort = 1, kTargetDevice = 2 };
enum class DesignatorType : uint8_t {
  kT10VendorId = 1,
  kEui64 = 2,
  kNaa = 3,
  kRelativeTargetPort = 4,
  kTargetPortGroup = 5,
  kScsiNameString = 8,
};

// A port's and a device's designators name the protocol, with PIV (SPC-4 7.8.6.1).
void Head(CodeSet code_set, Association association, DesignatorType type, size_t length_bytes,
          uint8_t protocol, Response& response) {
  constexpr uint8_t kPiv = 0x80;
  QUIRE_DCHECK(length_bytes <= 0xff);
  const bool unit = association == Association::kLogicalUnit;
  response.Byte(static_cast<uint8_t>((unit ? 0 : protocol << 4) | static_cast<uint8_t>(code_set)));
  response.Byte(static_cast<uint8_t>((unit ? 0 : kPiv) | static_cast<uint8_t>(association) << 4 |
                                     static_cast<uint8_t>(type)));
  response.Byte(0);
  response.Byte(static_cast<uint8_t>(length_bytes));
}

// Ends with a zero and is filled up to a multiple of four (SPC-4 7.8.6.11).
void NameString(std::string_view name, Association association, uint8_t protocol,
                Response& response) {
  constexpr size_t kMostBytes = 252;
  name = name.substr(0, kMostBytes - 1);
  const size_t length_bytes = (name.size() + 1 + 3) / 4 * 4;
  Head(CodeSet::kUtf8, association, DesignatorType::kScsiNameString, length_bytes, protocol,
       response);
  response.Text(name, name.size());
  response.Zeros(length_bytes - name.size());
}

void PortNumber(DesignatorType type, uint16_t number, uint8_t protocol, Response& response) {
  Head(CodeSet::kBinary, Association::kTargetPort, type, 4, protocol, response);
  response.Zeros(2);
  response.Big<2>(number);
}

}  // namespace

void WriteDesignators(const Identity& identity, const TargetPortIdentity& port,
                      Response& response) {
  constexpr auto kUnit = Association::kLogicalUnit;
  const std::span<const uint8_t> naa = identity.naa();
  Head(CodeSet::kBinary, kUnit, DesignatorType::kNaa, naa.size(), 0, response);
  response.Bytes(naa);

  // Vendor, product and serial number together, as SPC-4 7.8.6.4 recommends.
  const size_t t10_bytes =
      Identity::kVendorBytes + Identity::kProductBytes + identity.serial().size();
  Head(CodeSet::kAscii, kUnit, DesignatorType::kT10VendorId, t10_bytes, 0, response);
  response.Text(identity.vendor(), Identity::kVendorBytes);
  response.Text(identity.product(), Identity::kProductBytes);
  response.Text(identity.serial(), identity.serial().size());

  Head(CodeSet::kBinary, kUnit, DesignatorType::kEui64, identity.eui64().size(), 0, response);
  response.Bytes(identity.eui64());
  NameString(identity.scsi_name(), kUnit, 0, response);

  if (port.relative_port != 0) {
    PortNumber(DesignatorType::kRelativeTargetPort, port.relative_port, port.protocol, response);
    PortNumber(DesignatorType::kTargetPortGroup, port.port_group, port.protocol, response);
  }
  if (!port.port_name.empty()) {
    NameString(port.port_name, Association::kTargetPort, port.protocol, response);
  }
  if (!port.device_name.empty()) {
    NameString(port.device_name, Association::kTargetDevice, port.protocol, response);
  }
}

bool IsNamed(const Identity& identity, const Designator& designator) {
  constexpr size_t kHeadBytes = 4;
  std::array<uint8_t, 512> page;  // four names, the longest with a serial number of 64 bytes
  Response response(page);
  WriteDesignators(identity, {}, response);
  QUIRE_CHECK(response.full_bytes() <= page.size());
  for (size_t at = 0; at < response.full_bytes(); at += kHeadBytes + page[at + 3]) {
    const auto name = std::span(page).subspan(at + kHeadBytes, page[at + 3]);
    if ((page[at] & 0x0f) == designator.code_set && (page[at + 1] & 0x0f) == designator.type &&
        std::ranges::equal(name, designator.bytes)) {
      return true;
    }
  }
  return false;
}

}  // namespace quire
