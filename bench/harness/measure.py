# SPDX-License-Identifier: Apache-2.0
"""The measurements. Each starts a fresh collector (and sink), measures, checks that nothing was lost, and stops it."""

import contextlib
import dataclasses
import json
import math
import os
import statistics
import time

from harness import aws, config, load
from harness.build import Tools
from harness.process import AwsSink, Collector, Failed, Sink, run_tool

# A run sends no more than this, which keeps the memory limiter out of the picture (see config.py).
MOST_BYTES = 1 << 30
# How long after the last span came out the collector may go on working (flush, collect garbage) on account of it.
SETTLE_S = 0.3
# Before idle memory is read.
IDLE_S = 1.0
# An offered rate counts as reached within this share.
RATE_TOLERANCE = 0.1


@dataclasses.dataclass(frozen=True)
class Setting:
    """What one measurement is made with."""
    tools: Tools
    program: str
    label: str
    folder: str
    load_s: float
    rate_s: float
    starts: int
    own_metrics: bool


@dataclasses.dataclass(frozen=True)
class Result:
    metrics: dict  # name -> number
    facts: dict


def open_sink(setting, pipeline, stack):
    """The backend of a pipeline; None where it needs none."""
    if aws.is_pipeline(pipeline):
        return stack.enter_context(AwsSink(setting.tools.aws_sink, setting.folder, "sink"))
    if config.needs_sink(pipeline):
        return stack.enter_context(Sink(setting.tools.sink, setting.folder, "sink"))
    return None


def make_config(setting, pipeline, sink):
    if aws.is_pipeline(pipeline):
        return aws.make(pipeline, sink)
    return config.make(pipeline, sink.address if sink else None, setting.own_metrics)


def body_of(setting, scenario, items=None):
    items = items or scenario.items
    if aws.is_pipeline(scenario.pipeline):
        return setting.tools.bodies_now[scenario.signal, scenario.form, items]
    return setting.tools.bodies[scenario.form, items]


