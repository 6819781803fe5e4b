// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A gibibyte copied within one disk, on XFS and on btrfs: by one EXTENDED COPY, by READ and WRITE
// (what an initiator does without it, less the network), and by cp that may not share blocks. The
// page cache is empty before each, so that what is read shows at the device.

#include "sg/copy.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/big_endian.h"
#include "base/clock.h"
#include "bench/support/args.h"
#include "bench/support/die.h"
#include "bench/support/loop_mount.h"
#include "bench/support/page_cache.h"
#include "bench/support/pattern.h"
#include "bench/support/report.h"
#include "bench/support/spread.h"
#include "vdisk/device_server.h"

namespace quire::bench {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint32_t kBlockBytes = 512;
constexpr uint64_t kSegmentBytes = 16 * kMiB;
constexpr int kSkipped = 77;  // an exit code
constexpr double kLimitNs = 50e6;

// One disk: its first half is full of the pattern and is copied to the second.
class CopyBed {
 public:
  CopyBed(const LoopMount& mount, uint64_t length_bytes)
      : path_(mount.folder() + "/disk"), length_bytes_(length_bytes) {
    fd_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd_ < 0) DieErrno("cannot make " + path_);
    Fill();
    auto file = File::Open({.path = path_});
    if (!file.ok()) Die(file.status().ToString());
    device_ = *Device::Create(*std::move(file), kBlockBytes);
    server_ = *DeviceServer::Create(*device_, {});
    reactor_ = *Reactor::Create(workers_);
    nexus_ = server_->Connect(*reactor_, {*TransportId::IscsiPort("iqn.2026-01.bench", 1), 1},
                              {.relative_port = 1});
    typed_ = device_->Connect(*reactor_);
    const std::vector<uint8_t> ready(6);
    Execute(ready, {});  // is told of its power on
  }
  ~CopyBed() {
    typed_.reset();
    nexus_.reset();
    close(fd_);
  }

  const std::string& path() const { return path_; }
  // The second half is empty again, and nothing is in memory.
  void Prepare() const {
    const auto length = static_cast<off_t>(length_bytes_);
    if (fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, length, length) != 0) {
      DieErrno("fallocate");
    }
    if (fsync(fd_) != 0) DieErrno("fsync");
    device_->file().RetireAll();
    DropPages(fd_);
  }
  void Check() const {
    std::vector<std::byte> bytes(kMiB);
    const Segment piece{bytes.data(), bytes.size()};
    for (uint64_t at = 0; at < length_bytes_; at += kMiB) {
      const auto offset = static_cast<off_t>(length_bytes_ + at);
      if (pread(fd_, bytes.data(), kMiB, offset) != static_cast<ssize_t>(kMiB)) DieErrno("pread");
      if (!HasPattern(SgView({&piece, 1}), at, 0)) Die("the copy is not what was copied");
    }
  }

  // From block device to block device, of the unit itself (CSCD descriptor ID FFFFh).
  void ExtendedCopy() {
    constexpr uint32_t kBlocks = kSegmentBytes / kBlockBytes;
    std::vector<uint8_t> list(16);
    list[1] = 0x18;  // no list identifier
    for (uint64_t at = 0; at < length_bytes_; at += kSegmentBytes) {
      std::vector<uint8_t> segment(28);
      segment[0] = 0x02;
      segment[3] = 24;
      StoreBig<4>(&segment[4], 0xffffffff);
      StoreBig<2>(&segment[10], kBlocks);
      StoreBig<8>(&segment[12], at / kBlockBytes);
      StoreBig<8>(&segment[20], (length_bytes_ + at) / kBlockBytes);
      list.insert(list.end(), segment.begin(), segment.end());
    }
    StoreBig<4>(&list[8], list.size() - 16);
    std::vector<uint8_t> cdb(16);
    cdb[0] = 0x83;
    StoreBig<4>(&cdb[10], list.size());
    if (!Execute(cdb, list).good()) Die("EXTENDED COPY failed");
  }

  void ReadAndWrite() {
    for (uint64_t at = 0; at < length_bytes_; at += kMiB) {
      Waited read;
      read.blocks = {{at / kBlockBytes}, {kMiB / kBlockBytes}};
      Run(read);
      Waited write;
      write.kind = CommandKind::kWrite;
      write.blocks = {{(length_bytes_ + at) / kBlockBytes}, {kMiB / kBlockBytes}};
      write.data_out = read.data_in().view();
      Run(write);
      write.Drop();
      read.Drop();
    }
  }

 private:
  struct Waited : Command {
    bool answered = false;
  };
  struct WaitedScsi : ScsiCommand {
    bool answered_now = false;
  };

  void Fill() const {
    std::vector<std::byte> bytes(kMiB);
    for (uint64_t at = 0; at < length_bytes_; at += kMiB) {
      FillPattern(bytes, at, 0);
      if (pwrite(fd_, bytes.data(), kMiB, static_cast<off_t>(at)) != static_cast<ssize_t>(kMiB)) {
        DieErrno("cannot fill " + path_);
      }
    }
    if (ftruncate(fd_, static_cast<off_t>(2 * length_bytes_)) != 0) DieErrno("ftruncate");
  }
  void Run(Waited& command) {
    command.done = [](Command& done) { static_cast<Waited&>(done).answered = true; };
    device_->Execute(*typed_, command);
    while (!command.answered) reactor_->Wait(kNsPerSecond);
    if (!command.outcome.good()) Die("a command failed");
  }
  Outcome Execute(const std::vector<uint8_t>& cdb, std::vector<uint8_t> list) {
    WaitedScsi command;
    const Segment data{reinterpret_cast<std::byte*>(list.data()), list.size()};
    command.cdb = cdb;
    if (!list.empty()) command.data_out = SgView({&data, 1});
    command.done = [](ScsiCommand& done) { static_cast<WaitedScsi&>(done).answered_now = true; };
    server_->Execute(*nexus_, command);
    while (!command.answered_now) reactor_->Wait(kNsPerSecond);
    const Outcome outcome = command.outcome();
    command.Drop();
    return outcome;
  }

  const std::string path_;
  const uint64_t length_bytes_;
  int fd_ = -1;
  WorkerPool workers_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<DeviceServer> server_;
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<ScsiNexus> nexus_;
  std::unique_ptr<Nexus> typed_;
};

