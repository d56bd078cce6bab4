# SPDX-License-Identifier: Apache-2.0
"""OTLP/HTTP: path, method, content type, encoding, sizes, and the forms of an HTTP/1.1 message."""

import gzip
import zlib

import zstandard

import http1
from e2e import senders
from e2e.samples import small
from e2e.signals import LOGS, METRICS, SIGNALS, TRACES
from http1 import CLOSED, chunked, request
from table import ANY, JSON, LIMIT, MIB, PROTOBUF, Row, json_of

BOMB = 64 * MIB
ENCODINGS = ("gzip", "zstd", "deflate")


def _row(name, send, *expect, **options):
    return Row(f"http: {name}", send, expect, marks=("http", *options.pop("marks", ())), **options)


def _post(name, expect, body=None, signal=TRACES, **options):
    """A row that posts one request; `to` holds the arguments of http1.request."""
    to = options.pop("to", {})
    path = to.pop("path", signal.path)
    body = small(signal).SerializeToString() if body is None else body
    expect = (expect,) if isinstance(expect, str) else expect
    return _row(name, lambda doors: doors.exchange(request(path, body, **to)), *expect, signal=signal, **options)


def path_rows():
    for path in (
        "/",
        "/v1",
        "/v1/",
        "/v1/spans",
        "/v2/traces",
        "/V1/traces",
        "/v1/traces/",
        "/v1/traces/x",
        "/v1/traces%00",
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    ):
        yield _post(f"path {path}", "404", to={"path": path})
    for path in ("//v1/traces", "/v1/../v1/traces", "/./v1/traces"):
        yield _post(f"path {path}", ("404", "400"), to={"path": path}, go=("307",))
    yield _post("path with a query", "200", to={"path": "/v1/traces?key=value"}, arrives=1)
    yield _post("path of 64 KiB", ("404", "414", "400", "431"), to={"path": "/v1/" + "x" * 65536})
    yield _post("path with an escaped letter", ("200", "404"), to={"path": "/v1/%74races"}, arrives=ANY)
    yield _post("absolute form", "200", to={"path": "http://localhost/v1/traces"}, arrives=1)
    yield _post("path with a space", "400", to={"path": "/v1/tra ces"})
    yield _post("a trace to the path of metrics", ("200", "400"), small(METRICS).SerializeToString(), LOGS, arrives=ANY)


def method_rows():
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"):
        yield _post(f"method {method}", "405", to={"method": method})
    yield _row("method HEAD", _head, "405")
    yield _post("method in small letters", ("405", "400"), to={"method": "post"})


def _head(doors):
    with http1.Connection(doors.http) as connection:
        connection.send(request("/v1/traces", method="HEAD"))
        return connection.response(to_head=True).outcome


def type_rows():
    for name in (
        "text/plain",
        "application/xml",
        "application/protobuf",
        "application/x-protobuf2",
        "application/grpc",
        "application/x-www-form-urlencoded",
        "x-protobuf",
        "*/*",
        "",
        ";",
        "application/",
    ):
        yield _post(f"content type '{name}'", "415", to={"content_type": name})
    yield _post("no content type", "415", to={"headers": {"Content-Type": None}})
    body = json_of(small(TRACES))
    for name in ("application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"):
        yield _post(
            f"content type '{name}'",
            "200",
            json_of(small(TRACES)),
            to={"content_type": name},
            arrives=1,
            marks=("json",),
        )
    for name in ("application/x-protobuf; proto=x", "APPLICATION/X-PROTOBUF"):
        yield _post(f"content type '{name}'", "200", to={"content_type": name}, arrives=1)
    yield _post("JSON called protobuf", "400", body)
    yield _post("protobuf called JSON", "400", to={"content_type": JSON}, marks=("json",))


def _encoded(name, encoding, body, *expect, content_type=PROTOBUF, **options):
    to = {"headers": {"Content-Encoding": encoding}, "content_type": content_type}
    return _post(name, expect, body, to=to, marks=("compression",), **options)


