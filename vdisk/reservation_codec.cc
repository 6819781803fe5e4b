// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/reservation_codec.h"

#include <algorithm>
#include <utility>

#include "base/big_endian.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

// 6.16.3: the basic list, its flags in byte 20; with SPEC_I_PT a length and TransportIDs follow.
constexpr size_t kBasicBytes = 24;
constexpr size_t kFlagsAt = 20;
constexpr uint8_t kSpecIPt = 0x08;
constexpr uint8_t kAllTgPt = 0x04;
constexpr uint8_t kAptpl = 0x01;
constexpr size_t kSpecifiedAt = 28;

// 6.16.4: the list of REGISTER AND MOVE.
constexpr size_t kMoveFlagsAt = 17;
constexpr uint8_t kUnreg = 0x02;
constexpr size_t kMoveTransportIdAt = 24;

Outcome ParseMove(std::span<const uint8_t> list, ReserveOut& request) {
  request.unregister = (list[kMoveFlagsAt] & kUnreg) != 0;
  request.aptpl = (list[kMoveFlagsAt] & kAptpl) != 0;
  request.target_port = static_cast<uint16_t>(LoadBig<2>(&list[18]));
  const uint64_t length = LoadBig<4>(&list[20]);
  if (list.size() - kMoveTransportIdAt != length) return kParameterListLengthError;
  auto parsed = TransportId::Parse(list.subspan(kMoveTransportIdAt));
  if (!parsed.has_value() || parsed->size_bytes != length) return kInvalidFieldInParameterList;
  request.initiators.push_back(std::move(parsed->id));
  return {};
}

Outcome ParseSpecified(std::span<const uint8_t> list, ReserveOut& request) {
  if (list.size() < kSpecifiedAt) return kParameterListLengthError;
  const uint64_t length = LoadBig<4>(&list[kBasicBytes]);
  if (list.size() - kSpecifiedAt != length) return kParameterListLengthError;
  auto left = list.subspan(kSpecifiedAt);
  while (!left.empty()) {
    auto parsed = TransportId::Parse(left);
    if (!parsed.has_value()) return kInvalidFieldInParameterList;
    left = left.subspan(parsed->size_bytes);
    request.initiators.push_back(std::move(parsed->id));
  }
  return {};
}

Outcome ParseBasic(std::span<const uint8_t> list, ReserveOut& request) {
  const uint8_t flags = list[kFlagsAt];
  const bool registers = request.action == ReserveOutAction::kRegister ||
                         request.action == ReserveOutAction::kRegisterAndIgnore;
  request.aptpl = registers && (flags & kAptpl) != 0;
  request.all_target_ports = registers && (flags & kAllTgPt) != 0;
  request.specify_initiators = (flags & kSpecIPt) != 0;
  if (!request.specify_initiators) {
    return list.size() == kBasicBytes ? Outcome{} : kParameterListLengthError;
  }
  if (request.action != ReserveOutAction::kRegister) return kInvalidFieldInParameterList;
  return ParseSpecified(list, request);
}

