// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// Uses the installed package the way an embedder would: writes a block to a file that is served as
// a disk, reads it back by reference, and checks that every reference was returned.

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string>

#include "host/disk.h"

namespace {

constexpr uint64_t kDiskBytes = 1 << 20;

void Run(quire::Session& session, quire::Command& command) {
  static bool answered;
  answered = false;
  command.done = [](quire::Command&) { answered = true; };
  if (session.Submit(command) != quire::Session::Answer::kAccepted) return;
  while (!answered) session.reactor().Wait(quire::kNsPerMs);
}

int Serve(const std::string& path) {
  quire::WorkerPool workers;
  auto reactor = quire::Reactor::Create(workers);
  auto disk = quire::Disk::Open({.path = path});
  if (!reactor.ok() || !disk.ok()) return 1;
  auto session = (*disk)->Connect(**reactor, {.initiator_name = "consumer"});

  std::array<std::byte, 4096> page;
  page.fill(std::byte{0x5a});
  const quire::Segment piece{page.data(), page.size()};
  quire::Command command;
  command.kind = quire::CommandKind::kWrite;
  command.blocks = {{8}, {8}};
  command.data_out = quire::SgView({&piece, 1});
  Run(*session, command);
  if (!command.outcome.good()) return 2;
  command.Drop();

  command.kind = quire::CommandKind::kRead;
  command.references_only = true;
  Run(*session, command);
  if (!command.outcome.good()) return 3;
  if (command.referenced_bytes() != page.size()) return 4;
  const quire::Segment found = command.data_in().view().segments()[0];
  if (std::memcmp(found.data, page.data(), page.size()) != 0) return 5;
  command.Drop();
  return (*disk)->stats().references_lent == 0 ? 0 : 6;
}

}  // namespace

int main() {
  char path[] = "/tmp/quire-consumer-XXXXXX";
  const int fd = mkstemp(path);
  if (fd < 0 || ftruncate(fd, kDiskBytes) != 0) return 1;
  const int result = Serve(path);
  close(fd);
  unlink(path);
  std::printf("consumer: %d\n", result);
  return result;
}
