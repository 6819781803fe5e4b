// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What a benchmark found: rows of us against a peer, as a table on standard output and as JSON.
// Threads: one.
#pragma once

#include <string>
#include <vector>

#include "bench/support/args.h"

namespace quire::bench {

struct Figure {
  std::string name;    // "read_hit/4k"
  std::string metric;  // "cpu_per_request"
  std::string unit;    // "ns"
  double ours = 0;
  double peer = 0;
  std::string peer_name;
  double limit = 0;  // of the ratio, 0 when there is none
  double ratio() const { return peer != 0 ? ours / peer : 0; }
};

class Figures {
 public:
  // `heading` says what is compared; printed at once.
  Figures(const Args& args, const std::string& heading);
  void Add(const Figure& record);  // prints the row
  // Writes the JSON file where one was asked for.
  void Write() const;

 private:
  const Args args_;
  std::vector<Figure> records_;
};

}  // namespace quire::bench
