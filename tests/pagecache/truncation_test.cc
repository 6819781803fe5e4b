// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: a file that somebody else truncates gives errors or zeros, never a signal or a hang, and
// never grows back by our own writes.
// Method: truncate below lent references, below hints that are believed, and under a load; look at
// what requests answer and at the size that the file has afterwards.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>

#include "tests/support/faulty_file.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;

class TruncationTest : public testing::Test {
 protected:
  TruncationTest() : scratch_(4 * kMiB) {
    scratch_.Fill(0, Filled(4 * kMiB, 'a'));
    file_ = *File::Open({.path = scratch_.path()});
    client_ = std::make_unique<Client>(workers_, *file_);
  }
  ~TruncationTest() override { client_.reset(); }

  void Warm() {
    ReadOp op;
    for (int i = 0; i < 10000 && file_->stats().hint_hits == 0; ++i) {
      ASSERT_TRUE(client_->Read(op, {2 * kMiB, 4096}).ok());
      op.data.Reset();
    }
    ASSERT_GT(file_->stats().hint_hits, 0u);
  }
  uint64_t Size() const {
    struct stat file;
    EXPECT_EQ(fstat(scratch_.fd(), &file), 0);
    return static_cast<uint64_t>(file.st_size);
  }

  WorkerPool workers_;
  ScratchFile scratch_;
  std::unique_ptr<File> file_;
  std::unique_ptr<Client> client_;
};

TEST_F(TruncationTest, ALentPageBecomesZerosAndIsRevoked) {
  ReadOp op;
  op.references_only = true;
  ASSERT_TRUE(client_->Read(op, {2 * kMiB, 8192}).ok());
  ASSERT_EQ(ftruncate(scratch_.fd(), kMiB), 0);
  EXPECT_EQ(Collect(op.data.view()), Filled(8192, 0));
  op.data.Reset();
  EXPECT_TRUE(op.revoked);
  EXPECT_EQ(file_->stats().revoked, 1u);

  // From now on it is an error of the request.
  EXPECT_EQ(client_->Read(op, {2 * kMiB, 8192}), IoResult::Error(EIO));
  EXPECT_EQ(client_->Write({2 * kMiB, 8192}, Filled(8192, 'b')), IoResult::Error(EIO));
  EXPECT_EQ(Size(), kMiB);

  // What is still there still works, and a file made whole again is served again, without the zeros
  // that stood in.
  ASSERT_TRUE(client_->Read(op, {0, 8192}).ok());
  op.data.Reset();
  ASSERT_EQ(ftruncate(scratch_.fd(), 4 * kMiB), 0);
  scratch_.Fill(2 * kMiB, Filled(8192, 'c'));
  ASSERT_TRUE(client_->Read(op, {2 * kMiB, 8192}).ok());
  EXPECT_EQ(Collect(op.data.view()), Filled(8192, 'c'));
  op.data.Reset();
  ASSERT_TRUE(client_->Write({2 * kMiB, 4096}, Filled(4096, 'd')).ok());
  EXPECT_EQ(scratch_.Contents(2 * kMiB, 4096), Filled(4096, 'd'));
}

TEST_F(TruncationTest, AStoreUnderABelievedHintIsAnError) {
  Warm();
  ASSERT_EQ(ftruncate(scratch_.fd(), kMiB), 0);
  EXPECT_EQ(client_->Write({2 * kMiB, 4096}, Filled(4096, 'b')), IoResult::Error(EIO));
  EXPECT_EQ(Size(), kMiB);
}

TEST_F(TruncationTest, AStableReadOfLostPagesSaysSo) {
  ReadOp op;
  op.stable = true;
  op.references_only = true;
  ASSERT_TRUE(client_->Read(op, {2 * kMiB, 4096}).ok());
  ASSERT_EQ(ftruncate(scratch_.fd(), 2 * kMiB), 0);
  // The write cannot land, but it makes the bytes private first, and finds them gone.
  EXPECT_FALSE(client_->Write({2 * kMiB, 4096}, Filled(4096, 'b')).ok());
  EXPECT_TRUE(op.stable_bytes.lost());
  op.data.Reset();
  EXPECT_TRUE(op.revoked);
}

TEST_F(TruncationTest, ReadsThatMissAreErrors) {
  client_.reset();
  file_->RetireAll();
  scratch_.Drop();
  client_ = std::make_unique<Client>(workers_, *file_);
  ASSERT_EQ(ftruncate(scratch_.fd(), kMiB + 100), 0);
  ReadOp op;
  for (const uint64_t length : {uint64_t{512}, uint64_t{4096}, uint64_t{65536}, kMiB}) {
    EXPECT_EQ(client_->Read(op, {kMiB, length}), IoResult::Error(EIO)) << length;
    op.data.Reset();
  }
  EXPECT_EQ(file_->stats().lent, 0u);
}

TEST_F(TruncationTest, ReadsThatMissPastTheCacheAreErrors) {
  client_.reset();
  file_.reset();
  file_ = *File::Open({.path = scratch_.path(), .cache = CacheMode::kNone});
  client_ = std::make_unique<Client>(workers_, *file_);
  ASSERT_EQ(ftruncate(scratch_.fd(), kMiB + 100), 0);
  ReadOp op;
  for (const uint64_t length : {uint64_t{512}, uint64_t{4096}, uint64_t{65536}, kMiB}) {
    EXPECT_EQ(client_->Read(op, {kMiB, length}), IoResult::Error(EIO)) << length;
    op.data.Reset();
  }
}

TEST_F(TruncationTest, ZeroesDoNotMakeItWholeAgain) {
  ASSERT_EQ(ftruncate(scratch_.fd(), kMiB), 0);
  for (const bool zero : {false, true}) {
    EXPECT_EQ(client_->Discard({2 * kMiB, 4096}, zero), IoResult::Error(EIO));
  }
  EXPECT_EQ(Size(), kMiB);
}

// A page is lost, and the file made whole again, just when a request has looked for lost pages.
class LateLossTest : public testing::Test {
 protected:
  LateLossTest() : served_(4 * kMiB) {
    held_.references_only = true;
    EXPECT_TRUE(served_.client().Read(held_, {2 * kMiB, 4096}).ok());
    served_.faulty().WhenAsked([this] {
      ASSERT_EQ(ftruncate(served_.scratch().fd(), kMiB), 0);
      EXPECT_EQ(Collect(held_.data.view()), Filled(4096, 0));
      ASSERT_EQ(ftruncate(served_.scratch().fd(), 4 * kMiB), 0);
      served_.scratch().Fill(2 * kMiB, Filled(4096, 'c'));
      asked_ = true;
    });
  }
  ~LateLossTest() override {
    held_.data.Reset();
    EXPECT_TRUE(asked_);
  }

  FaultyFile served_;
  ReadOp held_;
  bool asked_ = false;
};

TEST_F(LateLossTest, AWriteGoesToTheFile) {
  ASSERT_TRUE(served_.client().Write({2 * kMiB, 4096}, Filled(4096, 'd')).ok());
  EXPECT_EQ(served_.scratch().Contents(2 * kMiB, 4096), Filled(4096, 'd'));
}

TEST_F(LateLossTest, AReaderHearsOfIt) {
  ReadOp op;
  op.references_only = true;
  ASSERT_TRUE(served_.client().Read(op, {2 * kMiB, 4096}).ok());
  const bool zeros = Collect(op.data.view()) == Filled(4096, 0);
  op.data.Reset();
  EXPECT_EQ(op.revoked, zeros);
}

}  // namespace
}  // namespace quire
