// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/identity.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/big_endian.h"

namespace quire {
namespace {

constexpr uint64_t kCompanyId = 0x025155;

// FNV-1a with 128 bits: the offset basis and prime of its definition.
struct Digest {
  uint64_t high = 0x6c62272e07bb0142u;
  uint64_t low = 0x62b821756295c58du;
};

Digest Fnv1a(std::string_view text) {
  __extension__ using Wide = unsigned __int128;
  constexpr Wide kPrime = (Wide{1} << 88) | 0x13b;
  const Digest basis;
  Wide hash = Wide{basis.high} << 64 | basis.low;
  for (const char c : text) {
    hash ^= static_cast<uint8_t>(c);
    hash *= kPrime;
  }
  return {static_cast<uint64_t>(hash >> 64), static_cast<uint64_t>(hash)};
}

absl::Status CheckText(const char* what, const std::string& text, size_t most_bytes) {
  if (text.size() > most_bytes) {
    return absl::InvalidArgumentError(absl::StrCat("the ", what, " \"", text, "\" has ",
                                                   text.size(), " characters; use at most ",
                                                   most_bytes));
  }
  const bool printable = std::ranges::all_of(text, [](char c) { return c >= 0x20 && c <= 0x7e; });
  if (!printable) {
    return absl::InvalidArgumentError(
        absl::StrCat("the ", what, " may have printable ASCII characters only"));
  }
  return absl::OkStatus();
}

absl::Status CheckOptions(const IdentityOptions& options) {
  const struct {
    const char* what;
    const std::string& text;
    size_t most_bytes;
  } texts[] = {{"vendor", options.vendor, Identity::kVendorBytes},
               {"product", options.product, Identity::kProductBytes},
               {"revision", options.revision, Identity::kRevisionBytes},
               {"serial number", options.serial, Identity::kMaxSerialBytes}};
  for (const auto& text : texts) {
    if (absl::Status status = CheckText(text.what, text.text, text.most_bytes); !status.ok()) {
      return status;
    }
  }
  if (options.vendor.empty()) return absl::InvalidArgumentError("give the disk a vendor");
  if (options.serial.empty() && options.name.empty()) {
    return absl::InvalidArgumentError("give the disk a serial number or a name");
  }
  return absl::OkStatus();
}

// -1 where it is none.
int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// NAA 6 has 16 bytes; 2, 3 and 5 have 8 (SPC-4 7.8.6.6).
absl::Status ParseNaa(const std::string& text, std::array<uint8_t, 16>& bytes) {
  const bool digits = std::ranges::all_of(text, [](char c) { return HexDigit(c) >= 0; });
  if (!digits || (text.size() != 16 && text.size() != 32)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the NAA \"", text, "\" must have 16 or 32 hexadecimal digits"));
  }
  const std::string_view types = text.size() == 32 ? "6" : "235";
  if (types.find(text[0]) == std::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat("the NAA \"", text, "\" must begin with ",
                                                   text.size() == 32 ? "6" : "2, 3 or 5"));
  }
  for (size_t i = 0; i < text.size() / 2; ++i) {
    bytes[i] = static_cast<uint8_t>(HexDigit(text[2 * i]) << 4 | HexDigit(text[2 * i + 1]));
  }
  return absl::OkStatus();
}

std::string Hex(std::span<const uint8_t> bytes) {
  std::string text;
  for (const uint8_t byte : bytes) absl::StrAppend(&text, absl::Hex(byte, absl::kZeroPad2));
  return text;
}

}  // namespace

absl::StatusOr<Identity> Identity::Make(const IdentityOptions& options) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  Identity identity;
  identity.vendor_ = options.vendor;
  identity.product_ = options.product;
  identity.revision_ = options.revision;
  const Digest digest = Fnv1a(options.serial.empty() ? options.name : options.serial);
  identity.serial_ = options.serial;
  if (options.serial.empty()) {
    std::array<uint8_t, 8> low{};
    StoreBig<8>(low.data(), digest.low);
    identity.serial_ = Hex(low);
  }

  uint8_t* const naa = identity.naa_.data();
  constexpr uint64_t kLow36 = (uint64_t{1} << 36) - 1;
  StoreBig<8>(naa, uint64_t{6} << 60 | kCompanyId << 36 | (digest.high & kLow36));
  StoreBig<8>(naa + 8, digest.low);
  if (!options.naa.empty()) {
    if (absl::Status status = ParseNaa(options.naa, identity.naa_); !status.ok()) return status;
    identity.naa_bytes_ = options.naa.size() / 2;
  }
  identity.scsi_name_ = absl::StrCat("naa.", Hex(identity.naa()));
  constexpr uint64_t kLow40 = (uint64_t{1} << 40) - 1;
  StoreBig<8>(identity.eui64_.data(), kCompanyId << 40 | (digest.low & kLow40));
  return identity;
}

}  // namespace quire
