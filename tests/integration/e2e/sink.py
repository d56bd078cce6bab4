# SPDX-License-Identifier: Apache-2.0
"""An OTLP backend that is not ours: grpcio with opentelemetry-proto's generated service stubs, and an HTTP server
that parses with the same package's messages. It records every request and answers as it is told."""

import gzip
import threading
import time
import zlib
from collections import Counter
from concurrent import futures
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import zstandard
from google.protobuf.message import DecodeError

from e2e import otlp_json
from e2e.answers import ACCEPT, Answer
from e2e.signals import BY_NAME, SERVICERS

WAIT_S = 15  # how long a test waits for telemetry that must arrive
GRPC_WORKERS = 16
MAX_BODY = 256 << 20


@dataclass
class Received:
    """One request as the sink got it. `raw` is its uncompressed body, `headers` have lower-case names."""

    signal: object
    transport: str
    encoding: str
    compression: str
    headers: dict
    raw: bytes
    wire_size: int
    message: object
    answer: Answer
    time: float


class Sink:
    """A gRPC and an HTTP port on loopback that take all three signals, and `socket`, where given, the path of a unix
    socket for gRPC. Use as a context manager."""

    def __init__(self, tls=None, http_port=0, socket=None):
        self._changed = threading.Condition()
        self._script = []
        self._default = ACCEPT
        self._closing = threading.Event()
        self.requests = []
        self.faults = []  # what a strict backend could not read
        self._accepted = Counter()  # items of each signal
        self._serve_grpc(tls, socket)
        self._serve_http(tls, http_port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _serve_grpc(self, tls, socket):
        self._pool = futures.ThreadPoolExecutor(GRPC_WORKERS, thread_name_prefix="sink-grpc")
        self._grpc = grpc.server(
            self._pool,
            interceptors=[_KeepBytes()],
            options=[("grpc.max_receive_message_length", MAX_BODY), ("grpc.so_reuseport", 0)],
        )
        for signal, base, register in SERVICERS:
            register(_servicer(self, signal, base), self._grpc)
        if tls:
            self.grpc_port = self._grpc.add_secure_port("127.0.0.1:0", tls.grpc_server_credentials())
        else:
            self.grpc_port = self._grpc.add_insecure_port("127.0.0.1:0")
        if socket:
            self._grpc.add_insecure_port(f"unix:{socket}")
        self._grpc.start()

    def _serve_http(self, tls, port):
        self._http = _HttpServer(("127.0.0.1", port), _HttpHandler)
        self._http.sink = self
        if tls:
            self._http.socket = tls.server_context().wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        self.http_port = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), name="sink-http", daemon=True)
        self._thread.start()

    @property
    def grpc_endpoint(self):
        return f"127.0.0.1:{self.grpc_port}"

    @property
    def http_endpoint(self):
        return f"http://127.0.0.1:{self.http_port}"

    def close(self):
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._grpc.stop(grace=None).wait(WAIT_S)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._thread.join(WAIT_S)

    def answer_next(self, *answers):
        """The next requests get these answers, one each; later ones the default."""
        with self._changed:
            self._script.extend(answers)

    def answer_always(self, answer):
        """Every request without a scripted answer gets this one."""
        with self._changed:
            self._default = answer

    def take(self, signal, transport, encoding, compression, headers, raw, wire_size, message):
        """Records a request and gives the answer that is due, after its delay. Called by the servers."""
        with self._changed:
            answer = self._script.pop(0) if self._script else self._default
        if answer.delay_s:
            self._closing.wait(answer.delay_s)
        record = Received(
            signal, transport, encoding, compression, headers, raw, wire_size, message, answer, time.monotonic()
        )
        items = signal.items(message)
        with self._changed:
            self.requests.append(record)
            if answer.accepts:
                self._accepted[signal.name] += items
            self._changed.notify_all()
        return answer

    def fault(self, text):
        """Notes a request that a strict backend cannot read. Called by the servers."""
        with self._changed:
            self.faults.append(text)
            self._changed.notify_all()

    def of(self, signal):
        """The requests of a signal that were accepted, in order."""
        with self._changed:
            return [record for record in self.requests if record.signal is signal and record.answer.accepts]

    def messages(self, signal):
        return [record.message for record in self.of(signal)]

    def items(self, signal):
        """Spans, data points or log records accepted so far."""
        with self._changed:
            return self._accepted[signal.name]

    def wait_until(self, reached, what, timeout_s=WAIT_S):
        """Waits until `reached()` holds; it is asked after each request."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while not reached():
                left = deadline - time.monotonic()
                if left <= 0 or self.faults:
                    break
                self._changed.wait(left)
        assert not self.faults, f"the sink cannot read what it was sent: {self.faults[:3]}"
        assert reached(), f"the sink waited {timeout_s} s for {what}; it has {len(self.requests)} requests"

    def wait_items(self, signal, count, timeout_s=WAIT_S):
        """Waits for at least `count` accepted items and returns the accepted messages."""
        self.wait_until(lambda: self.items(signal) >= count, f"{count} {signal.debug_count}", timeout_s)
        return self.messages(signal)

    def wait_requests(self, count, timeout_s=WAIT_S):
        """Waits for at least `count` requests, accepted or not."""
        self.wait_until(lambda: len(self.requests) >= count, f"{count} requests", timeout_s)
        return self.requests


class _KeepBytes(grpc.ServerInterceptor):
    """Hands a servicer (bytes, message), because bytes say more than the message made of them."""

    def intercept_service(self, continuation, handler_call_details):
        handler = continuation(handler_call_details)
        if handler is None:
            return None
        parse = handler.request_deserializer
        return handler._replace(request_deserializer=lambda raw: (raw, _parse_or_none(parse, raw)))


def _parse_or_none(parse, raw):
    try:
        return parse(raw)
    except DecodeError:
        return None


def _servicer(sink, signal, base):
    class Servicer(base):
        def Export(self, request, context):
            raw, message = request
            headers = {key.lower(): value for key, value in context.invocation_metadata()}
            if message is None:
                sink.fault(f"grpc {signal.name}: protobuf cannot parse {len(raw)} bytes")
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not a protobuf message")
            answer = sink.take(signal, "grpc", "proto", "", headers, raw, len(raw), message)
            if not answer.accepts:
                context.set_trailing_metadata((("grpc-status-details-bin", answer.status().SerializeToString()),))
                context.abort(answer.code, answer.message)
            return answer.response(signal)

    return Servicer()


def _decompress(encoding, body):
    if encoding in ("", "identity"):
        return body
    if encoding == "gzip":
        return gzip.decompress(body)
    if encoding in ("deflate", "zlib"):
        return zlib.decompress(body)
    if encoding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(body)
    raise ValueError(f"unknown Content-Encoding {encoding!r}")


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128  # with fewer, connections made at once would wait a second for each other


class _HttpHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True

    def log_message(self, *_):
        """The sink says nothing on stderr."""

    def _body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            length = int(self.headers.get("Content-Length", "0"))
            body = self.rfile.read(length)
            if len(body) < length:
                raise ConnectionError("the client left in the middle of the body")
            return body
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(pieces)

    def _refuse(self, status, fault):
        self.server.sink.fault(f"http {self.path}: {fault}")
        self._send(status, "text/plain", fault.encode(), {})

    def do_POST(self):
        try:
            body = self._body()
        except OSError:
            self.close_connection = True
            return
        except ValueError as error:
            self.server.sink.fault(f"http {self.path}: cannot read the body: {error}")
            self.close_connection = True
            return
        signal = BY_NAME.get(self.path.removeprefix("/v1/"))
        content_type = self.headers.get_content_type()
        if signal is None or content_type not in ("application/x-protobuf", "application/json"):
            self._refuse(404, f"no such path or type: {content_type}")
            return
        compression = self.headers.get("Content-Encoding", "")
        try:
            raw = _decompress(compression, body)
            if content_type == "application/json":
                message = otlp_json.parse(raw, signal.request())
            else:
                message = signal.request.FromString(raw)
        except Exception as error:  # whatever a decoder raises is the fault of the sender
            self._refuse(400, f"cannot decode {len(body)} bytes of {content_type} {compression}: {error}")
            return
        encoding = "json" if content_type == "application/json" else "proto"
        headers = {key.lower(): value for key, value in self.headers.items()}
        answer = self.server.sink.take(signal, "http", encoding, compression, headers, raw, len(body), message)
        self._answer(signal, answer, encoding)

    def _answer(self, signal, answer, encoding):
        if answer.hang_up:
            self.close_connection = True
            return
        message = answer.response(signal) if answer.http_status == 200 else answer.status()
        if encoding == "json":
            body = otlp_json.dump(message)
        else:
            body = message.SerializeToString()
        extra = {"Retry-After": answer.retry_after} if answer.retry_after else {}
        content_type = "application/json" if encoding == "json" else "application/x-protobuf"
        self._send(answer.http_status, content_type, body, extra)

    def _send(self, status, content_type, body, extra):
        try:
            self.send_response(status)
            for name, value in {"Content-Type": content_type, "Content-Length": str(len(body)), **extra}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # the client went away: its right
