// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: every command passes or conflicts as SPC-4 tables 65 and 66, SBC-3 table 13 and, under
// RESERVE, SPC-2 5.5.1 say, cell by cell.
// Method: the topology of two_host_fixture.h. For each row of the opcode table that the disk
// carries out and each standing of a nexus, the standing is brought about by CDBs and the command
// sent. What is expected stands here, written from the standards.
#include <map>
#include <string>

#include "tests/vdisk/two_host_fixture.h"

namespace quire {
namespace {

// One cell per standing, in this order; blanks only separate. A: passes, C: RESERVATION CONFLICT.
//   nothing reserved | WE, EA, WE-RO, EA-RO: holder, registered, not | WE-AR, EA-AR: registered,
//   not | RESERVE: holder, others
constexpr const char* kIdentify = "A AAA AAA AAA AAA AA AA AA";
constexpr const char* kAlways = "A AAA AAA AAA AAA AA AA AC";
constexpr const char* kReads = "A AAA ACC AAA AAC AA AC AC";
constexpr const char* kWrites = "A ACC ACC AAC AAC AC AC AC";
constexpr const char* kPrIn = "A AAA AAA AAA AAA AA AA CC";
constexpr const char* kPrOutRegister = "A AAA AAA AAA AAA AA AA CC";
constexpr const char* kPrOutReserve = "A ACC ACC ACC ACC AC AC CC";
constexpr const char* kPrOutIfRegistered = "A AAC AAC AAC AAC AC AC CC";
constexpr const char* kPrOutMove = "A ACC ACC ACC ACC CC CC CC";
// They are never granted while anybody is registered (SPC-4 5.13.3).
constexpr const char* kSpc2Reserve = "C ACC ACC AAC AAC AC AC AC";
constexpr const char* kSpc2Release = "C ACC ACC AAC AAC AC AC AA";

struct Row {
  const char* cells;
  bool same_answer = true;  // where it passes, it is answered as if nothing were reserved
};

// By opcode and, in the low byte, service action.
const std::map<int, Row>& Expected() {
  static const std::map<int, Row> rows = {
      {0x0000, {kAlways}},    // TEST UNIT READY
      {0x0300, {kIdentify}},  // REQUEST SENSE
      {0x0400, {kWrites}},    // FORMAT UNIT
      {0x0800, {kReads}},     // READ(6)
      {0x0a00, {kWrites}},    // WRITE(6)
      {0x1200, {kIdentify}},  // INQUIRY
      {0x1500, {kWrites}},    // MODE SELECT(6)
      {0x1600, {kSpc2Reserve, false}},
      {0x1700, {kSpc2Release, false}},
      {0x1a00, {kReads}},     // MODE SENSE(6)
      {0x1b00, {kWrites}},    // START STOP UNIT with START=0
      {0x1b01, {kAlways}},    // with START=1
      {0x1c00, {kReads}},     // RECEIVE DIAGNOSTIC RESULTS
      {0x1d00, {kWrites}},    // SEND DIAGNOSTIC
      {0x1e00, {kIdentify}},  // PREVENT ALLOW MEDIUM REMOVAL with PREVENT=0
      {0x1e01, {kWrites}},    // with PREVENT=1
      {0x2500, {kAlways}},    // READ CAPACITY(10)
      {0x2800, {kReads}},     // READ(10)
      {0x2a00, {kWrites}},    // WRITE(10)
      {0x2e00, {kWrites}},    // WRITE AND VERIFY(10)
      {0x2f00, {kReads}},     // VERIFY(10)
      {0x3400, {kReads}},     // PRE-FETCH(10)
      {0x3500, {kWrites}},    // SYNCHRONIZE CACHE(10)
      {0x3700, {kReads}},     // READ DEFECT DATA(10)
      {0x3b00, {kWrites}},    // WRITE BUFFER
      {0x3c00, {kReads}},     // READ BUFFER
      {0x4100, {kWrites}},    // WRITE SAME(10)
      {0x4200, {kWrites}},    // UNMAP
      {0x4801, {kWrites}},    // SANITIZE
      {0x4802, {kWrites}},
      {0x481f, {kWrites}},
      {0x4d00, {kAlways}},  // LOG SENSE
      {0x5500, {kWrites}},  // MODE SELECT(10)
      {0x5600, {kSpc2Reserve, false}},
      {0x5700, {kSpc2Release, false}},
      {0x5a00, {kReads}},  // MODE SENSE(10)
      {0x5e00, {kPrIn}},
      {0x5e01, {kPrIn}},
      {0x5e02, {kPrIn}},
      {0x5e03, {kPrIn}},
      {0x5f00, {kPrOutRegister, false}},
      {0x5f01, {kPrOutReserve, false}},
      {0x5f02, {kPrOutIfRegistered, false}},  // RELEASE
      {0x5f03, {kPrOutIfRegistered, false}},  // CLEAR
      {0x5f04, {kPrOutIfRegistered, false}},  // PREEMPT
      {0x5f05, {kPrOutIfRegistered, false}},  // PREEMPT AND ABORT
      {0x5f06, {kPrOutRegister, false}},      // REGISTER AND IGNORE EXISTING KEY
      {0x5f07, {kPrOutMove, false}},
      {0x8300, {kWrites}},  // EXTENDED COPY
      {0x8400, {kAlways}},  // RECEIVE COPY RESULTS
      {0x8403, {kAlways}},
      {0x8404, {kAlways}},
      {0x8800, {kReads}},     // READ(16)
      {0x8900, {kWrites}},    // COMPARE AND WRITE
      {0x8a00, {kWrites}},    // WRITE(16)
      {0x8b00, {kWrites}},    // ORWRITE(16)
      {0x8e00, {kWrites}},    // WRITE AND VERIFY(16)
      {0x8f00, {kReads}},     // VERIFY(16)
      {0x9000, {kReads}},     // PRE-FETCH(16)
      {0x9100, {kWrites}},    // SYNCHRONIZE CACHE(16)
      {0x9300, {kWrites}},    // WRITE SAME(16)
      {0x9c00, {kWrites}},    // WRITE ATOMIC(16)
      {0x9e10, {kAlways}},    // READ CAPACITY(16)
      {0x9e12, {kReads}},     // GET LBA STATUS
      {0xa000, {kIdentify}},  // REPORT LUNS
      {0xa30a, {kAlways}},    // REPORT TARGET PORT GROUPS
      {0xa30c, {kReads}},     // REPORT SUPPORTED OPERATION CODES
      {0xa30d, {kReads}},     // REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS
      {0xa30f, {kAlways}},    // REPORT TIMESTAMP
      {0xa800, {kReads}},     // READ(12)
      {0xaa00, {kWrites}},    // WRITE(12)
      {0xae00, {kWrites}},    // WRITE AND VERIFY(12)
      {0xaf00, {kReads}},     // VERIFY(12)
      {0xb700, {kReads}},     // READ DEFECT DATA(12)
  };
  return rows;
}

enum class Who { kHolder, kRegistered, kUnregistered };
struct Standing {
  const char* name;
  uint8_t type;  // 0: nothing reserved
  bool spc2;
  Who who;
};
constexpr Standing kStandings[] = {
    {"nothing reserved", 0, false, Who::kRegistered},
    {"WE holder", 1, false, Who::kHolder},
    {"WE registered", 1, false, Who::kRegistered},
    {"WE unregistered", 1, false, Who::kUnregistered},
    {"EA holder", 3, false, Who::kHolder},
    {"EA registered", 3, false, Who::kRegistered},
    {"EA unregistered", 3, false, Who::kUnregistered},
    {"WE-RO holder", 5, false, Who::kHolder},
    {"WE-RO registered", 5, false, Who::kRegistered},
    {"WE-RO unregistered", 5, false, Who::kUnregistered},
    {"EA-RO holder", 6, false, Who::kHolder},
    {"EA-RO registered", 6, false, Who::kRegistered},
    {"EA-RO unregistered", 6, false, Who::kUnregistered},
    {"WE-AR registered", 7, false, Who::kRegistered},
    {"WE-AR unregistered", 7, false, Who::kUnregistered},
    {"EA-AR registered", 8, false, Who::kRegistered},
    {"EA-AR unregistered", 8, false, Who::kUnregistered},
    {"RESERVE holder", 0, true, Who::kHolder},
    {"RESERVE others", 0, true, Who::kUnregistered},
};

// What is sent: one row of the opcode table, of START STOP UNIT and PREVENT two.
struct Sent {
  const Opcode* opcode = nullptr;
  int code = 0;
};

std::vector<Sent> AllSent() {
  std::vector<Sent> all;
  for (const Opcode& opcode : AllOpcodes()) {
    const int code = opcode.opcode << 8 | opcode.service_action;
    all.push_back({&opcode, code});
    if (opcode.opcode == 0x1b || opcode.opcode == 0x1e) all.push_back({&opcode, code + 1});
  }
  return all;
}

class ReservationConflictsTest : public TwoHosts {
 protected:
  // Whatever the command before has left.
  void Settle() {
    for (ScsiNexus* const nexus : {a_.get(), b_.get()}) {
      Run(*nexus, {0x17, 0, 0, 0, 0, 0});
      for (int i = 0; i < 10000 && !Run(*nexus, Bytes(6)).good(); ++i)
        reactor_->Wait(kNsPerMs / 10);
    }
    ASSERT_EQ(Pr(*a_, kRegisterAndIgnore, 0, kA), kGood);
    ASSERT_EQ(Pr(*a_, kClear, kA, 0), kGood);
    for (ScsiNexus* const nexus : {a_.get(), b_.get()}) {
      while (nexus->attentions().Take().has_value()) {
      }
    }
  }
  ScsiNexus& BringAbout(const Standing& standing) {
    Settle();
    if (standing.spc2) {
      EXPECT_EQ(Run(*a_, {0x16, 0, 0, 0, 0, 0}), kGood);
    } else {
      EXPECT_EQ(Pr(*a_, kRegister, 0, kA), kGood);
      if (standing.who == Who::kRegistered) {
        EXPECT_EQ(Pr(*b_, kRegister, 0, kB), kGood);
      }
      if (standing.type != 0) {
        EXPECT_EQ(Pr(*a_, kReserve, kA, 0, standing.type), kGood);
      }
    }
    return standing.who == Who::kHolder ? *a_ : *b_;
  }

