# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 by hand on a TCP connection: sends any bytes at any pace, reads answers, and sees how it ends."""

import socket
import ssl
import struct

ANSWER_S = 10
CHUNK = 1 << 16
# What became of a connection that gave no answer. The other outcomes are statuses: "200", "400", …
CLOSED = "closed"
SILENT = "silent"


class Response:
    """One answer; `interim` holds the 1xx statuses before it."""

    def __init__(self, status, headers, body, interim):
        self.status, self.headers, self.body, self.interim = status, headers, body, interim

    @property
    def outcome(self):
        return str(self.status)

    @property
    def closes(self):
        return self.headers.get("connection", "").lower() == "close"


class Ended(Exception):
    """The connection ended before an answer."""


class Connection:
    """A TCP connection to a port on loopback. Use as a context manager."""

    def __init__(self, port, timeout_s=ANSWER_S):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def reset(self):
        """Closes with RST in place of FIN, as a client that is killed or loses its network."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def finish_sending(self):
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the server has already reset the connection

    def send(self, data):
        """Sends all of it, or as much as the server takes: it may answer and close before the end."""
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self

    def _more(self):
        try:
            data = self._socket.recv(CHUNK)
        except (ConnectionResetError, ssl.SSLError) as error:
            raise Ended(str(error)) from error
        if not data:
            raise Ended("the server closed the connection")
        self._buffer += data

    def _line(self):
        while b"\r\n" not in self._buffer:
            self._more()
        line, self._buffer = self._buffer.split(b"\r\n", 1)
        return line.decode("latin-1")

    def _exactly(self, size):
        while len(self._buffer) < size:
            self._more()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _headers(self):
        headers = {}
        while line := self._line():
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        return headers

    def _body(self, status, headers, to_head):
        if to_head or status in (204, 304):
            return b""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            pieces = []
            while size := int(self._line().split(";")[0], 16):
                pieces.append(self._exactly(size))
                self._line()
            self._headers()
            return b"".join(pieces)
        if "content-length" in headers:
            return self._exactly(int(headers["content-length"]))
        try:
            while True:
                self._more()
        except Ended:
            return self._exactly(len(self._buffer))

    def response(self, to_head=False):
        """The next answer; Ended where there is none, TimeoutError where nothing comes."""
        interim = []
        while True:
            status = int(self._line().split(" ", 2)[1])
            headers = self._headers()
            if status >= 200:
                return Response(status, headers, self._body(status, headers, to_head), interim)
            interim.append(status)

    def interim(self):
        """The status of a 1xx answer that must come before any other."""
        status = int(self._line().split(" ", 2)[1])
        self._headers()
        return status

    def outcome(self):
        """What became of the request: a status, CLOSED or SILENT."""
        try:
            return self.response().outcome
        except Ended:
            return CLOSED
        except TimeoutError:
            return SILENT

    def end(self):
        """What becomes of the connection when nothing more is sent: CLOSED, or SILENT after the timeout."""
        try:
            while True:
                self._more()
        except Ended:
            return CLOSED
        except TimeoutError:
            return SILENT


def request(path, body=b"", content_type="application/x-protobuf", method="POST", version="HTTP/1.1", headers=None):
    """The bytes of a request. `headers` add to or (with None) take away the usual ones."""
    lines = {"Host": "localhost", "Content-Type": content_type, "Content-Length": str(len(body)), **(headers or {})}
    head = f"{method} {path} {version}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
    return head.encode() + b"\r\n" + body


def chunked(*pieces, extension=b"", trailer=b""):
    """A chunked body."""
    chunks = b"".join(b"%x%s\r\n%s\r\n" % (len(piece), extension, piece) for piece in pieces)
    return chunks + b"0" + extension + b"\r\n" + trailer + b"\r\n"
