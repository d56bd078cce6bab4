# SPDX-License-Identifier: Apache-2.0
"""OTLP/gRPC: methods, framing of messages, compression, sizes, headers, and HTTP/2 beneath it."""

import gzip
import zlib

import h2.settings
import zstandard

import http2
from e2e import senders
from e2e.samples import small
from e2e.signals import SIGNALS, TRACES
from http2 import CLOSED, GOAWAY, RESET, SILENT, message
from table import ANY, GRPC_BAD_MESSAGE, LIMIT, MIB, Row

BOMB = 64 * MIB
BROKEN_CONNECTION = (GOAWAY, CLOSED, RESET)


def _row(name, send, *expect, **options):
    return Row(f"grpc: {name}", send, expect, marks=("grpc", *options.pop("marks", ())), **options)


def _call(name, expect, body=None, signal=TRACES, **options):
    """A row of one call; `to` holds the arguments of Doors.call."""
    to = options.pop("to", {})
    path = to.pop("path", signal.method)
    body = message(small(signal).SerializeToString()) if body is None else body
    expect = (expect,) if isinstance(expect, str) else expect
    return _row(name, lambda doors: doors.call(body, path, **to), *expect, signal=signal, **options)


def method_rows():
    unknown = (
        "/opentelemetry.proto.collector.trace.v1.TraceService/Import",
        "/opentelemetry.proto.collector.trace.v1.TraceService/",
        "/opentelemetry.proto.collector.trace.v1.TraceService/export",
        "/opentelemetry.proto.collector.trace.v2.TraceService/Export",
        "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Nothing",
        "/grpc.health.v1.Health/Watches",
        "/a/b",
        "/a/b/c",
        "/",
        "//",
        "/v1/x",
        f"{TRACES.method}/",
        f"/{'x' * 8000}/Export",
    )
    for path in unknown:
        yield _call(f"method {path[:80]}", "UNIMPLEMENTED", to={"path": path})
    yield _call("method with a query", ("UNIMPLEMENTED", "OK"), to={"path": f"{TRACES.method}?x=1"}, arrives=ANY)
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        yield _row(
            f"HTTP method {method}",
            lambda doors, method=method: _with_method(doors, method),
            "http 405",
            "http 415",
            "UNIMPLEMENTED",
            "INTERNAL",
            RESET,
        )
    for name in (
        "text/plain",
        "application/json",
        "application/grpc-web",
        "application/grpcx",
        "",
        "application/x-protobuf",
    ):
        yield _call(f"content type '{name}'", ("http 415", "http 404"), to={"headers": {"content-type": name}})
    yield _call("no content type", ("http 415", "http 404"), to={"headers": {"content-type": None}})
    for name in ("application/grpc+proto", "application/grpc;charset=utf-8"):
        yield _call(f"content type '{name}'", "OK", to={"headers": {"content-type": name}}, arrives=1)
    yield _call(
        "content type 'application/grpc+json'",
        ("OK", "UNIMPLEMENTED", "http 415", *GRPC_BAD_MESSAGE),
        to={"headers": {"content-type": "application/grpc+json"}},
        arrives=ANY,
    )


def _with_method(doors, method):
    with http2.Connection(doors.grpc) as connection:
        number = connection.open(TRACES.method, method=method)
        connection.data(number, message(small(TRACES).SerializeToString()))
        return connection.outcome(number)


