// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A vector from a warm pool, for every order: alone, in one segment and in as many as it has pages;
// beside making one that a ring has registered; and beside malloc of whole pages, every page
// touched, one and 32 at a time. malloc keeps pages up to some size as well; there both are what
// the touching costs. The promise is about pages that it gives back to the kernel.

#include "sg/sgv_pool.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/support/args.h"
#include "bench/support/compare.h"
#include "bench/support/die.h"
#include "bench/support/report.h"
#include "engine/reactor.h"
#include "sg/regions.h"
#include "sg/sg_builder.h"

namespace quire::bench {
namespace {

constexpr uint64_t kPage = PageSource::kPageBytes;
constexpr uint64_t kMiB = 1 << 20;
constexpr size_t kDepth = 32;
constexpr uint64_t kScatteredBytes = 16 * kMiB;

void TouchPages(std::span<const Segment> segments) {
  for (const Segment& segment : segments) {
    for (uint64_t at = 0; at < segment.size_bytes; at += kPage) {
      *static_cast<volatile std::byte*>(segment.data + at) = std::byte{1};
    }
  }
}

// Takes `depth` buffers, touches every page where the batch says so, and gives them back.
template <typename Buffer>
class TakingWay : public Way {
 public:
  TakingWay(std::string name, size_t depth) : name_(std::move(name)), depth_(depth) {}
  std::string name() const override { return name_; }
  uint64_t own_system_calls() const override { return count_calls_; }

  uint64_t Run(const Batch& batch) override {
    for (size_t done = 0; done < batch.offsets.size(); done += depth_) {
      for (size_t i = 0; i < depth_; ++i) Take(batch.length_bytes, held_[i]);
      for (size_t i = 0; batch.consume && i < depth_; ++i) TouchPages(SegmentsOf(held_[i]));
      for (size_t i = 0; i < depth_; ++i) Return(held_[i]);
    }
    return 0;
  }

 protected:
  virtual void Take(uint64_t length_bytes, Buffer& buffer) = 0;
  virtual void Return(Buffer& buffer) = 0;
  virtual std::span<const Segment> SegmentsOf(const Buffer& buffer) const = 0;

  uint64_t count_calls_ = 0;

 private:
  const std::string name_;
  const size_t depth_;
  std::array<Buffer, kDepth> held_;
};

class PoolWay final : public TakingWay<Sgv*> {
 public:
  PoolWay(std::string name, SgvPool& pool, size_t depth, bool contiguous = false)
      : TakingWay(std::move(name), depth), pool_(pool), contiguous_(contiguous) {}

 protected:
  void Take(uint64_t length_bytes, Sgv*& vector) override {
    vector = contiguous_ ? pool_.TakeContiguous(length_bytes) : pool_.Take(length_bytes);
    if (vector == nullptr) Die("the pool is empty");
  }
  void Return(Sgv*& vector) override { SgvPool::Return(*vector); }
  std::span<const Segment> SegmentsOf(Sgv* const& vector) const override {
    return vector->segments();
  }

 private:
  SgvPool& pool_;
  const bool contiguous_;
};

// A vector in memory that the reactor's ring has registered.
class RegisteredWay final : public TakingWay<Sgv*> {
 public:
  explicit RegisteredWay(Reactor& reactor) : TakingWay("registered", 1), reactor_(reactor) {}

 protected:
  void Take(uint64_t length_bytes, Sgv*& vector) override {
    vector = reactor_.memory().TakeContiguous(length_bytes);
    if (vector == nullptr || reactor_.memory().FixedBufferOf(vector->memory()) < 0) {
      Die("the reactor has no registered memory left");
    }
  }
  void Return(Sgv*& vector) override { SgvPool::Return(*vector); }
  std::span<const Segment> SegmentsOf(Sgv* const& vector) const override {
    return vector->segments();
  }

