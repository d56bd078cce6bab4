#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes exporter.json and receiver.json anew: what the Go components answer. Needs Go, and the Python of
tests/integration/setup:

    build/venv/bin/python tests/oracle/awsxray_go/record.py
"""

import base64
import json
import os
import pathlib
import subprocess
import tempfile

import cases
import check
import datagrams

HERE = pathlib.Path(__file__).parent


def ask(program, questions):
    text = "".join(json.dumps(q) + "\n" for q in questions)
    done = subprocess.run([program], input=text, capture_output=True, text=True, timeout=300, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def write(name, answers):
    lines = [json.dumps(a["name"]) + ": " + json.dumps(a["answer"], ensure_ascii=False, sort_keys=True) for a in answers]
    (HERE / name).write_text("{\n" + ",\n".join(lines) + "\n}\n")


def main():
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "awsxray_go")
        subprocess.run(["go", "build", "-p", "2", "-mod=readonly", "-buildvcs=false", "-o", program, "."], cwd=HERE,
                       check=True)
        asked = [{"name": c.name, "config": c.config, "request": base64.b64encode(c.request).decode()}
                 for c in cases.cases()]
        assert len({q["name"] for q in asked}) == len(asked), "two cases have one name"
        write("exporter.json", [{"name": a["name"], "answer": check.without_chance(a.get("documents", []))} for a in ask(program, asked)])
        asked = [{"name": name, "datagram": text} for name, text in datagrams.datagrams().items()]
        write("receiver.json", [{"name": a["name"], "answer": a.get("traces")} for a in ask(program, asked)])


if __name__ == "__main__":
    main()
