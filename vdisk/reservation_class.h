// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Which commands a reservation lets pass: one class of commands per row of the standards' tables,
// one standing of a nexus per column.
// Threads: values, any thread.
// Source: SPC-4 5.13.1 tables 65 and 66, SBC-3 4.17 table 13; SPC-2 5.5.1 for RESERVE and RELEASE.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace quire {

enum class ReservationClass : uint8_t {
  kIdentify,     // INQUIRY, REPORT LUNS, REQUEST SENSE
  kReport,       // TEST UNIT READY, LOG SENSE, READ CAPACITY, REPORT TARGET PORT GROUPS, REPORT
                 // PRIORITY, TIMESTAMP, IDENTIFYING INFORMATION; RECEIVE COPY *, ACCESS CONTROL *
  kMediumRead,   // READ *, VERIFY *, PRE-FETCH, GET LBA STATUS, READ DEFECT DATA
  kMediumWrite,  // WRITE *, UNMAP, COMPARE AND WRITE, ORWRITE, FORMAT UNIT, SANITIZE, REASSIGN
                 // BLOCKS, SYNCHRONIZE CACHE, READ LONG, EXTENDED COPY, POPULATE TOKEN, WRITE
                 // USING TOKEN
  kStateRead,    // MODE SENSE, READ BUFFER, RECEIVE DIAGNOSTIC RESULTS, REPORT SUPPORTED OPERATION
                 // CODES, REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS, SECURITY PROTOCOL IN
  kStateWrite,   // MODE SELECT, LOG SELECT, SEND DIAGNOSTIC, WRITE BUFFER, SECURITY PROTOCOL OUT,
                 // SET TARGET PORT GROUPS, TIMESTAMP, PRIORITY, IDENTIFYING INFORMATION
  kStartUnit,    // START STOP UNIT with START=1 and POWER CONDITION=0
  kStopUnit,     // any other START STOP UNIT
  kPreventRemoval,        // PREVENT ALLOW MEDIUM REMOVAL with PREVENT other than 0
  kAllowRemoval,          // with PREVENT=0
  kPersistentReserveIn,   // PERSISTENT RESERVE IN
  kPersistentReserveOut,  // PERSISTENT RESERVE OUT: passes here, each service action has its rules
  kReserveRelease,        // RESERVE and RELEASE of SPC-2: pass here, they have their own, too
};
inline constexpr size_t kReservationClasses = 13;

// How a nexus stands to what is reserved. REGISTRANTS: registrants only, or all registrants.
enum class ReservationStanding : uint8_t {
  kFree,                   // nothing is reserved, or this nexus holds it
  kOutsideWriteExclusive,  // registered or not
  kOutsideExclusiveAccess,
  kRegistrant,                   // REGISTRANTS, and it is one
  kUnregisteredWriteExclusive,   // REGISTRANTS, and it is none
  kUnregisteredExclusiveAccess,  //
  kSpc2Holder,                   // it holds it by RESERVE
  kSpc2Outside,                  // another nexus does
};
inline constexpr size_t kReservationStandings = 8;

namespace internal {

inline constexpr bool kPass = true;
inline constexpr bool kStop = false;  // RESERVATION CONFLICT

struct ReservationRow {
  ReservationClass command;
  std::array<bool, kReservationStandings> allowed;
};

using enum ReservationClass;
inline constexpr std::array<ReservationRow, kReservationClasses> kReservationTable{{
    // clang-format off
    // command               free   WE     EA     reg.   WE un. EA un. holder outside
    {kIdentify,             {kPass, kPass, kPass, kPass, kPass, kPass, kPass, kPass}},
    {kReport,               {kPass, kPass, kPass, kPass, kPass, kPass, kPass, kStop}},
    {kMediumRead,           {kPass, kPass, kStop, kPass, kPass, kStop, kPass, kStop}},
    {kMediumWrite,          {kPass, kStop, kStop, kPass, kStop, kStop, kPass, kStop}},
    {kStateRead,            {kPass, kPass, kStop, kPass, kPass, kStop, kPass, kStop}},
    {kStateWrite,           {kPass, kStop, kStop, kPass, kStop, kStop, kPass, kStop}},
    {kStartUnit,            {kPass, kPass, kPass, kPass, kPass, kPass, kPass, kStop}},
    {kStopUnit,             {kPass, kStop, kStop, kPass, kStop, kStop, kPass, kStop}},
    {kPreventRemoval,       {kPass, kStop, kStop, kPass, kStop, kStop, kPass, kStop}},
    {kAllowRemoval,         {kPass, kPass, kPass, kPass, kPass, kPass, kPass, kPass}},
    {kPersistentReserveIn,  {kPass, kPass, kPass, kPass, kPass, kPass, kStop, kStop}},
    {kPersistentReserveOut, {kPass, kPass, kPass, kPass, kPass, kPass, kStop, kStop}},
    {kReserveRelease,       {kPass, kPass, kPass, kPass, kPass, kPass, kPass, kPass}},
    // clang-format on
}};

}  // namespace internal

// The classes that pass, as bits (1 << class).
constexpr uint32_t AllowedClasses(ReservationStanding standing) {
  uint32_t classes = 0;
  for (const auto& row : internal::kReservationTable) {
    const bool allowed = row.allowed[static_cast<size_t>(standing)];
    classes |= (allowed ? 1u : 0u) << static_cast<uint32_t>(row.command);
  }
  return classes;
}
static_assert(AllowedClasses(ReservationStanding::kFree) == (1u << kReservationClasses) - 1);

}  // namespace quire
