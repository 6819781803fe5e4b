// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: EXTENDED COPY copies what it is told to and nothing else, respects whoever has a say about
// either disk, and moves no data where the file system can share it.
// Method: CDBs of two hosts to two disks of one process:
//
//   host A, B --+-- disk 1 (the fixture's, in the registry)
//               '-- disk 2 (`two_`, in the registry)
#include <array>
#include <atomic>
#include <thread>

#include "base/prng.h"
#include "tests/support/loop.h"
#include "tests/support/served_file.h"
#include "tests/support/shared_extents.h"
#include "tests/vdisk/copy_list_builder.h"
#include "tests/vdisk/scsi_fixture.h"
#include "vdisk/copy_list.h"
#include "vdisk/logical_units.h"

namespace quire {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;

DeviceServer::Options In(LogicalUnits& units) {
  DeviceServer::Options options;
  options.units = &units;
  return options;
}

// A disk that others can copy to and from.
struct CopyDisk {
  CopyDisk(LogicalUnits& units, FileOptions file_options, uint32_t block_bytes = 512) {
    device = *Device::Create(*File::Open(file_options), block_bytes);
    server = *DeviceServer::Create(*device, In(units));
  }
  std::span<const uint8_t> naa() const { return server->identity().naa(); }

  std::unique_ptr<Device> device;
  std::unique_ptr<DeviceServer> server;
};

struct Registry {
  LogicalUnits units_;
};

class SpcCopyTest : private Registry, public ScsiFixture {
 protected:
  SpcCopyTest() : ScsiFixture(In(units_)) {
    two_ = std::make_unique<CopyDisk>(units(), FileOptions{.path = second_.path()});
  }

  LogicalUnits& units() { return units_; }
  std::span<const uint8_t> naa() const { return server_->identity().naa(); }
  // Units 0 and 1 are the disks 1 and 2.
  CopyListBuilder Between() const {
    CopyListBuilder builder;
    builder.Unit(naa()).Unit(two_->naa());
    return builder;
  }
  static Bytes CopyCdb(const Bytes& list) {
    Bytes cdb(16);
    cdb[0] = 0x83;
    StoreBig<4>(&cdb[10], list.size());
    return cdb;
  }
  static Bytes ResultsCdb(uint8_t service_action, uint8_t identifier) {
    Bytes cdb(16);
    cdb[0] = 0x84;
    cdb[1] = service_action;
    cdb[2] = identifier;
    cdb[12] = 1;
    return cdb;
  }
  Outcome Copy(ScsiNexus& nexus, const CopyListBuilder& builder) {
    const Bytes list = builder.List();
    return Run(nexus, CopyCdb(list), list);
  }
  static Bytes Random(uint64_t seed, size_t count_blocks) {
    Prng random(seed);
    Bytes bytes(count_blocks * kBlockBytes);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Next());
    return bytes;
  }
  Bytes SecondBytes(uint64_t lba, size_t count_blocks) const {
    const auto found = second_.Contents(lba * kBlockBytes, count_blocks * kBlockBytes);
    Bytes bytes(found.size());
    std::memcpy(bytes.data(), found.data(), bytes.size());
    return bytes;
  }
  std::unique_ptr<ScsiNexus> ConnectTo(CopyDisk& disk, const char* name, uint64_t isid) {
    auto nexus = disk.server->Connect(*reactor_, {*TransportId::IscsiPort(name, isid), 1},
                                      {.relative_port = 1});
    EXPECT_EQ(Run(*nexus, {0x00, 0, 0, 0, 0, 0}), kPowerOnOrReset);
    return nexus;
  }
  void Reserve(ScsiNexus& nexus, uint8_t type) {
    Bytes list(24);
    list[15] = 7;
    EXPECT_EQ(Run(nexus, {0x5f, 0, 0, 0, 0, 0, 0, 0, 24, 0}, list), kGood);
    std::swap(list[7], list[15]);
    EXPECT_EQ(Run(nexus, {0x5f, 1, type, 0, 0, 0, 0, 0, 24, 0}, list), kGood);
  }

  ScratchFile second_{kDiskBytes};
  std::unique_ptr<CopyDisk> two_;
};

