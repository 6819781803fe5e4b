// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/defect_data.h"

#include "base/check.h"

namespace quire {

void WriteDefectData(const Cdb& cdb, Response& response) {
  QUIRE_DCHECK(cdb.operation() == Operation::kReadDefectData);
  response.Byte(0);
  response.Byte(cdb.defect_list_request());  // PLISTV, GLISTV and the format lie as in the CDB
  // The length of the list; in the long form after a generation, which is not told.
  response.Zeros(cdb.opcode->cdb_bytes == 10 ? 2 : 6);
}

}  // namespace quire
