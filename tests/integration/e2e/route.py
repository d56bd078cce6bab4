# SPDX-License-Identifier: Apache-2.0
"""A collector with a sink behind it: send through it, and compare what arrives with what was sent."""

from e2e import compare
from e2e.senders import JSON, GrpcSender, HttpSender


class Route:
    """Several tests may share one: each looks only at what arrived since its own start."""

    def __init__(self, collector, sink):
        self.collector, self.sink = collector, sink

    def sender(self, transport, port="", **options):
        """A client for `transport` grpc, http or json; `port` grpc or http where it is to be the other one's."""
        number = self.collector.port(port or {"json": "http"}.get(transport, transport))
        if transport == "grpc":
            return GrpcSender(number, **options)
        if transport == "json":
            options["content_type"] = JSON
        return HttpSender(number, **options)

    def assert_passes(self, sender, signal, bodies, meant=None):
        """Sends each message; each must arrive as it is, as one request. With `meant`, `bodies` are bytes that mean
        these messages."""
        before = len(self.sink.of(signal))
        items = self.sink.items(signal)
        for body in bodies:
            sender.send(signal, body)
        meant = bodies if meant is None else meant
        self.sink.wait_items(signal, items + sum(map(signal.items, meant)))
        arrived = self.sink.messages(signal)[before:]
        if sender.is_json:
            meant, arrived = map(compare.one_nan, meant), map(compare.one_nan, arrived)
        compare.assert_same_requests(signal, meant, arrived, self.collector.program.keeps)