TEST_F(SpcCopyTest, WithinTheDisk) {
  const Bytes bytes = Random(1, 100);
  ASSERT_EQ(Run(*a_, Write16(3, 100), bytes), kGood);
  EXPECT_EQ(Copy(*a_, Between().Segment(0, 3, 0, 1000, 100)), kGood);
  EXPECT_EQ(FileBytes(1000, 100), bytes);
  EXPECT_EQ(FileBytes(1100, 1), Filled(1, 0));
  EXPECT_EQ(FileBytes(999, 1), Filled(1, 0));
  CopyListBuilder by_own_id;
  by_own_id.Segment(CopyList::kOwnUnit, 3, CopyList::kOwnUnit, 2000, 50);
  EXPECT_EQ(Copy(*b_, by_own_id), kGood);
  EXPECT_EQ(FileBytes(2000, 50), Bytes(bytes.begin(), bytes.begin() + 50 * kBlockBytes));
}

TEST_F(SpcCopyTest, OverlappingRangesAsIfByABuffer) {
  const Bytes bytes = Random(2, 1000);
  for (const uint64_t target : {99u, 101u, 600u}) {
    ASSERT_EQ(Run(*a_, Write16(100, 1000), bytes), kGood);
    EXPECT_EQ(Copy(*a_, Between().Segment(0, 100, 0, target, 1000)), kGood);
    EXPECT_EQ(FileBytes(target, 1000), bytes) << target;
  }
}

TEST_F(SpcCopyTest, BetweenDisksSegmentAfterSegment) {
  const Bytes bytes = Random(3, 4000);
  ASSERT_EQ(Run(*a_, Write16(0, 4000), bytes), kGood);
  CopyListBuilder builder = Between();
  builder.Segment(0, 0, 1, 8000, 4000).Segment(0, 0, 0, 5, 0).Segment(1, 8000, 0, 9000, 4000);
  EXPECT_EQ(Copy(*a_, builder), kGood);
  EXPECT_EQ(SecondBytes(8000, 4000), bytes);
  EXPECT_EQ(FileBytes(9000, 4000), bytes);
}

TEST_F(SpcCopyTest, NothingToCopyIsGood) {
  EXPECT_EQ(Run(*a_, CopyCdb({})), kGood);
  EXPECT_EQ(Copy(*a_, {}), kGood);
  EXPECT_EQ(Copy(*a_, Between()), kGood);
  EXPECT_EQ(Copy(*a_, Between().Segment(0, 0, 1, 0, 0)), kGood);
}

TEST_F(SpcCopyTest, LessDataThanTheCdbPromises) {
  const Bytes list = Between().List();
  Bytes cdb = CopyCdb(list);
  ++cdb[13];
  EXPECT_EQ(Run(*a_, cdb, list), kDataPhaseError);
}

TEST_F(SpcCopyTest, BlocksBehindAnEndAreRefusedBeforeAnythingIsCopied) {
  constexpr uint16_t kSegment = 16 + 64 + 28;
  const uint64_t count = kDiskBytes / kBlockBytes;
  ASSERT_EQ(Run(*a_, Write16(0, 8), Filled(8, 1)), kGood);
  CopyListBuilder good = Between();
  good.Segment(0, 0, 1, 0, 8);
  CopyListBuilder source = good;
  EXPECT_EQ(Copy(*a_, source.Segment(0, count - 7, 1, 0, 8)),
            kCopyAborted.AtParameterField(kSegment + 12));
  CopyListBuilder target = good;
  EXPECT_EQ(Copy(*a_, target.Segment(0, 0, 1, ~uint64_t{0}, 8)),
            kCopyAborted.AtParameterField(kSegment + 20));
  EXPECT_EQ(SecondBytes(0, 8), Filled(8, 0));
}

TEST_F(SpcCopyTest, UnknownUnitsAndWrongBlocks) {
  Bytes other(naa().begin(), naa().end());
  other.back() ^= 1;
  CopyListBuilder unknown;
  unknown.Unit(naa()).Unit(other).Segment(0, 0, 1, 0, 8);
  EXPECT_EQ(Copy(*a_, unknown), kCopyTargetNotReachable.AtParameterField(16 + 32));
  CopyListBuilder wrong;
  wrong.Unit(naa(), 4096).Segment(0, 0, 0, 0, 8);
  EXPECT_EQ(Copy(*a_, wrong), kInvalidFieldInParameterList.AtParameterField(16 + 29));
  const ScratchFile third(kDiskBytes);
  const CopyDisk large(units(), {.path = third.path()}, 4096);
  CopyListBuilder unequal;
  unequal.Unit(naa()).Unit(large.naa(), 4096).Segment(0, 0, 1, 0, 8);
  EXPECT_EQ(Copy(*a_, unequal), kInvalidOperationForCopy.AtParameterField(16 + 64));
}

