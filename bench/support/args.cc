// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Parses the shared command line by getopt.
#include "bench/support/args.h"

#include <getopt.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace quire::bench {
namespace {

void PrintHelp(std::string_view program, std::string_view purpose, std::string_view examples) {
  std::printf(
      "usage: %.*s [options]\n%.*s\n\n"
      "  --file PATH   work on this file; its contents are overwritten\n"
      "  --dir DIR     make the file in this directory (default: here), remove it at the end\n"
      "  --size MIB    how large a file to make\n"
      "  --json FILE   write the results there as well\n"
      "  --smoke       a run of about a second that only proves that it works\n"
      "  --help        this text\n%.*s",
      static_cast<int>(program.size()), program.data(), static_cast<int>(purpose.size()),
      purpose.data(), static_cast<int>(examples.size()), examples.data());
}

[[noreturn]] void Refuse(const char* program) {
  std::fprintf(stderr, "%s: try --help\n", program);
  std::exit(2);
}

uint64_t ParseMib(const char* program, const char* text) {
  char* end = nullptr;
  const uint64_t mib = std::strtoull(text, &end, 10);
  if (mib == 0 || mib > (uint64_t{1} << 30) || *end != '\0') {
    std::fprintf(stderr, "%s: --size %s is not a number of MiB\n", program, text);
    Refuse(program);
  }
  return mib << 20;
}

}  // namespace

Args ParseArgs(int argc, char** argv, std::string_view purpose, std::string_view examples) {
  const option options[] = {
      {"smoke", no_argument, nullptr, 's'},
      {"json", required_argument, nullptr, 'j'},
      {"file", required_argument, nullptr, 'f'},
      {"dir", required_argument, nullptr, 'd'},
      {"size", required_argument, nullptr, 'm'},
      {"help", no_argument, nullptr, 'h'},
      {nullptr, 0, nullptr, 0},
  };
  const std::string program = std::filesystem::path(argv[0]).filename();
  Args args;
  for (int choice; (choice = getopt_long(argc, argv, "", options, nullptr)) != -1;) {
    switch (choice) {
      case 's':
        args.smoke = true;
        break;
      case 'j':
        args.json = optarg;
        break;
      case 'f':
        args.file = optarg;
        break;
      case 'd':
        args.dir = optarg;
        break;
      case 'm':
        args.size_bytes = ParseMib(program.c_str(), optarg);
        break;
      case 'h':
        PrintHelp(program, purpose, examples);
        std::exit(0);
      default:
        Refuse(program.c_str());
    }
  }
  if (optind < argc) {
    std::fprintf(stderr, "%s: what is %s?\n", program.c_str(), argv[optind]);
    Refuse(program.c_str());
  }
  return args;
}

}  // namespace quire::bench
