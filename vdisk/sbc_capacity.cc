// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// READ CAPACITY(10) and (16). Source: SBC-3 clause 5 under their names.
#include "vdisk/capacity.h"
#include "vdisk/handlers.h"

namespace quire {

void ReadCapacity10(CommandRun run) {
  run.Respond([run](Response& response) {
    WriteReadCapacity10(run.geometry(), response);
    return kGood;
  });
}

void ReadCapacity16(CommandRun run) {
  run.Respond([run](Response& response) {
    WriteReadCapacity16(run.geometry(), run.server().physical(), run.server().provisioning(),
                        response);
    return kGood;
  });
}

}  // namespace quire
