# SPDX-License-Identifier: Apache-2.0
"""A secret that stands wherever secrets stand is looked for in all that is said of configs with every kind of mistake:
those that happen to a parameter on its way, and random ones. Keys are shown: a secret stands in none."""

import base64
import json
import os
import random
import re
import subprocess
import urllib.parse

import pytest

CANARY = "Kx7Qz9Wv3Jp5Tm1Rb8Nd2Hc6"
WINDOW = 8  # as little of it as this is too much
SEED = int(os.environ.get("NACELLE_TEST_SEED", "1"))
ROUNDS = int(os.environ.get("NACELLE_CANARY_ROUNDS", "600"))

pytestmark = [pytest.mark.process, pytest.mark.go_differs("its errors quote what it could not read")]

TEXT = f"""\
# {CANARY} in a comment
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: localhost:0
        auth: {{authenticator: oidc}}
exporters:
  otlp_http:
    endpoint: https://user:{CANARY}@localhost:1/path
    proxy_url: http://proxy:{CANARY}@localhost:3128
    headers:
      authorization: Bearer {CANARY}
      "x-quoted": "{CANARY}"
      x-folded: >
        {CANARY}
      x-lines: |
        one
        {CANARY}
      x-plain: first
        {CANARY}
      x-anchor: &anchor {CANARY}
      x-alias: *anchor
      x-default: ${{env:NOT_SET:-{CANARY}}}
      x-reference: ${{env:SECRET}}
    tls:
      key_pem: "-----BEGIN PRIVATE KEY-----\\n{CANARY}\\n"
      key_file: /nowhere/key.pem
    compression: ${{env:SECRET}}
    timeout: ${{env:SECRET}}
    traces_endpoint: https://${{env:SECRET}}:99999
    api_key: {CANARY}
    unknown: {{deeper: [{CANARY}, "{CANARY}"], other: {CANARY}}}
  debug:
    verbosity: ${{env:SECRET}}
    sampling_initial: ${{env:SECRET}}
  vendor:
    token: {CANARY}
    list:
      - {CANARY}
      - key: {CANARY}
processors:
  batch: ${{env:SECRET}}
  memory_limiter:
    check_interval: 1s
    limit_mib: 100
service:
  telemetry:
    metrics:
      level: none
      readers: [{{periodic: {{exporter: {{otlp: {{protocol: grpc, endpoint: "localhost:1", headers: [{{name: a, value: {CANARY}}}]}}}}}}}}]
  pipelines:
    traces:
      receivers: [otlp]
      processors: [memory_limiter, batch]
      exporters: [otlp_http, debug, vendor]
"""

DAMAGES = {
    "as it is": TEXT,
    "no indentation": "\n".join(line.strip() for line in TEXT.splitlines()),
    "one line": " ".join(line.strip() for line in TEXT.splitlines() if "#" not in line),
    "no line breaks": TEXT.replace("\n", ""),
    "a JSON string": json.dumps(TEXT),
    "escaped": json.dumps(TEXT)[1:-1],
    "in a key": json.dumps({"config": TEXT}),
    "in quotes": f'"{TEXT}"',
    "in single quotes": f"'{TEXT}'",
    "behind a pipe": "|\n" + "".join(f"  {line}\n" for line in TEXT.splitlines()),
    "as an item": "- " + TEXT,
    "base64": base64.b64encode(TEXT.encode()).decode(),
    "percent-encoded": urllib.parse.quote(TEXT),
    "tabs": TEXT.replace("  ", "\t"),
    "spaces that are none": TEXT.replace("  ", "\u00a0\u00a0"),
    "a space that is none": TEXT.replace(": ", ":\u00a0"),
    "smart quotes": TEXT.replace('"', "\u201c"),
    "CR": TEXT.replace("\n", "\r"),
    "no spaces behind colons": TEXT.replace(": ", ":"),
    "equals": TEXT.replace(": ", " = "),
    "no colons": TEXT.replace(":", ""),
    "commas": TEXT.replace("\n", ",\n"),
    "dashes": "".join(f"- {line}\n" for line in TEXT.splitlines()),
    "line numbers": "".join(f"{number}  {line}\n" for number, line in enumerate(TEXT.splitlines(), 1)),
    "a shell's variable": "COLLECTOR_CONFIG=" + TEXT,
    "a shell's command": f"cat <<EOF\n{TEXT}EOF\n",
    "twice": TEXT + TEXT,
    "a second document": f"{TEXT}---\n{TEXT}",
    "the secret alone": CANARY,
    "the secret as a list": f"[{CANARY}, {CANARY}",
    "the secret in a quote that is open": f'a: "{CANARY}',
    "the secret behind a tab": f"a:\n\t{CANARY}",
    **{
        f"the secret behind {sign}": TEXT.replace(f"api_key: {CANARY}", f"authority: {sign}{CANARY}")
        for sign in (
            "*",
            "&",
            "!",
            "!!",
            "|",
            ">",
            "%",
            "@",
            "`",
            "-",
            "- ",
            "?",
            "? ",
            "{",
            "[",
            '"',
            "'",
            "#",
            ",",
            "]",
            "$",
            "${",
            "${env:",
        )
    },
    "bytes": TEXT[:400] + "\udcff" + TEXT[400:],
    "a control character": TEXT.replace("Bearer", "Bea\x07rer"),
}


