// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Two hosts, two initiator ports each, and a disk with two target ports, whose writes a test can
// hold back:
//
//   host a   port 1 (a_)  ---+----------- target port 1 ---+
//            port 2 (a2_) ---|---+                         +--- logical unit (512-byte blocks, 8
//            MiB)
//   host b   port 1 (b_)  ---+   +------- target port 2 ---+
//            port 2 (b2_) -------+
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/big_endian.h"
#include "pagecache/kernel_backing.h"
#include "tests/support/faulty_backing.h"
#include "tests/vdisk/scsi_fixture.h"
#include "vdisk/reserve_out.h"

namespace quire {

class TwoHosts : public ScsiFixture {
 protected:
  static constexpr uint64_t kA = 0xa;
  static constexpr uint64_t kB = 0xb;
  static constexpr uint8_t kWe = 1, kEa = 3, kWeRo = 5, kEaRo = 6, kWeAr = 7, kEaAr = 8;
  static constexpr uint8_t kAptpl = 0x01;
  using enum ReserveOutAction;

  explicit TwoHosts(const std::string& reservation_file = "") { Restart(reservation_file); }
  ~TwoHosts() override { Stop(); }

  void Stop() {
    for (auto* const nexus : {&a_, &a2_, &b_, &b2_}) nexus->reset();
    server_.reset();
    device_.reset();
  }
  // As after a loss of power.
  void Restart(const std::string& reservation_file = "") {
    Stop();
    auto faulty = std::make_unique<FaultyBacking>(*KernelBacking::Open({.path = path_}));
    faulty_ = faulty.get();
    device_ = *Device::Create(*File::Open(std::move(faulty), {.path = path_}), kBlockBytes);
    DeviceServer::Options options;
    options.reservation_file = reservation_file;
    options.ports = {{1, TransportProtocol::kIscsi}, {2, TransportProtocol::kIscsi}};
    server_ = *DeviceServer::Create(*device_, options);
    a_ = Come('a', 1);
    a2_ = Come('a', 2);
    b_ = Come('b', 1);
    b2_ = Come('b', 2);
    for (auto* const nexus : {&a_, &a2_, &b_, &b2_}) {
      EXPECT_EQ(Told(**nexus), Codes{0x2900});
    }
  }
  static NexusId IdOf(char host, uint16_t port) {
    return {*TransportId::IscsiPort(std::string("iqn.2026-01.") + host, port), port};
  }
  std::unique_ptr<ScsiNexus> Come(char host, uint16_t port) {
    return server_->Connect(*reactor_, IdOf(host, port), {.relative_port = port});
  }

  // Additional sense codes with their qualifiers.
  using Codes = std::vector<int>;
  // The unit attentions of a nexus, as TEST UNIT READY tells them one by one.
  Codes Told(ScsiNexus& nexus) {
    Codes codes;
    for (Outcome told = Run(nexus, Bytes(6)); !told.good(); told = Run(nexus, Bytes(6))) {
      EXPECT_EQ(told.key, SenseKey::kUnitAttention);
      if (told.key != SenseKey::kUnitAttention) break;
      codes.push_back(told.asc << 8 | told.ascq);
    }
    return codes;
  }

  // PERSISTENT RESERVE OUT.
  static Bytes PrOut(ReserveOutAction action, uint8_t type = 0) {
    return {0x5f, static_cast<uint8_t>(action), type, 0, 0, 0, 0, 0, 24, 0};
  }
  static Bytes PrList(uint64_t key, uint64_t action_key, uint8_t flags = 0) {
    Bytes list(24);
    StoreBig<8>(list.data(), key);
    StoreBig<8>(&list[8], action_key);
    list[20] = flags;
    return list;
  }
  Outcome Pr(ScsiNexus& nexus, ReserveOutAction action, uint64_t key, uint64_t action_key,
             uint8_t type = 0, uint8_t flags = 0) {
    return Run(nexus, PrOut(action, type), PrList(key, action_key, flags));
  }
  // Both ports of host a with key A, those of host b with key B; a_ reserves.
  void RegisterAll(uint8_t type) {
    for (ScsiNexus* const nexus : {a_.get(), a2_.get()}) {
      EXPECT_EQ(Pr(*nexus, kRegister, 0, kA), kGood);
    }
    for (ScsiNexus* const nexus : {b_.get(), b2_.get()}) {
      EXPECT_EQ(Pr(*nexus, kRegister, 0, kB), kGood);
    }
    EXPECT_EQ(Pr(*a_, kReserve, kA, 0, type), kGood);
  }
  // PERSISTENT RESERVE IN, READ KEYS.
  struct Keys {
    uint32_t generation = 0;
    std::vector<uint64_t> keys;
    bool operator==(const Keys&) const = default;
  };
  Keys ReadKeys(ScsiNexus& nexus) {
    EXPECT_EQ(Run(nexus, {0x5e, 0, 0, 0, 0, 0, 0, 1, 0, 0}), kGood);
    Keys read;
    if (found_.size() < 8) return read;
    read.generation = static_cast<uint32_t>(LoadBig<4>(found_.data()));
    for (size_t at = 8; at + 8 <= found_.size(); at += 8)
      read.keys.push_back(LoadBig<8>(&found_[at]));
    return read;
  }
  // READ RESERVATION: scope and type, 0 for nothing reserved.
  uint8_t ReadType(ScsiNexus& nexus) {
    EXPECT_EQ(Run(nexus, {0x5e, 1, 0, 0, 0, 0, 0, 1, 0, 0}), kGood);
    return found_.size() < 24 ? 0 : found_[21];
  }

  void SetTas(bool tas) {
    ModeParameters parameters = server_->mode_state().current;
    parameters.tas = tas ? 1 : 0;
    server_->ChangeMode(parameters, *a_);
    for (auto* const nexus : {&a2_, &b_, &b2_}) EXPECT_EQ(Told(**nexus), Codes{0x2a01});
  }

  void Turn(int times = 20) {
    for (int i = 0; i < times; ++i) reactor_->Wait(kNsPerMs);
  }
  // Writes wait for LetGo from now on. They are of one block in a page that is not in memory: such
  // a write is never done on the spot.
  void HoldWrites() {
    faulty_->Set({.kind = IoOp::Kind::kWrite, .count = ~uint64_t{0}, .hold = true});
  }
  std::unique_ptr<TestCommand> StartWrite(ScsiNexus& nexus, uint64_t page, uint8_t value,
                                          TaskAttribute attribute = TaskAttribute::kSimple) {
    auto write = std::make_unique<TestCommand>(Write16(page * 8 + 1, 1), Filled(1, value));
    write->tag = page;
    write->attribute = attribute;
    server_->Execute(nexus, *write);
    return write;
  }
  // One that is held back, out of reach for every abort.
  std::unique_ptr<TestCommand> StartHeldWrite(ScsiNexus& nexus, uint64_t page, uint8_t value) {
    const size_t before = faulty_->count_held();
    auto write = StartWrite(nexus, page, value);
    for (int i = 0; i < 1000 && faulty_->count_held() == before; ++i) reactor_->Wait(kNsPerMs);
    EXPECT_EQ(faulty_->count_held(), before + 1);
    return write;
  }
  void LetGo() {
    faulty_->LetGo(*reactor_);
    faulty_->Set({});
  }
  Bytes OnDisk(uint64_t page) const { return FileBytes(page * 8 + 1, 1); }

  FaultyBacking* faulty_ = nullptr;
  std::unique_ptr<ScsiNexus> a2_, b2_;
};

}  // namespace quire