// Appends numbers, most significant byte first.
class Writer {
 public:
  template <size_t kBytes>
  void Number(uint64_t value) {
    bytes_.resize(bytes_.size() + kBytes);
    StoreBig<kBytes>(&bytes_[bytes_.size() - kBytes], value);
  }
  void Zeroes(size_t count) { bytes_.resize(bytes_.size() + count); }
  void Bytes(std::span<const uint8_t> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  // The number of bytes that follow it, into the four bytes at `at`.
  void LengthAt(size_t at) { StoreBig<4>(&bytes_[at], bytes_.size() - at - 4); }
  std::vector<uint8_t> Take() { return std::move(bytes_); }

 private:
  std::vector<uint8_t> bytes_;
};

// What all but REPORT CAPABILITIES begin with.
constexpr size_t kLengthAt = 4;
Writer WithHead(const Reservations& reservations) {
  Writer writer;
  writer.Number<4>(reservations.generation());
  writer.Zeroes(4);
  return writer;
}

std::vector<uint8_t> Keys(const Reservations& reservations) {
  Writer writer = WithHead(reservations);
  for (const auto& [nexus, key] : reservations.registrations()) writer.Number<8>(key);
  writer.LengthAt(kLengthAt);
  return writer.Take();
}

std::vector<uint8_t> Reservation(const Reservations& reservations) {
  Writer writer = WithHead(reservations);
  if (const auto& held = reservations.held(); held.has_value()) {
    writer.Number<8>(held->holder.has_value() ? reservations.KeyOf(*held->holder) : 0);
    writer.Zeroes(5);
    writer.Number<1>(ScopeAndType(held->kind));
    writer.Zeroes(2);
  }
  writer.LengthAt(kLengthAt);
  return writer.Take();
}

std::vector<uint8_t> Capabilities(const Reservations& reservations, bool kept) {
  constexpr uint8_t kCrh = 0x10;
  constexpr uint8_t kSipC = 0x08;
  constexpr uint8_t kAtpC = 0x04;
  constexpr uint8_t kPtplC = 0x01;
  constexpr uint8_t kTmv = 0x80;
  constexpr uint8_t kAllowCommands = 4 << 4;  // table 208: what reservation_class.h does
  constexpr uint16_t kTypeMask = 0xea01;      // all six
  Writer writer;
  writer.Number<2>(8);
  writer.Number<1>(kCrh | kSipC | kAtpC | (kept ? kPtplC : 0));
  writer.Number<1>(kTmv | kAllowCommands | (reservations.aptpl() ? 1 : 0));
  writer.Number<2>(kTypeMask);
  writer.Zeroes(2);
  return writer.Take();
}

// ALL_TG_PT stays 0: each nexus is registered by itself, whichever request did it.
std::vector<uint8_t> FullStatus(const Reservations& reservations) {
  constexpr uint8_t kRHolder = 0x01;
  Writer writer = WithHead(reservations);
  for (const auto& [nexus, key] : reservations.registrations()) {
    const bool holds = reservations.Holds(nexus);
    writer.Number<8>(key);
    writer.Zeroes(4);
    writer.Number<1>(holds ? kRHolder : 0);
    writer.Number<1>(holds ? ScopeAndType(reservations.held()->kind) : 0);
    writer.Zeroes(4);
    writer.Number<2>(nexus.target_port);
    writer.Number<4>(nexus.initiator.bytes().size());
    writer.Bytes(nexus.initiator.bytes());
  }
  writer.LengthAt(kLengthAt);
  return writer.Take();
}

}  // namespace

ParsedReserveOut ParseReserveOut(uint8_t service_action, uint8_t scope_type,
                                 std::span<const uint8_t> list) {
  if (service_action > static_cast<uint8_t>(ReserveOutAction::kRegisterAndMove)) {
    return {.outcome = kInvalidFieldInCdb};
  }
  if (list.size() < kBasicBytes || list.size() > kMaxReserveOutBytes) {
    return {.outcome = kParameterListLengthError};
  }
  ParsedReserveOut parsed;
  ReserveOut& request = parsed.request;
  request.action = ReserveOutAction(service_action);
  request.kind = KindFrom(scope_type);
  request.key = LoadBig<8>(&list[0]);
  request.action_key = LoadBig<8>(&list[8]);
  parsed.outcome = request.action == ReserveOutAction::kRegisterAndMove ? ParseMove(list, request)
                                                                        : ParseBasic(list, request);
  return parsed;
}

ReserveInData BuildReserveIn(uint8_t service_action, const Reservations& reservations, bool kept,
                             size_t allocation_bytes) {
  ReserveInData data;
  switch (service_action) {
    case 0:
      data.bytes = Keys(reservations);
      break;
    case 1:
      data.bytes = Reservation(reservations);
      break;
    case 2:
      data.bytes = Capabilities(reservations, kept);
      break;
    case 3:
      data.bytes = FullStatus(reservations);
      break;
    default:
      data.outcome = kInvalidFieldInCdb;
      return data;
  }
  data.bytes.resize(std::min(data.bytes.size(), allocation_bytes));
  return data;
}

}  // namespace quire
