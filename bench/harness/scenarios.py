# SPDX-License-Identifier: Apache-2.0
"""What is measured: the list of scenarios, their numbers, and what Nacelle means to reach."""

import dataclasses
import typing

from harness import measure


@dataclasses.dataclass(frozen=True)
class Target:
    """A number that Nacelle is to reach: at least so many times less than the peer, or at most so much."""
    ratio: float | None = None
    at_most: float | None = None

    def text(self, unit):
        return f"ratio ≥ {self.ratio:g}" if self.ratio else f"≤ {self.at_most:g} {unit}"

    def reached(self, value, ratio):
        """True, False, or None when there is nothing to compare with."""
        if self.ratio:
            return None if ratio is None else ratio >= self.ratio
        return None if value is None else value <= self.at_most


@dataclasses.dataclass(frozen=True)
class Metric:
    key: str
    title: str
    unit: str
    target: Target | None = None


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    run: typing.Callable
    metrics: tuple
    pipeline: str
    form: str = "grpc"
    items: int = 256
    signal: str = "traces"
    spans_per_s: int = 0
    memory_bytes: int = 0
    cpu_share: float = 0
    by_default: bool = True
    with_peer: bool = True
    is_aws: bool = False


_FORMS = {"grpc": "gRPC", "proto": "HTTP protobuf", "json": "HTTP JSON", "grpc-gzip": "gRPC gzip"}
_PATHS = {
    "receive": "otlp → nop",
    "forward": "otlp → memory_limiter → batch → otlphttp",
    "forward-gzip": "otlp → memory_limiter → batch → otlphttp gzip",
    "forward-grpc": "otlp → memory_limiter → batch → otlp (gRPC)",
    "debug": "otlp → debug basic",
}


def _cpu(pipeline, form, items, target=None, by_default=True):
    spans = "256 spans a request" if items > 1 else "1 span a request"
    metrics = [Metric("cpu", "CPU a span", "µs", target)]
    if (pipeline, form, items) == ("forward", "grpc", 256):
        metrics.append(Metric("peak", "peak RSS at its own full speed", "MB"))
    return Scenario(
        name=f"{pipeline}/{form}/{items}", title=f"{_PATHS[pipeline]}, {_FORMS[form]} in, {spans}", run=measure.cpu,
        metrics=tuple(metrics), pipeline=pipeline, form=form, items=items, by_default=by_default)


_CPU_TARGETS = {("forward", "grpc", 256): 12, ("forward", "grpc", 1): 12, ("forward", "json", 256): 8,
                ("forward-gzip", "grpc", 256): 4}


def _all():
    for pipeline in ("receive", "forward"):
        for items in (256, 1):
            for form in _FORMS:
                ratio = _CPU_TARGETS.get((pipeline, form, items))
                yield _cpu(pipeline, form, items, Target(ratio=ratio) if ratio else None)
    # Not at one span a request: the same span again and again compresses as no telemetry does.
    yield _cpu("forward-gzip", "grpc", 256, Target(ratio=_CPU_TARGETS["forward-gzip", "grpc", 256]))
    yield _cpu("forward-grpc", "grpc", 256, by_default=False)
    yield _cpu("debug", "grpc", 256)
    yield _cpu("debug", "grpc", 1)
    yield Scenario("idle/debug", "idle after the start, otlp → batch → debug", measure.idle, (
        Metric("rss", "RSS", "MB", Target(at_most=4)), Metric("anonymous", "anonymous", "MB")), "batch-debug")
    yield Scenario("idle/forward", "idle after the first export, otlp → batch → otlphttp", measure.idle, (
        Metric("rss", "RSS", "MB", Target(at_most=12)), Metric("anonymous", "anonymous", "MB")), "batch-forward")
    # The last is close to what the Go collector can take on two cores, and beyond it on a busy machine.
    for rate in (50_000, 100_000, 150_000):
        yield Scenario(f"peak/forward/{rate}", f"{rate:,} spans/s, {_PATHS['forward']}", measure.peak, (
            Metric("peak", "peak RSS", "MB", Target(ratio=10)),), "forward", spans_per_s=rate,
            by_default=rate < 150_000)
    yield Scenario("start/debug", "exec to the first gRPC answer, otlp → batch → debug", measure.start, (
        Metric("answer", "first answer", "ms", Target(at_most=5)),), "batch-debug", items=1)
    yield Scenario("start/forward", f"exec to the first gRPC answer, {_PATHS['forward']}",
                   measure.start, (Metric("answer", "first answer", "ms", Target(at_most=5)),), "forward", items=1)
    for items in (256, 10):
        yield Scenario(
            f"latency/forward/{items}", f"12,800 spans/s in requests of {items}, {_PATHS['forward']}", measure.latency,
            (Metric("p50", "answer after, p50", "ms"), Metric("p99", "answer after, p99", "ms")), "forward",
            items=items, spans_per_s=12_800)


def _aws():
    """AWS answers over https, with certificates that are verified; the peer is what ADOT is made of."""
    yield Scenario("aws/xray/256", "otlp → batch → awsxray, gRPC in, 256 a request", measure.cpu,
                   (Metric("cpu", "CPU a span", "µs", Target(ratio=20)),), "aws-xray")
    # At a rate that both bear: what they cannot send in time they refuse.
    for name, signal, exporter, what, ratio in (("emf", "metrics", "awsemf", "data point", 20),
                                                ("logs", "logs", "awscloudwatchlogs", "log record", None)):
        yield Scenario(f"aws/{name}/256", f"10,000 a second, otlp → batch → {exporter}, gRPC in, 256 a request", measure.share,
                       (Metric("cpu", f"CPU a {what}", "µs", Target(ratio=ratio) if ratio else None),),
                       f"aws-{name}", signal=signal, spans_per_s=10_000)
    yield Scenario("aws/idle", "idle after the start, the guide's config", measure.idle, (
        Metric("rss", "RSS", "MB", Target(at_most=12)), Metric("anonymous", "anonymous", "MB", Target(at_most=3))),
        "aws-guide")
    yield Scenario("aws/start", "exec to the first gRPC answer, the guide's config", measure.start, (
        Metric("answer", "first answer", "ms", Target(at_most=10)),), "aws-guide", items=1)
    at = "requests of 8, the guide's config"
    for rate in (100, 1000, 10_000):
        yield Scenario(f"aws/rate/{rate}", f"{rate:,} spans/s, {at}", measure.share, (
            Metric("share", "CPU", "% of a core", Target(at_most=1) if rate == 1000 else None),
            Metric("peak", "peak RSS", "MB")), "aws-guide", items=8, spans_per_s=rate)
    yield Scenario("aws/small/1000", f"1,000 spans/s inside 16 MiB and 2.5 % of a core, {at}", measure.small, (
        Metric("share", "CPU", "% of a core"), Metric("charged", "peak of the cgroup", "MB", Target(at_most=16.8))),
        "aws-guide", items=8, spans_per_s=1000, memory_bytes=16 << 20, cpu_share=0.025, with_peer=False)


SCENARIOS = tuple(_all()) + tuple(
    dataclasses.replace(scenario, by_default=False, is_aws=True) for scenario in _aws())
