// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/log_pages.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

constexpr uint8_t kSupportedPages = 0x00;
constexpr uint8_t kLogicalBlockProvisioning = 0x0c;
constexpr uint8_t kTemperature = 0x0d;
constexpr uint8_t kInformationalExceptions = 0x2f;
constexpr uint8_t kPages[] = {kSupportedPages, kLogicalBlockProvisioning, kTemperature,
                              kInformationalExceptions};
constexpr uint8_t kAllSubpages = 0xff;
constexpr uint8_t kNoTemperature = 0xff;  // none is measured (SPC-4 7.3.21)

bool Present(uint8_t page, const LogState& state) {
  if (page == kLogicalBlockProvisioning) return state.mapping.has_value();
  return std::ranges::find(kPages, page) != std::end(kPages);
}

// SPC-4 7.3.2.1: SPF and the page code, then the length, which is set at the end.
void WriteHead(uint8_t page, uint8_t subpage, Response& response) {
  constexpr uint8_t kSpf = 0x40;
  response.Byte(subpage == 0 ? page : page | kSpf);
  response.Byte(subpage);
  response.Zeros(2);
}

// Parameters below the parameter pointer are left out (SPC-4 6.8).
class Parameters {
 public:
  Parameters(uint16_t pointer, Response& response) : pointer_(pointer), response_(response) {}

  // A binary list parameter (SPC-4 7.3.2.2.2.5). True when its value is to follow.
  bool Begin(uint16_t code, uint8_t length_bytes) {
    last_ = code;
    if (code < pointer_) return false;
    constexpr uint8_t kFormatBinaryList = 0x03;
    response_.Big<2>(code);
    response_.Byte(kFormatBinaryList);
    response_.Byte(length_bytes);
    return true;
  }
  bool PointerIsBehindTheLast() const { return pointer_ > last_; }

 private:
  const uint16_t pointer_;
  Response& response_;
  uint16_t last_ = 0;
};

void WriteSupported(bool with_subpages, const LogState& state, Response& response) {
  for (const uint8_t page : kPages) {
    if (!Present(page, state)) continue;
    response.Byte(page);
    if (with_subpages) response.Byte(0);
    if (with_subpages && page == kSupportedPages) {
      response.Byte(page);
      response.Byte(kAllSubpages);
    }
  }
}

// SPC-4 7.3.21.
void WriteTemperature(Parameters& parameters, Response& response) {
  for (const uint16_t code : {0x0000, 0x0001}) {  // as it is, and as it should be
    if (!parameters.Begin(code, 2)) continue;
    response.Byte(0);
    response.Byte(kNoTemperature);
  }
}

// SPC-4 7.3.13: nothing to report.
void WriteExceptions(Parameters& parameters, Response& response) {
  if (!parameters.Begin(0x0000, 4)) return;
  response.Zeros(2);  // ASC, ASCQ
  response.Byte(kNoTemperature);
  response.Byte(0);
}

// SBC-3 6.4: available (0001h) and used (0002h) resource counts.
void WriteMapping(const MappingResources& resources, Parameters& parameters, Response& response) {
  QUIRE_CHECK(resources.threshold_exponent < 64);
  const uint64_t set = uint64_t{1} << resources.threshold_exponent;
  const struct {
    uint16_t code;
    uint64_t count;
    ResourceScope scope;
  } rows[] = {{0x0001, resources.available / set, resources.available_scope},
              {0x0002, resources.used / set + (resources.used % set != 0 ? 1 : 0),
               ResourceScope::kDedicated}};
  for (const auto& row : rows) {
    if (!parameters.Begin(row.code, 8)) continue;
    response.Big<4>(std::min<uint64_t>(row.count, std::numeric_limits<uint32_t>::max()));
    response.Byte(static_cast<uint8_t>(row.scope));
    response.Zeros(3);
  }
}

}  // namespace

Outcome WriteLogSense(const Cdb& cdb, const LogState& state, Response& response) {
  QUIRE_DCHECK(cdb.operation() == Operation::kLogSense);
  const uint8_t page = cdb.sense_page_code();
  const uint8_t subpage = cdb.subpage_code();
  if (!Present(page, state)) return kInvalidFieldInCdb.AtCdbField(2, 5);
  if (subpage != 0 && (page != kSupportedPages || subpage != kAllSubpages)) {
    return kInvalidFieldInCdb.AtCdbField(3);
  }
  WriteHead(page, subpage, response);
  Parameters parameters(cdb.parameter_pointer(), response);
  switch (page) {
    case kSupportedPages:
      WriteSupported(subpage == kAllSubpages, state, response);
      break;
    case kLogicalBlockProvisioning:
      WriteMapping(*state.mapping, parameters, response);
      break;
    case kTemperature:
      WriteTemperature(parameters, response);
      break;
    default:
      WriteExceptions(parameters, response);
  }
  if (parameters.PointerIsBehindTheLast()) return kInvalidFieldInCdb.AtCdbField(5);
  response.SetBig<2>(2, response.full_bytes() - 4);
  return kGood;
}

}  // namespace quire
