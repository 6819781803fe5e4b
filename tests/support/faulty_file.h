// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A temporary file behind a faulty backing, with a client: for tests of what goes wrong.
#pragma once

#include <memory>

#include "pagecache/kernel_backing.h"
#include "tests/support/faulty_backing.h"
#include "tests/support/served_file.h"

namespace quire {

class FaultyFile {
 public:
  explicit FaultyFile(uint64_t size_bytes, FileOptions options = {},
                      const ReactorOptions& reactor = {},
                      const std::string& folder = ScratchFile::Folder())
      : scratch_(size_bytes, folder) {
    scratch_.Fill(0, Filled(size_bytes, 'a'));
    options.path = scratch_.path();
    auto real = *KernelBacking::Open({.path = scratch_.path(),
                                      .read_only = options.read_only,
                                      .direct = options.cache == CacheMode::kNone});
    auto faulty = std::make_unique<FaultyBacking>(std::move(real));
    faulty_ = faulty.get();
    file_ = *File::Open(std::move(faulty), options);
    client_ = std::make_unique<Client>(workers_, *file_, reactor);
  }
  ~FaultyFile() { client_.reset(); }

  // Nothing of the file is in memory or mapped afterwards.
  void Drop() {
    file_->RetireAll();
    scratch_.Drop();
  }
  ScratchFile& scratch() { return scratch_; }
  FaultyBacking& faulty() { return *faulty_; }
  File& file() { return *file_; }
  Client& client() { return *client_; }

 private:
  ScratchFile scratch_;
  WorkerPool workers_;
  FaultyBacking* faulty_ = nullptr;
  std::unique_ptr<File> file_;
  std::unique_ptr<Client> client_;
};

}  // namespace quire
