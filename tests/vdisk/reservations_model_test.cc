// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: no sequence of requests brings the reservations where the standard's tables do not.
// Method: random requests by the eight nexuses of two hosts, two initiator ports each and two
// target ports, answered by a model too: arrays and one case per line of SPC-4's tables. A failure
// prints the seed of its sequence.
//
//   host a   ports 0 1 ---+--- target port 1 ---+
//                         X                     +--- disk        nexus = 2 * initiator port + way
//   host b   ports 2 3 ---+--- target port 2 ---+

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <utility>

#include "base/prng.h"
#include "vdisk/reservations.h"

namespace quire {
namespace {

constexpr int kNexuses = 8;
constexpr int kNobody = -1;
constexpr int kEverybody = -2;
constexpr std::array<uint8_t, 8> kTypes = {1, 3, 5, 6, 7, 8, 2, 0};  // the last are none

constexpr uint8_t kGood = 0, kConflict = 0x18, kCheck = 0x02;

struct Answer {
  uint8_t status = kGood;
  uint16_t code = 0;  // ASC and ASCQ
  std::multiset<std::pair<int, uint16_t>> told{};
  std::set<int> fenced{};
  friend bool operator==(const Answer&, const Answer&) = default;
};

struct Asked {
  int action = 0, nexus = 0, type = 0;
  uint64_t key = 0, action_key = 0;
  bool aptpl = false, all_ports = false, specify = false, unregister = false;
  int target = 0;        // REGISTER AND MOVE
  std::set<int> others;  // SPEC_I_PT: initiator ports
};

struct Model {
  std::array<uint64_t, kNexuses> key{};
  int holder = kNobody;
  int type = 0;
  uint32_t generation = 0;
  bool aptpl = false;
  int spc2 = kNobody;

  bool Everybody() const { return type == 7 || type == 8; }
  bool Registrants() const { return type == 5 || type == 6; }
  bool IsHolder(int nexus) const {
    return holder == nexus || (holder == kEverybody && key[nexus] != 0);
  }
  int Count() const {
    int count = 0;
    for (const uint64_t one : key) count += one != 0 ? 1 : 0;
    return count;
  }
  void Tell(Answer& answer, int issuer, uint16_t code) const {
    for (int i = 0; i < kNexuses; ++i) {
      if (i != issuer && key[i] != 0) answer.told.insert({i, code});
    }
  }
  void Drop(Answer& answer, int issuer) {
    if (holder == kEverybody && Count() == 0) holder = kNobody;
    if (holder < 0 || key[holder] != 0) return;
    if (Registrants()) Tell(answer, issuer, 0x2a04);
    holder = kNobody;
  }
  std::set<int> Ways(int nexus, bool all) const {
    if (!all) return {nexus};
    return {nexus, nexus ^ 1};
  }

  Answer Register(const Asked& asked, bool ignore) {
    const int me = asked.nexus;
    if (!ignore && asked.key != key[me]) return {kConflict};
    if (asked.specify && (ignore || key[me] != 0)) return {kCheck, 0x2600};
    if (key[me] == 0 && asked.action_key == 0) return {};
    std::set<int> set = Ways(me, asked.all_ports);
    for (const int one : set) {
      const bool known = key[one] == 0 || key[one] == asked.key || key[one] == asked.action_key;
      if (!ignore && !known) return {kConflict};
    }
    if (asked.specify) {
      for (const int initiator : asked.others) {
        for (const int one : Ways(initiator * 2 + me % 2, asked.all_ports)) {
          if (key[one] != 0) return {kCheck, 0x2600};
          set.insert(one);
        }
      }
    }
    Answer answer;
    for (const int one : set) key[one] = asked.action_key;
    if (asked.action_key == 0) Drop(answer, me);
    aptpl = asked.aptpl;
    ++generation;
    return answer;
  }

