# SPDX-License-Identifier: Apache-2.0
"""Starts and stops the programs of a measurement and reads what the kernel says of them."""

import ctypes
import json
import os
import random
import select
import signal
import socket
import subprocess
import time
import urllib.request

STOP_TIMEOUT_S = 15
READY_TIMEOUT_S = 10
ITEMS = {"traces": "spans", "metrics": "data points", "logs": "log records"}
# Below the range from which the kernel takes ports for outgoing connections (32768 by default), so that no
# connection of the load takes a port between the look and the use.
PORT_RANGE = (15000, 32000)
# They would change how the peer collects garbage, how either exports its own telemetry, or where requests go.
UNWANTED_ENVIRONMENT = ("GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GODEBUG", "OTEL_", "HTTP_PROXY", "HTTPS_PROXY",
                        "ALL_PROXY", "AWS_", "ECS_", "SSL_CERT_")

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Failed(Exception):
    """A measurement whose numbers must not count; the text says why."""


def free_port():
    """A port of loopback that nobody listens at now."""
    for _ in range(200):
        port = random.randint(*PORT_RANGE)
        with socket.socket() as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                attempt.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Failed("no free port was found on 127.0.0.1")


def environment(more=None):
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(UNWANTED_ENVIRONMENT)}
    return kept | (more or {})


def _die_with_parent():
    """In the child: be killed when bench/run ends, whatever ended it."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _prepare(cgroup):
    _die_with_parent()
    if cgroup:
        cgroup.enter()


class Child:
    """A program in a process group of its own. As a context it is stopped at the end, also on an error or Ctrl-C."""

    def __init__(self, name, command, log, stdout=None, more=None, cgroup=None):
        self.name = name
        self.log = log
        self.exit_code = None
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=stdout or output, stderr=output, env=environment(more),
                preexec_fn=lambda: _prepare(cgroup), start_new_session=True)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if self.process.poll() is None:
            self._kill_group()

    def _kill_group(self):
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def check_alive(self):
        code = self.process.poll()
        if code is not None:
            raise Failed(f"{self.name} ended by itself with {said_exit(code)}: {self.last_lines()}")

    def stop(self):
        """SIGTERM, as a container runtime does. Anything but a prompt exit with 0 is a failure."""
        self.check_alive()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._kill_group()
            raise Failed(f"{self.name} did not stop within {STOP_TIMEOUT_S} s of SIGTERM") from None
        if code != 0:
            raise Failed(f"{self.name} ended with {said_exit(code)} after SIGTERM: {self.last_lines()}")

    def last_lines(self, count=3, width=300):
        try:
            with open(self.log, errors="replace") as log:
                lines = log.read()[-20000:].strip().splitlines()
        except OSError:
            return ""
        return " | ".join(line.strip()[:width] for line in lines[-count:])


def said_exit(code):
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def run_tool(name, command, timeout_s, more=None):
    """Runs a program of the benchmark to its end and returns what it printed; it is ended with bench/run."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, env=environment(more), preexec_fn=_die_with_parent, start_new_session=True)
    try:
        output, errors = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise Failed(f"{name} was not done within {timeout_s:.0f} s") from None
    finally:
        if process.poll() is None:
            # The tool may have started a collector: it gets the chance to stop it, then its whole group ends.
            process.terminate()
            try:
                process.wait(2)
            except subprocess.TimeoutExpired:
                pass
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
    if process.returncode != 0:
        raise Failed(f"{name}: {errors.strip()[-600:] or said_exit(process.returncode)}")
    return output


