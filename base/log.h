// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Log lines for operators: one line per event, never on the path of a request.
// Threads: any thread. Errors: a line that cannot be written is lost.
#pragma once

#include <string_view>

namespace quire {

enum class LogLevel { kInfo, kWarning, kError };

// Receives each line without its newline. Called on the thread that logs; must not log itself.
using LogSink = void (*)(LogLevel level, std::string_view line);

// Sends all later lines to `sink`; nullptr goes back to standard error.
void SetLogSink(LogSink sink);

void Log(LogLevel level, std::string_view line);

}  // namespace quire
