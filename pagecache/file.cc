// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "pagecache/file.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "pagecache/bus_guard.h"
#include "pagecache/kernel_backing.h"
#include "pagecache/null_backing.h"

namespace quire {

absl::StatusOr<std::unique_ptr<File>> File::Open(const FileOptions& options) {
  if (options.path == "null") {
    return Open(std::make_unique<NullBacking>(options.null_size_bytes), options);
  }
  absl::StatusOr<std::unique_ptr<KernelBacking>> backing =
      KernelBacking::Open({.path = options.path,
                           .read_only = options.read_only,
                           .direct = options.cache == CacheMode::kNone,
                           .share = options.share});
  if (!backing.ok()) return backing.status();
  return Open(*std::move(backing), options);
}

absl::StatusOr<std::unique_ptr<File>> File::Open(std::unique_ptr<Backing> backing,
                                                 const FileOptions& options) {
  const int64_t size = backing->CurrentSize();
  if (size < 0) {
    return absl::ErrnoToStatus(static_cast<int>(-size),
                               absl::StrCat("cannot tell the size of ", options.path));
  }
  auto file = std::unique_ptr<File>(new File(std::move(backing), options));
  file->size_bytes_.store(static_cast<uint64_t>(size), std::memory_order_release);
  if (file->direct()) {
    const uint32_t align = file->traits().direct_offset_align_bytes;
    if (file->size_bytes() % align == 0) return file;
    return absl::FailedPreconditionError(
        absl::StrCat(options.path, ": cache=none needs a size that is a multiple of ", align,
                     " bytes; enlarge the file (truncate -s) or use cache=writeback"));
  }
  if (!bus_guard::Install()) {
    Log(LogLevel::kInfo, absl::StrCat(options.path, ": SIGBUS is declined, reads are copied"));
    return file;
  }
  if (absl::Status mapped = file->MapAnew(static_cast<uint64_t>(size)); !mapped.ok()) {
    Log(LogLevel::kWarning,
        absl::StrCat(options.path, ": ", mapped.message(), "; reads are copied"));
  }
  return file;
}

File::File(std::unique_ptr<Backing> backing, const FileOptions& options)
    : backing_(std::move(backing)), options_(options) {}

File::~File() {
  QUIRE_CHECK(count_channels_.load() == 0);
  QUIRE_CHECK(pins_.count() == 0);
  for (const std::unique_ptr<Place>& place : places_) bus_guard::Unwatch(*place->mapping);
}

absl::Status File::MapAnew(uint64_t size_bytes) {
  absl::StatusOr<std::unique_ptr<Mapping>> mapping = backing_->Map(size_bytes);
  if (!mapping.ok()) return mapping.status();
  if (!bus_guard::Watch(**mapping)) {
    return absl::ResourceExhaustedError("too many mapped files in this process (256)");
  }
  auto place = std::make_unique<Place>();
  place->mapping = *std::move(mapping);
  place->residency = std::make_unique<Residency>(place->mapping->capacity_bytes());
  place->density = std::make_unique<WriteDensity>(place->mapping->capacity_bytes());
  place_.store(place.get(), std::memory_order_release);
  MutexLock lock(mutex_);
  places_.push_back(std::move(place));
  return absl::OkStatus();
}

std::string File::Describe() const {
  const BackingTraits& found = traits();
  constexpr std::array<const char*, 3> kModes = {"writeback", "writethrough", "none"};
  return absl::StrCat(options_.path, ": ", found.file_system, ", ", size_bytes(),
                      " bytes, cache=", kModes[static_cast<size_t>(options_.cache)],
                      mapped() ? ", mapped" : "", found.reflink ? ", reflink" : "",
                      found.nowait_write ? ", nowait writes" : "",
                      found.direct_offset_align_bytes == 0
                          ? ", no O_DIRECT"
                          : absl::StrCat(", O_DIRECT by ", found.direct_offset_align_bytes),
                      found.atomic_write_max_bytes == 0
                          ? ""
                          : absl::StrCat(", atomic writes to ", found.atomic_write_max_bytes));
}

absl::Status File::CheckAligned(uint64_t size_bytes) const {
  if (!direct() || size_bytes % traits().direct_offset_align_bytes == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(options_.path, ": with cache=none its size can only be a multiple of ",
                   traits().direct_offset_align_bytes, " bytes"));
}

// What the backing said to a new size.
absl::Status File::Resized(int error, uint64_t size_bytes) const {
  switch (error) {
    case 0:
      return absl::OkStatus();
    case EINVAL:  // a read-only descriptor, or no regular file
    case EBADF:
      return absl::FailedPreconditionError(absl::StrCat(
          options_.path, traits().writable ? " is a " : " is a read-only ", traits().file_system,
          traits().writable ? "" : " file", ", whose size is not ours to change; make it ",
          size_bytes, " bytes long first, then take that size over"));
    default:
      return absl::ErrnoToStatus(
          error, absl::StrCat("cannot make ", options_.path, " ", size_bytes, " bytes long"));
  }
}

absl::Status File::Grow(uint64_t size_bytes) {
  MutexLock lock(resize_mutex_);
  if (size_bytes < this->size_bytes()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "growing cannot shrink ", options_.path, " from ", this->size_bytes(), " to ", size_bytes));
  }
  if (absl::Status aligned = CheckAligned(size_bytes); !aligned.ok()) return aligned;
  if (absl::Status grown = Resized(backing_->Grow(size_bytes), size_bytes); !grown.ok()) {
    return grown;
  }
  if (Place* place = this->place();
      place != nullptr && place->mapping->capacity_bytes() < size_bytes) {
    if (absl::Status mapped = MapAnew(size_bytes); !mapped.ok()) return mapped;
  }
  size_bytes_.store(size_bytes, std::memory_order_release);
  return absl::OkStatus();
}

