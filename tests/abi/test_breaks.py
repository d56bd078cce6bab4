#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Five deliberate breaks of the ABI, each on a copy of the headers: the lock or the witness must catch every one."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

BREAKS = [
    ("a member inserted in the middle of a struct", "pdata.h",
     "  uint32_t len;", "  uint32_t len;\n  uint32_t crc;"),
    ("two slots in another order", "host.h",
     "  void (*timer_close)(ncl_timer *timer);", "  void (*timer_set2)(ncl_timer *timer);\n  void (*timer_close)(ncl_timer *timer);"),
    ("another signature of a slot", "host.h",
     "int64_t (*now_ns)(ncl_component *me);", "int64_t (*now_ns)(ncl_component *me, uint32_t clock);"),
    ("another value of a constant", "abi.h", "#define NCL_RETRYABLE 4u", "#define NCL_RETRYABLE 8u"),
    ("a slot taken away", "plugin.h", "  void (*cancel)(void *self, ncl_token token);", ""),
]


def caught(include_dir):
    lock = subprocess.run(["cc", "-std=gnu17", "-fsyntax-only", "-I", include_dir, HERE / "layout_lock.c"], capture_output=True)
    witness = subprocess.run([HERE / "check-witness", include_dir], capture_output=True)
    return [name for name, result in (("lock", lock), ("witness", witness)) if result.returncode != 0]


def main():
    source = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as tmp:
        clean = pathlib.Path(tmp) / "clean"
        shutil.copytree(source, clean)
        if caught(clean):
            sys.exit(f"the headers as they are do not pass: {caught(clean)}")
        missed = 0
        for number, (what, header, old, new) in enumerate(BREAKS):
            copy = pathlib.Path(tmp) / str(number)
            shutil.copytree(source, copy)
            path = copy / "nacelle" / header
            text = path.read_text()
            if old not in text:
                sys.exit(f"{header} no longer has the line that this break changes: {old}")
            path.write_text(text.replace(old, new, 1))
            by = caught(copy)
            print(f"{what}: {'caught by ' + ' and '.join(by) if by else 'MISSED'}")
            missed += not by
        sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