struct Way {
  std::string name;
  std::function<void()> run;
  bool to_the_disk = true;  // else to a file beside it
  std::vector<double> wall_ns = {}, read_bytes = {}, copied_bytes = {};

  double wall() const { return SpreadOf(wall_ns).median; }
  double read() const { return SpreadOf(read_bytes).median; }
  double copied() const { return SpreadOf(copied_bytes).median; }
};

double CopiedBytes() {
  const CopyCounts counts = ReadCopyCounts();
  return static_cast<double>(counts.user_bytes + counts.kernel_bytes);
}

void RunOnce(Way& way, const CopyBed& bed, const LoopMount& mount) {
  bed.Prepare();
  const double copied = CopiedBytes();
  const uint64_t read = mount.device_read_bytes();
  const uint64_t start_ns = Clock::System().NowNs();
  way.run();
  way.wall_ns.push_back(static_cast<double>(Clock::System().NowNs() - start_ns));
  way.read_bytes.push_back(static_cast<double>(mount.device_read_bytes() - read));
  way.copied_bytes.push_back(CopiedBytes() - copied);
  if (way.to_the_disk) bed.Check();
}

void Record(const std::string& type, const std::vector<Way>& ways, Report& report) {
  const Way& ours = ways[0];
  for (const Way& peer : {ways[1], ways[2]}) {
    report.Add({"copy/" + type, "time", "ns", ours.wall(), peer.wall(), peer.name});
  }
  report.Add({.name = "figure/copy-" + type,
              .metric = "time of 1 GiB",
              .unit = "ns",
              .ours = ours.wall(),
              .peer = kLimitNs,
              .peer_name = "50 ms",
              .limit = 1});
  // None of the data is read; what the file system reads about it may be a thousandth.
  report.Add({.name = "figure/copy-moved-" + type,
              .metric = "bytes read and copied",
              .unit = "bytes",
              .ours = ours.read() + ours.copied(),
              .peer = ways[1].read(),
              .peer_name = ways[1].name,
              .limit = 0.001});
}

// False: it was skipped.
bool Measure(const Args& args, const std::string& type, Report& report) {
  const uint64_t length_bytes = args.smoke ? 32 * kMiB : 1024 * kMiB;
  const LoopMount mount(args.dir, type, 4 * length_bytes + 512 * kMiB);
  if (!mount.mounted()) {
    std::printf("skipped: %s\n", mount.why().c_str());
    return false;
  }
  CopyBed bed(mount, length_bytes);
  const std::string cp =
      absl::StrCat("cp --reflink=never ", bed.path(), " ", mount.folder(), "/copy");
  std::vector<Way> ways;
  ways.push_back({"EXTENDED COPY", [&bed] { bed.ExtendedCopy(); }});
  ways.push_back({"READ and WRITE", [&bed] { bed.ReadAndWrite(); }});
  ways.push_back({.name = "cp --reflink=never",
                  .run =
                      [&cp] {
                        if (std::system(cp.c_str()) != 0) Die(cp);
                      },
                  .to_the_disk = false});
  for (int round = 0; round < (args.smoke ? 1 : 3); ++round) {
    for (Way& way : ways) RunOnce(way, bed, mount);
  }
  std::printf("\n%s copied within a disk on %s\n", SizeName(length_bytes).c_str(), type.c_str());
  std::printf("  %-20s %10s %14s %14s\n", "", "time", "device reads", "copied by us");
  for (const Way& way : ways) {
    std::printf("  %-20s %10s %14s %14s\n", way.name.c_str(), TimeName(way.wall()).c_str(),
                ByteName(way.read()).c_str(),
                way.to_the_disk ? ByteName(way.copied()).c_str() : "not counted");
  }
  Record(type, ways, report);
  return true;
}

int Main(int argc, char** argv) {
  const Args args = ParseArgs(argc, argv, "Measures EXTENDED COPY where blocks can be shared.");
  Report report(args.json);
  bool any = false;
  for (const char* type : {"xfs", "btrfs"}) any = Measure(args, type, report) || any;
  if (!any) return kSkipped;
  report.Finish();
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::Main(argc, argv); }