def framing_rows():
    good = small(TRACES).SerializeToString()
    failed = (*GRPC_BAD_MESSAGE, "UNIMPLEMENTED", "UNKNOWN", "CANCELLED", "OUT_OF_RANGE")
    for signal in SIGNALS:
        yield _call(f"{signal.name}: a good call", "OK", signal=signal, arrives=1)
    yield _row("no message, the headers end the stream", _headers_only, *failed, go_skip="gives no answer")
    yield _call("no message, an empty frame ends the stream", failed, b"")
    for size in range(1, 5):
        yield _call(f"{size} bytes of the five before a message", failed, message(good)[:size])
    yield _call("a message cut short by one byte", failed, message(good)[:-1])
    yield _call("a message of which nothing comes", failed, message(good)[:5])
    go = {"go": ("OK",), "go_arrives": 1, "note": "the Go collector acknowledges the call and drops what follows"}
    yield _call("two messages", failed, message(good) + message(small(TRACES).SerializeToString()), **go)
    yield _call("a message and a byte more", failed, message(good) + b"\0", **go)
    yield _call("a message of no bytes", "OK", message(b""))
    for flag in (2, 3, 0x80, 0xFF):
        yield _call(f"compression flag {flag}", failed, message(good, flag))
    yield _call("a message in frames of one byte", "OK", to={"frame": 1}, arrives=1)
    yield _call("a message in frames of seven bytes", "OK", to={"frame": 7}, arrives=1)
    yield _row("a frame of no bytes before each byte", _empty_frames, "OK", *BROKEN_CONNECTION, arrives=ANY)
    yield _row("the stream ends with an empty frame", _end_apart, "OK", arrives=1)
    yield _row("padded frames", _padded, "OK", arrives=1)
    yield _row("trailers end the stream", _trailers, "OK", *failed, *BROKEN_CONNECTION, arrives=ANY)


def _headers_only(doors):
    with http2.Connection(doors.grpc) as connection:
        return connection.outcome(connection.open(TRACES.method, end=True))


def _empty_frames(doors):
    with http2.Connection(doors.grpc) as connection:
        number = connection.open(TRACES.method)
        for byte in message(small(TRACES).SerializeToString()):
            connection.data(number, b"", end=False)
            connection.data(number, bytes([byte]), end=False)
        connection.data(number, b"")
        return connection.outcome(number)


def _end_apart(doors):
    with http2.Connection(doors.grpc) as connection:
        number = connection.open(TRACES.method)
        connection.data(number, message(small(TRACES).SerializeToString()), end=False)
        connection.data(number, b"")
        return connection.outcome(number)


def _padded(doors):
    with http2.Connection(doors.grpc) as connection:
        number = connection.open(TRACES.method)
        body = message(small(TRACES).SerializeToString())
        connection.h2.send_data(number, body[:10], pad_length=200)
        connection.h2.send_data(number, body[10:], end_stream=True, pad_length=0)
        connection.flush()
        return connection.outcome(number)


def _trailers(doors):
    with http2.Connection(doors.grpc) as connection:
        number = connection.open(TRACES.method)
        connection.data(number, message(small(TRACES).SerializeToString()), end=False)
        connection.h2.send_headers(number, [("x-trailer", "x")], end_stream=True)
        connection.flush()
        return connection.outcome(number)


def _encoded(name, encoding, body, *expect, flag=1, **options):
    return _call(
        name,
        expect,
        message(body, flag),
        to={"headers": {"grpc-encoding": encoding}},
        marks=("compression",),
        **options,
    )


