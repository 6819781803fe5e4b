// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/reservation_file.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/big_endian.h"
#include "base/crc32c.h"

namespace quire {
namespace {

constexpr std::array<uint8_t, 8> kMagic = {'Q', 'u', 'i', 'r', 'e', 'R', 's', 'v'};
constexpr uint32_t kVersion = 1;
constexpr size_t kHeadBytes = 24;
constexpr size_t kChecksumBytes = 4;
constexpr size_t kEntryHeadBytes = 12;
constexpr uint8_t kAptpl = 0x01;
constexpr uint8_t kHeld = 0x02;

absl::Status Damage(absl::string_view what, size_t at) {
  return absl::DataLossError(absl::StrCat(what, " at byte ", at));
}

// The head and the checksum; OK when the rest can be trusted to be what somebody wrote.
absl::Status CheckFrame(std::span<const uint8_t> bytes) {
  if (bytes.size() < kHeadBytes + kChecksumBytes) {
    return absl::DataLossError(absl::StrCat("only ", bytes.size(), " bytes long"));
  }
  if (!std::ranges::equal(bytes.first(kMagic.size()), kMagic)) return Damage("not its mark", 0);
  const size_t end = bytes.size() - kChecksumBytes;
  if (LoadBig<4>(&bytes[end]) != Crc32c(bytes.first(end))) return Damage("a wrong checksum", end);
  const uint64_t version = LoadBig<4>(&bytes[8]);
  if (version > kVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("version ", version, " is of a later Quire, this one reads up to ", kVersion));
  }
  if (version != kVersion) return Damage("a version that never was", 8);
  return absl::OkStatus();
}

struct Entry {
  NexusId nexus;
  uint64_t key = 0;
  bool holds = false;
  size_t size_bytes = 0;
};

std::optional<Entry> ParseEntry(std::span<const uint8_t> bytes) {
  if (bytes.size() < kEntryHeadBytes || bytes[10] > 1 || bytes[11] != 0) return std::nullopt;
  auto parsed = TransportId::Parse(bytes.subspan(kEntryHeadBytes));
  if (!parsed.has_value()) return std::nullopt;
  return Entry{{std::move(parsed->id), static_cast<uint16_t>(LoadBig<2>(&bytes[8]))},
               LoadBig<8>(bytes.data()),
               bytes[10] == 1,
               kEntryHeadBytes + parsed->size_bytes};
}

}  // namespace

std::vector<uint8_t> EncodeReservations(const Reservations& reservations) {
  std::vector<uint8_t> bytes(kHeadBytes);
  const auto append = [&bytes](std::span<const uint8_t> more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
  };
  std::ranges::copy(kMagic, bytes.begin());
  StoreBig<4>(&bytes[8], kVersion);
  StoreBig<4>(&bytes[12], reservations.generation());
  if (reservations.aptpl()) {
    const auto& held = reservations.held();
    bytes[16] = static_cast<uint8_t>(kAptpl | (held.has_value() ? kHeld : 0));
    if (held.has_value()) bytes[17] = ScopeAndType(held->kind);
    StoreBig<4>(&bytes[20], reservations.registrations().size());
    for (const auto& [nexus, key] : reservations.registrations()) {
      std::array<uint8_t, kEntryHeadBytes> head{};
      StoreBig<8>(head.data(), key);
      StoreBig<2>(&head[8], nexus.target_port);
      head[10] = held.has_value() && held->holder == nexus ? 1 : 0;
      append(head);
      append(nexus.initiator.bytes());
    }
  }
  std::array<uint8_t, kChecksumBytes> checksum{};
  StoreBig<4>(checksum.data(), Crc32c(bytes));
  append(checksum);
  return bytes;
}

absl::StatusOr<Reservations> DecodeReservations(std::span<const uint8_t> bytes) {
  if (absl::Status status = CheckFrame(bytes); !status.ok()) return status;
  const uint8_t flags = bytes[16];
  if (flags > (kAptpl | kHeld)) return Damage("unknown flags", 16);
  Reservations::Kept kept;
  kept.generation = static_cast<uint32_t>(LoadBig<4>(&bytes[12]));
  kept.aptpl = (flags & kAptpl) != 0;
  if ((flags & kHeld) != 0) {
    kept.held = Reservations::Held{KindFrom(bytes[17]), std::nullopt};
  } else if (bytes[17] != 0) {
    return Damage("a type of nothing reserved", 17);
  }
  const uint64_t count = LoadBig<4>(&bytes[20]);
  if (count != 0 && !kept.aptpl) return Damage("registrations without APTPL", 20);
  size_t at = kHeadBytes;
  const auto body = bytes.first(bytes.size() - kChecksumBytes);
  for (uint64_t i = 0; i < count; ++i) {
    auto entry = ParseEntry(body.subspan(at));
    if (!entry.has_value()) return Damage("a bad registration", at);
    if (entry->holds) {
      if (!kept.held.has_value() || kept.held->holder.has_value()) {
        return Damage("a holder too many", at);
      }
      kept.held->holder = entry->nexus;
    }
    if (!kept.registrations.emplace(std::move(entry->nexus), entry->key).second) {
      return Damage("a second registration of one nexus", at);
    }
    if (kept.registrations.size() > Reservations::kMaxRegistrations) {
      return Damage("too many registrations", at);
    }
    at += entry->size_bytes;
  }
  if (at != body.size()) return Damage("more than the registrations", at);
  auto reservations = Reservations::Restore(std::move(kept));
  if (!reservations.has_value()) return Damage("registrations that contradict each other", 16);
  return *std::move(reservations);
}

}  // namespace quire
