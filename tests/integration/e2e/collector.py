# SPDX-License-Identifier: Apache-2.0
"""Runs the program under test: writes its config, waits until it serves, learns its ports from its log, stops it."""

import json
import os
import re
import signal as signals
import socket
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import yaml

from e2e.signals import SIGNALS

READY = "Everything is ready. Begin running and processing data."
SERVING = {"Starting GRPC server": "grpc", "Starting HTTP server": "http"}
DEBUG_COUNTS = {signal.debug_title: signal.debug_count for signal in SIGNALS}
GO_SIGNALS_S = 0.02  # the Go collector takes over signals a little after it says that it is ready
START_S = 20
STOP_S = 15
TAIL_LINES = 120


class CollectorError(AssertionError):
    """The program did not do what it owes; the message ends with what it said."""


@dataclass
class LogLine:
    """A line of its console log."""

    text: str
    level: str = ""
    message: str = ""
    fields: dict = field(default_factory=dict)


def parse_line(text):
    """Time, level, caller (the debug exporter's lines have none), message and fields stand between tabs."""
    parts = text.split("\t")
    if len(parts) < 3:
        return LogLine(text)
    fields = {}
    if parts[-1].startswith("{"):
        try:
            fields = json.loads(parts.pop())
        except ValueError:
            return LogLine(text)
    return LogLine(text, parts[1], parts[-1], fields)


class Collector:
    """One process. `config` is a tree (written as YAML to `directory`), or None where `arguments` say it all."""

    def __init__(self, program, directory, config=None, arguments=None, env=None):
        self.program = program
        self.config_file = directory / f"config-{time.monotonic_ns()}.yaml"
        if config is not None:
            self.config_file.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
            arguments = ["--config", str(self.config_file), *(arguments or [])]
        self.arguments = arguments or []
        self.ports = {}
        self.lines = []
        self._shown = Counter()  # items in the debug exporter's summaries, by their title
        self._changed = threading.Condition(threading.RLock())
        # setpriv execs the program: its pid stays, and it dies with the tests whatever happens to them.
        command = ["setpriv", "--pdeathsig", "KILL", str(program.path), *self.arguments]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
            cwd=directory,
        )
        self._readers = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (self.process.stdout, self.process.stderr)
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream):
        for raw in stream:
            line = parse_line(raw.decode("utf-8", "replace").rstrip("\n"))
            with self._changed:
                self.lines.append(line)
                if count := line.fields.get(DEBUG_COUNTS.get(line.message)):
                    self._shown[line.message] += int(count)
                if protocol := SERVING.get(line.message):
                    component = line.fields.get("otelcol.component.id", "otlp")
                    port = str(line.fields.get("endpoint", ":0")).rpartition(":")[2]
                    if port.isdigit():  # a unix socket has none
                        self.ports[component, protocol] = int(port)
                self._changed.notify_all()
        stream.close()
        with self._changed:
            self._changed.notify_all()

    @property
    def pid(self):
        return self.process.pid

    def output(self):
        """Everything that it printed, both streams."""
        with self._changed:
            return "\n".join(line.text for line in self.lines)

    def wait_output(self):
        """Waits for its first line or its end; returns everything that it printed until then."""
        with self._changed:
            self._changed.wait_for(
                lambda: self.lines or not any(map(threading.Thread.is_alive, self._readers)), START_S
            )
        return self.output()

    def tail(self):
        return "\n".join(self.output().splitlines()[-TAIL_LINES:])

    def fail(self, text):
        raise CollectorError(f"{text}\n--- {self.program.path.name} said:\n{self.tail()}")

    def wait_line(self, matches, what, timeout_s=START_S):
        """Waits for a log line and returns it. `matches` is a regular expression of its text, or a function of it."""
        if isinstance(matches, str):
            pattern = re.compile(matches)
            matches = lambda line: pattern.search(line.text)
        deadline = time.monotonic() + timeout_s
        seen = 0
        with self._changed:
            while True:
                for line in self.lines[seen:]:
                    if matches(line):
                        return line
                seen = len(self.lines)
                left = deadline - time.monotonic()
                over = not any(reader.is_alive() for reader in self._readers)
                if left <= 0 or over:
                    break
                self._changed.wait(min(left, 0.2))
        return self.fail(f"it ended without {what}" if over else f"{what}: not seen in {timeout_s} s")

    def wait_ready(self):
        """Waits until it serves. The log line is what test harnesses and scripts of others wait for, too."""
        self.wait_line(lambda line: line.message == READY, f"'{READY}'")
        if self.program.is_go:
            time.sleep(GO_SIGNALS_S)
        return self

    def port(self, protocol, component="otlp"):
        """The port that a receiver bound for `grpc` or `http`, as it logged it."""
        port = self.ports.get((component, protocol), 0)
        if port == 0:
            self.fail(f"no log line says which port {component} serves {protocol} on")
        return port

    def wait_exit(self, timeout_s=STOP_S):
        """Waits for its end; returns the exit code."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            self.fail(f"still running after {timeout_s} s")
        for reader in self._readers:
            reader.join(timeout_s)
        return code

    def signal(self, number=signals.SIGTERM):
        self.process.send_signal(number)

    def stop(self, expect=0):
        """SIGTERM, and waits until it drained; the exit code must be `expect` and its ports must be free."""
        if self.process.poll() is None:
            self.signal()
        code = self.wait_exit()
        if code != expect:
            self.fail(f"exit code {code}, expected {expect}")
        for (component, protocol), port in self.ports.items():
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    self.fail(f"port {port} ({component} {protocol}) still accepts connections after its end")
        return code

    def kill(self):
        """For teardown: no process outlives its test."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def debug_items(self, signal):
        """Items that the debug exporter has shown, by its summary lines."""
        with self._changed:
            return self._shown[signal.debug_title]

    def wait_debug_items(self, signal, count, timeout_s=STOP_S):
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while self.debug_items(signal) < count and self.process.poll() is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(min(left, 0.2))
        if self.debug_items(signal) < count:
            self.fail(f"debug shows {self.debug_items(signal)} {signal.debug_count}, expected {count}")

    def peak_memory(self):
        """The largest resident size so far, in bytes."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) << 10
        return self.fail("no VmHWM in its status")

    def mapped_files(self):
        """Paths of all files in its address space."""
        with open(f"/proc/{self.pid}/maps", encoding="utf-8") as maps:
            return {parts[5].strip() for line in maps if len(parts := line.split(None, 5)) == 6}