def compression_rows():
    good = small(TRACES).SerializeToString()
    for signal in SIGNALS:
        for encoding in ("gzip", "zstd"):
            packed = senders.compress(encoding, small(signal).SerializeToString())
            yield _encoded(f"{signal.name} in {encoding}", encoding, packed, "OK", signal=signal, arrives=1)
    yield _encoded("a flag without an encoding", None, gzip.compress(good), *GRPC_BAD_MESSAGE, "UNIMPLEMENTED")
    yield _encoded("a flag with encoding identity", "identity", good, *GRPC_BAD_MESSAGE, "UNIMPLEMENTED")
    yield _encoded("encoding identity without a flag", "identity", good, "OK", flag=0, arrives=1)
    yield _encoded("encoding gzip without a flag", "gzip", good, "OK", flag=0, arrives=1)
    for encoding in ("br", "compress", "x", "", "gzip, gzip"):
        yield _encoded(
            f"unknown encoding '{encoding}'", encoding, good, "UNIMPLEMENTED", *(() if encoding else GRPC_BAD_MESSAGE)
        )
    yield _encoded("unknown encoding 'br' without a flag", "br", good, "UNIMPLEMENTED", "OK", flag=0, arrives=ANY)
    for encoding in ("snappy", "deflate"):
        yield _encoded(f"{encoding} that is none", encoding, good, "UNIMPLEMENTED", *GRPC_BAD_MESSAGE)
    yield _encoded("deflate", "deflate", zlib.compress(good), "UNIMPLEMENTED", "OK", arrives=ANY)
    for encoding in ("gzip", "zstd"):
        packed = senders.compress(encoding, good)
        yield _encoded(f"{encoding} cut short", encoding, packed[:-5], *GRPC_BAD_MESSAGE)
        yield _encoded(f"{encoding} of 3 bytes", encoding, packed[:3], *GRPC_BAD_MESSAGE)
        yield _encoded(f"{encoding} that is none", encoding, good, *GRPC_BAD_MESSAGE)
        yield _encoded(f"{encoding} of nothing", encoding, senders.compress(encoding, b""), "OK")
        yield _encoded(f"{encoding} of no bytes", encoding, b"", "OK", *GRPC_BAD_MESSAGE)
        yield _encoded(
            f"{encoding} of noise", encoding, senders.compress(encoding, bytes(range(255, 0, -1))), *GRPC_BAD_MESSAGE
        )
        for content, body in {
            "zeros": bytes(BOMB),
            "spans": small(TRACES, filler=MIB).SerializeToString() * (BOMB // MIB),
        }.items():
            yield _encoded(
                f"{encoding} bomb: {BOMB >> 20} MiB of {content}",
                encoding,
                senders.compress(encoding, body),
                "RESOURCE_EXHAUSTED",
            )
    two = zstandard.compress(good[:10]) + zstandard.compress(good[10:])
    yield _encoded("zstd in two frames", "zstd", two, "OK", *GRPC_BAD_MESSAGE, arrives=ANY)


def size_rows():
    yield _call("just below the limit", "OK", message(small(TRACES, filler=LIMIT - 200).SerializeToString()), arrives=1)
    yield _call("one byte over the limit", "RESOURCE_EXHAUSTED", message(bytes(LIMIT + 1)))
    yield _call("five times the limit", "RESOURCE_EXHAUSTED", message(bytes(5 * LIMIT)))
    yield _call("a message of 4 GiB is announced", "RESOURCE_EXHAUSTED", b"\0\xff\xff\xff\xff" + bytes(100))
    yield _row("an oversize message is announced and never comes", _announce_oversize, "RESOURCE_EXHAUSTED")


def _announce_oversize(doors):
    with http2.Connection(doors.grpc) as connection:
        number = connection.open(TRACES.method)
        connection.data(number, b"\0\x7f\xff\xff\xff", end=False)
        return connection.outcome(number)


def header_rows():
    refused = (*GRPC_BAD_MESSAGE, "RESOURCE_EXHAUSTED", "http 400", "http 431", *BROKEN_CONNECTION)
    any_way = ("OK", *refused)
    yield _call("no te header", any_way, to={"headers": {"te": None}}, arrives=ANY)
    for value in ("1S", "20000000H", "99999999n"):
        yield _call(
            f"grpc-timeout {value}", ("OK", "DEADLINE_EXCEEDED"), to={"headers": {"grpc-timeout": value}}, arrives=ANY
        )
    for value in ("1", "x", "-1S", "999999999S", "", "1s"):
        yield _call(f"grpc-timeout '{value}'", any_way, to={"headers": {"grpc-timeout": value}}, arrives=ANY)
    yield _call("a header of 100 KiB", any_way, to={"headers": {"x-long": "x" * 100_000}}, arrives=ANY)
    many = {f"x-header-{number}": "x" * 20 for number in range(300)}
    yield _call("three hundred headers", any_way, to={"headers": many}, arrives=ANY)
    yield _call("a header in capitals", (*refused, "OK"), to={"headers": {"X-Name": "x"}}, arrives=ANY)
    yield _call("connection: close", (*refused, "OK"), to={"headers": {"connection": "close"}}, arrives=ANY)
    yield _call("no :path", (*refused, "UNIMPLEMENTED"), to={"headers": {":path": None}})
    yield _call("no :method", (*refused, "http 405"), to={"headers": {":method": None}})
    yield _call("no :scheme", any_way, to={"headers": {":scheme": None}}, arrives=ANY)
    yield _call("no :authority", any_way, to={"headers": {":authority": None}}, arrives=ANY)
    yield _call("binary metadata that is no base64", any_way, to={"headers": {"x-trace-bin": "%%%"}}, arrives=ANY)


def connection_rows():
    yield _row("a hundred calls at once on one connection", _many_calls, "OK", arrives=100)
    yield _row("a hundred calls, one after the other", _sequence, "OK", arrives=100)
    yield _row("a bad call does not hurt its neighbours", _mixed, "OK", arrives=10)
    yield _row("a client that can take no answer yet", _no_window, "OK", arrives=1)
    yield _row("a client with frames of 16 MiB at most", _large_frames, "OK", arrives=1)
    yield _row("a stream reset before its message", _reset_before, "OK", arrives=1)
    yield _row("a stream reset in the middle", _reset_middle, "OK", arrives=1)
    for name, frames in RAW_FRAMES.items():
        go = {"go": (SILENT,)} if name in GO_SILENT else {}
        yield _row(f"HTTP/2: {name}", lambda doors, frames=frames: _raw(doors, frames), *BROKEN_CONNECTION, **go)
    for name, flood in FLOODS.items():
        yield _row(
            f"HTTP/2: {name}",
            lambda doors, flood=flood: _flood(doors, flood),
            "OK",
            *BROKEN_CONNECTION,
            arrives=ANY,
            note="the connection may be ended; others must not notice",
        )


def _outcomes(connection, numbers):
    """OK where all are, else the first that is not."""
    outcomes = [connection.outcome(number) for number in numbers]
    return next((outcome for outcome in outcomes if outcome != "OK"), "OK")


def _many_calls(doors):
    with http2.Connection(doors.grpc) as connection:
        numbers = [connection.open(TRACES.method) for _ in range(100)]
        for number in numbers:
            connection.data(number, message(small(TRACES).SerializeToString()))
        return _outcomes(connection, numbers)


def _sequence(doors):
    with http2.Connection(doors.grpc) as connection:
        for _ in range(100):
            number = connection.open(TRACES.method)
            connection.data(number, message(small(TRACES).SerializeToString()))
            if (outcome := connection.outcome(number)) != "OK":
                return outcome
        return "OK"


def _mixed(doors):
    with http2.Connection(doors.grpc) as connection:
        good, bad = [], []
        for _ in range(10):
            good.append(connection.open(TRACES.method))
            bad.append(connection.open(TRACES.method))
        for number in bad:
            connection.data(number, message(b"\xff"))
        for number in good:
            connection.data(number, message(small(TRACES).SerializeToString()))
        refused = {connection.outcome(number) for number in bad}
        return _outcomes(connection, good) if refused <= set(GRPC_BAD_MESSAGE) else str(refused)


def _no_window(doors):
    settings = {h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0}
    with http2.Connection(doors.grpc, settings=settings) as connection:
        number = connection.open(TRACES.method)
        connection.data(number, message(small(TRACES).SerializeToString()))
        while not connection.streams[number].headers and connection._receive():
            pass
        connection.h2.increment_flow_control_window(65535, number)
        connection.flush()
        return connection.outcome(number)


def _large_frames(doors):
    settings = {h2.settings.SettingCodes.MAX_FRAME_SIZE: (1 << 24) - 1}
    with http2.Connection(doors.grpc, settings=settings) as connection:
        number = connection.open(TRACES.method)
        connection.data(number, message(small(TRACES, filler=300_000).SerializeToString()))
        return connection.outcome(number)


def _then_good(connection):
    number = connection.open(TRACES.method)
    connection.data(number, message(small(TRACES).SerializeToString()))
    return connection.outcome(number)


def _reset_before(doors):
    with http2.Connection(doors.grpc) as connection:
        connection.h2.reset_stream(connection.open(TRACES.method))
        return _then_good(connection)


def _reset_middle(doors):
    with http2.Connection(doors.grpc) as connection:
        number = connection.open(TRACES.method)
        connection.data(number, message(small(TRACES).SerializeToString())[:-3], end=False)
        connection.h2.reset_stream(number)
        return _then_good(connection)


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    """An HTTP/2 frame by hand."""
    length = len(payload) if length is None else length
    return length.to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY_FRAME, WINDOW_UPDATE, CONTINUATION = range(10)
RAW_FRAMES = {
    "DATA on stream 0": frame(DATA, 1, 0, b"x"),
    "DATA on a stream that is not open": frame(DATA, 1, 5, b"x"),
    "HEADERS on an even stream": frame(HEADERS, 5, 2, b"\x82"),
    "HEADERS that are no HPACK": frame(HEADERS, 5, 1, b"\xff" * 20),
    "an index beyond the HPACK table": frame(HEADERS, 5, 1, b"\xff\x00"),
    "CONTINUATION without HEADERS": frame(CONTINUATION, 4, 1, b"\x82"),
    "another frame inside a header block": frame(HEADERS, 0, 1, b"\x82") + frame(PING, 0, 0, bytes(8)),
    "PUSH_PROMISE from a client": frame(PUSH_PROMISE, 4, 1, b"\0\0\0\2\x82"),
    "SETTINGS of seven bytes": frame(SETTINGS, 0, 0, bytes(7)),
    "SETTINGS on a stream": frame(SETTINGS, 0, 1, bytes(6)),
    "a window of 2^31 in SETTINGS": frame(SETTINGS, 0, 0, b"\0\4\x80\0\0\0"),
    "PING of seven bytes": frame(PING, 0, 0, bytes(7)),
    "WINDOW_UPDATE of 0": frame(WINDOW_UPDATE, 0, 0, bytes(4)),
    "a window that overflows": frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff") * 2,
    "RST_STREAM on stream 0": frame(RST_STREAM, 0, 0, bytes(4)),
    "a frame larger than was agreed": frame(PING, 0, 0, bytes(8), length=(1 << 24) - 1) + bytes(100_000),
    "padding longer than the frame": frame(HEADERS, 0xD, 1, b"\xff\x82"),
}
GO_SILENT = {"DATA on a stream that is not open", "PUSH_PROMISE from a client", "a window that overflows"}
SILENCE_S = 2  # that the server says nothing is known after this


def _raw(doors, frames):
    with http2.Connection(doors.grpc, timeout_s=SILENCE_S) as connection:
        connection.raw(frames)
        return connection.end()


def _flood(doors, flood):
    with http2.Connection(doors.grpc) as connection:
        flood(connection)
        try:
            return _then_good(connection)
        except http2.h2.exceptions.ProtocolError:
            return CLOSED


def _rapid_reset(connection):
    for _ in range(2000):
        number = connection.open(TRACES.method)
        connection.h2.reset_stream(number)
    connection.flush()


def _endless_headers(connection):
    connection.raw(frame(HEADERS, 0, 1, b"\x82\x86"))
    for _ in range(2000):
        connection.raw(frame(CONTINUATION, 0, 1, b"\x40\x01a\x7f\x21" + b"x" * 160))


FLOODS = {
    "two thousand streams reset at once": _rapid_reset,
    "ten thousand pings": lambda connection: connection.raw(frame(PING, 0, 0, bytes(8)) * 10_000),
    "ten thousand empty settings": lambda connection: connection.raw(frame(SETTINGS) * 10_000),
    "ten thousand frames of an unknown kind": lambda connection: connection.raw(frame(0xEE, 0, 0, b"x") * 10_000),
    "ten thousand priorities": lambda connection: connection.raw(frame(PRIORITY, 0, 1, bytes(4) + b"\x10") * 10_000),
    "headers that never end": _endless_headers,
}


def rows():
    yield from method_rows()
    yield from framing_rows()
    yield from compression_rows()
    yield from size_rows()
    yield from header_rows()
    yield from connection_rows()
