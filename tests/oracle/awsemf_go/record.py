#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes events.json anew: what the Go exporter makes of the sequences. Needs Go, and the Python of
tests/integration/setup:

    build/venv/bin/python tests/oracle/awsemf_go/record.py
"""

import base64
import json
import os
import pathlib
import subprocess
import tempfile

import cases
import check

HERE = pathlib.Path(__file__).parent


def ask(program, questions):
    text = "".join(json.dumps(q) + "\n" for q in questions)
    done = subprocess.run([program], input=text, capture_output=True, text=True, timeout=300, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def write(name, answers):
    """The exporter goes through maps: events and what is in them come in any order. Streams of chance get a name of
    their own."""
    lines = []
    for answer in answers:
        for events in answer["events"]:
            for event in events:
                check.without_order(event["document"])
                if event["stream"].startswith("otel-stream-"):
                    event["stream"] = ""
            events.sort(key=lambda event: json.dumps(event, sort_keys=True))
        text = json.dumps(answer["events"], ensure_ascii=False, sort_keys=True)
        lines.append(json.dumps(answer["name"]) + ": " + text)
    (HERE / name).write_text("{\n" + ",\n".join(lines) + "\n}\n")


def main():
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "awsemf_go")
        subprocess.run(
            ["go", "build", "-p", "2", "-mod=readonly", "-buildvcs=false", "-o", program, "."], cwd=HERE, check=True
        )
        asked = [
            {"name": c.name, "config": c.config, "requests": [base64.b64encode(r).decode() for r in c.requests]}
            for c in cases.cases()
        ]
        assert len({q["name"] for q in asked}) == len(asked), "two cases have one name"
        write("events.json", ask(program, asked))


if __name__ == "__main__":
    main()
