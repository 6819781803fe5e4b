// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: what clusters send is answered as they expect.
// Method: the CDBs and lists of fence_scsi, fence_mpath and the Windows validation, byte by byte,
// by two nodes with two paths each (two_host_fixture.h). Type 5 is WRITE EXCLUSIVE, REGISTRANTS
// ONLY.
#include "tests/vdisk/two_host_fixture.h"

namespace quire {
namespace {

class ClusterSequencesTest : public TwoHosts {
 protected:
  // The key of node a is 0xa0001, that of node b 0xb0002.
  static Bytes List(Bytes key, Bytes action_key) {
    Bytes list(24);
    std::copy(key.begin(), key.end(), list.begin() + 8 - static_cast<int>(key.size()));
    std::copy(action_key.begin(), action_key.end(),
              list.begin() + 16 - static_cast<int>(action_key.size()));
    return list;
  }
  const Bytes none_ = {};
  const Bytes key_a_ = {0x0a, 0x00, 0x01};
  const Bytes key_b_ = {0x0b, 0x00, 0x02};
  const Bytes test_unit_ready_ = {0x00, 0, 0, 0, 0, 0};
  const Bytes read_keys_ = {0x5e, 0x00, 0, 0, 0, 0, 0, 0x20, 0x00, 0};
  const Bytes read_reservation_ = {0x5e, 0x01, 0, 0, 0, 0, 0, 0x20, 0x00, 0};
  const Bytes read_full_status_ = {0x5e, 0x03, 0, 0, 0, 0, 0, 0x20, 0x00, 0};
  const Bytes report_capabilities_ = {0x5e, 0x02, 0, 0, 0, 0, 0, 0x20, 0x00, 0};
  const Bytes register_ = {0x5f, 0x00, 0x00, 0, 0, 0, 0, 0, 24, 0};
  const Bytes reserve_ = {0x5f, 0x01, 0x05, 0, 0, 0, 0, 0, 24, 0};
  const Bytes release_ = {0x5f, 0x02, 0x05, 0, 0, 0, 0, 0, 24, 0};
  const Bytes clear_ = {0x5f, 0x03, 0x00, 0, 0, 0, 0, 0, 24, 0};
  const Bytes preempt_ = {0x5f, 0x04, 0x05, 0, 0, 0, 0, 0, 24, 0};
  const Bytes preempt_and_abort_ = {0x5f, 0x05, 0x05, 0, 0, 0, 0, 0, 24, 0};
  const Bytes register_and_ignore_ = {0x5f, 0x06, 0x00, 0, 0, 0, 0, 0, 24, 0};