 private:
  Reactor& reactor_;
};

struct Fresh {
  Segment piece;
  SgVector vector;
  FixedBuffer registered;
};

// The same without a pool: mapped and registered for one use.
class FreshWay final : public TakingWay<Fresh> {
 public:
  explicit FreshWay(Reactor& reactor) : TakingWay("mmap, register", 1), reactor_(reactor) {}

 protected:
  void Take(uint64_t length_bytes, Fresh& fresh) override {
    void* const memory =
        mmap(nullptr, length_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) DieErrno("mmap");
    fresh.piece = {static_cast<std::byte*>(memory), length_bytes};
    SgBuilder builder(fresh.vector);
    if (!builder.Append(fresh.piece)) Die("no room for a segment");
    const auto unmap = [](void* data, uint64_t size_bytes) noexcept { munmap(data, size_bytes); };
    builder.Finish(Hold(unmap, memory, length_bytes));
    fresh.registered = FixedBuffer(reactor_, {fresh.piece.data, length_bytes});
    if (fresh.registered.index() < 0) Die("io_uring refuses to register a buffer");
  }
  void Return(Fresh& fresh) override {
    fresh.registered = FixedBuffer();
    fresh.vector = SgVector();
    count_calls_ += 4;
  }
  std::span<const Segment> SegmentsOf(const Fresh& fresh) const override {
    return {&fresh.piece, 1};
  }

 private:
  Reactor& reactor_;
};

uint64_t CountFaults() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_minflt);
}

// The C library as it comes, asked for whole pages. It learns the size of the largest buffer that
// was freed, and keeps more from then on: the first is as large as any.
class MallocWay final : public TakingWay<Segment> {
 public:
  explicit MallocWay(size_t depth) : TakingWay("malloc", depth) {
    Segment largest;
    Take(2 * SgvPool::kMaxPooledBytes, largest);
    Return(largest);
  }

  uint64_t Run(const Batch& batch) override {
    const uint64_t faults = CountFaults();
    TakingWay::Run(batch);
    count_faults_ += CountFaults() - faults;
    count_pages_ += batch.offsets.size() * batch.length_bytes / kPage;
    return 0;
  }

  // How many of the pages since the last call had to come from the kernel.
  double TakeFreshShare() {
    const auto pages = static_cast<double>(std::exchange(count_pages_, 0));
    return static_cast<double>(std::exchange(count_faults_, 0)) / pages;
  }

 protected:
  void Take(uint64_t length_bytes, Segment& piece) override {
    void* memory = nullptr;
    if (posix_memalign(&memory, kPage, length_bytes) != 0) Die("posix_memalign");
    piece = {static_cast<std::byte*>(memory), length_bytes};
  }
  void Return(Segment& piece) override { free(piece.data); }
  std::span<const Segment> SegmentsOf(const Segment& piece) const override { return {&piece, 1}; }

 private:
  uint64_t count_faults_ = 0;
  uint64_t count_pages_ = 0;
};

// Takes all of `regions` and gives every second page back: what is left has no neighbours.
std::vector<std::span<std::byte>> Scatter(Regions& regions) {
  std::vector<std::span<std::byte>> kept;
  for (uint64_t at = 0; at < kScatteredBytes; at += kPage) kept.push_back(regions.Take(kPage));
  for (size_t i = 0; i < kept.size() / 2; ++i) {
    regions.Release(kept[2 * i]);
    kept[i] = kept[2 * i + 1];
  }
  kept.resize(kept.size() / 2);
  return kept;
}

std::unique_ptr<Regions> MakeRegions(uint64_t max_bytes) {
  absl::StatusOr<std::unique_ptr<Regions>> regions = Regions::Create({.max_bytes = max_bytes});
  if (!regions.ok()) Die(std::string(regions.status().message()));
  return *std::move(regions);
}

std::unique_ptr<Reactor> MakeReactor(WorkerPool& workers) {
  absl::StatusOr<std::unique_ptr<Reactor>> reactor = Reactor::Create(workers);
  if (!reactor.ok()) Die(std::string(reactor.status().message()));
  return *std::move(reactor);
}

