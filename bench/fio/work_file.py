# Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
"""The file that all runs of the matrix share, and how much of it is in memory."""

import ctypes
import mmap
import os
import subprocess
import sys

PIECE = 1 << 20


class WorkFile:
    def __init__(self, path, size):
        self.path, self.size = path, size
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def fill(self):
        data = os.urandom(PIECE)
        for offset in range(0, self.size, PIECE):
            os.pwrite(self.fd, data, offset)

    def close(self):
        os.close(self.fd)

    def bring_to(self, state):
        """Clean, and in memory as a whole, or not at all if `dropped`."""
        if state == "dropped":
            self.drop()
            touch_free_memory(self.size * 3 // 2)
        else:
            self.clean()
            if self.resident() < 1:  # the kernel may have taken cold pieces away
                self.load()
        resident = self.resident()
        if resident > 0 if state == "dropped" else resident < 0.99:
            sys.exit(f"{resident:.1%} of {self.path} are in memory, which is not {state}")

    def clean(self):
        """Writes back; no flush of the device, which would cost time and change nothing here."""
        whole_file, write_and_wait = (ctypes.c_int64(0), ctypes.c_int64(0)), 7
        if ctypes.CDLL(None).sync_file_range(self.fd, *whole_file, write_and_wait) != 0:
            sys.exit(f"{self.path} cannot be written back")

    def drop(self):
        self.clean()
        os.posix_fadvise(self.fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def load(self):
        """By long reads in order, so that the folios are large."""
        self.drop()
        os.posix_fadvise(self.fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        buffer = bytearray(PIECE)
        for offset in range(0, self.size, PIECE):
            os.preadv(self.fd, [buffer], offset)
        os.posix_fadvise(self.fd, 0, 0, os.POSIX_FADV_NORMAL)

    def resident(self):
        """The part of the file that is in memory: 0 to 1."""
        command = ["fincore", "--noheadings", "--bytes", "--output", "RES", self.path]
        return int(subprocess.run(command, check=True, capture_output=True).stdout) / self.size


def touch_free_memory(size):
    """The host of a virtual machine may have taken memory that is free; to have it back costs CPU
    of whoever uses it next. That is not to be the run."""
    with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(mmap.MADV_HUGEPAGE)
        for offset in range(0, size, mmap.PAGESIZE):
            memory[offset] = 1
