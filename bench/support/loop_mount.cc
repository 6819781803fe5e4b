// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// /sys/block/<device>/stat, its third number.
#include "bench/support/loop_mount.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace quire::bench {
namespace {

struct Result {
  bool ok = false;
  std::string output;
};

Result RunCommand(const std::string& command) {
  FILE* const pipe = popen(absl::StrCat(command, " 2>&1").c_str(), "r");
  if (pipe == nullptr) return {false, "popen"};
  std::string output;
  std::array<char, 256> piece;
  while (std::fgets(piece.data(), piece.size(), pipe) != nullptr) output += piece.data();
  return {pclose(pipe) == 0, std::string(absl::StripSuffix(output, "\n"))};
}

}  // namespace

LoopMount::LoopMount(const std::string& dir, const std::string& type, uint64_t size_bytes)
    : base_(dir + "/quire-bench-loop-XXXXXX") {
  if (geteuid() != 0) {
    why_ = "mounting needs root";
    return;
  }
  if (mkdtemp(base_.data()) == nullptr) {
    why_ = "cannot make " + base_;
    return;
  }
  folder_ = base_ + "/mnt";
  const std::string image = base_ + "/image";
  Result result = RunCommand(absl::StrCat("mkdir ", folder_, " && truncate -s ", size_bytes, " ",
                                          image, " && mkfs.", type, " -q -f ", image));
  if (result.ok) {
    result = RunCommand("losetup --find --show " + image);
    if (result.ok) device_ = result.output;
  }
  if (result.ok) result = RunCommand(absl::StrCat("mount ", device_, " ", folder_));
  mounted_ = result.ok;
  if (!result.ok) why_ = absl::StrCat("no ", type, " here: ", result.output);
}

LoopMount::~LoopMount() {
  // A ring that is gone lets go of its files a little later.
  for (int i = 0; mounted_ && i < 100; ++i) {
    mounted_ = !RunCommand("umount " + folder_).ok;
    if (mounted_) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  if (!device_.empty()) RunCommand("losetup --detach " + device_);
  std::error_code error;
  if (!folder_.empty()) std::filesystem::remove_all(base_, error);
}

uint64_t LoopMount::device_read_bytes() const {
  constexpr int kSectorsRead = 3;
  constexpr uint64_t kSectorBytes = 512;
  std::ifstream file("/sys/block/" + std::string(absl::StripPrefix(device_, "/dev/")) + "/stat");
  uint64_t number = 0;
  for (int i = 0; i < kSectorsRead; ++i) file >> number;
  return number * kSectorBytes;
}

}  // namespace quire::bench
