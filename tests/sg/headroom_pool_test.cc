// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a buffer is reused only after its last reference, the pool grows to its cap and no further,
//   and its teardown is bounded.
// Method: references dropped by hand; then zero-copy sends over loopback to a peer that does not
//   read, each reference dropped by the notification of its send.
//
//   pool --Take--> sendmsg(MSG_ZEROCOPY) ==loopback==> [ does not read ... reads everything ]
//     ^--Drop-- error queue: "sends a..b are done" <---'
#include "sg/headroom_pool.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace quire {
namespace {

using Buffers = std::vector<HeadroomBuffer*>;

constexpr HeadroomPool::Options kSmall{.buffer_bytes = 128, .count_fixed = 2, .max_buffers = 5};

// As many as there are.
Buffers TakeAll(HeadroomPool& pool) {
  Buffers buffers;
  while (HeadroomBuffer* const buffer = pool.Take()) {
    std::memset(buffer->memory().data(), static_cast<int>(buffers.size()), buffer->memory().size());
    buffers.push_back(buffer);
  }
  return buffers;
}

TEST(HeadroomPool, FixedThenGrownThenRefused) {
  HeadroomPool pool(kSmall);
  EXPECT_EQ(pool.stats().buffers, 2u);
  EXPECT_EQ(pool.stats().free, 2u);
  const Buffers buffers = TakeAll(pool);
  ASSERT_EQ(buffers.size(), 5u);
  EXPECT_EQ(std::set(buffers.begin(), buffers.end()).size(), 5u);
  EXPECT_EQ(pool.Take(), nullptr);
  EXPECT_EQ(pool.stats().buffers, 5u);
  EXPECT_EQ(pool.stats().free, 0u);
  EXPECT_EQ(pool.stats().taken, 5u);
  EXPECT_EQ(pool.stats().grown, 3u);
  EXPECT_EQ(pool.stats().refused, 2u);
  EXPECT_FALSE(pool.Settle());
  for (size_t i = 0; i < buffers.size(); ++i) {
    for (const std::byte byte : buffers[i]->memory()) ASSERT_EQ(byte, static_cast<std::byte>(i));
    buffers[i]->Drop();
  }
  EXPECT_TRUE(pool.Settle());
}

TEST(HeadroomPool, GrownOnesGoWhenTheyComeBack) {
  HeadroomPool pool(kSmall);
  const Buffers buffers = TakeAll(pool);
  buffers[4]->Drop();
  EXPECT_EQ(pool.stats().buffers, 4u);
  EXPECT_EQ(pool.stats().released, 1u);
  EXPECT_EQ(pool.stats().free, 0u);
  HeadroomBuffer* const again = pool.Take();
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(pool.stats().grown, 4u);
  EXPECT_EQ(pool.Take(), nullptr);
  buffers[0]->Drop();
  EXPECT_EQ(pool.stats().free, 1u);
  EXPECT_EQ(pool.Take(), buffers[0]);  // a fixed one stays
  for (HeadroomBuffer* const buffer : {buffers[0], buffers[1], buffers[2], buffers[3], again}) {
    buffer->Drop();
  }
  EXPECT_TRUE(pool.Settle());
  EXPECT_EQ(pool.stats().buffers, 2u);
  EXPECT_EQ(pool.stats().released, 4u);
  EXPECT_EQ(pool.Close(), 0u);
}

TEST(HeadroomPool, ABufferHasItsCacheLinesForItself) {
  HeadroomPool pool(kSmall);
  const Buffers buffers = TakeAll(pool);
  for (HeadroomBuffer* const buffer : buffers) {
    EXPECT_EQ(buffer->memory().size(), 128u);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer->memory().data()) % 64, 0u);
    buffer->Drop();
  }
}

TEST(HeadroomPool, NothingFixedAndNothingAtAll) {
  HeadroomPool grown({.buffer_bytes = 64, .count_fixed = 0, .max_buffers = 1});
  HeadroomBuffer* const buffer = grown.Take();
  ASSERT_NE(buffer, nullptr);
  EXPECT_EQ(grown.Take(), nullptr);
  buffer->Drop();
  EXPECT_EQ(grown.stats().buffers, 0u);
  HeadroomPool none({.buffer_bytes = 64, .count_fixed = 0, .max_buffers = 0});
  EXPECT_EQ(none.Take(), nullptr);
  EXPECT_TRUE(none.Settle());
}

TEST(HeadroomPool, ParkedUntilTheLastReference) {
  HeadroomPool pool(kSmall);
  HeadroomBuffer* const buffer = pool.Take();
  buffer->Keep();
  buffer->Keep();
  pool.Park(*buffer);
  EXPECT_EQ(pool.stats().parked, 1u);
  buffer->Drop();
  EXPECT_EQ(pool.stats().parked, 1u);
  EXPECT_FALSE(pool.Settle());
  buffer->Drop();
  EXPECT_EQ(pool.stats().parked, 0u);
  EXPECT_TRUE(pool.Settle());
  // Where nobody else keeps it, it is free at once.
  pool.Park(*pool.Take());
  EXPECT_EQ(pool.stats().parked, 0u);
  EXPECT_EQ(pool.stats().free, 2u);
}

