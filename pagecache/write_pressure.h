// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Foresees when the kernel will make writers wait, so that writes leave the reactor in time.
//
// The kernel throttles who dirties pages once dirty and writeback pages pass the middle between the
// background and the hard threshold (/proc/vmstat). The last sample plus what was dirtied through
// us since then is compared with a little less than that.
// Threads: any thread. Sample() reads /proc (30 us): on a worker thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace quire {

struct DirtyPages {
  uint64_t dirty = 0;
  uint64_t writeback = 0;
  uint64_t background_threshold = 0;
  uint64_t threshold = 0;
};
// Out of the text of /proc/vmstat; zeros where a line is missing.
DirtyPages ParseVmstat(std::string_view text);

class WritePressure {
 public:
  // Bytes became dirty through us. True when it is time for a new sample; true once per due time.
  bool NoteDirtied(uint64_t length_bytes, uint64_t now_ns);
  // True when the next write is likely to be made to wait.
  bool throttled() const;

  void Sample();
  void Sampled(const DirtyPages& pages);

 private:
  std::atomic<uint64_t> limit_bytes_{~uint64_t{0}};  // dirty bytes before anybody waits
  std::atomic<uint64_t> dirty_bytes_{0};             // at the sample, and by us since
  std::atomic<uint64_t> since_sample_bytes_{0};
  std::atomic<uint64_t> next_sample_ns_{0};
};

}  // namespace quire
