// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A reactor in each of its forms (every kind of ring, and none), operations that remember what
// happened to them, and a temporary file: what the tests of engine start from.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <deque>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/reactor.h"

namespace quire {

enum class RingKind { kDeferred, kCooperative, kPlain, kNone };

inline std::string NameOf(const testing::TestParamInfo<RingKind>& info) {
  switch (info.param) {
    case RingKind::kDeferred:
      return "Deferred";
    case RingKind::kCooperative:
      return "Cooperative";
    case RingKind::kPlain:
      return "Plain";
    case RingKind::kNone:
      return "WorkersOnly";
  }
  return "";
}
inline void PrintTo(RingKind kind, std::ostream* out) { *out << NameOf({kind, 0}); }

// What this kernel has, cut down to `kind`; io_uring is false where the kernel cannot do it.
inline KernelFeatures FeaturesFor(RingKind kind) {
  KernelFeatures features = KernelFeatures::Get();
  if (kind == RingKind::kDeferred) features.io_uring = features.io_uring && features.defer_taskrun;
  if (kind == RingKind::kCooperative)
    features.io_uring = features.io_uring && features.coop_taskrun;
  if (kind != RingKind::kDeferred) features.defer_taskrun = false;
  if (kind == RingKind::kPlain) features.coop_taskrun = false;
  if (kind == RingKind::kNone) features.io_uring = false;
  return features;
}

// An operation that counts its callbacks and then does what `then` says.
struct TestOp : IoOp {
  std::function<void()> then;
  int count_callbacks = 0;
  IoResult last = IoResult::Error(EINPROGRESS);

  bool done() const { return count_callbacks > 0; }
  static void OnDone(Completion& completion) {
    TestOp& op = static_cast<TestOp&>(completion);
    ++op.count_callbacks;
    op.last = op.result();
    if (op.then) op.then();
  }
};

// A file of its own that vanishes with the test.
class TempFile {
 public:
  explicit TempFile(const std::string& content = "") {
    std::string path = testing::TempDir() + "quire_XXXXXX";
    fd_ = mkostemp(path.data(), O_CLOEXEC);
    EXPECT_GE(fd_, 0) << path;
    unlink(path.c_str());
    EXPECT_EQ(pwrite(fd_, content.data(), content.size(), 0), static_cast<ssize_t>(content.size()));
  }
  ~TempFile() { close(fd_); }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;

  int fd() const { return fd_; }
  std::string Read(size_t length_bytes) const {
    std::string text(length_bytes, '\0');
    const ssize_t length = pread(fd_, text.data(), length_bytes, 0);
    text.resize(length < 0 ? 0 : static_cast<size_t>(length));
    return text;
  }

 private:
  int fd_ = -1;
};

inline Segment PieceOf(std::string& text, size_t offset = 0, size_t length = std::string::npos) {
  return {reinterpret_cast<std::byte*>(text.data() + offset),
          std::min(length, text.size() - offset)};
}

class ReactorFixture : public testing::TestWithParam<RingKind> {
 protected:
  void SetUp() override {
    features_ = FeaturesFor(GetParam());
    if (GetParam() != RingKind::kNone && !features_.io_uring) {
      GTEST_SKIP() << "this kernel has no such ring: " << KernelFeatures::Get().Describe();
    }
    options_.features = &features_;
    Start();
  }
  // Again, with changed options_.
  void Start() {
    reactor_.reset();
    absl::StatusOr<std::unique_ptr<Reactor>> reactor = Reactor::Create(workers_, options_);
    ASSERT_TRUE(reactor.ok()) << reactor.status();
    reactor_ = *std::move(reactor);
    ASSERT_EQ(reactor_->has_ring(), features_.io_uring);
  }
  void Submit(TestOp& op) {
    op.Start(*reactor_, TestOp::OnDone);
    reactor_->Submit(op);
  }
  void WaitFor(const TestOp& op) {
    WaitUntil([&] { return op.done(); });
  }
  void WaitUntil(const std::function<bool()>& done) {
    const uint64_t give_up_ns = Clock::System().NowNs() + 20 * kNsPerSecond;
    while (!done()) {
      ASSERT_LT(Clock::System().NowNs(), give_up_ns);
      reactor_->Wait(kNsPerSecond);
    }
  }

  KernelFeatures features_;
  ReactorOptions options_;
  WorkerPool workers_;
  std::unique_ptr<Reactor> reactor_;
};

inline auto RingKindsWithRing() {
  return testing::Values(RingKind::kDeferred, RingKind::kCooperative, RingKind::kPlain);
}
inline auto AllRingKinds() {
  return testing::Values(RingKind::kDeferred, RingKind::kCooperative, RingKind::kPlain,
                         RingKind::kNone);
}

}  // namespace quire