TEST(HeadroomPool, TheLastReferenceCountsWhoeverHoldsIt) {
  for (const bool owner_last : {false, true}) {
    HeadroomPool pool({.buffer_bytes = 64, .count_fixed = 1, .max_buffers = 1});
    HeadroomBuffer* const buffer = pool.Take();
    buffer->Keep();
    if (owner_last) {
      buffer->Drop();  // the notification is faster than the reply
      EXPECT_EQ(pool.Take(), nullptr);
      pool.Park(*buffer);
    } else {
      pool.Park(*buffer);
      EXPECT_EQ(pool.Take(), nullptr);
      buffer->Drop();
    }
    EXPECT_EQ(pool.Take(), buffer);
    buffer->Drop();
    EXPECT_EQ(pool.stats().taken, 2u);
  }
}

TEST(HeadroomPool, DroppedOnAnotherThread) {
  HeadroomPool pool(kSmall);
  const Buffers buffers = TakeAll(pool);
  for (HeadroomBuffer* const buffer : buffers) {
    buffer->Keep();
    pool.Park(*buffer);
  }
  EXPECT_EQ(pool.stats().parked, 5u);
  std::thread([&] {
    for (HeadroomBuffer* const buffer : buffers) buffer->Drop();
  }).join();
  EXPECT_NE(pool.Take(), nullptr);
  EXPECT_EQ(pool.stats().buffers, 2u);
  EXPECT_EQ(pool.stats().parked, 0u);
  EXPECT_EQ(pool.Close(), 1u);
}

TEST(HeadroomPoolClose, WhatIsHeldIsQuarantined) {
  const uint64_t before = HeadroomPool::CountQuarantined();
  Buffers held;
  {
    HeadroomPool pool(kSmall);
    held = TakeAll(pool);
    held[1]->Drop();  // a fixed one and a grown one come back in time
    held[3]->Drop();
    held.erase(held.begin() + 3);
    held.erase(held.begin() + 1);
    held[0]->Keep();
    pool.Park(*held[0]);
    EXPECT_FALSE(pool.Settle());
    EXPECT_EQ(pool.Close(), 3u);
    EXPECT_EQ(pool.stats().buffers, 1u);
    EXPECT_EQ(pool.stats().free, 1u);
    EXPECT_EQ(pool.stats().parked, 0u);
    EXPECT_TRUE(pool.Settle());
    EXPECT_EQ(pool.Close(), 0u);  // again: nothing is left to do
    // A drop while the pool is still there does not bring it back either.
    held[2]->Drop();
    EXPECT_EQ(pool.stats().free, 1u);
    EXPECT_EQ(pool.stats().buffers, 1u);
  }
  EXPECT_EQ(HeadroomPool::CountQuarantined(), before + 3);
  // The pool is gone. The network still reads, and lets go at last.
  for (const size_t i : {0u, 1u}) {
    EXPECT_EQ(held[i]->memory()[0], static_cast<std::byte>(i == 0 ? 0 : 2));
    held[i]->Keep();
    held[i]->Drop();
    held[i]->Drop();
  }
  EXPECT_EQ(HeadroomPool::CountQuarantined(), before + 3);
}

TEST(HeadroomPoolClose, WithNothingOutNothingIsQuarantined) {
  const uint64_t before = HeadroomPool::CountQuarantined();
  {
    HeadroomPool pool(kSmall);
    for (HeadroomBuffer* const buffer : TakeAll(pool)) buffer->Drop();
    EXPECT_TRUE(pool.Settle());
  }
  EXPECT_EQ(HeadroomPool::CountQuarantined(), before);
}