std::string Cell(const Spread& spread) {
  return absl::StrCat(TimeName(spread.median), " (", TimeName(spread.low), " - ",
                      TimeName(spread.high), ")");
}

// Ours by theirs at the order where we do worst, for a figure.
struct Worst {
  double ours = 0, peer = 1;
  std::string where;

  void Add(double our_ns, double peer_ns, const std::string& size) {
    if (!where.empty() && our_ns * peer <= ours * peer_ns) return;
    *this = {our_ns, peer_ns, size};
  }
  double ratio() const { return ours / peer; }
};

class Orders {
 public:
  Orders(const Args& args, Report& report) : smoke_(args.smoke), report_(report) {}
  ~Orders() {
    scattered_pool_.reset();
    for (const std::span<std::byte> page : scattered_pages_) scattered_regions_->Release(page);
  }

  void Run() {
    CompareHits();
    CompareRegistered();
    CompareTouched(1);
    CompareTouched(kDepth);
  }

 private:
  // A line for every order; `look` gets the medians.
  using Look = std::function<void(const std::string& size, std::span<const Measured> results)>;
  void ForOrders(const std::string& heading, std::span<Way* const> ways, bool touch, size_t depth,
                 const Look& look) {
    std::printf("\n%s\n  %-5s", heading.c_str(), "");
    for (Way* way : ways) std::printf(" %-31s", way->name().c_str());
    std::printf("\n");
    for (uint32_t order = 0; order < SgvPool::kOrders; order += smoke_ ? 5 : 1) {
      const uint64_t length_bytes = kPage << order;
      const auto results = Compare(
          ways, {.count_rounds = smoke_ ? 1 : 15, .prepare = [&](int, size_t, Way& way) {
                   const bool hit = !touch && dynamic_cast<FreshWay*>(&way) == nullptr;
                   return Batch{.offsets = std::span(places_).first(Count(order, hit, depth)),
                                .length_bytes = length_bytes,
                                .consume = touch};
                 }});
      std::printf("  %-5s", SizeName(length_bytes).c_str());
      for (const Measured& way : results) std::printf(" %-31s", Cell(way.cpu_ns).c_str());
      look(SizeName(length_bytes), results);
      std::printf("\n");
      std::fflush(stdout);
    }
  }

  // How many make a round of some milliseconds.
  size_t Count(uint32_t order, bool hit, size_t depth) const {
    if (smoke_) return depth;
    if (hit) return places_.size();
    return std::max<size_t>((size_t{16384} >> order) / depth, 1) * depth;
  }

  void AddFigure(const std::string& name, const Worst& worst, const std::string& peer_name,
                 double limit) {
    report_.Add({.name = "figure/" + name,
                 .metric = "CPU per take and return of " + worst.where,
                 .unit = "ns",
                 .ours = worst.ours,
                 .peer = worst.peer,
                 .peer_name = peer_name,
                 .limit = limit});
  }

  void AddRecord(const std::string& name, const Measured& ours, const Measured& peer) {
    report_.Add(
        {name, "CPU per take and return", "ns", ours.cpu_ns.median, peer.cpu_ns.median, peer.name});
  }

  void CompareHits() {
    PoolWay contiguous("one segment", *contiguous_pool_, 1, /*contiguous=*/true);
    PoolWay clustered("clustered", *clustered_pool_, 1);
    PoolWay scattered("a segment a page", *scattered_pool_, 1);
    Way* const ways[] = {&contiguous, &clustered, &scattered};
    Worst worst;
    Worst worst_scattered;
    ForOrders("take and return, pool warm, CPU (quartiles)", ways, false, 1,
              [&](const std::string& size, std::span<const Measured> results) {
                worst.Add(results[0].cpu_ns.median, kHitNs, size);
                worst.Add(results[1].cpu_ns.median, kHitNs, size);
                worst_scattered.Add(results[2].cpu_ns.median, kHitNs, size);
              });
    AddFigure("pool-hit", worst, "60 ns", 1);
    AddFigure("pool-hit-scattered", worst_scattered, "60 ns", 1);
  }

