// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// fio's own headers, made fit for C++: the one way to include them.
#pragma once

// fio.h includes this one itself, where extern "C" would spoil it.
#include <atomic>

extern "C" {
#include <fio.h>
#include <optgroup.h>
}

// Macros that break the standard library.
#undef min
#undef max