  // As fence_scsi before each of its steps: what is pending is told away.
  void Ready(ScsiNexus& nexus) { (void)Told(nexus); }
  std::vector<uint64_t> KeysOf(ScsiNexus& nexus) { return ReadKeys(nexus).keys; }
};

// "on" of both nodes, I/O, then node a fences node b, which comes back later.
TEST_F(ClusterSequencesTest, FenceScsi) {
  for (ScsiNexus* const node : {a_.get(), b_.get()}) {
    const Bytes& key = node == a_.get() ? key_a_ : key_b_;
    Ready(*node);
    EXPECT_EQ(Run(*node, register_and_ignore_, List(none_, key)), kGood);
    Ready(*node);
    EXPECT_EQ(Run(*node, read_reservation_), kGood);
    const bool reserved = found_.size() > 8;
    EXPECT_EQ(reserved, node == b_.get());
    if (!reserved) {
      EXPECT_EQ(Run(*node, reserve_, List(key, none_)), kGood);
    }
  }
  EXPECT_EQ(KeysOf(*a_), (std::vector<uint64_t>{0x0a0001, 0x0b0002}));
  EXPECT_EQ(Run(*a_, Write16(0, 1), Filled(1, 1)), kGood);
  EXPECT_EQ(Run(*b_, Write16(1, 1), Filled(1, 2)), kGood) << "a registrant may write";
  EXPECT_EQ(Run(*b2_, Write16(1, 1), Filled(1, 3)), kReservationConflict) << "its other path not";

  // "off" by node a.
  Ready(*a_);
  EXPECT_EQ(Run(*a_, preempt_and_abort_, List(key_a_, key_b_)), kGood);
  EXPECT_EQ(KeysOf(*a_), std::vector<uint64_t>{0x0a0001});
  EXPECT_EQ(Run(*b_, Write16(1, 1), Filled(1, 4)), kReservationConflict);
  Ready(*b_);
  EXPECT_EQ(Run(*b_, Write16(1, 1), Filled(1, 4)), kReservationConflict);
  EXPECT_EQ(Run(*b_, Read16(1, 1)), kGood);
  EXPECT_EQ(found_, Filled(1, 2));
  EXPECT_EQ(Run(*b_, preempt_and_abort_, List(key_b_, key_a_)), kReservationConflict)
      << "it cannot fence back";

  // "on" again.
  EXPECT_EQ(Run(*b_, register_and_ignore_, List(none_, key_b_)), kGood);
  EXPECT_EQ(Run(*b_, Write16(1, 1), Filled(1, 5)), kGood);
  EXPECT_EQ(Told(*a_), Codes{});
}

// The holder is fenced: the reservation goes over to who does it.
TEST_F(ClusterSequencesTest, FenceScsiTheHolder) {
  ASSERT_EQ(Run(*a_, register_and_ignore_, List(none_, key_a_)), kGood);
  ASSERT_EQ(Run(*a_, reserve_, List(key_a_, none_)), kGood);
  ASSERT_EQ(Run(*b_, register_and_ignore_, List(none_, key_b_)), kGood);
  EXPECT_EQ(Run(*b_, preempt_and_abort_, List(key_b_, key_a_)), kGood);
  EXPECT_EQ(Run(*b_, read_reservation_), kGood);
  ASSERT_EQ(found_.size(), 24u);
  EXPECT_EQ(LoadBig<8>(&found_[8]), 0x0b0002u);
  EXPECT_EQ(found_[21], 5);
  EXPECT_EQ(Run(*a_, Write16(0, 1), Filled(1, 1)), kReservationConflict);
  EXPECT_EQ(Told(*a_), Codes{0x2a05});
}

// A node that comes back under another port name preempts its own key, so that what it left behind
// is gone; the one it uses now stays.
TEST_F(ClusterSequencesTest, FenceScsiPurgesItsOwnKey) {
  for (ScsiNexus* const path : {a_.get(), a2_.get()}) {
    ASSERT_EQ(Run(*path, register_and_ignore_, List(none_, key_a_)), kGood);
  }
  ASSERT_EQ(Run(*a_, reserve_, List(key_a_, none_)), kGood);
  a_.reset();  // the port of before, which holds the reservation
  EXPECT_EQ(Run(*a2_, preempt_, List(key_a_, key_a_)), kGood);
  EXPECT_EQ(KeysOf(*a2_), std::vector<uint64_t>{0x0a0001});
  EXPECT_EQ(ReadType(*a2_), 5);
  EXPECT_EQ(Run(*a2_, Write16(0, 1), Filled(1, 1)), kGood);
  a_ = Come('a', 1);
  EXPECT_EQ(Told(*a_), (Codes{0x2907, 0x2a05}));
}

// mpathpersist: every path registers, one reserves, the other node preempts and aborts by one.
TEST_F(ClusterSequencesTest, FenceMpath) {
  EXPECT_EQ(Run(*a_, report_capabilities_), kGood);
  EXPECT_EQ(found_[3] & 0x80, 0x80) << "TMV";
  for (ScsiNexus* const path : {a_.get(), a2_.get()}) {
    EXPECT_EQ(Run(*path, read_keys_), kGood);
    EXPECT_EQ(Run(*path, register_, List(none_, key_a_)), kGood);
  }
  for (ScsiNexus* const path : {b_.get(), b2_.get()}) {
    EXPECT_EQ(Run(*path, register_, List(none_, key_b_)), kGood);
  }
  EXPECT_EQ(Run(*a_, register_, List(none_, key_a_)), kReservationConflict)
      << "registered: its key is asked for";
  EXPECT_EQ(Run(*a2_, reserve_, List(key_a_, none_)), kGood);
  EXPECT_EQ(Run(*b_, reserve_, List(key_b_, none_)), kReservationConflict);
  for (ScsiNexus* const path : {a_.get(), a2_.get(), b_.get(), b2_.get()}) {
    EXPECT_EQ(Run(*path, Write16(0, 1), Filled(1, 1)), kGood);
  }
  EXPECT_EQ(Run(*b2_, read_full_status_), kGood);
  EXPECT_EQ(Run(*b_, preempt_and_abort_, List(key_b_, key_a_)), kGood);
  for (ScsiNexus* const path : {a_.get(), a2_.get()}) {
    EXPECT_EQ(Run(*path, Write16(0, 1), Filled(1, 1)), kReservationConflict);
    EXPECT_EQ(Told(*path), Codes{0x2a05});
  }
  for (ScsiNexus* const path : {b_.get(), b2_.get()}) {
    EXPECT_EQ(Run(*path, Write16(0, 1), Filled(1, 2)), kGood);
    EXPECT_EQ(Told(*path), Codes{}) << "the type stayed";
  }
  EXPECT_EQ(Run(*b_, release_, List(key_b_, none_)), kGood);
  EXPECT_EQ(Told(*b2_), Codes{0x2a04});
  EXPECT_EQ(Run(*b_, clear_, List(key_b_, none_)), kGood);
  EXPECT_EQ(Told(*b2_), Codes{0x2a03});
  EXPECT_EQ(KeysOf(*a_), std::vector<uint64_t>{});
}

// Registered and unregistered by REGISTER AND IGNORE EXISTING KEY; the defender renews by reading,
// the challenger preempts who does not.
TEST_F(ClusterSequencesTest, WindowsArbitration) {
  EXPECT_EQ(Run(*a_, register_and_ignore_, List(none_, key_a_)), kGood);
  EXPECT_EQ(Run(*a_, register_and_ignore_, List(none_, key_a_)), kGood) << "again";
  EXPECT_EQ(Run(*a_, reserve_, List(key_a_, none_)), kGood);
  EXPECT_EQ(Run(*a_, reserve_, List(key_a_, none_)), kGood) << "by the holder: no change";
  EXPECT_EQ(Run(*b_, reserve_, List(key_b_, none_)), kReservationConflict) << "not registered";
  EXPECT_EQ(Run(*b_, register_and_ignore_, List(none_, key_b_)), kGood);
  EXPECT_EQ(Run(*b_, reserve_, List(key_b_, none_)), kReservationConflict);
  // The defender is still there.
  EXPECT_EQ(Run(*b_, read_keys_), kGood);
  EXPECT_EQ(Run(*b_, read_reservation_), kGood);
  EXPECT_EQ(LoadBig<8>(&found_[8]), 0x0a0001u);
  // It is not: the challenger takes over, and both try at once.
  EXPECT_EQ(Run(*b_, preempt_, List(key_b_, key_a_)), kGood);
  EXPECT_EQ(Told(*a_), Codes{0x2a05});
  EXPECT_EQ(Run(*a_, preempt_, List(key_a_, key_b_)), kReservationConflict);
  EXPECT_EQ(Run(*a_, Write16(0, 1), Filled(1, 1)), kReservationConflict);
  EXPECT_EQ(Run(*b_, Write16(0, 1), Filled(1, 1)), kGood);
  // Failover back: the reservation survives a reset of the unit.
  static int count_done;
  count_done = 0;
  TaskManagement reset;
  reset.kind = TaskFunction::kLogicalUnitReset;
  reset.done = [](TaskManagement&) { ++count_done; };
  server_->Manage(*a_, reset);
  for (int i = 0; i < 1000 && count_done == 0; ++i) reactor_->Wait(kNsPerMs);
  EXPECT_EQ(Told(*b_), Codes{0x2903});
  EXPECT_EQ(Run(*b_, Write16(0, 1), Filled(1, 1)), kGood);
  EXPECT_EQ(Told(*a_), Codes{0x2903});
  EXPECT_EQ(Run(*a_, Write16(0, 1), Filled(1, 1)), kReservationConflict);
  // Key 0 unregisters, and with the holder the reservation goes.
  EXPECT_EQ(Run(*b_, register_and_ignore_, List(none_, none_)), kGood);
  EXPECT_EQ(Run(*a_, read_reservation_), kGood);
  EXPECT_EQ(found_.size(), 8u);
  EXPECT_EQ(KeysOf(*a_), std::vector<uint64_t>{});
  EXPECT_EQ(Run(*a_, Write16(0, 1), Filled(1, 1)), kGood);
}

}  // namespace
}  // namespace quire