TEST_F(SpcCopyTest, WriteProtectionOfTheTarget) {
  auto on_two = ConnectTo(*two_, "iqn.2026-01.a", 1);
  ModeParameters parameters = two_->server->mode_state().current;
  parameters.swp = 1;
  two_->server->ChangeMode(parameters, *on_two);
  EXPECT_EQ(Copy(*a_, Between().Segment(0, 0, 1, 0, 8)), kThirdPartyDeviceFailure);
  EXPECT_EQ(Copy(*a_, Between().Segment(1, 0, 0, 0, 8)), kGood) << "it may be read";
  EXPECT_EQ(Copy(*on_two, Between().Segment(0, 0, 1, 0, 8)), kSoftwareWriteProtected);
  const ScratchFile third(kDiskBytes);
  const CopyDisk read_only(units(), {.path = third.path(), .read_only = true});
  CopyListBuilder builder;
  builder.Unit(naa()).Unit(read_only.naa()).Segment(0, 0, 1, 0, 8);
  EXPECT_EQ(Copy(*a_, builder), kThirdPartyDeviceFailure);
}

TEST_F(SpcCopyTest, ReservationsOfTheOtherDisk) {
  constexpr uint8_t kWriteExclusive = 1;
  constexpr uint8_t kExclusiveAccess = 3;
  for (const uint8_t type : {kWriteExclusive, kExclusiveAccess}) {
    auto b_on_two = ConnectTo(*two_, "iqn.2026-01.b", 2);
    Reserve(*b_on_two, type);
    EXPECT_EQ(Copy(*a_, Between().Segment(0, 0, 1, 0, 8)), kThirdPartyDeviceFailure);
    EXPECT_EQ(Copy(*a_, Between().Segment(1, 0, 0, 0, 8)),
              type == kWriteExclusive ? kGood : kThirdPartyDeviceFailure);
    EXPECT_EQ(Copy(*b_, Between().Segment(0, 0, 1, 0, 8).Segment(1, 0, 0, 0, 8)), kGood)
        << "who holds it";
    Bytes clear(24);
    clear[7] = 7;
    EXPECT_EQ(Run(*b_on_two, {0x5f, 3, 0, 0, 0, 0, 0, 0, 24, 0}, clear), kGood);
    b_on_two.reset();
    two_.reset();
    two_ = std::make_unique<CopyDisk>(units(), FileOptions{.path = second_.path()});
  }
  Reserve(*b_, kWriteExclusive);
  EXPECT_EQ(Copy(*a_, Between().Segment(0, 0, 0, 100, 8)), kReservationConflict);
}

