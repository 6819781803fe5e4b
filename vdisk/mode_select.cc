// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "vdisk/mode_select.h"

#include <bit>
#include <limits>

#include "base/big_endian.h"
#include "base/check.h"
#include "vdisk/mode_pages.h"
#include "vdisk/outcomes.h"

namespace quire {
namespace {

constexpr uint8_t kPs = 0x80;
constexpr uint8_t kSpf = 0x40;

// Goes through the list once; `at_` is the byte that comes next.
class Reader {
 public:
  Reader(std::span<const uint8_t> list, const ModeState& state, const Geometry& geometry)
      : list_(list), state_(state), geometry_(geometry), parameters_(state.current) {}

  Outcome Read(bool form6);
  const ModeParameters& parameters() const { return parameters_; }

 private:
  size_t left() const { return list_.size() - at_; }
  static Outcome Fault(size_t byte, uint8_t bit = Outcome::kNoBit) {
    return kInvalidFieldInParameterList.AtParameterField(static_cast<uint16_t>(byte), bit);
  }
  Outcome ReadBlockDescriptor(bool long_lba);
  Outcome ReadPage();
  Outcome ReadFields(const ModePage& page);

  const std::span<const uint8_t> list_;
  const ModeState& state_;
  const Geometry& geometry_;
  size_t at_ = 0;
  ModeParameters parameters_;
};

// The header (SPC-4 7.5.5). The mode data length is reserved and the device-specific parameter has
// nothing to select; initiators send both as MODE SENSE gave them.
Outcome Reader::Read(bool form6) {
  constexpr uint8_t kLonglba = 0x01;
  const size_t head_bytes = form6 ? 4 : 8;
  if (left() < head_bytes) return kParameterListLengthError;
  const size_t medium_type = form6 ? 1 : 2;
  if (list_[medium_type] != 0) return Fault(medium_type);
  const bool long_lba = !form6 && (list_[4] & kLonglba) != 0;
  const size_t length_at = form6 ? 3 : 6;
  const uint64_t descriptor_bytes = form6 ? list_[length_at] : LoadBig<2>(&list_[length_at]);
  at_ = head_bytes;
  if (descriptor_bytes != 0) {
    if (descriptor_bytes != (long_lba ? 16u : 8u)) return Fault(length_at);
    if (left() < descriptor_bytes) return kParameterListLengthError;
    if (const Outcome outcome = ReadBlockDescriptor(long_lba); !outcome.good()) return outcome;
    at_ += descriptor_bytes;
  }
  while (left() > 0) {
    if (const Outcome outcome = ReadPage(); !outcome.good()) return outcome;
  }
  return kGood;
}

// SBC-3 6.5.2: the disk keeps its size; a count of 0, or of all ones where it does not fit, says
// so.
Outcome Reader::ReadBlockDescriptor(bool long_lba) {
  const uint8_t* const bytes = &list_[at_];
  const uint64_t count = long_lba ? LoadBig<8>(bytes) : LoadBig<4>(bytes);
  const uint64_t most = long_lba ? std::numeric_limits<uint64_t>::max()
                                 : uint64_t{std::numeric_limits<uint32_t>::max()};
  if (count != 0 && count != most && count != geometry_.count.value) return Fault(at_);
  const size_t length_at = long_lba ? 12 : 5;
  const uint64_t block_bytes =
      long_lba ? LoadBig<4>(bytes + length_at) : LoadBig<3>(bytes + length_at);
  return block_bytes == geometry_.block_bytes ? kGood : Fault(at_ + length_at);
}

// SPC-4 7.5.7.
Outcome Reader::ReadPage() {
  const uint8_t first = list_[at_];
  if ((first & kPs) != 0) return Fault(at_, 7);
  const bool with_subpage = (first & kSpf) != 0;
  if (left() < (with_subpage ? 4u : 2u)) return kParameterListLengthError;
  const uint8_t subpage = with_subpage ? list_[at_ + 1] : 0;
  const ModePage* const page = FindModePage(first & 0x3f, subpage);
  if (page == nullptr || !page->Present(state_.traits)) {
    const bool code_known = FindModePage(first & 0x3f, 0) != nullptr;
    return code_known ? Fault(at_ + 1) : Fault(at_, 5);
  }
  if (with_subpage != (page->subpage != 0)) return Fault(at_, 6);
  const size_t length_at = with_subpage ? 2 : 1;
  const uint64_t length =
      with_subpage ? LoadBig<2>(&list_[at_ + length_at]) : list_[at_ + length_at];
  if (length + page->head_bytes() != page->size_bytes) return Fault(at_ + length_at);
  if (left() < page->size_bytes) return kParameterListLengthError;
  const Outcome outcome = ReadFields(*page);
  at_ += page->size_bytes;
  return outcome;
}

// A bit that is not changeable must be as it is (SPC-4 6.9).
Outcome Reader::ReadFields(const ModePage& page) {
  const std::span<const uint8_t> bytes = list_.subspan(at_, page.size_bytes);
  const ModePage::Image current = page.With(parameters_, state_.traits);
  const ModePage::Image changeable = page.Changeable(state_.traits);
  for (size_t i = page.head_bytes(); i < page.size_bytes; ++i) {
    const auto wrong = static_cast<uint8_t>((bytes[i] ^ current[i]) & ~changeable[i]);
    if (wrong != 0) return Fault(at_ + i, static_cast<uint8_t>(std::bit_width(wrong) - 1));
  }
  page.Read(bytes, parameters_);
  return kGood;
}

}  // namespace

ModeSelection ParseModeSelect(const Cdb& cdb, std::span<const uint8_t> list, const ModeState& state,
                              const Geometry& geometry) {
  QUIRE_DCHECK(cdb.operation() == Operation::kModeSelect);
  ModeSelection selection{kGood, state.current, cdb.Has(CdbFlag::kSp)};
  if (selection.save && !state.traits.savable) {
    selection.outcome = kInvalidFieldInCdb.AtCdbField(1, 0);
  } else if (!list.empty() && !cdb.Has(CdbFlag::kPf)) {  // pages of a format of our own
    selection.outcome = kInvalidFieldInCdb.AtCdbField(1, 4);
  } else if (!list.empty()) {
    Reader reader(list, state, geometry);
    selection.outcome = reader.Read(cdb.opcode->cdb_bytes == 6);
    if (selection.outcome.good()) selection.parameters = reader.parameters();
  }
  if (!selection.outcome.good()) selection.save = false;
  selection.parameters.CheckInvariants();
  return selection;
}

}  // namespace quire
