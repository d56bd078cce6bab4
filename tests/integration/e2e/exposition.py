# SPDX-License-Identifier: Apache-2.0
"""Own metrics as Prometheus gets them: a free port for them, the page, and its samples."""

import http.client
import re
import socket

GET_S = 30
SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def port(collector):
    """Where a collector serves own metrics, as its log says."""
    line = collector.wait_line(lambda line: line.fields.get("event") == "metrics.serving", "the port of own metrics")
    return int(line.fields["endpoint"].rpartition(":")[2])


def free_port():
    """A port on loopback that nobody listens at now, for a program that does not say which one it got."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(port, path="/metrics"):
    """(status, headers, text) of an answer on loopback."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=GET_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def samples(port):
    """{(name, frozenset of (label, value)): value} of everything on the page."""
    status, _, text = get(port)
    assert status == 200, text
    result = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            result[name, frozenset(LABEL.findall(labels or ""))] = float(value)
    return result