class Collector(Child):
    """A collector, the peer or Nacelle, with the config of a scenario."""

    def __init__(self, program, config, folder, name, cgroup=None):
        config_file = os.path.join(folder, f"{name}.yaml")
        with open(config_file, "w") as file:
            file.write(config.text)
        self.config = config
        super().__init__(name, [program, "--config", config_file], os.path.join(folder, f"{name}.log"),
                         more=config.environment, cgroup=cgroup)

    def wait_until_listening(self):
        deadline = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline:
            self.check_alive()
            try:
                for port in (self.config.grpc_port, self.config.http_port):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.01)
        raise Failed(f"{self.name} did not listen within {READY_TIMEOUT_S} s: {self.last_lines()}")

    def cpu_ns(self):
        """User and system time of the process, all its threads, in nanoseconds: the clock behind utime + stime of
        /proc/<pid>/stat, read without the rounding to 10 ms."""
        self.check_alive()
        return time.clock_gettime_ns((~self.pid << 3) | 2)

    def cpu_split_s(self):
        """User and system seconds from /proc/<pid>/stat, rounded to the kernel's 10 ms."""
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        ticks = os.sysconf("SC_CLK_TCK")
        return int(fields[11]) / ticks, int(fields[12]) / ticks

    def peak_bytes(self):
        """The largest resident size so far."""
        return self._kilobytes("status", "VmHWM:") * 1024

    def memory_bytes(self):
        """Resident size now, and its anonymous part."""
        return self._kilobytes("smaps_rollup", "Rss:") * 1024, self._kilobytes("smaps_rollup", "Anonymous:") * 1024

    def _kilobytes(self, file, key):
        self.check_alive()
        with open(f"/proc/{self.pid}/{file}") as lines:
            for line in lines:
                if line.startswith(key):
                    return int(line.split()[1])
        raise Failed(f"/proc/{self.pid}/{file} has no {key}")

    def accepted(self):
        """Items that the collector says it accepted, at its own metrics page; None where there is none."""
        if self.config.metrics_port is None:
            return None
        try:
            with _direct.open(f"http://127.0.0.1:{self.config.metrics_port}/metrics", timeout=5) as page:
                lines = page.read().decode().splitlines()
        except OSError:
            return None
        values = [float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("otelcol_receiver_accepted_spans")]
        return int(sum(values)) if values else None


class Sink(Child):
    """The backend that counts."""

    def __init__(self, program, folder, name, options=()):
        read_end, write_end = os.pipe()
        try:
            super().__init__(name, [program, *options], os.path.join(folder, f"{name}.log"), stdout=write_end)
        finally:
            os.close(write_end)
        with os.fdopen(read_end) as output:
            ready, _, _ = select.select([output], [], [], READY_TIMEOUT_S)
            line = output.readline() if ready else ""
        if not line:
            self._kill_group()
            raise Failed(f"the sink did not start: {self.last_lines()}")
        self.said = json.loads(line)
        self.address = self.said["address"]

    def counters(self):
        self.check_alive()
        with _direct.open(f"http://{self.address}/counters", timeout=60) as page:
            return json.load(page)

    def wait_for(self, items, signal="traces", fewer=0, timeout_s=20):
        """Waits until so many items came, or up to `fewer` less and no more of them in a moment; fails when more
        came, or too few in time."""
        deadline = time.monotonic() + timeout_s
        before = -1
        while True:
            counters = self.counters()
            came = counters["signals"][signal]["items"]
            if counters["bad_requests"]:
                raise Failed(f"the sink refused {counters['bad_requests']} requests: {counters['last_error']}")
            if came > items:
                raise Failed(f"{items} {ITEMS[signal]} were sent and {came} came out: duplicates")
            if came == items or (came >= items - fewer and came == before):
                return counters["signals"][signal]
            if time.monotonic() > deadline:
                raise Failed(f"{items} {ITEMS[signal]} were sent and {came} came out within {timeout_s} s")
            before = came
            time.sleep(0.05 if fewer == 0 else 0.5)


class AwsSink(Sink):
    """The services of AWS, which count."""

    def __init__(self, program, folder, name):
        self.authority = os.path.join(folder, f"{name}.pem")
        super().__init__(program, folder, name, ["-authority", self.authority])
        self.service = self.said["service"]