def encoding_rows():
    for signal in SIGNALS:
        for encoding in ENCODINGS:
            good = small(signal)
            packed = senders.compress(encoding, good.SerializeToString())
            yield _encoded(f"{signal.name} in {encoding}", encoding, packed, "200", signal=signal, arrives=1)
            packed = senders.compress(encoding, json_of(good))
            yield _encoded(
                f"{signal.name} as JSON in {encoding}",
                encoding,
                packed,
                "200",
                signal=signal,
                arrives=1,
                content_type=JSON,
            )
    good = small(TRACES).SerializeToString()
    for encoding in ENCODINGS:
        packed = senders.compress(encoding, good)
        yield _encoded(f"{encoding} cut short", encoding, packed[:-5], "400")
        yield _encoded(f"{encoding} of 3 bytes", encoding, packed[:3], "400")
        yield _encoded(f"{encoding} that is none", encoding, good, "400")
        yield _encoded(f"{encoding} of nothing", encoding, senders.compress(encoding, b""), "200")
        yield _encoded(f"{encoding} of noise", encoding, senders.compress(encoding, bytes(range(255, 0, -1))), "400")
        yield _encoded(f"{encoding} and no body", encoding, b"", "200", "400")
        yield _encoded(f"{encoding} followed by noise", encoding, packed + b"\xff" * 9, "200", "400", arrives=ANY)
        yield _encoded(f"{encoding} in capitals", encoding.upper(), packed, "200", "400", arrives=ANY)
    broken = bytearray(gzip.compress(good, mtime=0))
    broken[-6] ^= 1
    yield _encoded("gzip with a wrong checksum", "gzip", bytes(broken), "400")
    two = gzip.compress(good[:10], mtime=0) + gzip.compress(good[10:], mtime=0)
    yield _encoded("gzip in two members", "gzip", two, "200", arrives=1)
    frames = zstandard.compress(good[:10]) + zstandard.compress(good[10:])
    yield _encoded("zstd in two frames", "zstd", frames, "200", arrives=1)
    raw = zlib.compressobj(wbits=-15)
    yield _encoded(
        "deflate without the zlib wrapper", "deflate", raw.compress(good) + raw.flush(), "200", "400", arrives=ANY
    )
    for encoding in ("br", "compress", "x", "gzip, gzip", "gzip;q=1"):
        yield _encoded(f"unknown encoding '{encoding}'", encoding, good, "400")
    for encoding in ("snappy", "lz4"):
        yield _encoded(f"encoding {encoding} that is none", encoding, good, "400")
    yield _encoded("encoding identity", "identity", good, "200", "400", arrives=ANY)
    yield _encoded("empty encoding", "", good, "200", arrives=1)


def _padded(size):
    """A good request of about `size` bytes."""
    return small(TRACES, filler=size - 200).SerializeToString()


