// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

namespace quire {
namespace {

std::atomic<LogSink> g_sink{nullptr};

void WriteToStandardError(LogLevel level, std::string_view line) {
  static const auto logger = [] {
    auto made = std::make_shared<spdlog::logger>("quire",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%n: %l: %v");
    return made;
  }();
  switch (level) {
    case LogLevel::kInfo:
      logger->info(spdlog::string_view_t(line.data(), line.size()));
      return;
    case LogLevel::kWarning:
      logger->warn(spdlog::string_view_t(line.data(), line.size()));
      return;
    case LogLevel::kError:
      logger->error(spdlog::string_view_t(line.data(), line.size()));
      return;
  }
}

}  // namespace

void SetLogSink(LogSink sink) { g_sink.store(sink, std::memory_order_release); }

void Log(LogLevel level, std::string_view line) {
  const LogSink sink = g_sink.load(std::memory_order_acquire);
  (sink != nullptr ? sink : WriteToStandardError)(level, line);
}

}  // namespace quire
