# SPDX-License-Identifier: Apache-2.0
"""A backend that misbehaves: raw HTTP/1.1, and gRPC over the h2 library, on sockets of its own, so that it can break off,
trickle, lie and vanish. It notes by id what it took; what it took and did not confirm counts as taken, too."""

import base64
import contextlib
import socket
import struct
import threading
from collections import Counter
from dataclasses import dataclass

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from account import ids_of
from e2e.answers import Answer
from e2e.signals import BY_NAME, SIGNALS

CHUNK = 1 << 16
CLOSE_S = 10
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST
OF_METHOD = {signal.method: signal for signal in SIGNALS}


@dataclass(frozen=True)
class Mood:
    """What the backend does with a request. The default takes it and says so.

    answer     as it should be; `answer.accepts` says whether the records are taken, but for the first `answer.rejected`
    hangs      takes nothing and never answers
    body       other bytes than the answer's: HTTP's body, or the gRPC message
    kind       another Content-Type
    cut        sends half of the answer, then closes; "reset": with RST
    trickle_s  a pause after each byte of the answer
    silent     gRPC: the call ends without a grpc-status
    """

    answer: Answer = Answer()
    hangs: bool = False
    body: bytes | None = None
    kind: str | None = None
    cut: str = ""
    trickle_s: float = 0.0
    silent: bool = False


class Backend:
    """Base of both. `mood` may be changed at any time; `tls` (a context) counts from the next connection on."""

    def __init__(self, tls=None):
        self.mood = Mood()
        self.tls = tls
        self.requests = 0  # that were read to their end, taken or not
        self.connections = 0  # that were made, whatever became of them
        self._taken = Counter()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._open = set()
        self._threads = []
        self._listener = None
        self._round = 0  # of listening: a connection belongs to one
        self.port = 0
        self.come_back()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._closing.set()
        self.vanish()
        for thread in self._threads:
            thread.join(CLOSE_S)
            assert not thread.is_alive()

    @property
    def taken(self):
        """How often each id was taken."""
        with self._lock:
            return Counter(self._taken)

    def vanish(self):
        """Nobody listens any more, and all connections are reset."""
        with self._lock:
            gone = list(self._open)
            if self._listener:
                gone.append(self._listener)
            self._listener = None
        for connection in gone:
            with contextlib.suppress(OSError):
                if connection.type == socket.SOCK_STREAM:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def come_back(self):
        """Listens, at the same port as before."""
        listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.port = listener.getsockname()[1]
        with self._lock:
            self._round += 1
            self._listener = listener
        self._start(self._accept, listener, self._round)

    def _start(self, target, *arguments):
        thread = threading.Thread(target=target, args=arguments, daemon=True, name=type(self).__name__)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener, number):
        while not self._closing.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._start(self._meet, connection, number)

    def _meet(self, connection, number):
        try:
            if self.tls:
                connection.settimeout(CLOSE_S)
                connection = self.tls.wrap_socket(connection, server_side=True)
                connection.settimeout(None)
            with self._lock:
                if self._closing.is_set() or self._listener is None or number != self._round:
                    connection.close()
                    return
                self._open.add(connection)
            self.serve(connection)
        except (OSError, ValueError, h2.exceptions.ProtocolError):
            pass  # it broke: the other side went, or this one meant to
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def take(self, signal, raw, mood):
        ids = list(ids_of(signal, signal.request.FromString(raw)))
        with self._lock:
            self.requests += 1
            if mood.answer.accepts and not mood.hangs:
                self._taken.update(ids[mood.answer.rejected :])

    def wait(self, seconds):
        """False when the backend is being closed."""
        return not self._closing.wait(seconds)

    def say(self, connection, data, mood):
        """Sends an answer as the mood has it. False: the connection is over."""
        if mood.cut:
            connection.sendall(data[: max(1, len(data) // 2)])
            if mood.cut == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            return False
        if not mood.trickle_s:
            connection.sendall(data)
            return True
        for byte in data:
            connection.sendall(bytes([byte]))
            if not self.wait(mood.trickle_s):
                return False
        return True


class HttpBackend(Backend):
    @property
    def endpoint(self):
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    def serve(self, connection):
        reader = connection.makefile("rb")
        while line := reader.readline():
            path = line.split()[1].decode()
            headers = {}
            while field := reader.readline().strip():
                name, _, value = field.decode().partition(":")
                headers[name.lower()] = value.strip()
            if headers.get("expect") == "100-continue":
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            size = int(headers["content-length"])
            raw = reader.read(size)
            if len(raw) < size:
                return
            mood, signal = self.mood, BY_NAME[path.removeprefix("/v1/")]
            self.take(signal, raw, mood)
            if mood.hangs:
                while self.wait(0.2) and self.mood.hangs:
                    pass
                return
            if not self.say(connection, self._answer(signal, mood), mood):
                return

    def _answer(self, signal, mood):
        answer = mood.answer
        message = answer.response(signal) if answer.http_status == 200 else answer.status()
        body = message.SerializeToString() if mood.body is None else mood.body
        head = [
            f"HTTP/1.1 {answer.http_status} Some Words",
            f"Content-Type: {mood.kind or 'application/x-protobuf'}",
            f"Content-Length: {len(body)}",
        ]
        if answer.retry_after:
            head.append(f"Retry-After: {answer.retry_after}")
        return "\r\n".join([*head, "", ""]).encode() + body


class GrpcBackend(Backend):
    @property
    def endpoint(self):
        return f"127.0.0.1:{self.port}"

    def serve(self, connection):
        settings = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        http2 = h2.connection.H2Connection(settings)
        http2.initiate_connection()
        calls = {}
        while True:
            connection.sendall(http2.data_to_send())
            data = connection.recv(CHUNK)
            if not data:
                return
            for event in http2.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    calls[event.stream_id] = [OF_METHOD[dict(event.headers)[":path"]], b""]
                elif isinstance(event, h2.events.DataReceived):
                    calls[event.stream_id][1] += event.data
                    http2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamReset):
                    calls.pop(event.stream_id, None)
                elif isinstance(event, h2.events.StreamEnded):
                    if not self._end(connection, http2, event.stream_id, *calls.pop(event.stream_id)):
                        return

    def _end(self, connection, http2, stream, signal, data):
        """Answers a call. False: the connection is over."""
        mood = self.mood
        self.take(signal, data[5:], mood)
        if mood.hangs:
            return True
        connection.sendall(http2.data_to_send())
        answer = mood.answer
        headers = [(":status", "200"), ("content-type", mood.kind or "application/grpc")]
        trailers = [("grpc-status", str(answer.code.value[0])), ("grpc-message", answer.message)]
        if answer.retry_info_s is not None:
            details = base64.b64encode(answer.status().SerializeToString()).rstrip(b"=")
            trailers.append(("grpc-status-details-bin", details.decode()))
        if not answer.accepts and not mood.silent:
            http2.send_headers(stream, headers + trailers, end_stream=True)
            return self.say(connection, http2.data_to_send(), mood)
        http2.send_headers(stream, headers)
        body = answer.response(signal).SerializeToString() if mood.body is None else mood.body
        http2.send_data(stream, struct.pack(">BI", 0, len(body)) + body, end_stream=mood.silent)
        if not mood.silent:
            http2.send_headers(stream, trailers, end_stream=True)
        return self.say(connection, http2.data_to_send(), mood)
