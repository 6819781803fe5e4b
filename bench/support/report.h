// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What a benchmark found out: lines for the reader, records for build/bench.json.
// Threads: one. Errors: a file that cannot be written ends the program.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/support/compare.h"

namespace quire::bench {

// One number of ours beside the same number of a peer, taken in the same run.
struct Record {
  std::string name = {};
  std::string metric = {};
  std::string unit = {};
  double ours = 0;
  double peer = 0;
  std::string peer_name = {};
  // A figure that we promise: the ratio is to be at most this.
  std::optional<double> limit = std::nullopt;

  // ours / peer; nothing where the peer has none.
  std::optional<double> ratio() const;
  bool missed() const { return limit.has_value() && ratio().value_or(0) > *limit; }
};

// One line of JSON: an object without the comma.
std::string ToJson(const Record& record);

// 4096 -> "4k", 1048576 -> "1m".
std::string SizeName(uint64_t bytes);
// "61 ns", "1.2 us", "3.4 ms": three digits and the unit that fits.
std::string TimeName(double ns);
// "1.2 KiB" and the like.
std::string ByteName(double bytes);

class Report {
 public:
  // `json` empty: records are printed only as part of the figures.
  explicit Report(std::string json) : json_(std::move(json)) {}

  void Heading(std::string_view text);
  // One line per way.
  void Table(std::span<const Measured> measured);
  // A record for each peer: CPU per request of `ours` beside it.
  void AddCpu(const std::string& name, const Measured& ours, std::span<const Measured> peers);
  // Also printed when it has a limit.
  void Add(Record record);
  // Writes the records; call it last.
  void Finish() const;

 private:
  const std::string json_;
  std::vector<Record> records_;
};

}  // namespace quire::bench
