// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// READ BUFFER and WRITE BUFFER: what an initiator tests its way to the disk with. Source: SPC-4
// 6.18 and 6.49.
#include "vdisk/buffer_data.h"
#include "vdisk/handlers.h"

namespace quire {

// An echo is as long as what was written (SPC-4 6.18.9); before that there is none.
void ReadBuffer(CommandRun run) {
  const uint8_t mode = run.cdb().buffer_mode();
  const std::vector<uint8_t>& echo = run.nexus().echo_buffer();
  if (mode == kBufferModeEcho && echo.empty()) {
    run.End(kCommandSequenceError);
    return;
  }
  run.Respond([mode, &echo](Response& response) {
    if (mode == kBufferModeEcho) {
      response.Bytes(echo);
    } else if (mode == kBufferModeEchoDescriptor) {
      WriteEchoBufferDescriptor(kMaxEchoBufferBytes, /*own_per_nexus=*/true, response);
    } else {
      WriteBufferDescriptor(response);
    }
    return kGood;
  });
}

// No data is no echo, and no error (SPC-4 4.2.5.5).
void WriteBuffer(CommandRun run) {
  if (run.cdb().length > kMaxEchoBufferBytes) {
    run.End(kInvalidFieldInCdb.AtCdbField(6));
    return;
  }
  if (!run.HasAllData()) return;
  const std::span<const uint8_t> data = run.List();
  if (!data.empty()) run.nexus().echo_buffer().assign(data.begin(), data.end());
  run.End();
}

}  // namespace quire
