// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "tests/support/loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace quire {
namespace {

struct Result {
  bool ok;
  std::string output;
};

Result RunCommand(const std::string& command) {
  FILE* pipe = popen(absl::StrCat(command, " 2>&1").c_str(), "r");
  if (pipe == nullptr) return {false, "popen"};
  std::string output;
  std::array<char, 256> piece;
  while (std::fgets(piece.data(), piece.size(), pipe) != nullptr) output += piece.data();
  return {pclose(pipe) == 0, std::string(absl::StripSuffix(output, "\n"))};
}

std::string MakeFolder() {
  std::string folder = "/var/tmp/quire-loop-XXXXXX";
  return mkdtemp(folder.data()) != nullptr ? folder : "";
}

void MakeImage(const std::string& path, uint64_t size_bytes) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  EXPECT_GE(fd, 0);
  EXPECT_EQ(ftruncate(fd, static_cast<off_t>(size_bytes)), 0);
  close(fd);
}

std::string FormatCommand(const std::string& type, const std::string& image) {
  if (type == "ext4") return absl::StrCat("mkfs.ext4 -q -F ", image);
  return absl::StrCat("mkfs.", type, " -q -f ", image);
}

}  // namespace

LoopFileSystem::LoopFileSystem(const std::string& type, uint64_t size_bytes) : base_(MakeFolder()) {
  if (geteuid() != 0) {
    why_ = "mounting needs root";
    return;
  }
  folder_ = base_ + "/mnt";
  mkdir(folder_.c_str(), 0700);
  Result result{true, ""};
  if (type == "tmpfs") {
    result = RunCommand(absl::StrCat("mount -t tmpfs -o size=", size_bytes, " none ", folder_));
  } else {
    const std::string image = base_ + "/image";
    MakeImage(image, size_bytes);
    result = RunCommand(FormatCommand(type, image));
    if (result.ok) result = RunCommand(absl::StrCat("mount -o loop ", image, " ", folder_));
  }
  mounted_ = result.ok;
  if (!result.ok) why_ = absl::StrCat("no ", type, " here: ", result.output);
}

LoopFileSystem::~LoopFileSystem() {
  if (mounted_) {
    // A ring that is gone lets go of its files a little later.
    Result result = RunCommand("umount " + folder_);
    for (int i = 0; i < 100 && !result.ok; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      result = RunCommand("umount " + folder_);
    }
    if (!result.ok) RunCommand("umount -l " + folder_);
    EXPECT_TRUE(result.ok) << result.output;
  }
  std::error_code error;
  std::filesystem::remove_all(base_, error);
}

LoopDevice::LoopDevice(uint64_t size_bytes, uint32_t sector_bytes) : image_(MakeFolder()) {
  if (geteuid() != 0) {
    why_ = "a loop device needs root";
    return;
  }
  MakeImage(image_ + "/image", size_bytes);
  const Result result = RunCommand(
      absl::StrCat("losetup --find --show --sector-size ", sector_bytes, " ", image_, "/image"));
  (result.ok ? path_ : why_) = result.output;
}

LoopDevice::~LoopDevice() {
  if (!path_.empty()) RunCommand("losetup --detach " + path_);
  std::error_code error;
  std::filesystem::remove_all(image_, error);
}

}  // namespace quire
