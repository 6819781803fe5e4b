// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// READ DEFECT DATA(10) and (12). Source: SBC-3 5.17, 5.18.
#include "vdisk/defect_data.h"
#include "vdisk/handlers.h"

namespace quire {

void ReadDefectData(CommandRun run) {
  run.Respond([run](Response& response) {
    WriteDefectData(run.cdb(), response);
    return kGood;
  });
}

}  // namespace quire
