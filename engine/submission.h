// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// An operation in io_uring's words: pure filling of a submission entry.
// Threads: values, any thread.
#pragma once

#include <liburing.h>

#include "engine/ops.h"

namespace quire {

// False for what an entry has no room for (a single piece of 4 GiB and more): workers do that.
bool FitsSubmission(const IoOp& op);
// REQUIRES: FitsSubmission(op). The entry's user data is the address of the operation's Completion.
void FillSubmission(io_uring_sqe& entry, const IoOp& op);

}  // namespace quire
