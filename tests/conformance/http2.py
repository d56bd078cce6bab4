# SPDX-License-Identifier: Apache-2.0
"""gRPC by hand over the h2 library: any headers, any bytes in DATA frames, and what became of the stream."""

import socket
import struct

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

ANSWER_S = 10
CHUNK = 1 << 16
CODES = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip
# Outcomes beside the names of gRPC codes: "http 415" (no gRPC status, or another HTTP status than 200), and these.
RESET = "reset"
GOAWAY = "goaway"
CLOSED = "closed"
SILENT = "silent"


def message(body, flag=0):
    """gRPC's framing of one message."""
    return struct.pack(">BI", flag, len(body)) + body


class Stream:
    """What came back on one stream."""

    def __init__(self):
        self.headers, self.trailers, self.body = {}, {}, b""
        self.ended = False
        self.reset_code = None

    @property
    def response(self):
        """The first message of the answer."""
        assert len(self.body) >= 5, f"no message in the answer: {self.body!r}"
        return self.body[5 : 5 + struct.unpack(">I", self.body[1:5])[0]]

    @property
    def outcome(self):
        if self.headers and self.headers.get(":status") != "200":
            return f"http {self.headers[':status']}"
        status = self.trailers.get("grpc-status", self.headers.get("grpc-status"))
        if status is not None:
            return CODES[int(status)]
        if self.reset_code is not None:
            return RESET
        return f"http {self.headers[':status']}" if self.ended and self.headers else None


class Connection:
    """An HTTP/2 connection with prior knowledge. Use as a context manager."""

    def __init__(self, port, timeout_s=ANSWER_S, preface=True, settings=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(
                client_side=True, header_encoding="utf-8", validate_outbound_headers=False,
                normalize_outbound_headers=False, validate_inbound_headers=False,
            )
        )  # fmt: skip
        self.streams = {}
        self.goaway = None
        self.closed = False
        self.settled = False  # the server's settings have come
        if preface:
            self.h2.initiate_connection()
            if settings:
                self.h2.update_settings(settings)
            self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Closes with RST in place of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def flush(self):
        self.raw(self.h2.data_to_send())

    def raw(self, data):
        """Bytes as they are, frames of h2 or not."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            self.closed = True
        return self

    def room(self):
        """How many streams more the server allows at once. Waits for its settings."""
        while not self.settled and self._receive():
            pass
        return self.h2.remote_settings.max_concurrent_streams - self.h2.open_outbound_streams

    def open(self, path, headers=None, end=False, method="POST"):
        """Sends request headers and returns the stream's number, once the server allows one more. `headers` add to or
        (None) take away the usual."""
        usual = {
            ":method": method, ":scheme": "http", ":path": path, ":authority": "localhost",
            "content-type": "application/grpc", "te": "trailers", **(headers or {}),
        }  # fmt: skip
        while self.room() <= 0 and self._receive():
            pass
        number = self.h2.get_next_available_stream_id()
        self.streams[number] = Stream()
        self.h2.send_headers(number, [(k, v) for k, v in usual.items() if v is not None], end_stream=end)
        self.flush()
        return number

    def data(self, number, body, end=True, frame=None):
        """DATA frames of at most `frame` bytes; stops when the stream is over or flow control never opens."""
        at = 0
        while True:
            stream = self.streams[number]
            if stream.ended or stream.reset_code is not None or self.closed:
                return
            window = self.h2.local_flow_control_window(number)
            size = min(len(body) - at, window, self.h2.max_outbound_frame_size, frame or CHUNK)
            if size == 0 and at < len(body):
                if not self._receive():
                    return
                continue
            last = at + size >= len(body)
            self.h2.send_data(number, body[at : at + size], end_stream=end and last)
            self.flush()
            at += size
            if last:
                return

    def _receive(self):
        """Reads once and notes what came; False when there is no more."""
        try:
            data = self.socket.recv(CHUNK)
        except TimeoutError:
            return False
        except ConnectionResetError:
            data = b""
        if not data:
            self.closed = True
            return False
        try:
            events = self.h2.receive_data(data)
        except h2.exceptions.ProtocolError:
            self.closed = True  # not HTTP/2
            return False
        for event in events:
            self._note(event)
        self.flush()
        return True

    def _note(self, event):
        stream = self.streams.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.RemoteSettingsChanged):
            self.settled = True
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = event.error_code
        elif stream is None:
            return
        elif isinstance(event, h2.events.ResponseReceived):
            stream.headers = dict(event.headers)
        elif isinstance(event, h2.events.TrailersReceived):
            stream.trailers = dict(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            stream.body += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            stream.ended = True
        elif isinstance(event, h2.events.StreamReset):
            stream.reset_code = event.error_code

    def wait(self, number):
        """Waits until the stream is answered or over."""
        stream = self.streams[number]
        while not (stream.ended or stream.reset_code is not None) and not self.closed:
            if self.goaway is not None and stream.outcome is None and self.goaway != h2.errors.ErrorCodes.NO_ERROR:
                break
            if not self._receive():
                break
        return stream

    def outcome(self, number):
        """What became of the stream, as one word."""
        stream = self.wait(number)
        if stream.outcome:
            return stream.outcome
        if self.goaway is not None:
            return GOAWAY
        return CLOSED if self.closed else SILENT

    def end(self):
        """What becomes of the connection when nothing more is sent."""
        while self._receive():
            pass
        return GOAWAY if self.goaway is not None else CLOSED if self.closed else SILENT


def call(port, path, body, headers=None, **data):
    """One call on a connection of its own: its outcome. `body` is what the DATA frames carry."""
    with Connection(port) as connection:
        number = connection.open(path, headers)
        connection.data(number, body, **data)
        return connection.outcome(number)
