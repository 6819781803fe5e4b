// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "host/disk.h"

#include <utility>

#include "pagecache/file.h"

namespace quire {
namespace {

CacheMode ModeOf(DiskOptions::Cache cache) {
  switch (cache) {
    case DiskOptions::Cache::kWriteback:
      return CacheMode::kWriteback;
    case DiskOptions::Cache::kWritethrough:
      return CacheMode::kWritethrough;
    case DiskOptions::Cache::kNone:
      return CacheMode::kNone;
  }
  return CacheMode::kWriteback;
}

template <typename Key, size_t kCount>
std::vector<std::pair<std::string, uint64_t>> Named(const std::array<uint64_t, kCount>& counts) {
  std::vector<std::pair<std::string, uint64_t>> named;
  for (size_t i = 0; i < kCount; ++i) {
    if (counts[i] > 0) named.emplace_back(Name(static_cast<Key>(i)), counts[i]);
  }
  return named;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Disk>> Disk::Open(const DiskOptions& options) {
  absl::StatusOr<std::unique_ptr<File>> file =
      File::Open({.path = options.path,
                  .cache = ModeOf(options.cache),
                  .read_only = options.read_only,
                  .share = options.share,
                  .hints = options.hints,
                  .null_size_bytes = options.null_size_bytes});
  if (!file.ok()) return file.status();
  absl::StatusOr<std::unique_ptr<Device>> device =
      Device::Create(*std::move(file), options.block_bytes);
  if (!device.ok()) return device.status();
  return std::unique_ptr<Disk>(new Disk(*std::move(device)));
}

Disk::Disk(std::unique_ptr<Device> device)
    : device_(std::move(device)), target_(device_->file().options().path) {
  target_.Add(*device_);
}

std::unique_ptr<Session> Disk::Connect(Reactor& reactor, Session::Options options) {
  return std::make_unique<Session>(target_, reactor, std::move(options));
}

DiskStats Disk::stats() const {
  const FileStats file = device_->file().stats();
  const Device::Counts commands = device_->counts();
  return {.commands_executed = commands.executed,
          .commands_freed = commands.freed,
          .reads = file.reads,
          .writes = file.writes,
          .flushes = file.syncs,
          .discards = file.discards,
          .read_bytes = file.read_bytes,
          .written_bytes = file.written_bytes,
          .referenced_bytes = file.referenced_bytes,
          .hint_hits = file.hint_hits,
          .hints_renewed = file.renewed,
          .waits = file.waits,
          .references_lent = file.lent,
          .references_revoked = file.revoked,
          .made_private = file.made_private,
          .page_table_bytes = file.page_table_bytes,
          .read_paths = Named<ReadPath>(file.read_paths),
          .write_paths = Named<WritePath>(file.write_paths),
          .write_reasons = Named<WriteReason>(file.write_reasons)};
}

}  // namespace quire