// Whoever enters the pin table after it was searched finds the new size there: both are under the
// locks of the table.
absl::Status File::Shrink(uint64_t size_bytes, uint64_t patience_ns) {
  MutexLock lock(resize_mutex_);
  const uint64_t before = this->size_bytes();
  if (size_bytes > before) {
    return absl::InvalidArgumentError(absl::StrCat("shrinking cannot enlarge ", options_.path,
                                                   " from ", before, " to ", size_bytes));
  }
  if (absl::Status aligned = CheckAligned(size_bytes); !aligned.ok()) return aligned;
  if (!traits().writable) return Resized(EBADF, size_bytes);
  size_bytes_.store(size_bytes, std::memory_order_release);
  const ByteRange cut{size_bytes, before - size_bytes};
  absl::Status shrunk;
  if (cut.empty() || PollUntil([&] { return !pins_.AnyIn(cut); }, patience_ns)) {
    if (Place* place = this->place(); place != nullptr) place->residency->Forget(cut);
    shrunk = Resized(backing_->Shrink(size_bytes), size_bytes);
  } else {
    shrunk = absl::DeadlineExceededError(absl::StrCat(
        options_.path, " stays ", before, " bytes long: requests or references behind ", size_bytes,
        " are still in flight; stop the initiators that use it there"));
  }
  if (!shrunk.ok()) size_bytes_.store(before, std::memory_order_release);
  return shrunk;
}

void File::Latch(int error) {
  int none = 0;
  if (!latched_error_.compare_exchange_strong(none, error)) return;
  Log(LogLevel::kError,
      absl::StrCat(options_.path, ": flush failed (", std::strerror(error),
                   "); acknowledged data may be lost. Writes are refused until an operator has "
                   "looked at the disk and clears the error."));
}

int File::FlushNow() {
  struct Held : FlushGate::Entry {
    std::atomic<bool> let_go_of{false};
  } held;
  held.let_go = [](FlushGate::Entry& entry) { static_cast<Held&>(entry).let_go_of.store(true); };
  if (Place* place = this->place(); place != nullptr) place->density->Flushed({});
  flushes_.Start(held);
  IoOp op;
  op.PrepareFlush(-1, {});
  const IoResult result = backing_->RunNow(op);
  if (!result.ok()) Latch(result.error());
  if (!flushes_.End(held, result.ok())) {
    while (!PollUntil([&held] { return held.let_go_of.load(); }, kPatienceNs)) continue;
  }
  return latched_error();
}

// By cachestat, which costs little and tells whoever has dropped privileges the truth, and by
// mincore, which tells pages whose read is still in flight. Over the whole regions, so that the
// answer lasts: where the page tables are filled that costs 1 us a region.
bool File::RenewHint(Place& place, ByteRange range, uint32_t epoch) {
  const ByteRange regions =
      range.AlignedOut(kRegionBytes).Intersect({0, size_bytes()}).AlignedOut(kPageBytes);
  const int64_t cached = backing_->CountCached(regions);
  const bool told_absent = cached >= 0 && cached < static_cast<int64_t>(regions.length);
  if (told_absent || !AllThere(*place.mapping, regions)) {
    place.residency->Forget(range);
    return false;
  }
  place.residency->Renewed(range, epoch);
  return true;
}

// Asks a region at a time.
bool File::AllThere(const Mapping& mapping, ByteRange pages) {
  std::array<uint8_t, kRegionBytes / kPageBytes> there;
  for (uint64_t done = 0; done < pages.length;) {
    const uint64_t length = std::min(pages.length - done, kRegionBytes);
    const auto asked = std::span(there).first(length / kPageBytes);
    if (!backing_->AskPages(mapping, {pages.offset + done, length}, asked)) return false;
    if (std::ranges::count(asked, uint8_t{0}) > 0) return false;
    done += length;
  }
  return true;
}

