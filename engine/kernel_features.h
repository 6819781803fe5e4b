// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// What this kernel allows this process to do: probed once, every fallback is decided from it.
// Threads: any thread; OverrideForTest before any reactor exists.
#pragma once

#include <cstdint>
#include <string>

namespace quire {

struct KernelFeatures {
  bool io_uring = false;       // a ring could be set up
  int io_uring_error = 0;      // the errno of io_uring_setup when not
  int io_uring_disabled = 0;   // the sysctl kernel.io_uring_disabled, Linux 6.6
  bool coop_taskrun = false;   // IORING_SETUP_COOP_TASKRUN and SUBMIT_ALL, Linux 5.19
  bool defer_taskrun = false;  // IORING_SETUP_DEFER_TASKRUN with SINGLE_ISSUER, Linux 6.1
  bool fixed_files = false;    // sparse registered file tables
  bool fixed_buffers = false;  // registered buffer tables
  bool cachestat = false;      // cachestat(2), Linux 6.5
  bool populate_read = false;  // MADV_POPULATE_READ, Linux 5.14
  bool nowait_read = false;    // preadv2; whether a file can RWF_NOWAIT is asked at open

  // Asks the kernel now, by trying.
  static KernelFeatures Probe();
  // Probed at the first call.
  static const KernelFeatures& Get();
  // Replaces what Get() says; nullptr goes back to the probe. Lifetime: `features` stays.
  static void OverrideForTest(const KernelFeatures* features);

  // One line for the start-up log: what is used, and what is missing with the reason
  // ("io_uring is disabled (kernel.io_uring_disabled=2): all I/O by worker threads").
  std::string Describe() const;
};

}  // namespace quire