  // What both ways may have registered at once.
  bool MayRegister() {
    constexpr uint64_t kProbeBytes = 32 * kMiB;
    const std::span<std::byte> probe = regions_->Take(kProbeBytes);
    const bool may = FixedBuffer(*reactor_, probe).index() >= 0;
    regions_->Release(probe);
    return may;
  }

  void CompareRegistered() {
    if (!MayRegister()) {
      std::printf("\nregistered memory is left out: no io_uring, or RLIMIT_MEMLOCK is too small\n");
      return;
    }
    RegisteredWay registered(*reactor_);
    FreshWay fresh(*reactor_);
    Way* const ways[] = {&registered, &fresh};
    Worst worst;
    ForOrders("registered with a ring: from the pool, and made for one use", ways, false, 1,
              [&](const std::string& size, std::span<const Measured> results) {
                worst.Add(results[0].cpu_ns.median, results[1].cpu_ns.median, size);
                AddRecord("pool-registered/" + size, results[0], results[1]);
              });
    AddFigure("pool-registered", worst, fresh.name(), 0.05);
  }

  // Where malloc keeps the pages as well, the touching is most of it, and that is the same.
  void CompareTouched(size_t depth) {
    PoolWay contiguous("one segment", *contiguous_pool_, depth, /*contiguous=*/true);
    PoolWay clustered("clustered", *clustered_pool_, depth);
    MallocWay peer(depth);
    Way* const ways[] = {&contiguous, &clustered, &peer};
    Worst fresh, kept;
    const std::string name = absl::StrCat("pool-touched-", depth);
    ForOrders(
        absl::StrCat("every page touched, ", depth, " at a time"), ways, true, depth,
        [&](const std::string& size, std::span<const Measured> results) {
          const double share = peer.TakeFreshShare();
          std::printf(" %3.0f%%", 100 * share);
          for (const Measured& ours : results.first(2)) {
            (share >= 0.5 ? fresh : kept).Add(ours.cpu_ns.median, results[2].cpu_ns.median, size);
          }
          AddRecord(absl::StrCat(name, "/", size), results[0], results[2]);
        });
    std::printf("  %%: of malloc's pages, fresh from the kernel\n");
    std::printf("  where malloc keeps them: at worst %.3g of malloc (%s)\n", kept.ratio(),
                kept.where.c_str());
    if (depth > 1 && !fresh.where.empty()) AddFigure(name, fresh, "malloc of fresh pages", 0.5);
  }

  static constexpr double kHitNs = 60;

  const bool smoke_;
  Report& report_;
  const std::vector<uint64_t> places_ = std::vector<uint64_t>(1 << 16);
  WorkerPool workers_;
  const std::unique_ptr<Reactor> reactor_ = MakeReactor(workers_);
  const std::unique_ptr<Regions> regions_ = MakeRegions(640 * kMiB);
  const std::unique_ptr<Regions> scattered_regions_ = MakeRegions(kScatteredBytes);
  const std::vector<std::span<std::byte>> scattered_pages_ = Scatter(*scattered_regions_);
  const std::unique_ptr<SgvPool> contiguous_pool_ =
      std::make_unique<SgvPool>(*regions_, SgvPool::Options{});
  const std::unique_ptr<SgvPool> clustered_pool_ =
      std::make_unique<SgvPool>(*regions_, SgvPool::Options{});
  std::unique_ptr<SgvPool> scattered_pool_ =
      std::make_unique<SgvPool>(*scattered_regions_, SgvPool::Options{});
};

int Main(int argc, char** argv) {
  const Args args = ParseArgs(argc, argv, "Measures vectors from a warm pool beside fresh memory.");
  Report report(args.json);
  Orders(args, report).Run();
  report.Finish();
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::Main(argc, argv); }
