#!/usr/bin/env python3
# Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
"""Checks the rules of style that neither the compiler nor clang-format knows.

usage: check_style.py <root> [<allow file>]

Prints "<path>:<line>: <rule>: <what>" per fault. The allow file has lines "<rule> <path>"; an entry
that allows nothing is itself a fault, so that the list can only shrink.
"""

import os
import re
import sys

LICENCE = "Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause"
LIBRARIES = ["base", "sg", "engine", "pagecache", "vdisk", "target", "host", "frontends", "app"]
SKIPPED_FOLDERS = {".git", "build", "fixture", "__pycache__"}
CODE = (".h", ".cc", ".c")
SCRIPTS = (".py", ".sh", ".cmake")
MAX_COLUMNS = 100
PAYLOAD_COPY = re.compile(r"\b(?:std::)?(?:memcpy|memmove)\s*\(")
PAYLOAD_HOME = "sg/copy.cc"
PRIVATE_PATHS = re.compile("|".join([r"\.\./" + "shared", "/work" + "/", r"/home/\w"]))
UNFINISHED = re.compile(r"\b(?:TO" + "DO|FIX" + "ME|X" + r"XX)\b")


def files_below(root):
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(set(subfolders) - SKIPPED_FOLDERS)
        for name in sorted(names):
            yield os.path.relpath(os.path.join(folder, name), root)


def is_script(path, lines):
    return path.endswith(SCRIPTS) or (bool(lines) and lines[0].startswith("#!"))


def check_lines(path, lines, is_source):
    for number, line in enumerate(lines, 1):
        if PRIVATE_PATHS.search(line):
            yield number, "private-path", "names a path outside of the tree"
        if not is_source:
            continue
        if len(line) > MAX_COLUMNS:
            yield number, "columns", f"{len(line)} columns, at most {MAX_COLUMNS}"
        if "\t" in line:
            yield number, "tab", "tab character"
        if line != line.rstrip():
            yield number, "blank", "blanks at the end of the line"
        if UNFINISHED.search(line):
            yield number, "unfinished", "finish it, or say in prose what is missing"


def check_head(path, lines):
    if not lines or lines[0] != "// " + LICENCE:
        yield 1, "licence", f"first line must be: // {LICENCE}"
    if not path.endswith(".h"):
        return
    code = [line for line in lines[1:] if line.strip() and line.strip() != "#pragma once"]
    if not code or not code[0].startswith("//"):
        yield 2, "purpose", "a header opens with a sentence of purpose"
    if path.endswith(".h") and "#pragma once" not in lines:
        yield 1, "pragma-once", "a header has #pragma once"


def check_copies(path, lines):
    for number, line in enumerate(lines, 1):
        code = line.split("//")[0]
        if path != PAYLOAD_HOME and PAYLOAD_COPY.search(code):
            yield number, "memcpy", f"payload is copied in {PAYLOAD_HOME} only"


def check_mirror(root, path):
    stem = "tests/" + os.path.splitext(path)[0]
    folder, name = os.path.split(stem)
    mirrors = [f"{stem}{kind}_test.cc" for kind in ("", "_threads", "_slow")]
    mirrors.append(f"{folder}/threads/{name}_test.cc")
    if not any(os.path.exists(os.path.join(root, mirror)) for mirror in mirrors):
        yield 1, "mirror", f"no {mirrors[0]}"


def check_file(root, path):
    try:
        with open(os.path.join(root, path), encoding="utf-8") as file:
            lines = file.read().splitlines()
    except UnicodeDecodeError:
        return  # a picture
    is_code = path.endswith(CODE)
    yield from check_lines(path, lines, is_code or is_script(path, lines))
    if not is_code:
        return
    yield from check_head(path, lines)
    if path.split("/")[0] in LIBRARIES:
        yield from check_copies(path, lines)
        if path.endswith(".cc"):
            yield from check_mirror(root, path)


def read_allowed(path):
    with open(path, encoding="utf-8") as file:
        lines = [line.split("#")[0].split() for line in file]
    return {tuple(words): False for words in lines if words}


def main(root, allow_file=None):
    allowed = read_allowed(allow_file) if allow_file else {}
    faults = 0
    for path in files_below(root):
        for number, rule, what in check_file(root, path):
            if (rule, path) in allowed:
                allowed[(rule, path)] = True
                continue
            print(f"{path}:{number}: {rule}: {what}")
            faults += 1
    for entry, used in allowed.items():
        if not used:
            print(f"{' '.join(entry)}: allowed, but no longer needed")
            faults += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
