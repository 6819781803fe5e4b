// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Goal: whatever /proc says, parsing it ends, stays inside the text, and finds what a plain reading
// line by line finds.
// Method: any bytes, read both ways; and numbers written between such bytes, which must come back.

#include <fuzzer/FuzzedDataProvider.h>

#include <charconv>
#include <string>
#include <string_view>

#include "base/check.h"
#include "pagecache/preemption.h"
#include "pagecache/write_pressure.h"

namespace quire {
namespace {

uint64_t NumberAt(std::string_view text) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The number on the first line that starts with "<name> ", 0 when there is none.
uint64_t FindByLines(std::string_view text, const std::string& name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(name + " ")) return NumberAt(line.substr(name.size() + 1));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return 0;
}

void ExpectSame(std::string_view text) {
  const DirtyPages pages = ParseVmstat(text);
  QUIRE_CHECK(pages.dirty == FindByLines(text, "nr_dirty"));
  QUIRE_CHECK(pages.writeback == FindByLines(text, "nr_writeback"));
  QUIRE_CHECK(pages.threshold == FindByLines(text, "nr_dirty_threshold"));
  QUIRE_CHECK(pages.background_threshold == FindByLines(text, "nr_dirty_background_threshold"));
}

void ExpectRunDelay(std::string_view text) {
  const size_t space = text.find(' ');
  const uint64_t delay = space == std::string_view::npos ? 0 : NumberAt(text.substr(space + 1));
  QUIRE_CHECK(ParseRunDelay(text) == delay);
}

// Lines that cannot be taken for the ones that are looked for.
std::string Noise(FuzzedDataProvider& input) {
  std::string noise = "x" + input.ConsumeRandomLengthString(64);
  for (char& letter : noise) letter = letter == '\n' ? 'n' : letter;
  return noise + "\n";
}

void ExpectRoundTrip(FuzzedDataProvider& input) {
  const DirtyPages wanted{.dirty = input.ConsumeIntegral<uint64_t>(),
                          .writeback = input.ConsumeIntegral<uint64_t>(),
                          .background_threshold = input.ConsumeIntegral<uint64_t>(),
                          .threshold = input.ConsumeIntegral<uint64_t>()};
  std::string text = Noise(input) + "nr_dirty " + std::to_string(wanted.dirty) + "\n";
  text += Noise(input) + "nr_writeback " + std::to_string(wanted.writeback) + "\n";
  text += "nr_dirty_background_threshold " + std::to_string(wanted.background_threshold) + "\n";
  text += Noise(input) + "nr_dirty_threshold " + std::to_string(wanted.threshold);
  const DirtyPages found = ParseVmstat(text);
  QUIRE_CHECK(found.dirty == wanted.dirty);
  QUIRE_CHECK(found.writeback == wanted.writeback);
  QUIRE_CHECK(found.background_threshold == wanted.background_threshold);
  QUIRE_CHECK(found.threshold == wanted.threshold);
  QUIRE_CHECK(ParseRunDelay("1 " + std::to_string(wanted.dirty) + " 3\n") == wanted.dirty);
}

}  // namespace
}  // namespace quire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  FuzzedDataProvider input(data, size_bytes);
  if (input.ConsumeBool()) {
    quire::ExpectRoundTrip(input);
    return 0;
  }
  // Without a zero byte behind it.
  const std::vector<char> text = input.ConsumeRemainingBytes<char>();
  quire::ExpectSame({text.data(), text.size()});
  quire::ExpectRunDelay({text.data(), text.size()});
  return 0;
}
