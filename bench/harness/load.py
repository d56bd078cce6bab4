# SPDX-License-Identifier: Apache-2.0
"""Sends prepared bodies with h2load and reads what it reports."""

import contextlib
import dataclasses
import json
import os
import re

from harness.process import Failed, run_tool

# 32 requests in flight: over HTTP/2 four connections with eight streams each. Over HTTP/1.1 h2load sends bodies one
# at a time, so there it takes 32 connections.
HTTP2_SHAPE = ["-c", "4", "-m", "8"]
HTTP1_SHAPE = ["--h1", "-c", "32"]

GRPC_PATHS = {
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
}
HEADERS = {
    "grpc": ["content-type: application/grpc", "te: trailers"],
    "grpc-gzip": ["content-type: application/grpc", "te: trailers", "grpc-encoding: gzip"],
    "proto": ["content-type: application/x-protobuf"],
    "proto-gzip": ["content-type: application/x-protobuf", "content-encoding: gzip"],
    "json": ["content-type: application/json"],
}


@dataclasses.dataclass(frozen=True)
class Load:
    requests: int
    per_second: float
    answer_bytes: int


def send(tools, port, body, requests, answer_bytes, rate=None, log=None):
    """Sends a body a number of times and fails unless every answer has the status 2xx and the size of the answer that
    a probe got and understood. A gRPC refusal has no message, and a partial success a longer one, so the size says
    what h2load does not: whether each call was accepted. rate: (connections, streams, requests a second each)."""
    is_grpc = body.form.startswith("grpc")
    command = [tools.h2load, "-n", str(requests)]
    if rate:
        connections, streams, per_second = rate
        command += ["-c", str(connections), "-m", str(streams), f"--rps={per_second:g}"]
    else:
        command += HTTP2_SHAPE if is_grpc else HTTP1_SHAPE
    if log:
        # h2load appends.
        with contextlib.suppress(FileNotFoundError):
            os.remove(log)
        command += [f"--log-file={log}"]
    for header in HEADERS[body.form]:
        command += ["-H", header]
    path = GRPC_PATHS[body.signal] if is_grpc else f"/v1/{body.signal}"
    command += ["-d", body.path, f"http://127.0.0.1:{port}{path}"]
    report = parse(run_tool("h2load", command, timeout_s=90))
    if report["succeeded"] != requests or report["ok"] != requests:
        raise Failed(f"of {requests} requests h2load saw {report['ok']} with status 2xx: {report['summary']}")
    if report["data"] != requests * answer_bytes:
        raise Failed(f"{requests} answers had {report['data']} bytes in all, not {answer_bytes} each as an accepted "
                     f"request has: some were refused")
    return Load(requests, report["per_second"], report["data"])


def parse(output):
    """The numbers in what h2load prints."""
    def find(pattern):
        found = re.search(pattern, output, re.MULTILINE)
        if not found:
            raise Failed(f"h2load's report was not understood: {output.strip()[-300:]}")
        return found

    requests = find(r"^requests: \d+ total, \d+ started, \d+ done, (\d+) succeeded, .*$")
    codes = find(r"^status codes: (\d+) 2xx, .*$")
    return {
        "succeeded": int(requests[1]),
        "ok": int(codes[1]),
        "summary": f"{requests[0]}; {codes[0]}",
        "per_second": float(find(r"^finished in [^,]+, ([\d.]+) req/s")[1]),
        "data": int(find(r"^traffic: .*\((\d+)\) data$")[1]),
    }


def probe(tools, port, body):
    """Makes one Export call, fails unless it was accepted whole, and returns the size of the answer in bytes."""
    said = json.loads(run_tool("probe", [
        tools.load, "probe", "-address", f"127.0.0.1:{port}", "-form", body.form, "-signal", body.signal,
        "-body", body.path], timeout_s=20))
    if not said["ok"]:
        raise Failed(f"a single {body.form} request was not accepted: HTTP {said['http_status']}, gRPC status "
                     f"{said.get('grpc_status', '-')}, {said['rejected']} rejected, {said.get('message', '')}")
    return said["answer_bytes"]


def latencies_ms(log):
    """Milliseconds from the start of each request to the end of its answer, from h2load's log."""
    with open(log) as lines:
        return sorted(int(line.split("\t")[2]) / 1000 for line in lines)
