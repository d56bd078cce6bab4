# SPDX-License-Identifier: Apache-2.0
"""Tests of the benchmark itself: python3 -m unittest discover -s bench/tests
Those that start bench/run need go and h2load, and are skipped where these are missing."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
sys.path.insert(0, BENCH)

from harness import aws, build, config, load, measure, report, scenarios  # noqa: E402
from harness.process import Failed  # noqa: E402

H2LOAD_REPORT = """\
finished in 1.92s, 1042.77 req/s, 72.58KB/s
requests: 2000 total, 2000 started, 2000 done, 1990 succeeded, 10 failed, 0 errored, 0 timeout
status codes: 1990 2xx, 0 3xx, 4 4xx, 6 5xx
traffic: 139.20KB (142542) total, 3.95KB (4048) headers (space savings 94.67%), 13.67KB (14000) data
"""


class AwsConfig(unittest.TestCase):
    class Sink:
        service, address, authority = "127.0.0.1:1", "127.0.0.1:2", "/ca.pem"

    def test_of_the_guide_has_its_pipelines_and_the_task_s_environment(self):
        made = aws.make("aws-guide", self.Sink)
        for name in ("awsxray", "awsemf", "awscloudwatchlogs", "resourcedetection"):
            self.assertIn(f"[{name}", made.text)
        self.assertIn("endpoint: https://127.0.0.1:1", made.text)
        self.assertEqual(made.environment["AWS_CA_BUNDLE"], "/ca.pem")

    def test_of_one_exporter_has_no_other_pipeline(self):
        text = aws.make("aws-emf", self.Sink).text
        self.assertIn("    metrics:\n      receivers", text)
        self.assertNotIn("    traces:\n", text)


class H2loadReport(unittest.TestCase):
    def test_is_read(self):
        said = load.parse(H2LOAD_REPORT)
        self.assertEqual((said["succeeded"], said["ok"]), (1990, 1990))
        self.assertEqual((said["data"], said["per_second"]), (14000, 1042.77))

    def test_that_is_not_understood_is_a_failure(self):
        with self.assertRaises(Failed):
            load.parse("finished in a hurry\n")


class Sending(unittest.TestCase):
    """With a program in the place of h2load that prints a report about ten requests."""

    def send(self, report, answer_bytes):
        with tempfile.TemporaryDirectory() as folder:
            h2load = os.path.join(folder, "h2load")
            with open(h2load, "w") as file:
                file.write(f"#!/bin/sh\ncat <<'END'\n{report}END\n")
            os.chmod(h2load, 0o755)
            tools = build.Tools(None, "", None, None, "", h2load, {}, {}, {})
            return load.send(tools, 1, build.Body("x", "grpc", 100, 256, 90, 0), 10, answer_bytes)

    def report(self, ok, data):
        return (f"finished in 1s, 10.00 req/s, 1KB/s\nrequests: 10 total, 10 started, 10 done, {ok} succeeded, "
                f"{10 - ok} failed, 0 errored, 0 timeout\nstatus codes: {ok} 2xx, 0 3xx, 0 4xx, {10 - ok} 5xx\n"
                f"traffic: 1KB (1000) total, 1KB (900) headers (space savings 90%), {data}B ({data}) data\n")

    def test_takes_answers_that_are_all_accepted(self):
        self.assertEqual(self.send(self.report(10, 70), 7).requests, 10)

    def test_fails_when_a_status_is_not_2xx(self):
        with self.assertRaisesRegex(Failed, "of 10 requests h2load saw 9 with status 2xx"):
            self.send(self.report(9, 70), 7)

    def test_fails_when_a_grpc_call_was_refused_behind_a_200(self):
        with self.assertRaisesRegex(Failed, "some were refused"):
            self.send(self.report(10, 63), 7)


class Numbers(unittest.TestCase):
    def test_have_three_digits(self):
        shown = [report.number(value) for value in (0.30349, 5.114, 42.05, 197.6, 1234.5, 0.0123456, 0)]
        self.assertEqual(shown, ["0.303", "5.11", "42.0", "198", "1234", "0.0123", "0"])

    def test_percentile_is_a_value_that_was_measured(self):
        values = list(range(1, 101))
        self.assertEqual([measure.percentile(values, share) for share in (50, 99, 100)], [50, 99, 100])
        self.assertEqual(measure.percentile([7], 99), 7)

    def test_ratio_is_that_of_the_medians(self):
        self.assertEqual(report.ratio_of_medians([4, 6, 5], [0.5, 0.4, 0.6]), 10)
        self.assertEqual(report.ratio_of_rounds([4, 6], [0.5, 0.4]), [8, 6 / 0.4])
        self.assertIsNone(report.ratio_of_medians(None, [1]))

    def test_spans_of_the_debug_exporter_are_added(self):
        lines = ['x info Traces {"resource spans": 1, "spans": 256}\n', "other\n", 'Traces {"spans": 4}\n']
        self.assertEqual(measure.printed_spans(lines), 260)
        self.assertIsNone(measure.printed_spans(["other\n"]))


class Table(unittest.TestCase):
    def outcome(self, values, failure=None):
        made = report.Outcome()
        made.results = [measure.Result({"cpu": value}, {"checks": ["answers", "sink"]}) for value in values]
        made.failure = failure
        return made

    def table(self, peer, nacelle):
        scenario = next(one for one in scenarios.SCENARIOS if one.name == "forward/grpc/1")
        outcomes = {(scenario.name, report.PEER): peer, (scenario.name, report.NACELLE): nacelle}
        return report.as_text([scenario], outcomes, [report.PEER, report.NACELLE])

    def test_shows_the_ratio_and_whether_the_target_is_reached(self):
        text = self.table(self.outcome([44, 45, 43]), self.outcome([3, 3.1, 2.9]))
        self.assertIn("44.0 (43.0–45.0)", text)
        self.assertIn("14.7×", text)
        self.assertIn("ratio ≥ 12: reached", text)
        self.assertIn("MISSED", self.table(self.outcome([30]), self.outcome([3])))

    def test_a_failure_has_no_number(self):
        text = self.table(self.outcome([44]), self.outcome([3.33], "round 2: spans are missing"))
        self.assertIn("FAILED forward/grpc/1, Nacelle: round 2: spans are missing", text)
        self.assertNotIn("3.33", text)
        self.assertIn("not measured", text)


class Configs(unittest.TestCase):
    def test_name_what_the_pipeline_needs_and_no_more(self):
        text = config.make("forward", "127.0.0.1:1").text
        self.assertIn("processors: [memory_limiter, batch]", text)
        self.assertIn("endpoint: http://127.0.0.1:1", text)
        self.assertNotIn("debug", text)
        self.assertNotIn("processors", config.make("receive").text)

    def test_ports_differ(self):
        made = config.make("receive", own_metrics=True)
        self.assertEqual(len({made.grpc_port, made.http_port, made.metrics_port}), 3)


# A program with the command line of a collector that reads the ports from its config; BEHAVIOUR is filled in.
PRETENDER = """\
#!{python}
import ctypes, os, re, signal, subprocess, sys, time
ports = re.findall(r"endpoint: (127.0.0.1:\\d+)", open(sys.argv[2]).read())
sink = {sink!r}
{behaviour}
"""
ACCEPT_AND_FORGET = """\
def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
children = [subprocess.Popen([sink, "-listen", port], stdout=subprocess.DEVNULL, preexec_fn=die_with_parent)
            for port in ports[:2]]
