// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Tables by printf, JSON by hand: a flat list of flat objects.
#include "bench/support/report.h"

#include <cmath>
#include <cstdio>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/support/die.h"

namespace quire::bench {
namespace {

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string Number(double value) {
  return std::isfinite(value) ? absl::StrFormat("%.6g", value) : "null";
}

}  // namespace

std::optional<double> Record::ratio() const {
  if (!(peer > 0)) return std::nullopt;
  return ours / peer;
}

std::string ToJson(const Record& record) {
  const std::optional<double> ratio = record.ratio();
  std::string json = absl::StrCat(
      "{\"name\": ", Quoted(record.name), ", \"metric\": ", Quoted(record.metric),
      ", \"unit\": ", Quoted(record.unit), ", \"ours\": ", Number(record.ours),
      ", \"peer\": ", Number(record.peer), ", \"peer_name\": ", Quoted(record.peer_name),
      ", \"ratio\": ", ratio.has_value() ? Number(*ratio) : "null");
  if (record.limit.has_value()) absl::StrAppend(&json, ", \"limit\": ", Number(*record.limit));
  return json + "}";
}

std::string SizeName(uint64_t bytes) {
  if (bytes >= 1 << 20 && bytes % (1 << 20) == 0) return absl::StrCat(bytes >> 20, "m");
  if (bytes >= 1 << 10 && bytes % (1 << 10) == 0) return absl::StrCat(bytes >> 10, "k");
  return absl::StrCat(bytes);
}

std::string TimeName(double ns) {
  if (ns >= 1e9) return absl::StrFormat("%.3g s", ns / 1e9);
  if (ns >= 1e6) return absl::StrFormat("%.3g ms", ns / 1e6);
  if (ns >= 999.5) return absl::StrFormat("%.3g us", ns / 1e3);
  return absl::StrFormat("%.3g ns", ns);
}

std::string ByteName(double bytes) {
  if (bytes >= 1000 << 20) return absl::StrFormat("%.3g GiB", bytes / (1 << 30));
  if (bytes >= 1 << 20) return absl::StrFormat("%.3g MiB", bytes / (1 << 20));
  if (bytes >= 1 << 10) return absl::StrFormat("%.3g KiB", bytes / (1 << 10));
  return absl::StrFormat("%.3g", bytes);
}

void Report::Heading(std::string_view text) {
  std::printf("\n%.*s\n", static_cast<int>(text.size()), text.data());
  std::printf("  %-26s %9s %19s %9s %8s %9s %9s\n", "", "CPU", "quartiles", "time",
              KernelCountsSystemCalls() ? "calls" : "~calls", "copied", "by kernel");
}

void Report::Table(std::span<const Measured> measured) {
  for (const Measured& way : measured) {
    const std::string quartiles =
        absl::StrCat(TimeName(way.cpu_ns.low), " - ", TimeName(way.cpu_ns.high));
    std::printf("  %-26s %9s %19s %9s %8.3g %9s %9s\n", way.name.c_str(),
                TimeName(way.cpu_ns.median).c_str(), quartiles.c_str(),
                TimeName(way.wall_ns.median).c_str(), way.system_calls,
                ByteName(way.user_copied_bytes).c_str(), ByteName(way.kernel_copied_bytes).c_str());
  }
  std::fflush(stdout);
}

void Report::AddCpu(const std::string& name, const Measured& ours,
                    std::span<const Measured> peers) {
  for (const Measured& peer : peers) {
    Add({name, "CPU per request", "ns", ours.cpu_ns.median, peer.cpu_ns.median, peer.name});
  }
}

void Report::Add(Record record) {
  if (record.limit.has_value()) {
    const std::string ratio =
        record.ratio().has_value() ? absl::StrFormat("%.3g", *record.ratio()) : "-";
    std::printf("  %s %s: %s of %s, at most %.3g%s\n", record.name.c_str(), record.metric.c_str(),
                ratio.c_str(), record.peer_name.c_str(), *record.limit,
                record.missed() ? "  MISSED" : "");
    std::fflush(stdout);
  }
  records_.push_back(std::move(record));
}

void Report::Finish() const {
  if (json_.empty()) return;
  std::ofstream file(json_);
  const char* before = "[\n";
  for (const Record& record : records_) {
    file << before << ToJson(record);
    before = ",\n";
  }
  file << (records_.empty() ? "[\n]\n" : "\n]\n");
  if (!file.flush()) Die("cannot write " + json_);
}

}  // namespace quire::bench
