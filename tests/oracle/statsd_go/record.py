#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes answers.json anew: what the Go receiver answers. Needs Go:

    python3 tests/oracle/statsd_go/record.py
"""

import json
import pathlib
import subprocess
import tempfile

import cases

HERE = pathlib.Path(__file__).parent


def main():
    asked = list(cases.cases())
    assert len({c["name"] for c in asked}) == len(asked), "two cases have one name"
    with tempfile.TemporaryDirectory() as folder:
        program = folder + "/statsd_go"
        subprocess.run(["go", "build", "-p", "2", "-mod=readonly", "-buildvcs=false", "-o", program, "."], cwd=HERE,
                       check=True)
        text = "".join(json.dumps(c) + "\n" for c in asked)
        done = subprocess.run([program], input=text, capture_output=True, text=True, timeout=300, check=True)
    lines = [f"{json.dumps(c['name'])}: {json.dumps(json.loads(line), ensure_ascii=False, sort_keys=True)}"
             for c, line in zip(asked, done.stdout.split("\n")[:-1], strict=True)]
    (HERE / "answers.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
