# Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
"""File systems made anew on loop devices, in folders that go away again with all of it."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time

MKFS = {"ext4": ["-b", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0"], "xfs": []}
SMALLEST_IMAGE_BYTES = 512 << 20  # xfs wants 300 MiB
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def places(parent, kinds, file_bytes):
    """Name and folder of a new file system of each kind, with room for a file of that size. Where
    none can be made, those of the one that the parent folder is on. Close it: that unmounts and
    removes what is still there."""
    made = 0
    for kind in kinds:
        with scratch(parent) as (folder, point):
            try:
                make(kind, folder, point, max(2 * file_bytes, SMALLEST_IMAGE_BYTES))
            except (OSError, subprocess.CalledProcessError) as error:
                print(f"{kind} is left out: {error}", flush=True)
                continue
            made += 1
            yield kind, point
    if made == 0:
        with scratch(parent) as (folder, _):
            command = ["stat", "--file-system", "--format", "%T", folder]
            kind = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            yield kind.strip(), folder


@contextlib.contextmanager
def scratch(parent):
    """A new folder and a path in it to mount on. No signal interrupts its removal."""
    folder = tempfile.mkdtemp(prefix="quire-matrix-", dir=parent)
    point = os.path.join(folder, "mount")
    try:
        yield folder, point
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        for attempt in range(50):
            if not os.path.ismount(point):
                break
            subprocess.run(["umount", *(["--lazy"] if attempt == 49 else []), point], check=False)
            time.sleep(0.1)
        shutil.rmtree(folder, ignore_errors=True)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


def make(kind, folder, point, image_bytes):
    """Mounts by a loop device that umount detaches."""
    if os.geteuid() != 0:
        raise OSError("not root")
    if shutil.disk_usage(folder).free < image_bytes:
        raise OSError(f"less than {image_bytes >> 20} MiB are free")
    image = os.path.join(folder, "image")
    with open(image, "xb") as file:
        file.truncate(image_bytes)
    os.mkdir(point)
    subprocess.run(["mkfs." + kind, "-q", *MKFS[kind], image], check=True)
    subprocess.run(["mount", "-o", "loop", image, point], check=True)