  Answer Preempt(const Asked& asked, bool abort) {
    const int me = asked.nexus;
    const bool single = holder >= 0;
    if (single && asked.action_key == 0) return {kCheck, 0x2600};
    const bool all = holder == kEverybody && asked.action_key == 0;
    const bool take = all || (single && asked.action_key == key[holder]);
    if (take && (asked.type == 0 || asked.type == 2)) return {kCheck, 0x2400};
    std::set<int> gone;
    for (int i = 0; i < kNexuses; ++i) {
      if (key[i] != 0 && (all || key[i] == asked.action_key)) gone.insert(i);
    }
    if (gone.empty()) return {kConflict};
    Answer answer;
    for (const int one : gone) {
      if (take && one == me) continue;
      key[one] = 0;
      if (one == me) continue;
      answer.told.insert({one, 0x2a05});
      if (abort) answer.told.insert({one, 0x2f00});
    }
    if (take) {
      if (type != asked.type) Tell(answer, me, 0x2a04);
      type = asked.type;
      holder = Everybody() ? kEverybody : me;
    }
    Drop(answer, me);
    if (abort) answer.fenced = gone;
    ++generation;
    return answer;
  }

  Answer Move(const Asked& asked) {
    const int me = asked.nexus;
    if (holder == kNobody) return {kCheck, 0x2400};
    if (holder != me) return {kConflict};
    if (asked.action_key == 0 || asked.target / 2 == me / 2) return {kCheck, 0x2600};
    key[asked.target] = asked.action_key;
    holder = asked.target;
    if (asked.unregister) key[me] = 0;
    aptpl = asked.aptpl;
    ++generation;
    return {};
  }

  Answer Do(const Asked& asked) {
    const int me = asked.nexus;
    if (asked.action >= 8) return Spc2(asked);
    if (spc2 != kNobody) return {kConflict};
    if (asked.action == 0 || asked.action == 6) return Register(asked, asked.action == 6);
    if (key[me] == 0 || key[me] != asked.key) return {kConflict};
    Answer answer;
    switch (asked.action) {
      case 1:
        if (asked.type == 0 || asked.type == 2) return {kCheck, 0x2400};
        if (holder != kNobody) {
          return {IsHolder(me) && type == asked.type ? kGood : kConflict};
        }
        type = asked.type;
        holder = Everybody() ? kEverybody : me;
        return answer;
      case 2:
        if (holder == kNobody || !IsHolder(me)) return answer;
        if (type != asked.type) return {kCheck, 0x2604};
        if (Everybody() || Registrants()) Tell(answer, me, 0x2a04);
        holder = kNobody;
        return answer;
      case 3:
        Tell(answer, me, 0x2a03);
        key = {};
        holder = kNobody;
        ++generation;
        return answer;
      case 4:
      case 5:
        return Preempt(asked, asked.action == 5);
      default:
        return Move(asked);
    }
  }

  Answer Spc2(const Asked& asked) {
    const int me = asked.nexus;
    if (Count() != 0) {
      const bool shares = IsHolder(me) || (holder != kNobody && Registrants() && key[me] != 0);
      return {shares ? kGood : kConflict};
    }
    if (asked.action == 8) {
      if (spc2 != kNobody && spc2 != me) return {kConflict};
      spc2 = me;
    } else if (spc2 == me) {
      spc2 = kNobody;
    }
    return {};
  }
};

class Sequence {
 public:
  explicit Sequence(uint64_t seed) : prng_(seed) {
    for (int i = 0; i < 4; ++i) {
      const std::string host = i < 2 ? "iqn.2026-01.example:a" : "iqn.2026-01.example:b";
      initiators_.push_back(*TransportId::IscsiPort(host, static_cast<uint64_t>(i)));
    }
  }

  void Step() {
    const Asked asked = Any();
    const Answer expected = model_.Do(asked);
    const Reservations before = state_;
    const ReservationEffect effect = Ask(asked);
    Answer found{static_cast<uint8_t>(effect.outcome.status),
                 static_cast<uint16_t>(effect.outcome.asc << 8 | effect.outcome.ascq),
                 {},
                 {}};
    for (const auto& [nexus, sense] : effect.attentions) {
      found.told.insert({Index(nexus), static_cast<uint16_t>(sense.asc << 8 | sense.ascq)});
    }
    for (const NexusId& nexus : effect.fenced) found.fenced.insert(Index(nexus));
    ASSERT_EQ(found.status, expected.status) << "action " << asked.action;
    ASSERT_EQ(found.code, expected.code) << "action " << asked.action;
    ASSERT_TRUE(found == expected) << "attentions of action " << asked.action;
    ASSERT_EQ(effect.changed, !(before == state_)) << "action " << asked.action;
    Compare();
  }

