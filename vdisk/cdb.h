// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A command descriptor block, parsed: any bytes become a command of the table or a refusal.
// Threads: values, any thread. Errors: the outcome of ParseCdb, with a field pointer.
// Source: SPC-4 4.2 and clause 6, SBC-3 clause 5.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "vdisk/geometry.h"
#include "vdisk/opcodes.h"
#include "vdisk/sense.h"

namespace quire {

// Constant once parsed. The fields below are those of the operations they are named after;
// elsewhere they read what happens to be there.
struct Cdb {
  const Opcode* opcode = nullptr;
  uint64_t lba = 0;
  uint32_t length = 0;  // in blocks or bytes, as the opcode says; READ(6) with 0 has 256
  uint32_t flags = 0;   // of CdbFlag
  std::array<uint8_t, Opcode::kMaxCdbBytes> bytes{};  // zeros after its end

  Operation operation() const { return opcode->operation; }
  bool Has(CdbFlag flag) const { return (flags & static_cast<uint32_t>(flag)) != 0; }
  // REQUIRES: the length is in blocks. A count of 0 is none, or all that follow, as the operation
  // has it.
  BlockRange blocks() const { return {{lba}, {length}}; }
  // How many bytes go with it, at most. FORMAT UNIT's list is longer when its head says so.
  uint64_t data_bytes(uint32_t block_bytes) const;
  bool data_is_out() const;
  ReservationClass reservation_class() const;

  // VERIFY, WRITE AND VERIFY: 0 none, 1 compare with as many blocks, 3 with one (SBC-3 5.29).
  uint8_t bytchk() const { return bytes[1] >> 1 & 3; }
  // INQUIRY and RECEIVE DIAGNOSTIC RESULTS have eight bits, MODE SENSE and LOG SENSE six.
  uint8_t page_code() const { return bytes[2]; }
  uint8_t sense_page_code() const { return bytes[2] & 0x3f; }
  // MODE SENSE, LOG SENSE (SPC-4 6.11.1, 6.8).
  uint8_t page_control() const { return bytes[2] >> 6; }
  uint8_t subpage_code() const { return bytes[3]; }
  // LOG SENSE (SPC-4 6.8).
  uint16_t parameter_pointer() const { return Number16(5); }
  // START STOP UNIT (SBC-3 5.25).
  uint8_t power_condition() const { return bytes[4] >> 4; }
  // REPORT LUNS (SPC-4 6.33).
  uint8_t select_report() const { return bytes[2]; }
  // REPORT SUPPORTED OPERATION CODES (SPC-4 6.35.1).
  uint8_t reporting_options() const { return bytes[2] & 7; }
  uint8_t requested_opcode() const { return bytes[3]; }
  uint16_t requested_service_action() const { return Number16(4); }
  // REPORT TARGET PORT GROUPS: 0 without, 1 with the extended header (SPC-4 6.37).
  uint8_t parameter_data_format() const { return bytes[1] >> 5; }
  // PERSISTENT RESERVE OUT (SPC-4 6.16.1).
  uint8_t scope() const { return bytes[2] >> 4; }
  uint8_t type() const { return bytes[2] & 0x0f; }
  // RECEIVE COPY RESULTS (SPC-4 6.23).
  uint8_t list_identifier() const { return bytes[2]; }
  // READ BUFFER, WRITE BUFFER (SPC-4 6.18, 6.49).
  uint8_t buffer_mode() const { return bytes[1] & 0x1f; }
  uint8_t buffer_id() const { return bytes[2]; }
  uint32_t buffer_offset() const { return static_cast<uint32_t>(bytes[3]) << 16 | Number16(4); }
  // READ DEFECT DATA (SBC-3 5.17): the byte with REQ_PLIST (10h), REQ_GLIST (08h) and the format.
  uint8_t defect_list_request() const { return bytes[opcode->cdb_bytes == 10 ? 2 : 1]; }

  uint16_t Number16(uint8_t byte) const {
    return static_cast<uint16_t>(bytes[byte] << 8 | bytes[byte + 1]);
  }
};

// READ BUFFER and WRITE BUFFER modes (SPC-4 6.18, 6.49).
constexpr uint8_t kBufferModeDescriptor = 0x03;
constexpr uint8_t kBufferModeEcho = 0x0a;
constexpr uint8_t kBufferModeEchoDescriptor = 0x0b;

struct ParsedCdb {
  Outcome outcome;  // good, or why `cdb` is none
  Cdb cdb;
};

// Bytes after the end of the CDB are padding of the transport and not looked at.
ParsedCdb ParseCdb(std::span<const uint8_t> bytes);
// The same, `cdb` made in its place.
Outcome ParseCdb(std::span<const uint8_t> bytes, Cdb& cdb);

}  // namespace quire
