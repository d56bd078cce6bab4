# SPDX-License-Identifier: Apache-2.0
"""The collector configs of the benchmark. Both collectors read the same text."""

import dataclasses

from harness.process import free_port

# A run sends at most 1 GiB (see measure.py), so with this limit (soft limit 1638 MiB: 20 % less) a refusal would
# mean that a collector keeps far more than it was ever sent. It limits nothing here and is there for its cost.
MEMORY_LIMIT_MIB = 2048

# name: (processors, exporter). Everything that is not named is left at its default.
PIPELINES = {
    "receive": ([], "nop"),
    "forward": (["memory_limiter", "batch"], "otlphttp"),
    "forward-gzip": (["memory_limiter", "batch"], "otlphttp/gzip"),
    "forward-grpc": (["memory_limiter", "batch"], "otlp"),
    "debug": ([], "debug"),
    "batch-debug": (["batch"], "debug"),
    "batch-forward": (["batch"], "otlphttp"),
}


@dataclasses.dataclass(frozen=True)
class Config:
    text: str
    grpc_port: int
    http_port: int
    metrics_port: int | None
    environment: dict = dataclasses.field(default_factory=dict)

    def port(self, form):
        return self.grpc_port if form.startswith("grpc") else self.http_port


def needs_sink(pipeline):
    return PIPELINES[pipeline][1].startswith("otlp")


def make(pipeline, sink_address=None, own_metrics=False):
    """The config of a pipeline for all three signals, with ports that are free now."""
    processors, exporter = PIPELINES[pipeline]
    grpc_port, http_port = free_port(), free_port()
    metrics_port = free_port() if own_metrics else None
    lines = [
        "receivers:",
        "  otlp:",
        "    protocols:",
        "      grpc:",
        f"        endpoint: 127.0.0.1:{grpc_port}",
        "      http:",
        f"        endpoint: 127.0.0.1:{http_port}",
    ]
    if processors:
        lines += ["processors:"]
    if "memory_limiter" in processors:
        lines += ["  memory_limiter:", "    check_interval: 1s", f"    limit_mib: {MEMORY_LIMIT_MIB}"]
    if "batch" in processors:
        lines += ["  batch:"]
    lines += ["exporters:", f"  {exporter}:"]
    lines += {
        "nop": [],
        "debug": ["    verbosity: basic"],
        "otlp": [f"    endpoint: {sink_address}", "    compression: none", "    tls:", "      insecure: true"],
        "otlphttp": [f"    endpoint: http://{sink_address}", "    compression: none"],
        "otlphttp/gzip": [f"    endpoint: http://{sink_address}", "    compression: gzip"],
    }[exporter]
    lines += ["service:", "  telemetry:", "    metrics:"]
    if own_metrics:
        lines += ["      level: basic", "      readers:", "        - pull:", "            exporter:",
                  "              prometheus:", "                host: 127.0.0.1",
                  f"                port: {metrics_port}"]
    else:
        lines += ["      level: none"]
    lines += ["  pipelines:"]
    for signal in ("traces", "metrics", "logs"):
        lines += [f"    {signal}:", "      receivers: [otlp]"]
        if processors:
            lines += [f"      processors: [{', '.join(processors)}]"]
        lines += [f"      exporters: [{exporter}]"]
    return Config("\n".join(lines) + "\n", grpc_port, http_port, metrics_port)
