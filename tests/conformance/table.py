# SPDX-License-Identifier: Apache-2.0
"""A row of the conformance table, and the doors of the collector that its sender goes through."""

from collections.abc import Callable
from dataclasses import dataclass, field

import http1
import http2
from e2e import otlp_json
from e2e.signals import TRACES

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
MIB = 1 << 20
LIMIT = 4 * MIB  # what the collector under test takes in one message; its config says so in test_conformance.py
# How a receiver says over gRPC that a message is no OTLP: the specification names the first, the Go collector's gRPC
# library answers the second. Neither is retried.
GRPC_BAD_MESSAGE = ("INVALID_ARGUMENT", "INTERNAL")


@dataclass(frozen=True)
class Doors:
    """The two ports of the collector."""

    grpc: int
    http: int

    def post(self, body, path=TRACES.path, **options):
        """One HTTP request on a connection of its own; its outcome."""
        return self.exchange(http1.request(path, body, **options))

    def exchange(self, *pieces):
        """Sends bytes to the HTTP port on a connection of their own; the outcome."""
        with http1.Connection(self.http) as connection:
            for piece in pieces:
                connection.send(piece)
            return connection.outcome()

    def call(self, body, path=TRACES.method, headers=None, **options):
        """One gRPC call with these bytes as its DATA, on a connection of its own; its outcome."""
        return http2.call(self.grpc, path, body, headers, **options)


@dataclass(frozen=True)
class Row:
    """One case. `send(doors)` gives an outcome, which must be in `expect`; `arrives` items must then be at the sink.

    signal   whose items arrive
    arrives  a number of items; ANY: one for each 200 or OK in the outcome; EITHER: not acknowledged, so both are right
    items    of each request of a row with ANY
    check    looks at what arrived: check(messages, keeps), where keeps is Program.keeps
    go       what the Go collector does where that is not `expect`: outcomes, held against it too
    go_skip  why the Go collector is not asked at all
    note     what the row is about, where its name does not say it
    """

    name: str
    send: Callable
    expect: tuple
    signal: object = TRACES
    arrives: int = 0
    items: int = 1
    check: Callable | None = None
    go: tuple = ()
    go_arrives: int | None = None
    go_skip: str = ""
    note: str = ""
    marks: tuple = field(default=())

    def expected(self, is_go):
        return self.go if is_go and self.go else self.expect

    def arriving(self, outcome, is_go):
        """Items that must be at the sink after this outcome; EITHER where that is open."""
        due = self.go_arrives if is_go and self.go_arrives is not None else self.arrives
        if due == ANY and outcome in NO_ANSWER:
            return EITHER
        taken = sum(word in TAKEN for word in outcome.split())
        return taken * self.items if due == ANY else due


ANY = -1
TAKEN = ("200", "OK")
NO_ANSWER = (http1.CLOSED, http1.SILENT, http2.RESET, http2.GOAWAY)
EITHER = -2


def body_rows(name, body, signal=TRACES, http="400", grpc=GRPC_BAD_MESSAGE, content_type=PROTOBUF, **options):
    """The same body through both doors: a row for OTLP/HTTP and, for protobuf, one for OTLP/gRPC."""
    http = (http,) if isinstance(http, str) else http
    grpc = (grpc,) if isinstance(grpc, str) else grpc
    marks = ("http", "json") if content_type == JSON else ("http",)
    http_options, grpc_options = dict(options), dict(options)
    if "go" in options:  # a pair: what each of its doors does
        http_options["go"], grpc_options["go"] = options["go"]
    yield Row(
        f"http {signal.name}: {name}", lambda doors: doors.post(body, signal.path, content_type=content_type), http,
        signal, marks=marks, **http_options,
    )  # fmt: skip
    if content_type == PROTOBUF:
        yield Row(
            f"grpc {signal.name}: {name}", lambda doors: doors.call(http2.message(body), signal.method), grpc,
            signal, marks=("grpc",), **grpc_options,
        )  # fmt: skip


def json_of(message):
    return otlp_json.dump(message)
