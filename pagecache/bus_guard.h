// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Touching a mapped page that the file cannot supply raises SIGBUS. This is the one place that
// turns it into an error or into zeros.
//
// - A copy of ours (GuardedCopy) stops and answers false; the caller goes by the file and gets the
//   true errno.
// - Anybody else who touches a lent page finds zeros there; the page is recorded as lost in its
//   mapping, and every hold over it is *revoked*, which is reported when it is released.
// - A SIGBUS anywhere else goes to the handler that was there before.
//
// Owns: the process's SIGBUS handler, unless declined. Threads: any thread.
#pragma once

#include <cstddef>
#include <span>

#include "pagecache/mapping.h"

namespace quire::bus_guard {

// An embedder that must keep SIGBUS to itself calls this before the first file is opened; every
// read is then answered by copies and every write goes by the file.
void Decline();
// Installs the handler at the first call. False when declined: mappings must not be touched.
bool Install();

// Watches over a mapping's addresses. False when the table (256 mappings) is full: the caller must
// do without the mapping.
bool Watch(Mapping& mapping);
void Unwatch(Mapping& mapping);

// Copies source to target, which have equal length; one or both lie in watched mappings.
// False: a page could not be supplied; the target's bytes are then undefined.
[[nodiscard]] bool GuardedCopy(std::span<std::byte> target, std::span<const std::byte> source);

}  // namespace quire::bus_guard
