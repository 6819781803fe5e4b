// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The command line that all benchmark programs share.
// Errors: a wrong command line ends the program with exit code 2.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace quire::bench {

struct Args {
  bool smoke = false;       // a run of about a second: does it still work?
  std::string json;         // where the records go; empty: nowhere
  std::string file;         // an existing file to work on; empty: one is made in `dir`
  std::string dir = ".";    // the directory of the file that is made
  uint64_t size_bytes = 0;  // of the file that is made; 0: the program's own choice
};

// `purpose` and `examples` are shown by --help.
Args ParseArgs(int argc, char** argv, std::string_view purpose, std::string_view examples = "");

}  // namespace quire::bench
