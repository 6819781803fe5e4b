// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/inquiry.h"

#include "vdisk/copy_results.h"
#include "vdisk/designators.h"
#include "vdisk/outcomes.h"
#include "vdisk/sense_data.h"

namespace quire {
namespace {

constexpr size_t kStandardBytes = 96;
constexpr uint8_t kSpc4 = 0x06;         // VERSION
constexpr uint8_t kHisup = 0x10;        // LUNs have the format of SAM-5
constexpr uint8_t kResponseFormat = 2;  // that of SPC-4
constexpr uint8_t kCmdque = 0x02;
// Standards without a version claimed (SPC-4 6.6.2, version descriptor values).
constexpr uint16_t kVersionDescriptors[] = {0x00a0,   // SAM-5
                                            0x0460,   // SPC-4
                                            0x04c0};  // SBC-3

enum VpdPage : uint8_t {
  kSupportedPages = 0x00,
  kUnitSerialNumber = 0x80,
  kDeviceIdentification = 0x83,
  kExtendedInquiry = 0x86,
  kThirdPartyCopy = 0x8f,
  kBlockLimits = 0xb0,
  kBlockDeviceCharacteristics = 0xb1,
  kLogicalBlockProvisioning = 0xb2,
};
constexpr VpdPage kPages[] = {
    kSupportedPages, kUnitSerialNumber, kDeviceIdentification,       kExtendedInquiry,
    kThirdPartyCopy, kBlockLimits,      kBlockDeviceCharacteristics, kLogicalBlockProvisioning};

void WriteAfterHead(const InquirySource& source, Response& response) {
  const InquiryTraits& traits = source.traits;
  response.Byte(static_cast<uint8_t>(static_cast<uint8_t>(traits.port_groups) << 4 |
                                     (traits.third_party_copy ? 0x08 : 0)));
  response.Byte(traits.multiple_ports ? 0x10 : 0);
  response.Byte(kCmdque);
  response.Text(source.identity.vendor(), Identity::kVendorBytes);
  response.Text(source.identity.product(), Identity::kProductBytes);
  response.Text(source.identity.revision(), Identity::kRevisionBytes);
  response.PadTo(58);
  for (const uint16_t version : kVersionDescriptors) response.Big<2>(version);
  response.Big<2>(traits.transport_version);
  response.PadTo(kStandardBytes);
}

// SPC-4 7.8.7: task attributes, a volatile cache, and the most sense data there can be.
void WriteExtendedInquiry(Response& response) {
  constexpr uint8_t kHeadsup = 0x04;
  constexpr uint8_t kOrdsup = 0x02;
  constexpr uint8_t kSimpsup = 0x01;
  constexpr uint8_t kVSup = 0x01;
  response.Byte(0);
  response.Byte(kHeadsup | kOrdsup | kSimpsup);
  response.Byte(kVSup);
  response.PadTo(13);
  response.Byte(SenseData::kMaxBytes);
  response.PadTo(64);
}

// False when there is no such page.
bool WritePageBody(uint8_t page_code, const InquirySource& source, Response& response) {
  switch (page_code) {
    case kSupportedPages:  // SPC-4 7.8.14
      for (const VpdPage page : kPages) {
        if (page != kThirdPartyCopy || source.traits.third_party_copy) response.Byte(page);
      }
      return true;
    case kUnitSerialNumber:  // SPC-4 7.8.15
      response.Text(source.identity.serial(), source.identity.serial().size());
      return true;
    case kDeviceIdentification:
      WriteDesignators(source.identity, source.port, response);
      return true;
    case kExtendedInquiry:
      WriteExtendedInquiry(response);
      return true;
    case kThirdPartyCopy:
      if (!source.traits.third_party_copy) return false;
      WriteThirdPartyCopyPage(source.block_bytes, response);
      return true;
    case kBlockLimits:
      WriteBlockLimits(source.limits, response);
      return true;
    case kBlockDeviceCharacteristics:
      WriteBlockDeviceCharacteristics(source.traits.rotation_rate, response);
      return true;
    case kLogicalBlockProvisioning:
      WriteProvisioning(source.provisioning, response);
      return true;
    default:
      return false;
  }
}

}  // namespace

void WriteStandardInquiry(const InquirySource& source, Response& response) {
  constexpr uint8_t kRmb = 0x80;
  response.Byte(0);  // connected, a direct access block device
  response.Byte(source.traits.removable ? kRmb : 0);
  response.Byte(kSpc4);
  response.Byte(kHisup | kResponseFormat);
  response.Byte(kStandardBytes - 5);
  WriteAfterHead(source, response);
}

void WriteAbsentInquiry(Response& response) {
  response.Byte(0x7f);
  response.Byte(0);
  response.Byte(kSpc4);
  response.Byte(kHisup | kResponseFormat);
  response.Byte(36 - 5);
  response.PadTo(7);
  response.Byte(kCmdque);
  response.Text("", 28);
}

Outcome WriteVitalProductData(uint8_t page_code, const InquirySource& source, Response& response) {
  constexpr size_t kHeadBytes = 4;
  response.Byte(0);  // connected, a direct access block device
  response.Byte(page_code);
  response.Zeros(2);
  if (!WritePageBody(page_code, source, response)) return kInvalidFieldInCdb.AtCdbField(2);
  response.SetBig<2>(2, response.full_bytes() - kHeadBytes);
  return kGood;
}

}  // namespace quire
