// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/diagnostic_pages.h"

#include "base/check.h"
#include "vdisk/outcomes.h"

namespace quire {

Outcome WriteDiagnosticPage(const Cdb& cdb, Response& response) {
  QUIRE_DCHECK(cdb.operation() == Operation::kReceiveDiagnosticResults);
  constexpr uint8_t kSupportedPages = 0x00;
  if (cdb.page_code() != kSupportedPages) return kInvalidFieldInCdb.AtCdbField(2);
  response.Byte(kSupportedPages);
  response.Byte(0);
  response.Big<2>(1);
  response.Byte(kSupportedPages);
  return kGood;
}

}  // namespace quire
