# SPDX-License-Identifier: Apache-2.0
"""Prometheus itself scrapes own metrics, its linter reads them, and a public dashboard finds what it asks for."""

import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.parse
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import yaml

from e2e import config, exposition
from e2e.program import ROOT
from e2e.samples import small
from e2e.senders import GrpcSender
from e2e.signals import TRACES

pytestmark = pytest.mark.go_differs("what it serves is recorded, see test_own_metrics.py")
PATH = os.pathsep.join([os.environ["PATH"], str(ROOT / "build" / "prometheus" / "usr" / "bin")])
PROMETHEUS, PROMTOOL = (shutil.which(name, path=PATH) for name in ("prometheus", "promtool"))
needs_prometheus = pytest.mark.skipif(
    not PROMETHEUS or not PROMTOOL, reason="NO PROMETHEUS: install Debian's prometheus, or let tests/integration/setup unpack it"
)
DATA = Path(__file__).parent / "data"
# Dashboard -> whether names may have suffixes: the first finds that out, the others know one kind.
DASHBOARDS = {"15983": (False, True), "18309": (False,), "demo": (True,)}
S = 60


@pytest.fixture(params=[False, True], ids=["names as they are", "names with suffixes"])
def running(request, program, collectors, sink):
    """(port, whether names have suffixes) of a collector that has sent, failed and refused."""
    more = {"without_type_suffix": False, "without_units": False} if request.param else {}
    collector = collectors(exposition.busy_tree(program, sink, 0, **more))
    exposition.keep_busy(collector, sink)
    yield exposition.port(collector), request.param
    collector.stop()


# ---- Prometheus


class Server:
    def __init__(self, port, process, log):
        self.port, self.process, self.log = port, process, log

    def ask(self, path, **query):
        """The data of an answer; None before it is there."""
        try:
            status, _, text = exposition.get(self.port, path + "?" + urllib.parse.urlencode(query))
        except OSError:
            assert self.process.poll() is None, self.log.read_text()
            return None
        if status == 503:
            return None
        assert status == 200, text
        return json.loads(text)["data"]

    def until(self, fetch, what):
        deadline = time.monotonic() + S
        while not (value := fetch()):
            assert time.monotonic() < deadline, f"not seen in {S} s: {what}\n{self.log.read_text()}"
            time.sleep(0.1)
        return value

    def count(self, expression):
        """How many series there are."""
        data = self.ask("/api/v1/query", query=f"count({expression})")
        return int(data["result"][0]["value"][1]) if data and data["result"] else 0


@contextmanager
def prometheus(directory, target):
    port = exposition.free_port()
    settings = directory / "prometheus.yml"
    settings.write_text(yaml.safe_dump({
        "global": {"scrape_interval": "2s", "scrape_timeout": "2s"},
        "scrape_configs": [{"job_name": "own", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}],
    }))
    log = directory / "prometheus.log"
    with open(log, "wb") as file:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", PROMETHEUS, f"--config.file={settings}", f"--storage.tsdb.path={directory / 'tsdb'}",
             f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"],
            stdout=file, stderr=subprocess.STDOUT, cwd=directory,
        )
        try:
            yield Server(port, process, log)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wanted(dashboard, has_suffixes):
    """{name or pattern: why there is none, or empty} of a dashboard's queries."""
    lines = (DATA / f"dashboard_{dashboard}_metrics.txt").read_text().splitlines()
    pairs = [line.partition(" - ")[::2] for line in lines if not line.startswith("#")]
    suffix = {name: f"_{name}" if has_suffixes else "" for name in ("total", "seconds", "bytes")}
    return {name.format(**suffix): why for name, why in pairs}


