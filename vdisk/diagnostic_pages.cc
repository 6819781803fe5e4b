// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/diagnostic_pages.h"

#include "base/big_endian.h"
#include "base/check.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

constexpr uint8_t kSupportedPages = 0x00;

}  // namespace

// A self test comes without a page, and pages without PF are of no known format (SPC-4 6.42).
Outcome CheckDiagnosticPage(const Cdb& cdb, std::span<const uint8_t> list) {
  QUIRE_DCHECK(cdb.operation() == Operation::kSendDiagnostic);
  if (list.empty()) return kGood;
  if (cdb.Has(CdbFlag::kSelftest)) return kInvalidFieldInCdb.AtCdbField(3);
  if (!cdb.Has(CdbFlag::kPf)) return kInvalidFieldInCdb.AtCdbField(1, 4);
  constexpr size_t kHeadBytes = 4;
  if (list.size() < kHeadBytes) return kParameterListLengthError;
  if (list[0] != kSupportedPages) return kInvalidFieldInParameterList.AtParameterField(0);
  if (LoadBig<2>(&list[2]) != 0) return kInvalidFieldInParameterList.AtParameterField(2);
  return list.size() == kHeadBytes ? kGood : kParameterListLengthError;
}

Outcome WriteDiagnosticPage(const Cdb& cdb, Response& response) {
  QUIRE_DCHECK(cdb.operation() == Operation::kReceiveDiagnosticResults);
  if (cdb.page_code() != kSupportedPages) return kInvalidFieldInCdb.AtCdbField(2);
  response.Byte(kSupportedPages);
  response.Byte(0);
  response.Big<2>(1);
  response.Byte(kSupportedPages);
  return kGood;
}

}  // namespace quire