def said_of(program, text, directory):
    """All that validate and a start say of a text that an environment variable and a file hold."""
    data = text.encode("utf-8", "surrogateescape")
    (directory / "config.yaml").write_bytes(data)
    env = {
        b"PATH": os.environb.get(b"PATH", b""),
        b"SECRET": CANARY.encode(),
        b"COLLECTOR_CONFIG": data.replace(b"\0", b""),
    }
    said = b""
    for arguments in (["validate", "--config", "env:COLLECTOR_CONFIG"], ["print-config", "--config", "config.yaml"]):
        done = subprocess.run(
            [str(program.path), *arguments], cwd=directory, env=env, capture_output=True, timeout=60, check=False
        )
        assert done.returncode in (0, 1), f"{arguments}: {done.returncode}\n{done.stderr.decode(errors='replace')}"
        said += done.stdout + done.stderr
    return said.decode(errors="replace")


def assert_kept(said, what):
    for at in range(len(CANARY) - WINDOW + 1):
        part = CANARY[at : at + WINDOW]
        assert part not in said, f"{what}: {part!r} is in:\n{said}"


@pytest.mark.parametrize("name", DAMAGES)
def test_no_damage_brings_a_secret_out(program, name, tmp_path):
    said = said_of(program, DAMAGES[name], tmp_path)
    assert "error: " in said
    assert_kept(said, name)


def mutate(text, numbers):
    """One to four changes as hands, editors and templates make them."""
    for _ in range(numbers.randint(1, 4)):
        lines = text.split("\n")
        row = numbers.randrange(len(lines))
        line = lines[row]
        column = numbers.randint(0, len(line))
        match numbers.randrange(9):
            case 0:
                del lines[row]
            case 1:
                lines.insert(row, line)
            case 2:
                lines[row] = " " * numbers.randint(0, 6) + line.lstrip()
            case 3:
                lines[row] = line[:column] + numbers.choice("\"':[]{}#&*!|>%@`\t-,?$~ \\") + line[column:]
            case 4:
                lines[row] = line[:column] + line[column + 1 :]
            case 5:
                other = numbers.randrange(len(lines))
                lines[row], lines[other] = lines[other], line
            case 6:
                lines[row : row + 2] = [" ".join(lines[row : row + 2])]
            case 7:
                lines[row] = line.replace(": ", numbers.choice([":", " ", ": : ", ": - ", " : "]), 1)
            case 8:
                if CANARY not in line:  # where it is torn in two, each half is text of its own
                    lines[row] = line[:column] + "\n" + line[column:]
        text = "\n".join(lines)
    return text


def test_no_random_mistake_brings_a_secret_out(program, tmp_path):
    for number in range(SEED, SEED + ROUNDS):
        text = mutate(TEXT, random.Random(number))
        if re.search(CANARY + r"['\"]?\s*:", text):
            continue  # it became a key
        assert_kept(said_of(program, text, tmp_path), f"NACELLE_TEST_SEED={number}")
