// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the probe tells the truth about this kernel, and the start-up line says why.
// Method: values through Describe; the kernel asked again by plain calls; children that are
// refused.
#include "engine/kernel_features.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cstddef>

#include "tests/engine/reactor_fixture.h"

namespace quire {
namespace {

TEST(KernelFeatures, DescribeSaysWhy) {
  KernelFeatures features;
  features.io_uring_error = EPERM;
  features.io_uring_disabled = 2;
  EXPECT_EQ(features.Describe().substr(0, 78),
            "io_uring is disabled (kernel.io_uring_disabled=2): all I/O by worker threads; ");
  features.io_uring_disabled = 0;
  EXPECT_NE(features.Describe().find("seccomp"), std::string::npos);
  features.io_uring_error = ENOSYS;
  EXPECT_NE(features.Describe().find("not in this kernel"), std::string::npos);
  features.io_uring_error = ENOMEM;
  EXPECT_NE(features.Describe().find("RLIMIT_MEMLOCK"), std::string::npos);
}

TEST(KernelFeatures, DescribeNamesWhatIsMissing) {
  KernelFeatures features = KernelFeatures::Get();
  features.io_uring = features.defer_taskrun = features.fixed_files = features.fixed_buffers = true;
  features.populate_read = features.nowait_read = true;
  features.cachestat = true;
  EXPECT_EQ(features.Describe(), "io_uring with deferred completions");
  features.cachestat = false;
  features.nowait_read = false;
  EXPECT_EQ(features.Describe(),
            "io_uring with deferred completions; missing: cachestat (Linux 6.5), preadv2");
}

TEST(KernelFeatures, OverrideReplacesTheProbe) {
  KernelFeatures none;
  none.io_uring_error = 12345;
  KernelFeatures::OverrideForTest(&none);
  EXPECT_EQ(KernelFeatures::Get().io_uring_error, 12345);
  KernelFeatures::OverrideForTest(nullptr);
  EXPECT_NE(KernelFeatures::Get().io_uring_error, 12345);
}

TEST(KernelFeatures, AgreesWithTheKernel) {
  const KernelFeatures features = KernelFeatures::Probe();
  struct {
    uint64_t offset, length;
  } range{0, 4096};
  std::array<uint64_t, 5> counts{};
  const TempFile file("x");
  constexpr long kSysCachestat = 451;
  EXPECT_EQ(features.cachestat, syscall(kSysCachestat, file.fd(), &range, counts.data(), 0) == 0);
  EXPECT_TRUE(features.nowait_read);
  EXPECT_EQ(features.io_uring, features.io_uring_error == 0);
  EXPECT_LE(features.defer_taskrun, features.coop_taskrun);
}

// Makes `system_call` answer EPERM in this process from now on.
void Refuse(uint32_t system_call) {
  std::array<sock_filter, 4> filter{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, system_call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  QUIRE_CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  QUIRE_CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

// In the child: reads through a reactor that the kernel gives no ring.
[[noreturn]] void ReadWithoutIoUring() {
  Refuse(SYS_io_uring_setup);
  const KernelFeatures features = KernelFeatures::Probe();
  QUIRE_CHECK(!features.io_uring);
  QUIRE_CHECK(features.io_uring_error == EPERM);
  QUIRE_CHECK(features.cachestat == KernelFeatures::Get().cachestat);
  WorkerPool workers;
  ReactorOptions options;
  options.features = &features;
  const std::unique_ptr<Reactor> reactor = *Reactor::Create(workers, options);
  QUIRE_CHECK(!reactor->has_ring());
  const TempFile file("hello");
  std::string text(5, '.');
  const Segment piece = PieceOf(text);
  TestOp op;
  op.PrepareRead(file.fd(), 0, {&piece, 1});
  op.Start(*reactor, TestOp::OnDone);
  reactor->Submit(op);
  while (!op.done()) reactor->Wait(kNsPerSecond);
  QUIRE_CHECK(op.last == IoResult::Bytes(5));
  QUIRE_CHECK(text == "hello");
  std::fprintf(stderr, "%s\n", features.Describe().c_str());
  _exit(0);
}

// The probe says yes, but the ring that is then set up is refused all the same.
[[noreturn]] void RefusedAfterTheProbe() {
  const KernelFeatures features = KernelFeatures::Probe();
  Refuse(SYS_io_uring_setup);
  WorkerPool workers;
  ReactorOptions options;
  options.features = &features;
  const auto reactor = Reactor::Create(workers, options);
  QUIRE_CHECK(reactor.ok());
  QUIRE_CHECK(!(*reactor)->has_ring());
  _exit(0);
}

TEST(KernelFeaturesDeathTest, WithoutIoUringBySeccomp) {
  EXPECT_EXIT(ReadWithoutIoUring(), testing::ExitedWithCode(0),
              "refused by a seccomp or security policy");
  EXPECT_EXIT(RefusedAfterTheProbe(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace quire
