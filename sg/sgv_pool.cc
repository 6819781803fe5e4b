// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "sg/sgv_pool.h"

#include <bit>
#include <memory>

#include "sg/sg_builder.h"

namespace quire {
namespace {

constexpr uint64_t kPage = PageSource::kPageBytes;
constexpr size_t kSpares = 64;
constexpr uint32_t kPurgedAtOnce = 1024;

constexpr uint64_t PagesOf(uint64_t length_bytes) { return (length_bytes + kPage - 1) / kPage; }

constexpr uint32_t PooledOrder(uint64_t count_pages) {
  return static_cast<uint32_t>(std::bit_width(count_pages - 1));
}

// Where an idle vector of so many segments is kept.
size_t BucketOf(size_t count_segments) {
  QUIRE_CHECK(count_segments > 0);
  return static_cast<size_t>(std::bit_width(count_segments)) - 1;
}

uint64_t CountPages(std::span<const std::span<std::byte>> pieces) {
  uint64_t bytes = 0;
  for (const std::span<std::byte> piece : pieces) bytes += piece.size();
  return bytes / kPage;
}

}  // namespace

// The address of a thread's own variable is a name for the thread that costs no call.
const void* SgvPool::ThreadMark() {
  static thread_local char mark;
  return &mark;
}

SgvPool::SgvPool(PageSource& source, const Options& options) : source_(source), options_(options) {
  spare_.reserve(kSpares);
  while (spare_.size() < kSpares) spare_.push_back(std::make_unique<Sgv>());
}

SgvPool::~SgvPool() {
  TakeIn();
  Shrink(~uint64_t{0});
  QUIRE_CHECK(count_vectors_ == 0);
}

Sgv* SgvPool::Take(uint64_t length_bytes, bool contiguous) {
  QUIRE_CHECK(length_bytes - 1 < uint64_t{1} << 62);
  QUIRE_DCHECK(!contiguous || options_.clustering != Clustering::kNone);
  if (owner_.load(std::memory_order_relaxed) == nullptr) owner_.store(ThreadMark());
  QUIRE_DCHECK(mine());
  if (returned_.load(std::memory_order_relaxed) != nullptr) TakeIn();
  const uint64_t count_pages = PagesOf(length_bytes);
  const uint32_t order = PooledOrder(count_pages);
  Sgv* vector = nullptr;
  if (order < kOrders) {
    vector = TakeIdle(order, contiguous);
    if (vector != nullptr) {
      stats_.orders[order].hits.Add();
    } else {
      stats_.orders[order].misses.Add();
      vector = Make(order, uint64_t{1} << order, contiguous);
    }
  } else {
    stats_.outside.Add();
    vector = Make(order, count_pages, contiguous);
  }
  if (vector == nullptr) {
    stats_.refused.Add();
    return nullptr;
  }
  Trim(*vector, length_bytes);
  return vector;
}

Sgv* SgvPool::TakeIdle(uint32_t order, bool contiguous) {
  Order& idle = orders_[order];
  if (idle.filled == 0) return nullptr;
  const auto bucket = static_cast<size_t>(std::countr_zero(idle.filled));
  if (contiguous && bucket > 0) return nullptr;  // the first bucket: one segment
  Sgv* const vector = idle.buckets[bucket].Front();
  RemoveIdle(*vector);
  return vector;
}

std::unique_ptr<Sgv> SgvPool::NewVector() {
  if (spare_.empty()) return std::make_unique<Sgv>();
  std::unique_ptr<Sgv> vector = std::move(spare_.back());
  spare_.pop_back();
  return vector;
}

void SgvPool::Retire(std::unique_ptr<Sgv> vector) {
  if (spare_.size() < kSpares) spare_.push_back(std::move(vector));
}

Sgv* SgvPool::Make(uint32_t order, uint64_t count_pages, bool contiguous) {
  std::unique_ptr<Sgv> vector = NewVector();
  vector->pool_ = this;
  vector->order_ = order;
  // What is idle here may be what is missing there.
  while (!Fill(*vector, count_pages, contiguous) &&
         !(contiguous && FillByRun(*vector, count_pages))) {
    if (Shrink(count_pages) > 0) continue;
    Retire(std::move(vector));
    return nullptr;
  }
  vector->capacity_bytes_ = count_pages * kPage;
  ++count_vectors_;
  stats_.cached_pages.fetch_add(count_pages, std::memory_order_relaxed);
  if (vector->order_ < kOrders) {
    stats_.orders[order].pieces.Add(vector->pieces_.size());
    stats_.orders[order].segments.Add(vector->segments_.size());
  }
  return vector.release();
}

// False when the source has not enough; what was taken went back.
bool SgvPool::Fill(Sgv& vector, uint64_t count_pages, bool contiguous) {
  uint64_t left = count_pages;
  while (left > 0) {
    const std::span<std::byte> piece = source_.TakePages(left);
    if (piece.empty()) break;
    QUIRE_CHECK(piece.size() % kPage == 0);
    QUIRE_CHECK(piece.size() <= left * kPage);
    vector.pieces_.push_back(piece);
    Cluster(vector, piece);
    left -= piece.size() / kPage;
    if (contiguous && vector.segments_.size() > 1) break;
  }
  if (left == 0 && !(contiguous && vector.segments_.size() > 1)) return true;
  GiveBack(vector);
  return false;
}

// Where only parts are left: a run for this request alone, which is not kept.
bool SgvPool::FillByRun(Sgv& vector, uint64_t count_pages) {
  const std::span<std::byte> run = source_.TakeRun(count_pages);
  if (run.empty()) return false;
  vector.order_ = kOrders;
  vector.pieces_.push_back(run);
  Cluster(vector, run);
  return true;
}

// The room for its pieces stays, so that the next miss allocates none, but for that of a large one.
void SgvPool::GiveBack(Sgv& vector) {
  for (const std::span<std::byte> piece : vector.pieces_) source_.ReleasePages(piece);
  vector.pieces_.resize(0);
  vector.segments_.resize(0);
  if (vector.order_ < kOrders) return;
  vector.pieces_.clear();
  vector.segments_.clear();
}

void SgvPool::Cluster(Sgv& vector, std::span<std::byte> piece) const {
  auto& segments = vector.segments_;
  if (options_.clustering == Clustering::kNone) {
    for (size_t at = 0; at < piece.size(); at += kPage) {
      segments.push_back({piece.data() + at, kPage});
    }
    return;
  }
  const bool full = options_.clustering == Clustering::kFull;
  const size_t first = full || segments.empty() ? 0 : segments.size() - 1;
  for (size_t i = first; i < segments.size(); ++i) {
    Segment& segment = segments[i];
    const bool behind = segment.data + segment.size_bytes == piece.data();
    const bool before = full && piece.data() + piece.size() == segment.data;
    if (!behind && !before) continue;
    if (before) segment.data = piece.data();
    segment.size_bytes += piece.size();
    if (full) Bridge(vector, i);
    return;
  }
  segments.push_back({piece.data(), piece.size()});
}

// The segment has grown: it may now touch another one.
void SgvPool::Bridge(Sgv& vector, size_t grown) {
  auto& segments = vector.segments_;
  for (size_t i = 0; i < segments.size(); ++i) {
    Segment& left = segments[i];
    Segment& right = segments[grown];
    const bool follows = left.data + left.size_bytes == right.data;
    const bool precedes = right.data + right.size_bytes == left.data;
    if (i == grown || (!follows && !precedes)) continue;
    right.data = follows ? left.data : right.data;
    right.size_bytes += left.size_bytes;
    segments.erase(segments.begin() + static_cast<ptrdiff_t>(i));
    return;
  }
}

// From the end: what is asked for is more than half of an order, and often all of it.
void SgvPool::Trim(Sgv& vector, uint64_t length_bytes) {
  auto& segments = vector.segments_;
  size_t count = segments.size();
  uint64_t excess_bytes = vector.capacity_bytes_ - length_bytes;
  while (excess_bytes >= segments[count - 1].size_bytes) {
    excess_bytes -= segments[--count].size_bytes;
  }
  Segment& last = segments[count - 1];
  vector.length_bytes_ = length_bytes;
  vector.count_segments_ = count;
  vector.last_size_bytes_ = last.size_bytes;
  last.size_bytes -= excess_bytes;
}

void SgvPool::Restore(Sgv& vector) {
  QUIRE_DCHECK(vector.count_segments_ > 0);  // returned twice
  vector.segments_[vector.count_segments_ - 1].size_bytes = vector.last_size_bytes_;
  vector.count_segments_ = 0;
}

SgVector SgvPool::Lend(Sgv& vector) {
  const auto give_back = [](void* owner, uint64_t) noexcept { Return(*static_cast<Sgv*>(owner)); };
  return SgBuilder::Lend(vector.segments(), vector.length_bytes(), Hold(give_back, &vector, 0));
}

void SgvPool::Return(Sgv& vector) {
  SgvPool& pool = *vector.pool_;
  if (pool.mine()) {
    pool.Keep(vector);
    return;
  }
  Sgv* first = pool.returned_.load(std::memory_order_relaxed);
  do {
    vector.next_returned_ = first;
  } while (!pool.returned_.compare_exchange_weak(first, &vector, std::memory_order_release,
                                                 std::memory_order_relaxed));
}

void SgvPool::TakeIn() {
  Sgv* vector = returned_.exchange(nullptr, std::memory_order_acquire);
  while (vector != nullptr) {
    Sgv* const next = vector->next_returned_;
    stats_.from_others.Add();
    Keep(*vector);
    vector = next;
  }
}

void SgvPool::Keep(Sgv& vector) {
  Restore(vector);
  const bool wanted = source_.wanting();
  if (vector.order_ >= kOrders || wanted) {
    if (wanted) stats_.shrunk.Add();
    Free(vector);
    return;
  }
  Order& idle = orders_[vector.order_];
  const size_t bucket = BucketOf(vector.segments_.size());
  idle.buckets[bucket].PushFront(vector);
  idle.filled |= 1u << bucket;
  ages_.PushBack(vector);
  vector.idle_since_ns_ = now_ns_;
  const uint64_t idle_pages =
      stats_.idle_pages.load(std::memory_order_relaxed) + (uint64_t{1} << vector.order_);
  stats_.idle_pages.store(idle_pages, std::memory_order_relaxed);
  const uint64_t max_pages = options_.max_idle_bytes / kPage;
  if (idle_pages > max_pages) Shrink(idle_pages - max_pages);
}

void SgvPool::RemoveIdle(Sgv& vector) {
  Order& idle = orders_[vector.order_];
  const size_t bucket = BucketOf(vector.segments_.size());
  idle.buckets[bucket].Remove(vector);
  if (idle.buckets[bucket].empty()) idle.filled &= ~(1u << bucket);
  ages_.Remove(vector);
  stats_.idle_pages.store(
      stats_.idle_pages.load(std::memory_order_relaxed) - (uint64_t{1} << vector.order_),
      std::memory_order_relaxed);
}

void SgvPool::Free(Sgv& vector) {
  stats_.cached_pages.fetch_sub(CountPages(vector.pieces_), std::memory_order_relaxed);
  GiveBack(vector);
  --count_vectors_;
  Retire(std::unique_ptr<Sgv>(&vector));
}

bool SgvPool::Tick(uint64_t now_ns) {
  TakeIn();
  if (now_ns_ == 0) {  // the first: what is idle is so from now on
    for (Sgv* one = ages_.Front(); one != nullptr; one = ages_.Next(*one)) {
      one->idle_since_ns_ = now_ns;
    }
  }
  now_ns_ = now_ns;
  if (source_.wanting()) Shrink(~uint64_t{0});
  for (uint32_t count = 0;; ++count) {
    Sgv* const oldest = ages_.Front();
    if (oldest == nullptr || now_ns - oldest->idle_since_ns_ < options_.purge_ns) return false;
    if (count == kPurgedAtOnce) return true;
    RemoveIdle(*oldest);
    Free(*oldest);
    stats_.purged.Add();
  }
}

uint64_t SgvPool::Shrink(uint64_t count_pages) {
  uint64_t pages = 0;
  while (pages < count_pages) {
    Sgv* const oldest = ages_.Front();
    if (oldest == nullptr) break;
    pages += uint64_t{1} << oldest->order_;
    RemoveIdle(*oldest);
    Free(*oldest);
    stats_.shrunk.Add();
  }
  return pages;
}

void SgvPool::CheckInvariants() const {
  QUIRE_CHECK(stats_.idle_pages.load() <= stats_.cached_pages.load());
  uint64_t idle_pages = 0;
  for (uint32_t order = 0; order < kOrders; ++order) {
    auto& idle = const_cast<Order&>(orders_[order]);
    for (size_t i = 0; i < idle.buckets.size(); ++i) {
      QUIRE_CHECK(idle.buckets[i].empty() == ((idle.filled >> i & 1) == 0));
      for (Sgv* one = idle.buckets[i].Front(); one != nullptr; one = idle.buckets[i].Next(*one)) {
        QUIRE_CHECK(one->order_ == order);
        QUIRE_CHECK(CountPages(one->pieces_) == uint64_t{1} << order);
        uint64_t bytes = 0;
        for (const Segment& segment : one->segments_) bytes += segment.size_bytes;
        QUIRE_CHECK(bytes == kPage << order);
        idle_pages += uint64_t{1} << order;
      }
    }
  }
  QUIRE_CHECK(idle_pages == stats_.idle_pages.load());
}

}  // namespace quire
