// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/transport_id.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/big_endian.h"
#include "base/check.h"

namespace quire {
namespace {

constexpr size_t kHeadBytes = 4;  // format and protocol, reserved, additional length
constexpr size_t kMaxNameBytes = 223;
constexpr uint8_t kNodeFormat = 0x00;
constexpr uint8_t kPortFormat = 0x40;
constexpr uint8_t kFormatMask = 0xc0;
constexpr std::string_view kSeparator = ",i,0x";
constexpr size_t kMaxIsidDigits = 12;

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return lower;
}

// Without blanks, controls and commas: a comma separates the name from the ISID.
bool IsName(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes) return false;
  return std::ranges::none_of(name, [](char letter) {
    const auto byte = static_cast<uint8_t>(letter);
    return byte <= ' ' || byte == 0x7f || byte == ',';
  });
}

// The number that `digits` are all of; none when they are something else or too many.
std::optional<uint64_t> ParseIsid(std::string_view digits) {
  if (digits.empty() || digits.size() > kMaxIsidDigits) return std::nullopt;
  uint64_t isid = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, isid, 16);
  if (error != std::errc() || stop != end) return std::nullopt;
  return isid;
}

}  // namespace

TransportId TransportId::Iscsi(uint8_t format, std::string_view text) {
  const size_t padded = std::max((text.size() + 1 + 3) / 4 * 4, kMinBytes - kHeadBytes);
  std::string bytes(kHeadBytes + padded, '\0');
  const auto protocol = static_cast<uint8_t>(TransportProtocol::kIscsi);
  bytes[0] = static_cast<char>(format | protocol);
  StoreBig<2>(reinterpret_cast<uint8_t*>(bytes.data()) + 2, padded);
  std::ranges::copy(text, bytes.begin() + kHeadBytes);
  QUIRE_DCHECK(bytes.size() <= kMaxBytes);
  return TransportId(std::move(bytes));
}

std::optional<TransportId> TransportId::IscsiNode(std::string_view name) {
  if (!IsName(name)) return std::nullopt;
  return Iscsi(kNodeFormat, LowerCase(name));
}

std::optional<TransportId> TransportId::IscsiPort(std::string_view name, uint64_t isid) {
  if (!IsName(name) || isid >> 48 != 0) return std::nullopt;
  return Iscsi(kPortFormat, absl::StrCat(absl::string_view(LowerCase(name)),
                                         absl::string_view(kSeparator.data(), kSeparator.size()),
                                         absl::Hex(isid, absl::kZeroPad12)));
}

std::optional<TransportId::Parsed> TransportId::Parse(std::span<const uint8_t> bytes) {
  if (bytes.size() < kMinBytes) return std::nullopt;
  if ((bytes[0] & 0x0f) == static_cast<uint8_t>(TransportProtocol::kIscsi)) {
    return ParseIscsi(bytes);
  }
  if ((bytes[0] & kFormatMask) != 0) return std::nullopt;
  return Parsed{TransportId(std::string(bytes.begin(), bytes.begin() + kMinBytes)), kMinBytes};
}

std::optional<TransportId::Parsed> TransportId::ParseIscsi(std::span<const uint8_t> bytes) {
  const uint64_t length = LoadBig<2>(&bytes[2]);
  if (length % 4 != 0 || length < kMinBytes - kHeadBytes) return std::nullopt;
  if (length > bytes.size() - kHeadBytes) return std::nullopt;
  const auto field = bytes.subspan(kHeadBytes, length);
  const auto zero = std::ranges::find(field, uint8_t{0});
  if (zero == field.end()) return std::nullopt;
  const std::string text = LowerCase(
      {reinterpret_cast<const char*>(field.data()), static_cast<size_t>(zero - field.begin())});
  std::optional<TransportId> id;
  switch (bytes[0] & kFormatMask) {
    case kNodeFormat:
      id = IscsiNode(text);
      break;
    case kPortFormat: {
      const size_t separator = text.find(kSeparator);
      if (separator == std::string::npos) return std::nullopt;
      const auto isid = ParseIsid(std::string_view(text).substr(separator + kSeparator.size()));
      if (isid.has_value()) id = IscsiPort(text.substr(0, separator), *isid);
      break;
    }
    default:
      return std::nullopt;
  }
  if (!id.has_value()) return std::nullopt;
  return Parsed{*std::move(id), kHeadBytes + length};
}

bool TransportId::names_node() const {
  return protocol() == TransportProtocol::kIscsi &&
         (static_cast<uint8_t>(bytes_[0]) & kFormatMask) == kNodeFormat;
}

std::string_view TransportId::text() const {
  const std::string_view field = std::string_view(bytes_).substr(kHeadBytes);
  return field.substr(0, field.find('\0'));
}

bool TransportId::Names(const TransportId& port) const {
  if (!names_node() || port.protocol() != TransportProtocol::kIscsi) return *this == port;
  return port.text().substr(0, port.text().find(',')) == text();
}

std::string TransportId::ToString() const {
  if (protocol() == TransportProtocol::kIscsi) return std::string(text());
  return "0x" + absl::BytesToHexString({bytes_.data(), bytes_.size()});
}

}  // namespace quire
