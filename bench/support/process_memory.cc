// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Lines of /proc/self/status, and the one file of the control group, version 2 or 1.
#include "bench/support/process_memory.h"

#include <fstream>
#include <string>

namespace quire::bench {

ProcessMemory ReadProcessMemory() {
  ProcessMemory memory;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    const auto take = [&line](const std::string& name, uint64_t& bytes) {
      if (line.starts_with(name)) bytes = std::stoull(line.substr(name.size())) * 1024;
    };
    take("RssAnon:", memory.anonymous_bytes);
    take("RssShmem:", memory.shared_bytes);
    take("VmPTE:", memory.page_tables_bytes);
  }
  return memory;
}

std::optional<uint64_t> ControlGroupBytes() {
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const std::string path = line.substr(line.rfind(':') + 1);
    const bool old = line.find(":memory:") != std::string::npos;
    if (!old && !line.starts_with("0::")) continue;
    const std::string root = old ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup";
    const std::string name = old ? "/memory.usage_in_bytes" : "/memory.current";
    // Inside a container the path is that of the host, and its own group is the root.
    for (const std::string& folder : {root + path, root}) {
      std::ifstream file(folder + name);
      uint64_t bytes = 0;
      if (file >> bytes) return bytes;
    }
  }
  return std::nullopt;
}

}  // namespace quire::bench
