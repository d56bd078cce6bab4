# SPDX-License-Identifier: Apache-2.0
"""What a row of the table of configs is, and how a program is asked about it."""

import json
import os
import subprocess
from dataclasses import dataclass, field
from textwrap import dedent, indent

BASE = """\
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: localhost:0
exporters:
  debug:
service:
  telemetry:
    metrics:
      level: none
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [debug]
"""


@dataclass
class Row:
    """A config as one or several texts, each of which is a file. `values` are what must come of it, by key paths with
    "::"; None = it is refused. `says` are parts of what `nacelle validate` says: all that is wrong, or the warnings."""

    name: str
    texts: list
    values: dict | None
    says: list = field(default_factory=list)
    env: dict = field(default_factory=dict)
    arguments: list = field(default_factory=list)  # behind the configs
    files: dict = field(default_factory=dict)
    differs: str = ""  # the difference to the Go collector, as DIFFERENCES.md names it
    go_without: str = ""  # a component that the Go collector at hand was built without: it is not asked


def good(name, texts, values, **options):
    texts = texts if isinstance(texts, list) else [texts]
    return Row(name, texts, values, **options)


def bad(name, texts, *says, **options):
    texts = texts if isinstance(texts, list) else [texts]
    return Row(name, texts, None, list(says), **options)


# ---- Configs around a part


def _place(text, below, margin):
    """BASE with `text` behind the line `below`, indented."""
    lines = []
    for line in BASE.splitlines():
        lines.append(line)
        if line == below:
            lines.append(indent(dedent(text).strip("\n"), " " * margin))
    return "\n".join(lines) + "\n"


def in_batch(text):
    placed = indent(dedent(text).strip("\n"), " " * 4)
    whole = BASE.replace("exporters:\n  debug:", f"processors:\n  batch:\n{placed}\nexporters:\n  debug:")
    return whole.replace("      exporters: [debug]", "      processors: [batch]\n      exporters: [debug]")


def in_limiter(text):
    return in_batch(text).replace("batch", "memory_limiter")


def in_debug(text):
    return _place(text, "  debug:", 4)


def in_grpc(text):
    return _place(text, "        endpoint: localhost:0", 8)


def in_protocols(text):
    """Instead of `grpc`."""
    placed = indent(dedent(text).strip("\n"), " " * 6)
    return BASE.replace("      grpc:\n        endpoint: localhost:0", placed)


def in_http_exporter(text):
    placed = indent(dedent(text).strip("\n"), " " * 4)
    return BASE.replace("  debug:\n", f"  otlp_http:\n    endpoint: http://localhost:1\n{placed}\n").replace(
        "[debug]", "[otlp_http]"
    )


def in_grpc_exporter(text):
    return in_http_exporter(text).replace("otlp_http", "otlp_grpc").replace("http://localhost:1", "localhost:1")


def in_telemetry(text):
    return BASE.replace("    metrics:\n      level: none", indent(dedent(text).strip("\n"), " " * 4))


def pipelines(text, above=""):
    """Instead of the pipelines; `above` is put at the top level."""
    head, _, _ = BASE.partition("  pipelines:\n")
    return dedent(above) + head + "  pipelines:\n" + indent(dedent(text).strip("\n"), " " * 4) + "\n"


# ---- Asking


def run(command, row, directory):
    """Exit code, standard output and standard error of a command over a row's configs, in `directory`."""
    arguments = []
    for number, text in enumerate(row.texts, 1):
        name = f"{number}.yaml" if len(row.texts) > 1 else "config.yaml"
        (directory / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        arguments += ["--config", name]
    for name, text in row.files.items():
        (directory / name).write_text(text)
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "NACELLE_PLUGIN_DIR")}
    done = subprocess.run(
        [*command, *arguments, *row.arguments],
        cwd=directory,
        env={**kept, **row.env},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def at(tree, path):
    for key in path.split("::"):
        if not isinstance(tree, dict) or key not in tree:
            return None
        tree = tree[key]
    return tree


def effective(program, row, directory):
    """The values of a row's paths by print-config, or None and what was said."""
    command = [str(program), "print-config", "--mode", "unredacted", "--format", "json"]
    code, out, err = run(command, row, directory)
    if code != 0:
        return None, err
    tree = json.loads(out)
    return {path: at(tree, path) for path in row.values or {}}, err
