# SPDX-License-Identifier: Apache-2.0
"""Fixtures and hooks of both suites. Each conftest.py imports all of it."""

import os
import re
from contextlib import ExitStack, contextmanager

import pytest

from e2e import program as programs
from e2e.collector import Collector
from e2e.sink import Sink

MARKERS = {
    "grpc": "OTLP/gRPC into the receiver",
    "http": "OTLP/HTTP into the receiver",
    "json": "OTLP/JSON, in or out",
    "export": "needs an OTLP exporter; without it the debug exporter is enough",
    "compression": "needs gzip, zstd or deflate",
    "tls": "needs TLS",
    "component(type)": "needs a component that the Go collector at hand may have been built without",
    "delivery": "needs queue, retry and the answers of a backend",
    "process": "command line, lifecycle, and what the program links and loads",
    "sdk": "runs OpenTelemetry SDKs of other languages",
    "go_differs(reason)": "the Go collector is known to differ; not run against it",
}
SANITIZER_REPORT = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error: ")

_alive = []  # collectors that a failing test should show


def pytest_configure(config):
    for name, text in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {text}")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        os.environ.pop(name, None)  # everything here is on loopback


def pytest_report_header(config):
    try:
        program = programs.under_test()
    except FileNotFoundError as error:
        return f"program under test: {error}"
    return f"program under test: {program.path}{' (the Go collector)' if program.is_go else ''}"


def pytest_runtest_setup(item):
    for mark in item.iter_markers("go_differs"):
        if programs.under_test().is_go:
            pytest.skip(f"Go collector: {mark.args[0]}")
    for mark in item.iter_markers("component"):
        program = programs.under_test()
        if program.is_go and mark.args[0] not in program.components:
            pytest.skip(f"Go collector: built without {mark.args[0]}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for collector in _alive:
            report.sections.append((f"{collector.program.path.name} (pid {collector.pid})", collector.tail()))


@pytest.fixture(scope="session")
def program():
    return programs.under_test()


@contextmanager
def _collectors(program, directory):
    """A function that starts collectors; at the end each must stop on SIGTERM with exit code 0."""
    with ExitStack() as stack:
        started = []

        def start(config=None, ready=True, program=program, **options):
            collector = Collector(program, directory, config, **options)
            _alive.append(collector)
            stack.callback(_alive.remove, collector)
            stack.callback(collector.kill)
            started.append(collector)
            return collector.wait_ready() if ready else collector

        yield start
        for collector in started:
            if collector.process.poll() is None:
                collector.stop()
            assert not SANITIZER_REPORT.search(collector.output()), "a sanitizer reported, see its output"


@pytest.fixture
def collectors(program, tmp_path):
    """Starts collectors for one test: collectors(tree) -> Collector that serves."""
    with _collectors(program, tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def module_collectors(program, tmp_path_factory):
    """The same for one module, for tests that share a collector."""
    with _collectors(program, tmp_path_factory.mktemp("collector")) as start:
        yield start


@pytest.fixture
def sink():
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def module_sink():
    with Sink() as running:
        yield running


@pytest.fixture(scope="session", autouse=True)
def nothing_outlives_the_suite():
    yield
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        children = file.read().split()
    assert not children, f"processes {children} outlive the suite"