@needs_prometheus
def test_prometheus_scrapes_it_and_a_dashboard_finds_its_metrics(running, tmp_path):
    port, has_suffixes = running
    with prometheus(tmp_path, port) as server:
        target = server.until(
            lambda: [t for t in (server.ask("/api/v1/targets") or {}).get("activeTargets", ()) if t["health"] != "unknown"],
            "a scrape")[0]
        assert (target["health"], target["lastError"]) == ("up", "")
        server.until(lambda: server.count("otelcol_process_memory_rss" + ("_bytes" if has_suffixes else "")), "a series")
        for dashboard, kinds in DASHBOARDS.items():
            for name, why in wanted(dashboard, has_suffixes).items() if has_suffixes in kinds else ():
                series = f'{{__name__=~"{name}"}}'
                if why:
                    assert server.count(series) == 0, f"{dashboard}: {name} is there, though: {why}"
                else:
                    server.until(lambda: server.count(series), f"{dashboard}: {name}")
        scraped = server.ask("/api/v1/query", query="scrape_samples_scraped")["result"][0]["value"][1]
        assert int(scraped) > 100
        metadata = server.ask("/api/v1/targets/metadata", match_target='{job="own"}')
        assert all(entry["help"] for entry in metadata)
        assert {entry["type"] for entry in metadata} == {"counter", "gauge", "histogram"}
    assert "err=" not in server.log.read_text(), server.log.read_text()


@needs_prometheus
def test_the_linter_has_no_word_but_about_names_that_are_the_go_collectors(running):
    port, has_suffixes = running
    linted = subprocess.run([PROMTOOL, "check", "metrics"], input=exposition.get(port)[2], capture_output=True, text=True,
                            check=False, timeout=S)
    complaints = linted.stderr.splitlines() + linted.stdout.splitlines()
    if has_suffixes:
        assert (linted.returncode, complaints) == (0, [])
        return
    # Dashboards and alarms for the Go collector ask for names without the suffix, which its default is, too.
    assert complaints and all(re.fullmatch(r'\w+ counter metrics should have "_total" suffix', line) for line in complaints)


# ---- the address


def plain(program):
    result = config.tree(program, {"nop": {}})
    del result["service"]["telemetry"]
    return result


def about_the_address(collector):
    return collector.wait_line(lambda line: str(line.fields.get("event")).startswith("metrics."), "a word about the address")


def test_the_default_is_port_8888(program, collectors):
    collector = collectors(plain(program))
    line = about_the_address(collector)
    if line.fields["event"] == "metrics.not_served":
        pytest.skip("port 8888 is somebody else's")
    assert line.fields["endpoint"].endswith(":8888")
    status, headers, text = exposition.get(8888)
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "otelcol_process_uptime" in text
    assert "otelcol_processor_internal_duration" not in text  # detailed; the default is normal


def test_where_the_default_address_is_taken_the_work_goes_on(program, collectors):
    with ExitStack() as stack:
        with suppress(OSError):  # somebody else has it
            stack.enter_context(socket.create_server(("127.0.0.1", 8888)))
        collector = collectors(plain(program))
        line = about_the_address(collector)
        assert (line.fields["event"], line.level) == ("metrics.not_served", "warn")
        assert "8888" in line.fields["endpoint"]
        with GrpcSender(collector.port("grpc")) as sender:
            sender.send(TRACES, small(TRACES))
        collector.stop()


def test_an_address_that_the_config_names_must_be_had(program, collectors):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        tree = plain(program)
        tree["service"]["telemetry"] = {"metrics": {"readers": [exposition.reader(port)]}}
        collector = collectors(tree, ready=False)
        assert collector.wait_exit() == 1
        assert f"127.0.0.1:{port}" in collector.output()
        assert "another process or component listens there" in collector.output()


def test_at_level_none_nothing_is_served_and_nothing_is_loaded(program, collectors):
    collector = collectors(config.tree(program, {"nop": {}}))
    assert not [file for file in collector.mapped_files() if file.endswith("prometheus.so")]


@pytest.mark.parametrize("path,status", [("/", 404), ("/metrics/", 404), ("/metrics?x=1", 200)])
def test_paths(program, collectors, path, status):
    tree = plain(program)
    tree["service"]["telemetry"] = {"metrics": {"readers": [exposition.reader(0)]}}
    assert exposition.get(exposition.port(collectors(tree)), path)[0] == status
