// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "frontends/fio/report.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace quire::fio {
namespace {

double Percent(uint64_t part, uint64_t whole) {
  if (whole == 0) return 0;
  return 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

void AppendCounts(std::string& text, const char* title,
                  const std::vector<std::pair<std::string, uint64_t>>& counts) {
  if (counts.empty()) return;
  absl::StrAppend(&text, "quire:   ", title, ":");
  const char* separator = " ";
  for (const auto& [name, count] : counts) {
    absl::StrAppend(&text, separator, name, " ", count);
    separator = ", ";
  }
  text += '\n';
}

}  // namespace

std::string ReportText(const std::string& title, const DiskStats& stats, const CopyCounts& copied) {
  std::string text = absl::StrCat("quire: ", title, "\n");
  absl::StrAppendFormat(&text,
                        "quire:   reads %d (%d bytes), %.1f %% by reference, %.1f %% without a "
                        "system call\n",
                        stats.reads, stats.read_bytes,
                        Percent(stats.referenced_bytes, stats.read_bytes),
                        Percent(stats.hint_hits, stats.reads));
  absl::StrAppend(&text, "quire:   writes ", stats.writes, " (", stats.written_bytes,
                  " bytes), flushes ", stats.flushes, ", discards ", stats.discards, "\n");
  absl::StrAppend(&text, "quire:   payload copied in this process: ", copied.user_bytes,
                  " bytes by us, ", copied.kernel_bytes, " by the kernel\n");
  AppendCounts(text, "read paths", stats.read_paths);
  AppendCounts(text, "write paths", stats.write_paths);
  AppendCounts(text, "write reasons", stats.write_reasons);
  return text;
}

void PrintReport(const Disk& disk) {
  const std::string text = ReportText(disk.Describe(), disk.stats(), ReadCopyCounts());
  std::fputs(text.c_str(), stderr);
}

}  // namespace quire::fio