TEST_F(SpcCopyTest, ResultsAreKeptByIdentifier) {
  EXPECT_EQ(Run(*a_, ResultsCdb(0, 5)), kInvalidFieldInCdb.AtCdbField(2));
  CopyListBuilder builder = Between();
  builder.identifier = 5;
  builder.usage = 0;
  builder.Segment(0, 0, 1, 0, 8).Segment(1, 0, 1, 100, 16);
  EXPECT_EQ(Copy(*a_, builder), kGood);
  EXPECT_EQ(Run(*a_, ResultsCdb(0, 5)), kGood);
  EXPECT_EQ(found_, (Bytes{0, 0, 0, 8, 1, 0, 2, 0, 0, 0, 0x30, 0}));
  EXPECT_EQ(Run(*b_, ResultsCdb(0, 5)), kInvalidFieldInCdb.AtCdbField(2)) << "A's alone";
  EXPECT_EQ(Run(*a_, ResultsCdb(4, 5)), kGood);
  EXPECT_EQ(found_, Bytes(4));

  builder.cscds[1][20] ^= 1;
  EXPECT_TRUE(Copy(*a_, builder).Is(kCopyTargetNotReachable));
  EXPECT_EQ(Run(*a_, ResultsCdb(0, 5)), kGood);
  EXPECT_EQ(found_, (Bytes{0, 0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(Run(*a_, ResultsCdb(4, 5)), kGood);
  ASSERT_EQ(found_.size(), 60u + 18);
  EXPECT_EQ(found_[60 + 2], 0x0a);
  EXPECT_EQ(found_[60 + 12], 0x0d);

  builder.usage = CopyListBuilder::kNone;
  builder.identifier = 0;
  EXPECT_TRUE(Copy(*a_, builder).Is(kCopyTargetNotReachable));
  EXPECT_EQ(Run(*a_, ResultsCdb(0, 0)), kInvalidFieldInCdb.AtCdbField(2)) << "not to be kept";
}

TEST_F(SpcCopyTest, AnIdentifierIsOfOneCopyAtATime) {
  CopyListBuilder builder = Between();
  builder.usage = CopyListBuilder::kDiscard;
  builder.Segment(0, 0, 1, 0, 4096);
  const Bytes list = builder.List();
  TestCommand first(CopyCdb(list), list);
  TestCommand same(CopyCdb(list), list);
  TestCommand of_another(CopyCdb(list), list);
  server_->Execute(*a_, first);
  server_->Execute(*a_, same);
  server_->Execute(*b_, of_another);
  for (TestCommand* const one : {&first, &same, &of_another}) WaitFor(*one);
  EXPECT_EQ(first.outcome(), kGood);
  EXPECT_EQ(same.outcome(), kOperationInProgress);
  EXPECT_EQ(of_another.outcome(), kGood);
  EXPECT_EQ(Copy(*a_, builder), kGood) << "free again";
}

TEST_F(SpcCopyTest, IsTold) {
  EXPECT_EQ(Run(*a_, {0x12, 0, 0, 0, 96, 0}), kGood);
  EXPECT_EQ(found_[5] & 0x08, 0x08) << "3PC";
  EXPECT_EQ(Run(*a_, {0x12, 1, 0x8f, 1, 0, 0}), kGood);
  EXPECT_EQ(found_[1], 0x8f);
  EXPECT_EQ(found_[2] * 256u + found_[3] + 4, found_.size());
  EXPECT_EQ(Run(*a_, ResultsCdb(3, 0)), kGood);
  EXPECT_EQ(found_.size(), 46u);
  EXPECT_TRUE(Run(*a_, ResultsCdb(1, 0)).Is(kInvalidFieldInCdb)) << "RECEIVE DATA";
}

// Later commands to the target wait for the copy, and so do those to the source.
TEST_F(SpcCopyTest, OthersSeeAllOfItOrNothing) {
  const Bytes bytes = Random(4, 8000);
  ASSERT_EQ(Run(*a_, Write16(0, 8000), bytes), kGood);
  const Bytes list = Between().Segment(0, 0, 0, 8000, 8000).List();
  TestCommand copy(CopyCdb(list), list);
  TestCommand read(Read16(8000, 8000), {});
  TestCommand change(Write16(0, 8000), Filled(8000, 7));
  TestCommand compare(Cdb16(0x89, 15999, 0), {});
  compare.cdb_bytes[13] = 1;
  compare.cdb = compare.cdb_bytes;
  compare.data_bytes.assign(bytes.end() - kBlockBytes, bytes.end());
  compare.data_bytes.resize(2 * kBlockBytes, 9);
  compare.segment = {reinterpret_cast<std::byte*>(compare.data_bytes.data()), 2 * kBlockBytes};
  compare.data_out = SgView({&compare.segment, 1}, 2 * kBlockBytes);
  read.keep = true;
  for (TestCommand* const one : {&copy, &read, &change, &compare}) server_->Execute(*a_, *one);
  for (TestCommand* const one : {&copy, &read, &change, &compare}) {
    WaitFor(*one);
    EXPECT_EQ(one->outcome(), kGood);
  }
  EXPECT_EQ(Bytes(read.found.begin(), read.found.end() - kBlockBytes),
            Bytes(bytes.begin(), bytes.end() - kBlockBytes));
  read.Drop();
  EXPECT_EQ(FileBytes(15999, 1), Filled(1, 9));
  EXPECT_EQ(FileBytes(0, 8000), Filled(8000, 7));
}

// Two disks, copies both ways over the same blocks: no circle of waiters, one after the other.
TEST_F(SpcCopyTest, CopiesInBothDirectionsEnd) {
  auto on_two = ConnectTo(*two_, "iqn.2026-01.a", 1);
  const Bytes there = Between().Segment(0, 0, 1, 100, 4000).List();
  const Bytes back = Between().Segment(1, 0, 0, 100, 4000).List();
  std::vector<std::unique_ptr<TestCommand>> commands;
  for (int i = 0; i < 20; ++i) {
    const Bytes& list = i % 2 == 0 ? there : back;
    commands.push_back(std::make_unique<TestCommand>(CopyCdb(list), list));
    ScsiNexus& nexus = i % 3 == 0 ? *on_two : *a_;
    nexus.server().Execute(nexus, *commands.back());
  }
  for (const auto& command : commands) {
    WaitFor(*command);
    EXPECT_EQ(command->outcome(), kGood);
  }
}

TEST_F(SpcCopyTest, AnAbortStopsIt) {
  ASSERT_EQ(Run(*a_, Write16(0, 1000), Filled(1000, 1)), kGood);
  CopyListBuilder builder = Between();
  builder.identifier = 3;
  builder.usage = 0;
  for (uint64_t i = 0; i < 8; ++i) builder.Segment(0, 0, 1, 1000 * i, 1000);
  const Bytes list = builder.List();
  TestCommand copy(CopyCdb(list), list);
  copy.tag = 77;
  server_->Execute(*a_, copy);
  struct : TaskAbort {
    std::atomic<bool> done{false};
  } abort;
  const bool gone = server_->task_set().AbortTask(a_->tasks(), 77, abort, [](TaskAbort& ended) {
    static_cast<decltype(abort)&>(ended).done = true;
  });
  EXPECT_FALSE(gone) << "a piece is on its way";
  WaitFor(copy);
  EXPECT_TRUE(abort.done);
  EXPECT_FALSE(copy.answered());
  EXPECT_EQ(SecondBytes(7000, 1000), Filled(1000, 0));
  EXPECT_EQ(Run(*a_, ResultsCdb(0, 3)), kGood);
  EXPECT_EQ(found_[4], 2) << "completed with errors";
}

TEST_F(SpcCopyTest, ADiskMayGoWhileItIsCopiedTo) {
  const CopyListBuilder builder = Between().Segment(0, 0, 1, 0, 16384);
  std::atomic<int> count_good{0};
  std::thread remover([this, &count_good] {
    while (count_good < 2) std::this_thread::yield();
    two_.reset();
  });
  Outcome outcome;
  for (int i = 0; i < 10000 && outcome.good(); ++i) {
    outcome = Copy(*a_, builder);
    if (outcome.good()) ++count_good;
  }
  count_good = 2;  // lets it go in any case
  remover.join();
  EXPECT_TRUE(outcome.Is(kCopyTargetNotReachable));
}

// ---- File systems ----

class SpcCopySharesTest : public SpcCopyTest, public testing::WithParamInterface<const char*> {};

TEST_P(SpcCopySharesTest, NoDataIsMoved) {
  const LoopFileSystem mount(GetParam(), 320 * kMiB);
  if (!mount.mounted()) GTEST_SKIP() << mount.why();
  const ScratchFile file(64 * kMiB, mount.folder());
  auto disk = std::make_unique<CopyDisk>(units(), FileOptions{.path = file.path()});
  auto nexus = ConnectTo(*disk, "iqn.2026-01.a", 1);
  const Bytes bytes = Random(5, 2048);
  for (uint64_t lba = 0; lba < 65536; lba += 2048) {  // dirty
    ASSERT_EQ(Run(*nexus, Write16(lba, 2048), bytes), kGood);
  }
  CopyListBuilder builder;
  builder.Unit(disk->naa()).Segment(0, 0, 0, 65536, 32768).Segment(0, 32768, 0, 98304, 32768);
  EXPECT_EQ(Copy(*nexus, builder), kGood);
  EXPECT_EQ(SharedBytes(file.fd()), 64 * kMiB);
  for (uint64_t lba = 65536; lba < 131072; lba += 2048) {
    ASSERT_EQ(Run(*nexus, Read16(lba, 2048)), kGood);
    EXPECT_EQ(found_, bytes);
  }
  nexus.reset();
}

INSTANTIATE_TEST_SUITE_P(All, SpcCopySharesTest, testing::Values("xfs", "btrfs"),
                         [](const auto& type) { return std::string(type.param); });

}  // namespace
}  // namespace quire