def size_rows():
    go = {"go": ("400",)}
    yield _post("just below the limit", "200", _padded(LIMIT), arrives=1)
    yield _post("one byte over the limit", "413", bytes(LIMIT + 1), **go)
    yield _post("twice the limit", "413", _padded(2 * LIMIT), **go)
    yield _post("five times the limit", "413", bytes(5 * LIMIT), **go)
    declared = {"headers": {"Content-Length": str(1 << 40)}}
    yield _post("a body of 2^40 bytes is announced", "413", b"x" * 100, to=declared, go_skip="waits for the body")
    yield _row(
        "chunks over the limit",
        lambda doors: doors.exchange(
            request(TRACES.path, headers={"Transfer-Encoding": "chunked", "Content-Length": None}),
            chunked(*[bytes(65536)] * (2 * LIMIT // 65536)),
        ),
        "413",
        **go,
    )
    for encoding in ENCODINGS:
        for name, body in {"zeros": bytes(BOMB), "spans": _padded(MIB) * (BOMB // MIB)}.items():
            packed = senders.compress(encoding, body)
            yield _encoded(f"{encoding} bomb: {BOMB >> 20} MiB of {name}", encoding, packed, "413", **go)
        packed = senders.compress(encoding, _padded(2 * LIMIT))
        yield _encoded(f"{encoding} of twice the limit", encoding, packed, "413", **go)
        yield _encoded(
            f"{encoding} just below the limit", encoding, senders.compress(encoding, _padded(LIMIT)), "200", arrives=1
        )
    layers = bytes(BOMB)
    for _ in range(3):
        layers = gzip.compress(layers, mtime=0)
    yield _encoded("gzip in gzip in gzip", "gzip", layers, "400")


def message_rows():
    """Forms of an HTTP/1.1 message, legal and not."""
    body = small(TRACES).SerializeToString()
    plain = {"Transfer-Encoding": "chunked", "Content-Length": None}

    def bytes_row(name, data, *expect, **options):
        return _row(
            name, lambda doors: doors.exchange(*([data] if isinstance(data, bytes) else data)), *expect, **options
        )

    head = request(TRACES.path, headers=plain)
    yield bytes_row("chunked, one chunk", head + chunked(body), "200", arrives=1)
    yield bytes_row(
        "chunked, a byte a chunk", head + chunked(*[body[i : i + 1] for i in range(len(body))]), "200", arrives=1
    )
    yield bytes_row("chunked with extensions", head + chunked(body, extension=b";name=value"), "200", arrives=1)
    yield bytes_row("chunked with trailers", head + chunked(body, trailer=b"X-Trailer: x\r\n"), "200", arrives=1)
    yield bytes_row("chunked, empty", head + chunked(), "200")
    yield bytes_row("a chunk size that is none", head + b"zz\r\nabc\r\n0\r\n\r\n", "400", CLOSED)
    yield bytes_row("a chunk size of 2^64", head + b"10000000000000000\r\nabc\r\n0\r\n\r\n", "400", "413", CLOSED)
    yield bytes_row("a negative chunk size", head + b"-1\r\nabc\r\n0\r\n\r\n", "400", CLOSED)
    yield bytes_row("a chunk longer than its size", head + b"1\r\nabc\r\n0\r\n\r\n", "400", CLOSED)
    yield bytes_row(
        "chunked and a length",
        request(TRACES.path, headers={"Transfer-Encoding": "chunked"}) + chunked(body),
        "200",
        "400",
        arrives=ANY,
        note="a way to smuggle requests past a proxy: one of the two must win",
    )
    for value in ("-1", "x", "1 1", "0x10", "+5", "18446744073709551616", ""):
        yield bytes_row(
            f"content length '{value}'", request(TRACES.path, headers={"Content-Length": value}), "400", "413"
        )
    twice = request(TRACES.path, body).replace(b"Content-Type", b"Content-Length: 7\r\nContent-Type", 1)
    yield bytes_row("two different content lengths", twice, "400")
    yield bytes_row("no length and no body", request(TRACES.path, headers={"Content-Length": None}), "200", "411")
    yield bytes_row(
        "unknown transfer encoding", request(TRACES.path, body, headers={"Transfer-Encoding": "x"}), "501", "400"
    )
    yield bytes_row("HTTP/1.0", request(TRACES.path, body, version="HTTP/1.0"), "200", arrives=1)
    yield bytes_row(
        "version 'HTTP/1.2'", request(TRACES.path, body, version="HTTP/1.2"), "200", "400", "505", arrives=ANY
    )
    for version in ("HTTP/2.0", "HTTP/3.0", "HTTP/0.9", "HTTP/1", "HTPP/1.1", "http/1.1", ""):
        yield bytes_row(f"version '{version}'", request(TRACES.path, body, version=version), "400", "505", CLOSED)
    yield bytes_row("no host", request(TRACES.path, body, headers={"Host": None}), "400", "200", arrives=ANY)
    yield bytes_row("a space before the colon", request(TRACES.path, body, headers={"X-Name ": "x"}), "400")
    yield bytes_row(
        "a header without a colon",
        request(TRACES.path, body).replace(b"Content-Type", b"Nonsense\r\nContent-Type"),
        "400",
    )
    yield bytes_row("a NUL in a header", request(TRACES.path, body, headers={"X-Name": "a\0b"}), "400")
    yield bytes_row(
        "a lone CR in a header", request(TRACES.path, body, headers={"X-Name": "a\rb"}), "400", "200", arrives=ANY
    )
    yield bytes_row(
        "a folded header", request(TRACES.path, body, headers={"X-Name": "a\r\n b"}), "400", "200", arrives=ANY
    )
    yield bytes_row("lines that end with LF alone", request(TRACES.path, b"").replace(b"\r\n", b"\n"), "200", "400")
    yield bytes_row("an empty line first", b"\r\n" + request(TRACES.path, body), "200", "400", arrives=ANY)
    many = {f"X-Header-{number}": "x" for number in range(100)}
    yield bytes_row("a hundred headers", request(TRACES.path, body, headers=many), "200", "431", arrives=ANY)
    yield bytes_row(
        "a header of 2 MiB", request(TRACES.path, body, headers={"X-Name": "x" * (2 * MIB)}), "431", "400", CLOSED
    )
    many = {f"X-Header-{number}": "x" * 100 for number in range(40_000)}
    yield bytes_row("4 MiB of headers", request(TRACES.path, body, headers=many), "431", "400", CLOSED)


def rows():
    yield from path_rows()
    yield from method_rows()
    yield from type_rows()
    yield from encoding_rows()
    yield from size_rows()
    yield from message_rows()
