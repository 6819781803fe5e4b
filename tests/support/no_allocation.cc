// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "tests/support/no_allocation.h"

#include <execinfo.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <new>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/check.h"

namespace quire {
namespace {

struct Watch {
  bool armed = false;
  uint64_t count = 0;
  std::array<void*, 16> first_callers;
  int count_callers = 0;
};
thread_local Watch t_watch;

void NoteAllocation() {
  if (!t_watch.armed || t_watch.count++ > 0) return;
  t_watch.armed = false;  // backtrace() may allocate
  t_watch.count_callers =
      backtrace(t_watch.first_callers.data(), static_cast<int>(t_watch.first_callers.size()));
  t_watch.armed = true;
}

// For addr2line.
std::string FirstCallers() {
  std::string text;
  char** names = backtrace_symbols(t_watch.first_callers.data(), t_watch.count_callers);
  for (int i = 0; names != nullptr && i < t_watch.count_callers; ++i) {
    absl::StrAppend(&text, "  ", names[i], "\n");
  }
  std::free(static_cast<void*>(names));
  return text;
}

}  // namespace

NoAllocation::NoAllocation() {
  QUIRE_CHECK(!t_watch.armed);
  t_watch.count = 0;
  t_watch.armed = true;
}

NoAllocation::~NoAllocation() {
  if (!t_watch.armed) return;
  if (const uint64_t count = End(); count > 0) {
    ADD_FAILURE() << count << " allocations, the first one by\n" << FirstCallers();
  }
}

uint64_t NoAllocation::End() {
  t_watch.armed = false;
  return t_watch.count;
}

}  // namespace quire

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*,
                                                                           size_t),
                                                         void (*on_free)(const volatile void*));

namespace {

[[maybe_unused]] const int kInstalled = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, size_t) { quire::NoteAllocation(); }, [](const volatile void*) {});

}  // namespace

#else

// The other forms of new and delete come down to these.
void* operator new(size_t size_bytes) {
  quire::NoteAllocation();
  if (void* memory = std::malloc(size_bytes > 0 ? size_bytes : 1)) return memory;
  throw std::bad_alloc();
}

void* operator new(size_t size_bytes, std::align_val_t align) {
  quire::NoteAllocation();
  const auto align_bytes = static_cast<size_t>(align);
  const size_t padded_bytes = (size_bytes + align_bytes) / align_bytes * align_bytes;
  if (void* memory = std::aligned_alloc(align_bytes, padded_bytes)) return memory;
  throw std::bad_alloc();
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }

#endif
