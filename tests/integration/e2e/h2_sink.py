# SPDX-License-Identifier: Apache-2.0
"""A gRPC server over the h2 library that shows what grpcio hides: request headers, compression, size on the wire."""

import gzip
import socket
import struct
import threading
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import zstandard

from e2e.signals import SIGNALS

CHUNK = 1 << 16
WAIT_S = 15
OF_METHOD = {signal.method: signal for signal in SIGNALS}


@dataclass
class Call:
    """One call: its headers, and the bytes of its DATA frames (framing included)."""

    headers: dict
    data: bytes = b""

    @property
    def signal(self):
        return OF_METHOD[self.headers[":path"]]

    @property
    def flag(self):
        """1 where the message is compressed."""
        return self.data[0]

    @property
    def message(self):
        size = struct.unpack(">I", self.data[1:5])[0]
        assert len(self.data) == 5 + size, "the call is not one whole message"
        body = self.data[5:]
        if self.flag:
            unpack = {"gzip": gzip.decompress, "zstd": _unpack_zstd}[self.headers["grpc-encoding"]]
            body = unpack(body)
        return self.signal.request.FromString(body)


def _unpack_zstd(body):
    return zstandard.ZstdDecompressor().decompressobj().decompress(body)


@dataclass
class _Connection:
    socket: socket.socket
    h2: h2.connection.H2Connection
    calls: dict = field(default_factory=dict)


class H2Sink:
    """Answers every call with OK, but on its first `mute` connections, which take calls and pings and say nothing. Use as
    a context manager."""

    def __init__(self, mute=0):
        self.calls = []
        self.pings = 0  # of all connections
        self._mute = mute
        self._changed = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open = [self._listener]
        self.port = self._listener.getsockname()[1]
        self.grpc_endpoint = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, name="h2-sink", daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for opened in self._open:
            try:
                opened.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended already
            opened.close()

    def _accept(self):
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(accepted)
            self._mute -= 1
            arguments = (accepted, self._mute >= 0)
            threading.Thread(target=self._serve, args=arguments, name="h2-sink-client", daemon=True).start()

    def _serve(self, accepted, is_mute):
        settings = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        connection = _Connection(accepted, h2.connection.H2Connection(settings))
        connection.h2.initiate_connection()
        try:
            accepted.sendall(connection.h2.data_to_send())
            while True:
                answer = connection.h2.data_to_send()
                if not is_mute:
                    accepted.sendall(answer)
                data = accepted.recv(CHUNK)
                if not data:
                    return
                for event in connection.h2.receive_data(data):
                    if not is_mute or isinstance(event, h2.events.PingReceived):
                        self._take(connection, event)
        except OSError:
            return  # the other side has gone, or the test is over

    def _take(self, connection, event):
        if isinstance(event, h2.events.RequestReceived):
            connection.calls[event.stream_id] = Call(dict(event.headers))
        elif isinstance(event, h2.events.DataReceived):
            connection.calls[event.stream_id].data += event.data
            connection.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.PingReceived):
            self.pings += 1
        elif isinstance(event, h2.events.StreamEnded):
            connection.h2.send_headers(event.stream_id, [(":status", "200"), ("content-type", "application/grpc")])
            connection.h2.send_data(event.stream_id, struct.pack(">BI", 0, 0))
            connection.h2.send_headers(event.stream_id, [("grpc-status", "0")], end_stream=True)
            with self._changed:
                self.calls.append(connection.calls.pop(event.stream_id))
                self._changed.notify_all()

    def wait_calls(self, count):
        with self._changed:
            self._changed.wait_for(lambda: len(self.calls) >= count, WAIT_S)
            assert len(self.calls) >= count, f"{len(self.calls)} calls came, expected {count}"
            return list(self.calls)
