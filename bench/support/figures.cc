// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "bench/support/figures.h"

#include <sys/utsname.h>

#include <cstdio>
#include <fstream>

#include "absl/strings/str_format.h"
#include "bench/support/die.h"

namespace quire::bench {

Figures::Figures(const Args& args, const std::string& heading) : args_(args) {
  utsname kernel{};
  uname(&kernel);
  std::printf("\n%s (Linux %s)\n", heading.c_str(), kernel.release);
  std::printf("%-34s %-22s %12s %12s %-12s %7s %7s\n", "what", "metric", "ours", "peer", "peer is",
              "ratio", "limit");
}

void Figures::Add(const Figure& record) {
  const std::string limit = record.limit > 0 ? absl::StrFormat("%7.3f", record.limit) : "";
  std::printf("%-34s %-22s %12.1f %12.1f %-12s %7.3f %7s%s\n", record.name.c_str(),
              (record.metric + ", " + record.unit).c_str(), record.ours, record.peer,
              record.peer_name.c_str(), record.ratio(), limit.c_str(),
              record.limit > 0 && record.ratio() > record.limit ? "  over" : "");
  std::fflush(stdout);
  records_.push_back(record);
}

void Figures::Write() const {
  if (args_.json.empty()) return;
  std::ofstream out(args_.json);
  out << "[\n";
  for (size_t i = 0; i < records_.size(); ++i) {
    const Figure& record = records_[i];
    out << absl::StrFormat(
        R"(  {"name": "%s", "metric": "%s", "unit": "%s", "ours": %.3f, "peer": %.3f, )"
        R"("peer_name": "%s", "ratio": %.5f})",
        record.name, record.metric, record.unit, record.ours, record.peer, record.peer_name,
        record.ratio());
    out << (i + 1 < records_.size() ? ",\n" : "\n");
  }
  out << "]\n";
  if (!out.flush()) Die("cannot write " + args_.json);
}

}  // namespace quire::bench