// A TCP connection over loopback whose receiver has a small window and reads when told.
class ZeroCopyLoopback {
 public:
  // Whether the kernel does zero-copy sends at all.
  bool Open() {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int small = 32 << 10, large = 4 << 20, one = 1;
    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener, any, length), 0);
    EXPECT_EQ(listen(listener, 1), 0);
    EXPECT_EQ(getsockname(listener, any, &length), 0);
    sender_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(sender_, SOL_SOCKET, SO_SNDBUF, &large, sizeof(large));
    setsockopt(sender_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    EXPECT_EQ(connect(sender_, any, length), 0);
    receiver_ = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    EXPECT_GE(receiver_, 0);
    close(listener);
    return setsockopt(sender_, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)) == 0;
  }
  ~ZeroCopyLoopback() {
    for (auto& [number, buffer] : in_flight_) buffer->Drop();
    if (sender_ >= 0) close(sender_);
    if (receiver_ >= 0) close(receiver_);
  }

  // Sends all of the buffer, which is kept until the kernel notifies.
  void Send(HeadroomBuffer& buffer) {
    iovec bytes = {buffer.memory().data(), buffer.memory().size()};
    msghdr message = {};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    const ssize_t sent = sendmsg(sender_, &message, MSG_ZEROCOPY | MSG_DONTWAIT | MSG_NOSIGNAL);
    ASSERT_EQ(sent, static_cast<ssize_t>(bytes.iov_len)) << std::strerror(errno);
    buffer.Keep();
    in_flight_[next_send_++] = &buffer;
  }

  // Drops the references of the sends that are done. Waits for the first of them up to the limit.
  size_t Reap(int timeout_ms) {
    pollfd ready = {sender_, 0, 0};
    poll(&ready, 1, timeout_ms);
    size_t count = 0;
    while (true) {
      alignas(cmsghdr) char control[256];
      msghdr message = {};
      message.msg_control = control;
      message.msg_controllen = sizeof(control);
      if (recvmsg(sender_, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return count;
      for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr;
           one = CMSG_NXTHDR(&message, one)) {
        if (one->cmsg_level != SOL_IP || one->cmsg_type != IP_RECVERR) continue;
        sock_extended_err error;
        std::memcpy(&error, CMSG_DATA(one), sizeof(error));
        EXPECT_EQ(error.ee_errno, 0u);
        EXPECT_EQ(error.ee_origin, SO_EE_ORIGIN_ZEROCOPY);
        for (uint32_t number = error.ee_info; number <= error.ee_data; ++number, ++count) {
          const auto found = in_flight_.find(number);
          if (found == in_flight_.end()) {
            ADD_FAILURE() << "notified of " << number << ", which is not in flight";
            return count;
          }
          found->second->Drop();
          in_flight_.erase(found);
        }
      }
    }
  }

  std::string Read() {
    std::string all;
    char bytes[4096];
    for (ssize_t got; (got = recv(receiver_, bytes, sizeof(bytes), 0)) > 0;) {
      all.append(bytes, static_cast<size_t>(got));
    }
    return all;
  }

  size_t count_in_flight() const { return in_flight_.size(); }

 private:
  int sender_ = -1, receiver_ = -1;
  uint32_t next_send_ = 0;
  std::map<uint32_t, HeadroomBuffer*> in_flight_;
};

TEST(HeadroomPoolZeroCopy, AReceiverThatDoesNotReadHoldsThePoolToItsCap) {
  constexpr HeadroomPool::Options kOptions{
      .buffer_bytes = 512, .count_fixed = 8, .max_buffers = 64};
  HeadroomPool pool(kOptions);
  std::string expected, received;
  {
    ZeroCopyLoopback loopback;
    if (!loopback.Open()) GTEST_SKIP() << "no SO_ZEROCOPY: " << std::strerror(errno);

    uint32_t count_sent = 0;
    const auto send = [&](HeadroomBuffer& buffer) {
      // Its own number all over: a buffer that is reused too early is seen by the receiver.
      for (size_t i = 0; i < 512; i += sizeof(count_sent)) {
        std::memcpy(buffer.memory().data() + i, &count_sent, sizeof(count_sent));
      }
      expected.append(reinterpret_cast<const char*>(buffer.memory().data()), 512);
      ++count_sent;
      loopback.Send(buffer);
      pool.Park(buffer);
    };

    // The reader's window swallows some first; then the kernel holds whatever is sent.
    for (bool full = false; !full;) {
      ASSERT_LT(count_sent, 20'000u) << "the receiver's window has no end";
      HeadroomBuffer* const buffer = pool.Take();
      if (buffer != nullptr) {
        send(*buffer);
        ASSERT_FALSE(HasFatalFailure());
        loopback.Reap(0);
      } else {
        full = loopback.Reap(300) == 0;
      }
    }
    EXPECT_EQ(pool.Take(), nullptr);
    EXPECT_EQ(pool.stats().buffers, 64u);
    EXPECT_EQ(pool.stats().free, 0u);
    EXPECT_EQ(pool.stats().parked, 64u);
    EXPECT_GE(pool.stats().refused, 2u);
    EXPECT_GE(pool.stats().grown, 56u);
    EXPECT_EQ(loopback.count_in_flight(), 64u);
    EXPECT_FALSE(pool.Settle());

    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (received.size() < expected.size() || loopback.count_in_flight() > 0) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline)
          << received.size() << " of " << expected.size() << " bytes, "
          << loopback.count_in_flight() << " sends in flight";
      received += loopback.Read();
      loopback.Reap(1);
    }
    EXPECT_TRUE(received == expected);
    EXPECT_TRUE(pool.Settle());
    EXPECT_EQ(pool.stats().buffers, 8u);
    EXPECT_EQ(pool.stats().free, 8u);
    EXPECT_EQ(pool.stats().parked, 0u);

    // And it goes on.
    send(*pool.Take());
  }
  EXPECT_EQ(pool.Close(), 0u);
}

}  // namespace
}  // namespace quire
