// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Ready-made scatter-gather vectors by power-of-two order of pages, kept warm after use and handed
// out again, the newest first.
//
//   Take(11 KiB)  -> order 2 (4 pages), trimmed to 3 pages, the last of 3 KiB
//
//   new --Take--> taken --Return--> idle --Take--> taken        idle for the purge interval, or
//                                    '---------> gone           under memory pressure: gone
//
// Idle vectors of an order are taken by fewest segments first, by powers of two. Neighbouring
// pieces that the source hands out are merged into one segment or not, as `clustering` says.
// Requests above 4 MiB are served outside the pool: made for the request, gone with it.
//
// Owns: the memory of its vectors, taken from the source. Lifetime: the source outlives it, it
// outlives every vector taken; the destructor checks that all came back.
// Threads: one owner, the thread of its first Take; Return on any thread: what comes back on
// another one waits, without a lock, for the owner's next Take or Tick.
// Errors: "none left" is an ordinary answer.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "base/counter.h"
#include "base/intrusive_list.h"
#include "sg/page_source.h"
#include "sg/sg_vector.h"

namespace quire {

class SgvPool;

// A vector of the pool: its pieces as they were taken from the source, and the segments that they
// make together.
class Sgv : public ListNode<struct OfOrder>, public ListNode<struct OfAge> {
 public:
  // What a Take was trimmed to. Valid until the Return.
  std::span<const Segment> segments() const { return {segments_.data(), count_segments_}; }
  uint64_t length_bytes() const { return length_bytes_; }
  // The memory behind it, of which it may be a part.
  uint64_t capacity_bytes() const { return capacity_bytes_; }
  // The only segment. REQUIRES: there is one, as in what TakeContiguous answers.
  std::span<std::byte> memory() const {
    QUIRE_DCHECK(count_segments_ == 1);
    return {segments_[0].data, length_bytes_};
  }

 private:
  friend class SgvPool;

  SgvPool* pool_ = nullptr;
  uint32_t order_ = 0;
  absl::InlinedVector<std::span<std::byte>, 2> pieces_;
  absl::InlinedVector<Segment, 2> segments_;
  // While it is taken: how much of the segments is used, and the whole length of the last one.
  size_t count_segments_ = 0;
  size_t last_size_bytes_ = 0;
  uint64_t length_bytes_ = 0;
  uint64_t capacity_bytes_ = 0;
  uint64_t idle_since_ns_ = 0;
  Sgv* next_returned_ = nullptr;
};

class SgvPool {
 public:
  static constexpr uint32_t kOrders = 11;  // 1 page to 4 MiB
  static constexpr uint64_t kMaxPooledBytes = PageSource::kPageBytes << (kOrders - 1);

  enum class Clustering : uint8_t {
    kNone,  // every page a segment of its own
    kTail,  // a piece that follows the last one is merged with it
    kFull,  // a piece is merged with whichever it touches, both of them if there are two
  };

  struct Options {
    Clustering clustering = Clustering::kFull;
    uint64_t purge_ns = 60'000'000'000;           // idle for so long: given back to the source
    uint64_t max_idle_bytes = uint64_t{1} << 62;  // more is given back at once, the oldest first
  };

  struct OrderStats {
    Counter hits, misses;
    Counter pieces, segments;  // of vectors made: what was merged is the difference
  };
  struct Stats {
    std::array<OrderStats, kOrders> orders;
    Counter outside;      // requests above 4 MiB
    Counter refused;      // nothing left
    Counter purged;       // vectors given back by age
    Counter shrunk;       // vectors given back for want of memory
    Counter from_others;  // returned on another thread
    // Now, in pages.
    std::atomic<uint64_t> cached_pages{0}, idle_pages{0};
  };

  // The memory that a vector of `length_bytes` takes.
  static constexpr uint64_t CapacityOf(uint64_t length_bytes) {
    return length_bytes > kMaxPooledBytes
               ? (length_bytes + PageSource::kPageBytes - 1) / PageSource::kPageBytes *
                     PageSource::kPageBytes
               : std::max(PageSource::kPageBytes, std::bit_ceil(length_bytes));
  }

  SgvPool(PageSource& source, const Options& options);
  ~SgvPool();
  SgvPool(const SgvPool&) = delete;
  SgvPool& operator=(const SgvPool&) = delete;

  // A vector trimmed to `length_bytes`; nullptr when there is no memory. REQUIRES: length > 0.
  Sgv* Take(uint64_t length_bytes) { return Take(length_bytes, /*contiguous=*/false); }
  // One of a single segment, perhaps made for this request only; nullptr when there is none.
  // REQUIRES: clustering.
  Sgv* TakeContiguous(uint64_t length_bytes) { return Take(length_bytes, /*contiguous=*/true); }
  // The vector as one that gives itself back.
  static SgVector Lend(Sgv& vector);
  // Gives `vector` back whole. Any thread.
  static void Return(Sgv& vector);

  // Takes in what other threads returned and purges what was idle for too long, but no more than
  // takes a tenth of a millisecond; about once a second. True when more is due.
  bool Tick(uint64_t now_ns);
  // Gives idle vectors back, the oldest first, until `count_pages` went; the last one goes whole.
  // Returns how many pages went.
  uint64_t Shrink(uint64_t count_pages);
  // True when it has no memory at all: no Tick is needed.
  bool quiet() const { return stats_.cached_pages.load(std::memory_order_relaxed) == 0; }

  const Stats& stats() const { return stats_; }
  void CheckInvariants() const;

 private:
  using Bucket = IntrusiveList<Sgv, OfOrder>;
  // Idle vectors of one order, by the bit width of their count of segments.
  struct Order {
    std::array<Bucket, kOrders + 1> buckets;
    uint32_t filled = 0;  // a bit per bucket that is not empty
  };

  std::unique_ptr<Sgv> NewVector();
  Sgv* Take(uint64_t length_bytes, bool contiguous);
  Sgv* TakeIdle(uint32_t order, bool contiguous);
  Sgv* Make(uint32_t order, uint64_t count_pages, bool contiguous);
  bool Fill(Sgv& vector, uint64_t count_pages, bool contiguous);
  bool FillByRun(Sgv& vector, uint64_t count_pages);
  void GiveBack(Sgv& vector);
  void Cluster(Sgv& vector, std::span<std::byte> piece) const;
  static void Bridge(Sgv& vector, size_t grown);
  void Retire(std::unique_ptr<Sgv> vector);
  static void Trim(Sgv& vector, uint64_t length_bytes);
  static void Restore(Sgv& vector);
  void Keep(Sgv& vector);
  void RemoveIdle(Sgv& vector);
  void Free(Sgv& vector);
  void TakeIn();
  bool mine() const { return owner_.load(std::memory_order_relaxed) == ThreadMark(); }
  static const void* ThreadMark();

  // Constant after construction.
  PageSource& source_;
  const Options options_;
  // The owner's.
  std::array<Order, kOrders> orders_;
  IntrusiveList<Sgv, OfAge> ages_;  // idle ones, the oldest first
  uint64_t now_ns_ = 0;             // of the last Tick
  uint64_t count_vectors_ = 0;
  std::vector<std::unique_ptr<Sgv>> spare_;  // without memory, so that a miss allocates none
  Stats stats_;
  // Any thread.
  std::atomic<const void*> owner_{nullptr};
  std::atomic<Sgv*> returned_{nullptr};  // a stack
};

}  // namespace quire
