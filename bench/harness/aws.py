# SPDX-License-Identifier: Apache-2.0
"""The AWS side of the benchmark: the configs, the environment of an ECS task, and a cgroup as small as a sidecar's."""

import contextlib
import os
import uuid

from harness.config import Config
from harness.process import Failed, free_port

_RECEIVERS = """\
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 127.0.0.1:{grpc_port}
      http:
        endpoint: 127.0.0.1:{http_port}
"""

_EXPORTERS = """\
exporters:
  awsxray:
    region: us-east-1
    endpoint: {service}
  awsemf:
    region: us-east-1
    endpoint: {service}
    namespace: MyECSApplication
    log_group_name: /ecs/otel/metrics
  awscloudwatchlogs:
    region: us-east-1
    endpoint: {service}
    log_group_name: /ecs/otel/applogs
    log_stream_name: "shop"
"""

# One exporter behind batch, with nothing of its own on: the cost of a record.
_ONE = """\
processors:
  batch:
{limits}service:
  telemetry:
    metrics:
      level: none
  pipelines:
    {signal}:
      receivers: [otlp]
      processors: [batch]
      exporters: [{exporter}]
"""

# The ECS guide's processors and pipelines, with its health check and the pipeline of logs that it describes.
_GUIDE = """\
processors:
  batch:
    timeout: 10s
    send_batch_size: 256
  memory_limiter:
    check_interval: 5s
    limit_mib: 100
    spike_limit_mib: 30
  resourcedetection:
    detectors: [env, ecs]
    timeout: 5s
    override: false
extensions:
  health_check:
    endpoint: 127.0.0.1:{health_port}
service:
  extensions: [health_check]
  telemetry:
    metrics:
      address: 127.0.0.1:{metrics_port}
  pipelines:
    traces:
      receivers: [otlp]
      processors: [resourcedetection, memory_limiter, batch]
      exporters: [awsxray]
    metrics:
      receivers: [otlp]
      processors: [resourcedetection, memory_limiter, batch]
      exporters: [awsemf]
    logs:
      receivers: [otlp]
      processors: [resourcedetection, memory_limiter, batch]
      exporters: [awscloudwatchlogs]
"""

# name: (signal, exporter); the guide has all.
_PIPELINES = {"aws-xray": ("traces", "awsxray"), "aws-emf": ("metrics", "awsemf"),
              "aws-logs": ("logs", "awscloudwatchlogs"), "aws-guide": None}


def is_pipeline(name):
    return name in _PIPELINES


def make(pipeline, sink):
    """The config of a pipeline, and the environment that ECS gives to a task, with the sink in the place of AWS."""
    ports = {name: free_port() for name in ("grpc_port", "http_port", "health_port", "metrics_port")}
    one = _PIPELINES[pipeline]
    rest = _GUIDE if one is None else _ONE.replace("{signal}", one[0]).replace("{exporter}", one[1])
    # A request is a batch: points that are sent again would be the same point of one document.
    rest = rest.replace("{limits}", "    send_batch_size: 256\n" if pipeline == "aws-emf" else "")
    text = (_RECEIVERS + _EXPORTERS + rest).format(service=f"https://{sink.service}", **ports)
    return Config(text, ports["grpc_port"], ports["http_port"], None, environment={
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "a secret of the benchmark",
        "AWS_SESSION_TOKEN": "a token of the benchmark", "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true", "AWS_CA_BUNDLE": sink.authority, "SSL_CERT_FILE": sink.authority,
        "ECS_CONTAINER_METADATA_URI_V4": f"http://{sink.address}/v4/container"})


# ---- a cgroup

_ROOT = "/sys/fs/cgroup"
CPU_PERIOD_US = 100_000


class Cgroup:
    """A control group with a limit of memory and of CPU time, of whichever version there is."""

    def __init__(self, memory_bytes, cpu_share):
        quota = int(CPU_PERIOD_US * cpu_share)
        name = f"nacelle-bench-{uuid.uuid4().hex[:8]}"
        if os.path.exists(f"{_ROOT}/cgroup.controllers"):
            self.folders = [f"{_ROOT}/{name}"]
            files = {"memory.max": memory_bytes, "memory.swap.max": 0, "cpu.max": f"{quota} {CPU_PERIOD_US}"}
        else:
            self.folders = [f"{_ROOT}/memory/{name}", f"{_ROOT}/cpu/{name}"]
            files = {"memory.limit_in_bytes": memory_bytes, "cpu.cfs_period_us": CPU_PERIOD_US, "cpu.cfs_quota_us": quota}
        try:
            for folder in self.folders:
                os.mkdir(folder)
            for file, value in files.items():
                self._write(file, value)
        except OSError as error:
            self.remove()
            raise Failed(f"no cgroup with limits can be made here: {error}") from None

    def _write(self, file, value):
        for folder in self.folders:
            path = os.path.join(folder, file)
            if os.path.exists(path):
                with open(path, "w") as out:
                    out.write(str(value))
                return
        if not file.startswith("memory.swap"):
            raise FileNotFoundError(f"{self.folders[0]} has no {file}")

    def enter(self):
        """In the child, before exec."""
        for folder in self.folders:
            with open(os.path.join(folder, "cgroup.procs"), "w") as out:
                out.write(str(os.getpid()))

    def peak_bytes(self):
        """The most memory that was charged to the group, page cache too; None where the kernel does not say."""
        for file in ("memory.peak", "memory.max_usage_in_bytes"):
            with contextlib.suppress(OSError), open(os.path.join(self.folders[0], file)) as lines:
                return int(lines.read())
        return None

    def remove(self):
        for folder in self.folders:
            with contextlib.suppress(OSError):
                os.rmdir(folder)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.remove()