Resident File::Ask(const Place& place, ByteRange range, Pages& there) {
  const ByteRange pages = range.AlignedOut(kPageBytes);
  const auto asked = std::span(there).first(pages.length / kPageBytes);
  if (!backing_->AskPages(*place.mapping, pages, asked)) {
    // The truth is kept from us (mincore lies to who neither owns nor may write the file). A
    // one-byte read of the last page that may not wait tells about that page at least.
    std::byte last{};
    const Segment piece{&last, 1};
    IoOp look;
    look.PrepareRead(-1, range.end() - 1, {&piece, 1}, RWF_NOWAIT);
    const bool is_there = backing_->RunNow(look) == IoResult::Bytes(1);
    std::ranges::fill(asked, uint8_t{is_there});
  }
  const auto count = static_cast<size_t>(std::ranges::count(asked, uint8_t{1}));
  if (count == 0) return Resident::kNone;
  if (count < asked.size()) return Resident::kSome;
  // Who has dropped privileges since the file was opened is told "all" whatever is true.
  const int64_t cached = backing_->CountCached(pages);
  if (cached < 0 || cached >= static_cast<int64_t>(pages.length)) return Resident::kAll;
  std::ranges::fill(asked, uint8_t{0});
  return Resident::kNone;
}

bool File::WarmRegion(uint64_t region) {
  Place* place = this->place();
  const ByteRange pages = ByteRange{region * kRegionBytes, kRegionBytes}
                              .Intersect({0, size_bytes()})
                              .AlignedOut(kPageBytes);
  if (pages.empty()) return false;
  const auto whole = static_cast<int64_t>(pages.length);
  const int64_t cached = backing_->CountCached(pages);
  bool complete = cached < 0 || cached >= whole;
  std::array<uint8_t, kRegionBytes / kPageBytes> resident;
  const auto asked = std::span(resident).first(pages.length / kPageBytes);
  complete = complete && backing_->AskPages(*place->mapping, pages, asked) &&
             std::ranges::all_of(asked, [](uint8_t page) { return page != 0; });
  if (!complete) {
    place->residency->Unverified(region);
    return false;
  }
  backing_->Populate(*place->mapping, pages);
  place->mapping->NoteTouched(pages, NowEpoch());
  place->residency->Verified(region, NowEpoch(), /*warm=*/true);
  warmed_regions_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void File::RetireWindows(uint32_t epoch, uint64_t budget_bytes) {
  Place* place = this->place();
  if (place == nullptr) return;
  MutexLock lock(retire_mutex_);
  Mapping& mapping = *place->mapping;
  for (uint64_t tries = mapping.count_windows(); tries > 0; --tries) {
    if (mapping.page_table_bytes() <= budget_bytes) return;
    const std::optional<uint64_t> window = mapping.OldestWindow(epoch);
    if (!window.has_value()) return;
    const ByteRange range = mapping.WindowRange(*window);
    if (pins_.AnyIn(range)) {
      mapping.Postpone(*window, NowEpoch());
      continue;
    }
    place->residency->Cooled(range);
    if (absl::Status retired = mapping.RetireWindow(*window); !retired.ok()) {
      Log(LogLevel::kWarning, absl::StrCat(options_.path, ": ", retired.message()));
      return;
    }
    retired_windows_.fetch_add(1, std::memory_order_relaxed);
  }
}

void File::RetireAll() { RetireWindows(~uint32_t{0}, 0); }

File::Counters* File::AddChannel() {
  count_channels_.fetch_add(1);
  MutexLock lock(mutex_);
  counters_.push_back(std::make_unique<Counters>());
  return counters_.back().get();
}

FileStats File::stats() const {
  FileStats sum;
  {
    MutexLock lock(mutex_);
    for (const std::unique_ptr<Counters>& one : counters_) {
      sum.reads += one->reads.value();
      sum.writes += one->writes.value();
      sum.syncs += one->syncs.value();
      sum.discards += one->discards.value();
      sum.copies += one->copies.value();
      sum.read_bytes += one->read_bytes.value();
      sum.written_bytes += one->written_bytes.value();
      sum.referenced_bytes += one->referenced_bytes.value();
      sum.hint_hits += one->hint_hits.value();
      sum.renewed += one->renewed.value();
      sum.waits += one->waits.value();
      for (size_t i = 0; i < kCountReadPaths; ++i) sum.read_paths[i] += one->read_paths[i].value();
      for (size_t i = 0; i < kCountWritePaths; ++i) {
        sum.write_paths[i] += one->write_paths[i].value();
      }
      for (size_t i = 0; i < kCountWriteReasons; ++i) {
        sum.write_reasons[i] += one->write_reasons[i].value();
      }
    }
  }
  sum.warmed_regions = warmed_regions_.load(std::memory_order_relaxed);
  sum.retired_windows = retired_windows_.load(std::memory_order_relaxed);
  sum.revoked = revoked_.load(std::memory_order_relaxed);
  sum.made_private = pins_.count_made_private();
  sum.lent = pins_.count();
  if (const Place* now = place(); now != nullptr) {
    sum.page_table_bytes = now->mapping->page_table_bytes();
  }
  return sum;
}

}  // namespace quire