 private:
  NexusId Nexus(int index) const {
    return {initiators_[static_cast<size_t>(index / 2)], static_cast<uint16_t>(index % 2 + 1)};
  }
  int Index(const NexusId& nexus) const {
    for (int i = 0; i < kNexuses; ++i) {
      if (Nexus(i) == nexus) return i;
    }
    return kNobody;
  }

  // Mostly what makes sense: the right key, a key that somebody has.
  Asked Any() {
    Asked asked;
    asked.nexus = static_cast<int>(prng_.Below(kNexuses));
    asked.action = prng_.Chance(1, 3) ? (prng_.Chance(1, 2) ? 0 : 6) : AnyAction();
    const auto me = static_cast<size_t>(asked.nexus);
    asked.key = prng_.Chance(1, 8) ? prng_.Below(4) : model_.key[me];
    asked.action_key = prng_.Below(4);
    asked.type = kTypes[prng_.Below(prng_.Chance(1, 4) ? kTypes.size() : 6)];
    if (asked.action == 2 && prng_.Chance(3, 4)) asked.type = model_.type;
    asked.aptpl = prng_.Chance(1, 2);
    asked.all_ports = prng_.Chance(1, 4);
    asked.specify = prng_.Chance(1, 4);
    asked.unregister = prng_.Chance(1, 2);
    asked.target = static_cast<int>(prng_.Below(kNexuses));
    for (int i = 0; i < 4; ++i) {
      if (prng_.Chance(1, 3)) asked.others.insert(i);
    }
    return asked;
  }
  int AnyAction() {
    // CLEAR empties everything, SPC-2 commands want nothing registered: both seldom.
    const uint64_t dice = prng_.Below(100);
    if (dice < 2) return 3;
    if (dice < 8) return static_cast<int>(8 + prng_.Below(2));
    constexpr std::array<int, 5> kRest = {1, 2, 4, 5, 7};
    return kRest[prng_.Below(kRest.size())];
  }

  ReservationEffect Ask(const Asked& asked) {
    const NexusId nexus = Nexus(asked.nexus);
    if (asked.action == 8) return state_.Spc2Reserve(nexus);
    if (asked.action == 9) return state_.Spc2Release(nexus);
    ReserveOut request;
    request.action = ReserveOutAction(asked.action);
    request.kind = {0, ReservationType(asked.type)};
    request.key = asked.key;
    request.action_key = asked.action_key;
    request.aptpl = asked.aptpl;
    request.unregister = asked.unregister;
    if (asked.action == 0 || asked.action == 6) {
      request.all_target_ports = asked.all_ports;
      request.specify_initiators = asked.specify;
      for (const int one : asked.others) {
        request.initiators.push_back(initiators_[static_cast<size_t>(one)]);
      }
    }
    if (asked.action == 7) {
      request.initiators = {Nexus(asked.target).initiator};
      request.target_port = Nexus(asked.target).target_port;
    }
    return state_.Perform(nexus, request, {targets_, initiators_});
  }

  void Compare() const {
    ASSERT_TRUE(state_.CheckInvariants());
    ASSERT_EQ(state_.generation(), model_.generation);
    ASSERT_EQ(state_.aptpl(), model_.aptpl);
    ASSERT_EQ(state_.held().has_value(), model_.holder != kNobody);
    ASSERT_EQ(state_.spc2_holder().has_value(), model_.spc2 != kNobody);
    if (state_.held().has_value()) {
      ASSERT_EQ(static_cast<int>(state_.held()->kind.type), model_.type);
    }
    for (int i = 0; i < kNexuses; ++i) {
      ASSERT_EQ(state_.KeyOf(Nexus(i)), model_.key[static_cast<size_t>(i)]);
      ASSERT_EQ(state_.Holds(Nexus(i)), model_.IsHolder(i));
    }
    const auto restored = Reservations::Restore(
        {state_.generation(), state_.aptpl(), state_.registrations(), state_.held()});
    ASSERT_TRUE(restored.has_value());
  }

  Prng prng_;
  std::vector<TransportId> initiators_;
  const std::vector<TargetPort> targets_{{1, TransportProtocol::kIscsi},
                                         {2, TransportProtocol::kIscsi}};
  Model model_;
  Reservations state_;
};

TEST(ReservationsModelTest, RandomRequests) {
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    Sequence run(seed);
    for (int step = 0; step < 150; ++step) {
      run.Step();
      ASSERT_FALSE(testing::Test::HasFatalFailure()) << "seed " << seed << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace quire
