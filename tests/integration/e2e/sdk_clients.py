# SPDX-License-Identifier: Apache-2.0
"""Runs the applications in clients/: unmodified OpenTelemetry SDKs, built by tests/integration/setup."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e.program import VENV
from e2e.signals import LOGS, METRICS, SIGNALS, TRACES

CLIENTS = Path(__file__).resolve().parents[1] / "clients"
RUN_S = 60
NODE_MODULES = VENV / "clients" / "js" / "node_modules"


@dataclass(frozen=True)
class Client:
    """One SDK with one protocol. `port` is the collector's port that is meant for it."""

    name: str
    command: tuple
    port: str
    needs: Path  # what tests/integration/setup must have built
    signals: tuple = SIGNALS
    url: bool = True  # takes a URL, not host:port

    def run(self, via_port, sink):
        """Sends through the collector's port and directly to the sink; both must succeed."""
        skipped = self.needs.with_name(self.needs.name + ".skipped")
        if skipped.exists():
            pytest.skip(skipped.read_text().strip())
        if not self.needs.exists():
            raise FileNotFoundError(f"{self.needs} is not there: run tests/integration/setup")
        scheme = "http://" if self.url else ""
        direct = f"127.0.0.1:{sink.grpc_port if self.port == 'grpc' else sink.http_port}"
        prefix = "--" if self.url else "-"
        done = subprocess.run(
            [*self.command, f"{prefix}via", f"{scheme}127.0.0.1:{via_port}", f"{prefix}direct", f"{scheme}{direct}"],
            env={**os.environ, "NODE_PATH": str(NODE_MODULES)},
            capture_output=True,
            text=True,
            timeout=RUN_S,
            check=False,
        )
        assert done.returncode == 0, f"{self.name} failed with {done.returncode}:\n{done.stdout}\n{done.stderr}"


def _go(protocol, signals, compression="none"):
    program = VENV / "clients" / "otlp-client-go"
    name = f"go {protocol}" + ("" if compression == "none" else f" {compression}")
    command = (program, "-protocol", protocol, "-compression", compression)
    return Client(name, command, protocol, program, signals, url=False)


def _python(protocol):
    program = CLIENTS / "python" / "client.py"
    return Client(f"python {protocol}", (sys.executable, program, "--protocol", protocol), protocol, program)


def _js(protocol):
    program = CLIENTS / "js" / "client.js"
    return Client(f"js {protocol}", ("node", program, "--protocol", protocol), "http", NODE_MODULES)


CLIENTS_GRPC = (_go("grpc", SIGNALS), _go("grpc", SIGNALS, "gzip"), _python("grpc"))
CLIENTS_HTTP = (_go("http", (TRACES,)), _go("http", (TRACES,), "gzip"), _python("http"), _js("http/protobuf"))
CLIENTS_JSON = (_js("http/json"),)
# How many items each signal's recording in clients/ makes at least: guards against a client that sends nothing.
AT_LEAST = {TRACES.name: 6, METRICS.name: 6, LOGS.name: 9}