class Run:
    """A collector in its pipeline, with the count of what was sent to it."""

    def __init__(self, setting, pipeline, stack, cgroup=None):
        self.setting = setting
        self.sent = 0
        self.sent_bytes = 0
        self.checks = []
        self.is_aws = aws.is_pipeline(pipeline)
        self.sink = open_sink(setting, pipeline, stack)
        made = make_config(setting, pipeline, self.sink)
        self.collector = stack.enter_context(Collector(setting.program, made, setting.folder, setting.label, cgroup))
        self.collector.wait_until_listening()

    def probe(self, body):
        answer_bytes = load.probe(self.setting.tools, self.collector.config.port(body.form), body)
        self._count(body, 1)
        return answer_bytes

    def send(self, body, requests, answer_bytes, **options):
        self.collector.check_alive()
        try:
            sent = load.send(self.setting.tools, self.collector.config.port(body.form), body, requests, answer_bytes,
                             **options)
        except Failed:
            self.collector.check_alive()
            raise
        self._count(body, requests)
        return sent

    def _count(self, body, requests):
        self.signal = body.signal
        # The first value of a cumulative series says nothing yet: EMF has no metric for it.
        self.fewer = body.items if body.signal == "metrics" else 0
        self.sent += requests * body.items
        self.sent_bytes += requests * body.record_bytes

    def drain(self):
        """Waits until everything that was sent came out."""
        if self.sink:
            return self.sink.wait_for(self.sent, self.signal, self.fewer)
        return None

    def finish(self, body):
        """Makes a last probe, compares the counts, stops the collector, and compares again: nothing may be missing
        and nothing may come twice."""
        self.probe(body)
        self.checks.append("answers")
        self.drain()
        self._compare_own_counter()
        self.collector.stop()
        if self.is_aws:
            self.drain()
            self.checks.append("sink")
            self.sink.stop()
        elif self.sink:
            self._compare_records(self.drain(), body)
            self.sink.stop()
        elif self.collector.config.text.find("\n  debug:") >= 0:
            self._compare_debug_log()

    def _compare_own_counter(self):
        accepted = self.collector.accepted()
        if accepted is None:
            return
        if accepted != self.sent:
            raise Failed(f"{self.sent} spans were sent; the collector's own counter says {accepted} were accepted")
        self.checks.append("own counter")

    def _compare_records(self, came, body):
        self.checks.append("sink")
        if came["record_sum"] == body.record_sum * (self.sent // body.items) % 2**64:
            self.checks.append("byte for byte")
        elif came["record_bytes"] < 0.95 * self.sent_bytes:
            raise Failed(f"every span came out, but of {self.sent_bytes} bytes in spans only {came['record_bytes']}")

    def _compare_debug_log(self):
        with open(self.collector.log, errors="replace") as log:
            printed = printed_spans(log)
        if printed is None:
            return
        if printed > self.sent:
            raise Failed(f"{self.sent} spans were sent and the debug exporter printed {printed}")
        # By default a collector's log is sampled (per 10 s the first 10 lines alike, then one in 100).
        self.checks.append("debug log" if printed == self.sent else "debug log sampled")


def printed_spans(lines):
    """The sum of the spans in the lines of the debug exporter at verbosity basic; None when no line has them."""
    total = None
    for line in lines:
        _, found, rest = line.partition('"spans": ')
        if found:
            total = (total or 0) + int(rest[:len(rest) - len(rest.lstrip("0123456789"))])
    return total


def cpu(setting, scenario):
    """CPU time of the collector process for each span, log record or data point, at full load."""
    body = body_of(setting, scenario)
    with contextlib.ExitStack() as stack:
        run = Run(setting, scenario.pipeline, stack)
        answer_bytes = run.probe(body)
        # The first load finds out how fast it goes, the second warms up and refines.
        first = run.send(body, 64 if scenario.items > 1 else 1000, answer_bytes)
        warm = run.send(body, requests_for(first.per_second, setting.load_s / 4, body), answer_bytes)
        requests = requests_for(warm.per_second, setting.load_s, body)
        run.drain()
        time.sleep(SETTLE_S)
        before, split_before = run.collector.cpu_ns(), run.collector.cpu_split_s()
        sent = run.send(body, requests, answer_bytes)
        run.drain()
        time.sleep(SETTLE_S)
        after, split_after = run.collector.cpu_ns(), run.collector.cpu_split_s()
        largest = run.collector.peak_bytes()
        run.finish(body)
    return Result({"cpu": (after - before) / 1000 / (requests * scenario.items), "peak": largest / 1e6}, {
        "requests": requests, "spans": requests * scenario.items, "requests_per_s": sent.per_second,
        "cpu_s": (after - before) / 1e9, "user_s": split_after[0] - split_before[0],
        "system_s": split_after[1] - split_before[1], "checks": run.checks})


def requests_for(per_second, seconds, body):
    """How many requests take so many seconds, within what a run may send."""
    return max(64, min(int(per_second * seconds), MOST_BYTES // body.record_bytes))


def idle(setting, scenario):
    """Resident memory of a collector that waits: after the start, or after the first export where there is a sink."""
    body = body_of(setting, scenario, 256)
    with contextlib.ExitStack() as stack:
        run = Run(setting, scenario.pipeline, stack)
        if run.sink and not run.is_aws:
            run.probe(body)
            run.drain()
        time.sleep(IDLE_S)
        resident, anonymous = run.collector.memory_bytes()
        run.finish(body)
    return Result({"rss": resident / 1e6, "anonymous": anonymous / 1e6}, {"checks": run.checks})


def peak(setting, scenario):
    """The largest resident memory while a fixed rate is offered."""
    body = body_of(setting, scenario)
    connections, streams = 4, 8
    each = scenario.spans_per_s / scenario.items / connections
    requests = math.ceil(each * setting.rate_s) * connections
    with contextlib.ExitStack() as stack:
        run = Run(setting, scenario.pipeline, stack)
        answer_bytes = run.probe(body)
        sent = run.send(body, requests, answer_bytes, rate=(connections, streams, each))
        check_rate(sent, scenario)
        run.drain()
        largest = run.collector.peak_bytes()
        run.finish(body)
    return Result({"peak": largest / 1e6}, {"requests": requests, "requests_per_s": sent.per_second,
                                            "checks": run.checks})


def latency(setting, scenario):
    """Time from a request to its answer while a fixed rate is offered: one connection, evenly spaced requests."""
    body = body_of(setting, scenario)
    each = scenario.spans_per_s / scenario.items
    requests = math.ceil(each * setting.rate_s)
    log = os.path.join(setting.folder, "latency.log")
    with contextlib.ExitStack() as stack:
        run = Run(setting, scenario.pipeline, stack)
        answer_bytes = run.probe(body)
        run.send(body, 100, answer_bytes)
        sent = run.send(body, requests, answer_bytes, rate=(1, 32, each), log=log)
        check_rate(sent, scenario)
        run.finish(body)
    times = load.latencies_ms(log)
    if len(times) != requests:
        raise Failed(f"{requests} requests were sent, h2load logged {len(times)}")
    return Result({"p50": percentile(times, 50), "p99": percentile(times, 99)},
                  {"requests": requests, "requests_per_s": sent.per_second, "checks": run.checks})


def percentile(ordered, share):
    """The smallest value that is not below so many percent of the values."""
    return ordered[max(0, math.ceil(len(ordered) * share / 100) - 1)]


def check_rate(sent, scenario):
    asked = scenario.spans_per_s / scenario.items
    if abs(sent.per_second - asked) > RATE_TOLERANCE * asked:
        raise Failed(f"{asked:.0f} requests a second were to be offered, {sent.per_second:.0f} were: "
                     "the machine is too busy or the collector too slow")


def start(setting, scenario):
    """Time from fork and exec to the first successful gRPC answer, over several starts; the first is a rehearsal."""
    tools = setting.tools
    answers, listening = [], []
    with contextlib.ExitStack() as stack:
        sink = open_sink(setting, scenario.pipeline, stack)
        for attempt in range(setting.starts + 1):
            made = make_config(setting, scenario.pipeline, sink)
            config_file = os.path.join(setting.folder, "start.yaml")
            with open(config_file, "w") as file:
                file.write(made.text)
            said = json.loads(run_tool("first-answer", [
                tools.load, "first-answer", "-address", f"127.0.0.1:{made.grpc_port}",
                "-body", body_of(setting, scenario, 1).path, "-log", os.path.join(setting.folder, "start.log"),
                "--", setting.program, "--config", config_file], timeout_s=40, more=made.environment))
            if attempt:
                answers.append(said["first_answer_ms"])
                listening.append(said["listening_ms"])
        if sink:
            # Each start accepted one span; stopping a collector must not lose it.
            sink.wait_for(setting.starts + 1)
            sink.stop()
    checks = ["gRPC status"] + (["sink"] if sink else [])
    return Result({"answer": statistics.median(answers)}, {
        "answers_ms": answers, "listening_ms": statistics.median(listening), "checks": checks})


def share(setting, scenario):
    """CPU time of the collector while a fixed rate is offered over one connection, in percent of one core and for each
    item."""
    with contextlib.ExitStack() as stack:
        return _at_rate(setting, scenario, stack, None)


def small(setting, scenario):
    """The same inside a cgroup with so little memory and CPU time, which it must live through without a loss."""
    with contextlib.ExitStack() as stack:
        cgroup = stack.enter_context(aws.Cgroup(scenario.memory_bytes, scenario.cpu_share))
        return _at_rate(setting, scenario, stack, cgroup)


def _at_rate(setting, scenario, stack, cgroup):
    body = body_of(setting, scenario)
    each = scenario.spans_per_s / scenario.items
    seconds = 2 * setting.rate_s
    requests = math.ceil(each * seconds)
    run = Run(setting, scenario.pipeline, stack, cgroup)
    answer_bytes = run.probe(body)
    run.send(body, 100, answer_bytes, rate=(1, 32, each))
    before = run.collector.cpu_ns()
    sent = run.send(body, requests, answer_bytes, rate=(1, 32, each))
    check_rate(sent, scenario)
    run.drain()
    after = run.collector.cpu_ns()
    largest = run.collector.peak_bytes()
    charged = cgroup.peak_bytes() if cgroup else None
    run.finish(body)
    cpu_us = (after - before) / 1000 / (requests * scenario.items)
    return Result({"cpu": cpu_us, "share": (after - before) / 1e7 / (requests / each), "peak": largest / 1e6,
                   "charged": (charged or 0) / 1e6},
                  {"requests": requests, "requests_per_s": sent.per_second, "checks": run.checks})
