// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Uses the installed package the way an embedder would.

#include "base/io_result.h"
#include "base/log.h"

int main() {
  quire::Log(quire::LogLevel::kInfo, "installed");
  return quire::IoResult::Bytes(1).bytes() == 1 ? 0 : 1;
}
