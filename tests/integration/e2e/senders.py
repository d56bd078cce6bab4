# SPDX-License-Identifier: Apache-2.0
"""Well-behaved raw clients: a gRPC channel of grpcio, and HTTP by the standard library."""

import gzip
import http.client
import socket
import zlib

import grpc
import zstandard

from e2e import otlp_json
from e2e.signals import SIGNALS

CALL_S = 15
PROTOBUF = "application/x-protobuf"
JSON = "application/json"


def compress(encoding, body):
    """`body` in a Content-Encoding."""
    if encoding == "gzip":
        return gzip.compress(body, mtime=0)
    if encoding in ("deflate", "zlib"):
        return zlib.compress(body)
    if encoding == "zstd":
        return zstandard.ZstdCompressor().compress(body)
    if encoding == "":
        return body
    raise ValueError(encoding)


def took_everything(response):
    """Whether an answer has no partial success that says anything (an empty one may be there)."""
    return not response.ListFields() or not response.partial_success.ListFields()


class GrpcSender:
    """Calls Export of any signal with ready bytes. Raises grpc.RpcError where it is refused."""

    is_json = False

    def __init__(self, port, credentials=None, options=()):
        """`port` on loopback, or the path of a unix socket."""
        target = f"127.0.0.1:{port}" if isinstance(port, int) else f"unix:{port}"
        options = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1), *options]
        if credentials:
            self._channel = grpc.secure_channel(target, credentials, options)
        else:
            self._channel = grpc.insecure_channel(target, options)
        self._call = {
            signal.name: self._channel.unary_unary(
                signal.method, request_serializer=None, response_deserializer=signal.response.FromString
            )
            for signal in SIGNALS
        }

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._channel.close()

    def send(self, signal, body, metadata=(), compression=None, timeout=CALL_S):
        """Sends bytes or a message and returns the response."""
        raw = body if isinstance(body, bytes) else body.SerializeToString()
        return self._call[signal.name](raw, timeout=timeout, metadata=metadata, compression=compression)


class HttpError(Exception):
    """An answer other than 200."""

    def __init__(self, status, body, headers):
        super().__init__(f"HTTP {status}: {body[:300]!r}")
        self.status, self.body, self.headers = status, body, headers


class _UnixConnection(http.client.HTTPConnection):
    path = ""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class HttpSender:
    """Posts ready bytes over one kept connection. Raises HttpError where they are refused."""

    def __init__(self, port, content_type=PROTOBUF, encoding="", tls=None, headers=None):
        """`port` on loopback, or the path of a unix socket; `headers` go with every request."""
        self._headers = headers or {}
        if not isinstance(port, int):
            self._connection = _UnixConnection("localhost", timeout=CALL_S)
            self._connection.path = str(port)
        elif tls:
            self._connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=CALL_S, context=tls)
        else:
            self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=CALL_S)
        self._content_type = content_type
        self._encoding = encoding
        self.is_json = content_type == JSON

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._connection.close()

    def send(self, signal, body):
        """Sends bytes or a message and returns the response, parsed."""
        if not isinstance(body, bytes):
            body = otlp_json.dump(body) if self._content_type == JSON else body.SerializeToString()
        headers = {"Content-Type": self._content_type, **self._headers}
        if self._encoding:
            headers["Content-Encoding"] = self._encoding
        self._connection.request("POST", signal.path, compress(self._encoding, body), headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise HttpError(answer.status, content, answer.headers)
        assert answer.headers.get_content_type() == self._content_type, answer.headers.as_string()
        if self._content_type == JSON:
            return otlp_json.parse(content, signal.response())
        return signal.response.FromString(content)
