#!/usr/bin/env python3
# Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
"""Goal: the style checker finds each kind of fault, and nothing else.

Method: run it over fixture/, where good files stand beside bad ones, and compare with expected.txt.
"""

import pathlib
import subprocess
import sys

here = pathlib.Path(__file__).parent
fixture = here / "fixture"
run = subprocess.run(
    [sys.executable, here / "check_style.py", fixture, fixture / "allow.txt"],
    capture_output=True, text=True, check=False)
expected = (here / "expected.txt").read_text()
if run.returncode != 1 or run.stdout != expected:
    print(f"expected exit 1 and:\n{expected}")
    print(f"got exit {run.returncode} and:\n{run.stdout}{run.stderr}")
    sys.exit(1)