def stop(*_):
    for child in children:
        child.terminate()
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
while True:
    time.sleep(1)
"""


@unittest.skipUnless(shutil.which("go") and shutil.which("h2load"), "go and h2load are needed")
class Run(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def pretender(self, behaviour):
        path = os.path.join(self.folder, "pretender")
        sink = os.path.join(os.path.dirname(BENCH), "build", "bench", "sink")
        with open(path, "w") as file:
            file.write(PRETENDER.format(python=sys.executable, sink=sink, behaviour=textwrap.dedent(behaviour)))
        os.chmod(path, 0o755)
        return path

    def command(self, program, only):
        return [os.path.join(BENCH, "run"), "--no-peer", "--quick", "--nacelle", program, "--only", only, "--out",
                os.path.join(self.folder, "results"), "--name", "test"]

    def run_with(self, behaviour, only):
        result = subprocess.run(self.command(self.pretender(behaviour), only), capture_output=True, text=True,
                                timeout=120)
        with open(os.path.join(self.folder, "results", os.listdir(os.path.join(self.folder, "results"))[0])) as file:
            return result, file.read()

    def test_reports_a_collector_that_loses_what_it_acknowledged(self):
        result, _ = self.run_with(ACCEPT_AND_FORGET, "forward/grpc/256")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, r"FAILED forward/grpc/256, Nacelle: round 1: \d+ spans were sent and 0 came")

    def test_measures_a_collector_that_accepts_everything(self):
        result, _ = self.run_with(ACCEPT_AND_FORGET, "receive/grpc/1")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_reports_a_collector_that_refuses_a_form(self):
        result, _ = self.run_with(ACCEPT_AND_FORGET, "receive/json/1")
        self.assertEqual(result.returncode, 1)
        self.assertIn("a single json request was not accepted: HTTP 415", result.stdout)

    def test_reports_a_collector_that_ends_with_its_own_words(self):
        result, written = self.run_with('sys.exit("no plugin for otlphttp")', "forward/grpc/1")
        self.assertEqual(result.returncode, 1)
        self.assertIn("ended by itself with exit code 1: no plugin for otlphttp", result.stdout)
        self.assertIn("no plugin for otlphttp", written)

    def test_leaves_nothing_running_when_it_is_stopped(self):
        program = self.pretender(ACCEPT_AND_FORGET)
        self.addCleanup(lambda: [os.kill(pid, signal.SIGKILL) for pid in self.started_by(program)])
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            running = subprocess.Popen(self.command(program, "receive/grpc/*"), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, env=os.environ | {"TMPDIR": self.folder})
            try:
                self.wait_for(lambda: self.started_by(program), "the collector did not start")
            finally:
                running.send_signal(number)
                running.wait(30)
            self.wait_for(lambda: not self.started_by(program), f"something runs on after {number.name}")

    def started_by(self, program):
        """The processes whose command line names the program."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if program.encode() in words and b"--config" in words:
                found.append(int(pid))
        return found

    def wait_for(self, condition, message):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline, message)
            time.sleep(0.02)


if __name__ == "__main__":
    unittest.main()
