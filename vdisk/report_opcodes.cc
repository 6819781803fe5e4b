// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/report_opcodes.h"

#include "base/check.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

// REPORTING OPTIONS (SPC-4 6.35.1).
enum ReportingOptions : uint8_t {
  kAll = 0,
  kOneWithoutServiceAction = 1,
  kOneWithServiceAction = 2,
  kOneOfEitherForm = 3,
};
constexpr uint16_t kTimeoutsBytes = 12;  // SPC-4 6.35.4

void WriteTimeouts(Response& response) {
  response.Big<2>(kTimeoutsBytes - 2);
  response.Zeros(kTimeoutsBytes - 2);
}

// SPC-4 6.35.2.
void WriteDescriptor(const Opcode& opcode, bool with_timeouts, Response& response) {
  constexpr uint8_t kServactv = 0x01;
  constexpr uint8_t kCtdp = 0x02;
  response.Byte(opcode.opcode);
  response.Byte(0);
  response.Big<2>(opcode.service_action);
  response.Byte(0);
  response.Byte(static_cast<uint8_t>((opcode.has_service_action ? kServactv : 0) |
                                     (with_timeouts ? kCtdp : 0)));
  response.Big<2>(opcode.cdb_bytes);
  if (with_timeouts) WriteTimeouts(response);
}

// SPC-4 6.35.3. `opcode` is null when there is no such command.
void WriteOne(const Opcode* opcode, bool with_timeouts, Response& response) {
  constexpr uint8_t kCtdp = 0x80;
  constexpr uint8_t kNotSupported = 1;
  constexpr uint8_t kAsTheStandardHasIt = 3;
  response.Byte(0);
  if (opcode == nullptr) {
    response.Byte(kNotSupported);
    response.Zeros(2);
    return;
  }
  response.Byte(static_cast<uint8_t>((with_timeouts ? kCtdp : 0) | kAsTheStandardHasIt));
  response.Big<2>(opcode->cdb_bytes);
  response.Bytes(std::span(opcode->usage).first(opcode->cdb_bytes));
  if (with_timeouts) WriteTimeouts(response);
}

// nullptr when there is no such command.
const Opcode* Requested(const Cdb& cdb, OpcodeForm form) {
  const uint16_t action = cdb.requested_service_action();
  if (form == OpcodeForm::kPlain) {
    const bool unlike = cdb.reporting_options() == kOneOfEitherForm && action != 0;
    return unlike ? nullptr : FindOpcode(cdb.requested_opcode(), 0);
  }
  constexpr uint16_t kMaxServiceAction = 0x1f;
  if (action > kMaxServiceAction) return nullptr;
  return FindOpcode(cdb.requested_opcode(), static_cast<uint8_t>(action));
}

}  // namespace

Outcome WriteSupportedOpcodes(const Cdb& cdb, OperationSet operations, Response& response) {
  QUIRE_DCHECK(cdb.operation() == Operation::kReportSupportedOperationCodes);
  const bool with_timeouts = cdb.Has(CdbFlag::kRctd);
  const uint8_t options = cdb.reporting_options();
  if (options == kAll) {
    response.Zeros(4);
    for (const Opcode& opcode : AllOpcodes()) {
      if (operations.Has(opcode.operation)) WriteDescriptor(opcode, with_timeouts, response);
    }
    response.SetBig<4>(0, response.full_bytes() - 4);
    return kGood;
  }
  // The other form than the one that was asked for.
  const OpcodeForm form = FormOf(cdb.requested_opcode());
  if ((options == kOneWithoutServiceAction && form == OpcodeForm::kServiceActions) ||
      (options == kOneWithServiceAction && form == OpcodeForm::kPlain)) {
    return kInvalidFieldInCdb.AtCdbField(2, 2);
  }
  const Opcode* const opcode = Requested(cdb, form);
  WriteOne(opcode != nullptr && operations.Has(opcode->operation) ? opcode : nullptr, with_timeouts,
           response);
  return kGood;
}

void WriteSupportedTaskManagementFunctions(const Cdb& cdb, const TaskManagementSupport& support,
                                           Response& response) {
  response.Byte(static_cast<uint8_t>(
      (support.abort_task ? 0x80 : 0) | (support.abort_task_set ? 0x40 : 0) |
      (support.clear_task_set ? 0x10 : 0) | (support.logical_unit_reset ? 0x08 : 0) |
      (support.query_task ? 0x04 : 0)));
  response.Byte(static_cast<uint8_t>((support.query_async_event ? 0x04 : 0) |
                                     (support.query_task_set ? 0x02 : 0) |
                                     (support.i_t_nexus_reset ? 0x01 : 0)));
  response.Byte(0);
  if (!cdb.Has(CdbFlag::kRepd)) {
    response.Byte(0);
    return;
  }
  response.Byte(0x0c);  // that many bytes follow; no timeouts are told
  response.Zeros(12);
}

}  // namespace quire