  // A valid command of this row, and its data.
  std::pair<Bytes, Bytes> Build(const Sent& sent, const Standing& standing) const {
    const Opcode& opcode = *sent.opcode;
    if (opcode.operation == Operation::kPersistentReserveOut) {
      return BuildPrOut(opcode.service_action, standing);
    }
    Bytes cdb(opcode.cdb_bytes);
    cdb[0] = opcode.opcode;
    if (opcode.has_service_action) cdb[1] = opcode.service_action;
    if (opcode.opcode == 0x1b || opcode.opcode == 0x1e)
      cdb[4] = static_cast<uint8_t>(sent.code & 1);
    if (opcode.operation == Operation::kModeSense) cdb[2] = 0x3f;
    if (opcode.operation == Operation::kLogSense) cdb[2] = 0x40;
    if (opcode.operation == Operation::kReadBuffer) cdb[1] = 0x03;
    if (opcode.operation == Operation::kWriteBuffer) cdb[1] = 0x0a;
    if (opcode.operation == Operation::kSendDiagnostic) cdb[1] = 0x04;
    const auto length = [&](uint8_t value) {
      cdb[size_t{opcode.length.byte} + opcode.length.count_bytes - 1] = value;
    };
    if (opcode.length_in_blocks) length(1);
    if (opcode.transfer == Transfer::kInBytes && opcode.length.count_bytes > 0) length(252);
    Bytes data;
    if (opcode.transfer == Transfer::kOutBlocks || opcode.transfer == Transfer::kOutBlockOnce) {
      data = Filled(1, 0);
    } else if (opcode.transfer == Transfer::kOutBlocksTwice) {
      data = Filled(2, 0);
    }
    return {cdb, data};
  }
  // With the key that it has, so that only the reservation can be in its way.
  static std::pair<Bytes, Bytes> BuildPrOut(uint8_t action, const Standing& standing) {
    const uint64_t key =
        standing.who == Who::kHolder ? kA : (standing.who == Who::kRegistered ? kB : 0);
    Bytes cdb = PrOut(ReserveOutAction(action), standing.type == 0 ? kWe : standing.type);
    if (ReserveOutAction(action) != kRegisterAndMove) return {cdb, PrList(key, kA)};
    const TransportId to = *TransportId::IscsiPort("iqn.2026-01.c", 1);
    Bytes list(24);
    StoreBig<8>(list.data(), key);
    StoreBig<8>(&list[8], 0xc);
    StoreBig<2>(&list[18], 1);
    StoreBig<4>(&list[20], to.bytes().size());
    list.insert(list.end(), to.bytes().begin(), to.bytes().end());
    cdb[8] = static_cast<uint8_t>(list.size());
    return {cdb, list};
  }
};

TEST_F(ReservationConflictsTest, EachCommandInEachStanding) {
  int count_cells = 0;
  std::string without_handler;
  int count_without = 0;
  for (const Sent& sent : AllSent()) {
    SCOPED_TRACE(testing::Message() << sent.opcode->name << " " << std::hex << sent.code);
    if (!server_->operations().Has(sent.opcode->operation)) {
      ++count_without;
      without_handler += std::string(sent.opcode->name) + "; ";
      continue;
    }
    const auto row = Expected().find(sent.code);
    ASSERT_NE(row, Expected().end()) << "a command whose rule nobody wrote down";
    std::string cells = row->second.cells;
    std::erase(cells, ' ');
    ASSERT_EQ(cells.size(), std::size(kStandings));
    Outcome first;
    for (size_t i = 0; i < std::size(kStandings); ++i) {
      SCOPED_TRACE(kStandings[i].name);
      ScsiNexus& nexus = BringAbout(kStandings[i]);
      const auto [cdb, data] = Build(sent, kStandings[i]);
      const Outcome outcome = Run(nexus, cdb, data);
      ++count_cells;
      EXPECT_FALSE(outcome.Is(kInvalidOpcode));
      EXPECT_EQ(outcome.Is(kReservationConflict), cells[i] == 'C');
      if (i == 0) first = outcome;
      if (cells[i] == 'A' && row->second.same_answer) {
        EXPECT_TRUE(outcome.Is(first)) << outcome.asc << " " << first.asc;
      }
      if (sent.opcode->operation == Operation::kStartStopUnit) Run(*a_, {0x1b, 0, 0, 0, 1, 0});
    }
  }
  RecordProperty("cells", count_cells);
  RecordProperty("without_handler", without_handler);
  std::cout << count_cells << " cells; " << count_without
            << " rows without a handler: " << without_handler << "\n";
  // Smaller as commands are added; never larger.
  EXPECT_LE(count_without, 25);
}

// A rule for a command that does not exist would never be looked at.
TEST_F(ReservationConflictsTest, EveryRuleIsAboutACommand) {
  const auto all = AllSent();
  for (const auto& [code, row] : Expected()) {
    EXPECT_TRUE(
        std::ranges::any_of(all, [code = code](const Sent& sent) { return sent.code == code; }))
        << std::hex << code;
  }
  EXPECT_EQ(Expected().size(), all.size());
}

}  // namespace
}  // namespace quire
