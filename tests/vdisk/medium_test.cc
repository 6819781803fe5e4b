// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: the medium goes from state to state as the standard has it, and refuses what it must.
// Method: every event in every state, against a table; who prevents removal, by nexus.
#include "vdisk/medium.h"

#include <functional>
#include <string>

#include "tests/vdisk/scsi_fixture.h"

namespace quire {
namespace {

using State = Medium::State;
using Work = Medium::Work;

// Brings a removable medium into a state.
void Bring(Medium& medium, State state) {
  switch (state) {
    case State::kReady:
      break;
    case State::kStopped:
      EXPECT_EQ(medium.Stop(), kGood);
      break;
    case State::kAbsent:
      EXPECT_EQ(medium.Eject(), kGood);
      break;
    case State::kFormatting:
    case State::kFormatCorrupt:
      EXPECT_EQ(medium.Begin(Work::kFormat), kGood);
      break;
    case State::kSanitizing:
    case State::kSanitizeFailed:
      EXPECT_EQ(medium.Begin(Work::kSanitize), kGood);
      break;
  }
  if (state == State::kFormatCorrupt || state == State::kSanitizeFailed) medium.EndWork(false);
  EXPECT_EQ(medium.state(), state);
}

TEST(MediumTest, WhatIsAnswered) {
  struct Row {
    State state;
    Outcome refusal;
  };
  for (const Row& row :
       {Row{State::kReady, kGood}, Row{State::kStopped, kInitializingCommandRequired},
        Row{State::kAbsent, kMediumNotPresent}, Row{State::kFormatting, kLogicalUnitNotReadyFormat},
        Row{State::kSanitizing, kLogicalUnitNotReadySanitize},
        Row{State::kFormatCorrupt, kMediumFormatCorrupted},
        Row{State::kSanitizeFailed, kSanitizeCommandFailed}}) {
    Medium medium(true);
    Bring(medium, row.state);
    EXPECT_TRUE(medium.Refusal().Is(row.refusal)) << static_cast<int>(row.state);
    EXPECT_EQ(medium.Check(Operation::kRead), medium.Refusal());
    EXPECT_EQ(medium.Check(Operation::kTestUnitReady), medium.Refusal());
    EXPECT_EQ(medium.Check(Operation::kInquiry), kGood);
    EXPECT_EQ(medium.Check(Operation::kModeSense), kGood);
    EXPECT_EQ(medium.Check(Operation::kPersistentReserveOut), kGood);
    EXPECT_EQ(medium.ready(), row.state == State::kReady);
    if (medium.busy()) medium.EndWork(true);
  }
}

TEST(MediumTest, EveryEventInEveryState) {
  constexpr int kStates = 7;
  bool loaded = false;
  struct Event {
    std::string name;
    std::function<Outcome(Medium&)> happen;
    // ready, stopped, absent, formatting, sanitizing, format corrupt, sanitize failed; '.': stays.
    std::string good;   // g: GOOD, r: what it is refused with afterwards, f: INVALID FIELD IN CDB
    std::string after;  // R S A F Z C X
  };
  const std::string names = "RSAFZCX";
  const std::vector<Event> events = {
      {"start", [](Medium& m) { return m.Start(); }, "ggrrrrr", "RRAFZCX"},
      {"stop", [](Medium& m) { return m.Stop(); }, "gggrrgg", "SSAFZCX"},
      {"eject", [](Medium& m) { return m.Eject(); }, "gggrrrr", "AAAFZCX"},
      {"load", [&loaded](Medium& m) { return m.Load(&loaded); }, "gggrrrr", "RRRFZCX"},
      {"format", [](Medium& m) { return m.Begin(Work::kFormat); }, "grrrrgr", "FSAFZFX"},
      {"sanitize", [](Medium& m) { return m.Begin(Work::kSanitize); }, "grrrrgg", "ZSAFZZZ"},
      {"sanitize, AUSE", [](Medium& m) { return m.Begin(Work::kSanitizeUnrestricted); }, "grrrrgf",
       "ZSAFZZX"},
      {"exit", [](Medium& m) { return m.ExitFailureMode(); }, "grrrrrf", "RSAFZCX"},
  };
  for (const Event& event : events) {
    for (int i = 0; i < kStates; ++i) {
      const auto place = static_cast<size_t>(i);
      Medium medium(true);
      Bring(medium, static_cast<State>(i));
      const Outcome outcome = event.happen(medium);
      SCOPED_TRACE(event.name + " in " + names[place]);
      EXPECT_EQ(names[static_cast<size_t>(medium.state())], event.after[place]);
      if (event.good[place] == 'g') {
        EXPECT_EQ(outcome, kGood);
      }
      if (event.good[place] == 'r') {
        EXPECT_EQ(outcome, medium.Refusal());
      }
      if (event.good[place] == 'r') {
        EXPECT_NE(outcome, kGood);
      }
      if (event.good[place] == 'f') {
        EXPECT_TRUE(outcome.Is(kInvalidFieldInCdb));
      }
      if (event.name == "load") {
        EXPECT_EQ(loaded, names[place] == 'A');
      }
      if (medium.busy()) medium.EndWork(true);
    }
  }
}

TEST(MediumTest, AFailureThatMayBeLeft) {
  Medium medium(false);
  ASSERT_EQ(medium.Begin(Work::kSanitizeUnrestricted), kGood);
  medium.SetProgress(0x1234);
  EXPECT_EQ(medium.Refusal(), kLogicalUnitNotReadySanitize.WithProgress(0x1234));
  medium.EndWork(false);
  EXPECT_EQ(medium.Refusal(), kSanitizeCommandFailed);
  EXPECT_EQ(medium.ExitFailureMode(), kGood);
  EXPECT_TRUE(medium.ready());
  medium.RestoreFailed(Work::kSanitize);
  EXPECT_TRUE(medium.ExitFailureMode().Is(kInvalidFieldInCdb));
}

TEST(MediumTest, WhatIsNotRemovableStays) {
  Medium medium(false);
  bool loaded = true;
  EXPECT_TRUE(medium.Eject().Is(kInvalidFieldInCdb));
  EXPECT_TRUE(medium.Load(&loaded).Is(kInvalidFieldInCdb));
  EXPECT_FALSE(loaded);
  EXPECT_TRUE(medium.ready());
}

class MediumPreventTest : public ScsiFixture {};

TEST_F(MediumPreventTest, EachNexusForItself) {
  Medium medium(true);
  medium.Prevent(*a_);
  medium.Prevent(*a_);
  medium.Prevent(*b_);
  medium.Allow(*a_);
  EXPECT_EQ(medium.Eject(), kMediumRemovalPrevented);
  medium.Allow(*b_);
  EXPECT_EQ(medium.Eject(), kGood);
  bool loaded = false;
  EXPECT_EQ(medium.Load(&loaded), kGood);
  medium.Prevent(*a_);
  EXPECT_EQ(medium.Stop(), kGood) << "stopped is not removed";
  EXPECT_EQ(medium.Eject(), kMediumRemovalPrevented);
  medium.AllowAll();
  EXPECT_EQ(medium.Eject(), kGood);
}

}  // namespace
}  // namespace quire
