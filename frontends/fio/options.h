// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// The options that a job may set for this engine.
// Lifetime: fio keeps the values with the job, the table for good.
#pragma once

#include <array>

#include "frontends/fio/fio_headers.h"

namespace quire::fio {

// The layout that fio writes into, by the offsets in the table.
struct Options {
  void* fio_private;  // the first word is fio's
  unsigned int cache;
  unsigned int copy;
  unsigned int hints;
  unsigned int share;
  unsigned int stats;
};

// Values of Options::cache.
enum CacheOption : unsigned int { kCacheByJob, kCacheWriteback, kCacheWritethrough, kCacheNone };

inline fio_option Switch(const char* name, unsigned int offset, const char* preset,
                         const char* help) {
  fio_option option = {};
  option.name = name;
  option.lname = help;
  option.type = FIO_OPT_BOOL;
  option.off1 = offset;
  option.help = help;
  option.def = preset;
  option.category = FIO_OPT_C_ENGINE;
  option.group = FIO_OPT_G_INVALID;
  return option;
}

inline fio_option CacheChoice() {
  fio_option option = Switch("quire_cache", offsetof(Options, cache), "job",
                             "Where writes are when they are acknowledged");
  option.type = FIO_OPT_STR;
  option.posval[0] = {"job", kCacheByJob, "none with direct=1, else writeback", 0, nullptr};
  option.posval[1] = {"writeback", kCacheWriteback, "in the page cache, stable by fsync", 0,
                      nullptr};
  option.posval[2] = {"writethrough", kCacheWritethrough, "stable, through the page cache", 0,
                      nullptr};
  option.posval[3] = {"none", kCacheNone, "given to the device by O_DIRECT", 0, nullptr};
  return option;
}

// Ends with an empty one, as fio wants it.
inline std::array<fio_option, 6> OptionTable() {
  return {CacheChoice(),
          Switch("quire_copy", offsetof(Options, copy), "0",
                 "Answer every read by a copy in fio's buffer, not by reference"),
          Switch("quire_hints", offsetof(Options, hints), "1",
                 "Believe hints that data is cached (no system call for such a read)"),
          Switch("quire_share", offsetof(Options, share), "0",
                 "Open the file though another process has it open"),
          Switch("quire_stats", offsetof(Options, stats), "0",
                 "At the end, tell how requests went: by reference or copied, and why"),
          fio_option{}};
}

}  // namespace quire::fio
