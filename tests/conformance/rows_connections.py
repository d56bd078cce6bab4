# SPDX-License-Identifier: Apache-2.0
"""Slow, half-open and broken clients on both ports, kept and pipelined connections, 100-continue, and first bytes
that are no protocol. While such clients are there, good requests flow; so they do after they have gone."""

import json
import time

from google.protobuf import json_format
from google.rpc import code_pb2, status_pb2

import http1
import http2
from e2e.samples import small
from e2e.signals import TRACES
from http1 import CLOSED, request
from http2 import message
from table import ANY, EITHER, GRPC_BAD_MESSAGE, JSON, LIMIT, PROTOBUF, Row, json_of

CROWD = 50  # half-open clients at a time
PAUSE_S = 0.01  # between the bytes of a slow client
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
ONE_PROTOCOL = "serves one protocol a port"
# The start of a TLS 1.2 handshake, as far as a server must read to know it.
CLIENT_HELLO = bytes.fromhex("16030100750100007103036b3c0b1ee6") + bytes(100)


def _row(name, send, *expect, port="http", **options):
    return Row(f"{port} port: {name}", send, expect, marks=("grpc", "http") if port == "both" else (port,), **options)


def _body():
    return small(TRACES).SerializeToString()


def _good_http(doors):
    return doors.post(_body())


def _good_grpc(doors):
    return doors.call(message(_body()))


def _half_http():
    body = _body()
    whole = request(TRACES.path, body)
    head = request(TRACES.path, headers={"Transfer-Encoding": "chunked", "Content-Length": None})
    return {
        "nothing": b"",
        "one byte": whole[:1],
        "half a request line": whole[:9],
        "half a header": whole[:40],
        "all headers but the empty line": whole[: whole.index(b"\r\n\r\n") + 2],
        "headers and no body": whole[: -len(body)],
        "half a body": whole[: -len(body) // 2],
        "a body short by one byte": whole[:-1],
        "chunked headers": head,
        "half a chunk size": head + b"1",
        "half a chunk": head + b"%x\r\n" % len(body) + body[:20],
        "a chunk and no end": head + b"%x\r\n" % len(body) + body + b"\r\n",
        "half an empty line": whole[: whole.index(b"\r\n\r\n") + 3],
    }


def _half_grpc():
    with_headers = bytes.fromhex("000000040000000000")  # empty SETTINGS
    return {
        "nothing": b"",
        "one byte": PREFACE[:1],
        "half the preface": PREFACE[:12],
        "the preface and no settings": PREFACE,
        "half a frame header": PREFACE + with_headers[:5],
        "settings and nothing more": PREFACE + with_headers,
        "half a header block": PREFACE + with_headers + bytes.fromhex("0000400104000000018283"),
    }


def _crowd(port_of, data, good, leave):
    """Many clients that send `data` and no more; good requests among them; then they `leave`."""

    def send(doors):
        clients = [http1.Connection(port_of(doors)) for _ in range(CROWD)]
        try:
            for client in clients:
                client.send(data)
            return good(doors)
        finally:
            for client in clients:
                leave(client)

    return send


def half_open_rows():
    leaving = {"close": http1.Connection.close, "reset": http1.Connection.reset}
    for leave, how in leaving.items():
        for name, data in _half_http().items():
            yield _row(
                f"{CROWD} clients send {name}, then {leave}",
                _crowd(lambda doors: doors.http, data, _good_http, how),
                "200",
                arrives=1,
            )
        for name, data in _half_grpc().items():
            yield _row(
                f"{CROWD} clients send {name}, then {leave}",
                _crowd(lambda doors: doors.grpc, data, _good_grpc, how),
                "OK",
                port="grpc",
                arrives=1,
            )
        calls = {"close": http2.Connection.close, "reset": http2.Connection.reset}[leave]
        yield _row(f"calls that stop in the middle, then {leave}", _stopped_calls(calls), "OK", port="grpc", arrives=1)
    for name, data in _half_http().items():
        if data:
            yield _row(f"a client sends {name} and ends its side", _ended(data), "400", "408", CLOSED)


def _stopped_calls(leave):
    def send(doors):
        body = message(_body())
        connections = [http2.Connection(doors.grpc) for _ in range(CROWD)]
        try:
            for at, connection in enumerate(connections):
                number = connection.open(TRACES.method)
                connection.data(number, body[: at * len(body) // CROWD], end=False)
            return _good_grpc(doors)
        finally:
            for connection in connections:
                leave(connection)

    return send


def _ended(data):
    def send(doors):
        with http1.Connection(doors.http) as connection:
            connection.send(data).finish_sending()
            return connection.outcome()

    return send


def slow_rows():
    whole = request(TRACES.path, _body())
    for step in (1, 7):
        yield _row(
            f"a client that sends {step} bytes at a time",
            lambda doors, step=step: _slowly(doors, step),
            "200",
            arrives=1,
        )
    yield _row("a call that sends a byte at a time", _slow_call, "OK", port="grpc", arrives=1)
    yield _row("a pause after each part of a request", lambda doors: _paused(doors, whole), "200", arrives=1)
    yield _row(
        "a client that ends its side after a whole request",
        _ended(whole),
        "200",
        CLOSED,
        arrives=EITHER,
        note="a client that ended its side may be taken for one that has gone",
    )
    yield _row("a client that leaves before its answer", _leaves, "left", arrives=EITHER)


def _slowly(doors, step):
    data = request(TRACES.path, _body())
    with http1.Connection(doors.http) as connection:
        for at in range(0, len(data), step):
            connection.send(data[at : at + step])
            time.sleep(PAUSE_S / 10)
        return connection.outcome()


def _slow_call(doors):
    body = message(_body())
    with http2.Connection(doors.grpc) as connection:
        number = connection.open(TRACES.method)
        for at in range(len(body)):
            connection.data(number, body[at : at + 1], end=at == len(body) - 1)
            time.sleep(PAUSE_S / 10)
        return connection.outcome(number)


def _paused(doors, whole):
    head = whole.index(b"\r\n\r\n") + 4
    with http1.Connection(doors.http) as connection:
        for part in (whole[:4], whole[4:head], whole[head:-1], whole[-1:]):
            connection.send(part)
            time.sleep(PAUSE_S)
        return connection.outcome()


def _leaves(doors):
    with http1.Connection(doors.http) as connection:
        connection.send(request(TRACES.path, _body()))
    return "left"


def kept_rows():
    yield _row("a hundred requests on one connection", lambda doors: _kept(doors, 100), "200", arrives=100)
    yield _row(
        "ten requests pipelined", lambda doors: _pipelined(doors, *[GOOD] * 10), " ".join(["200"] * 10), arrives=ANY
    )
    yield _row(
        "pipelined: good, wrong path, wrong type, good",
        lambda doors: _pipelined(doors, GOOD, WRONG_PATH, WRONG_TYPE, GOOD),
        "200 404 415 200",
        "200 404 closed closed",
        arrives=ANY,
    )
    yield _row(
        "pipelined: good, bad body, good",
        lambda doors: _pipelined(doors, GOOD, BAD_BODY, GOOD),
        "200 400 200",
        "200 400 closed",
        arrives=ANY,
    )
    yield _row(
        "pipelined: wrong method with a body, good",
        lambda doors: _pipelined(doors, WRONG_METHOD, GOOD),
        "405 200",
        "405 closed",
        arrives=ANY,
    )
    yield _row(
        "a body that looks like a request is a body",
        lambda doors: _pipelined(doors, _request_in_body, GOOD),
        "400 200",
        "400 closed",
        arrives=ANY,
    )
    for name, options in {
        "Connection: close is obeyed": {"headers": {"Connection": "close"}},
        "Connection: Keep-Alive, Close is obeyed": {"headers": {"Connection": "Keep-Alive, Close"}},
        "HTTP/1.0 without keep-alive is closed": {"version": "HTTP/1.0"},
    }.items():
        yield _row(name, lambda doors, options=options: _then_ends(doors, options), "200 closed", arrives=ANY)
    yield _row("an upgrade to h2c is not needed", lambda doors: doors.exchange(_upgrade()), "200", arrives=1)
    for name, (content_type, parse) in STATUSES.items():
        yield _row(
            f"an error in answer to {name} is a google.rpc.Status in {name}", _status_in(content_type, parse), "400"
        )
        yield _row(f"an answer to {name} names its type and length", _typed(content_type), "200", arrives=1)


def GOOD():
    return request(TRACES.path, _body())


def WRONG_PATH():
    return request("/v1/nothing", _body())


def WRONG_TYPE():
    return request(TRACES.path, _body(), content_type="text/plain")


def WRONG_METHOD():
    return request(TRACES.path, _body(), method="PUT")


def BAD_BODY():
    return request(TRACES.path, b"\xff" * 10)


def _request_in_body():
    return request(TRACES.path, GOOD())


def _upgrade():
    headers = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__"}
    return request(TRACES.path, _body(), headers=headers)


def _kept(doors, count):
    with http1.Connection(doors.http) as connection:
        for _ in range(count):
            connection.send(GOOD())
            if (outcome := connection.outcome()) != "200":
                return outcome
        return "200"


def _pipelined(doors, *requests):
    """All requests in one write; the outcome of each, in order."""
    with http1.Connection(doors.http) as connection:
        connection.send(b"".join(make() for make in requests))
        return " ".join(connection.outcome() for _ in requests)


def _then_ends(doors, options):
    with http1.Connection(doors.http, timeout_s=SILENCE_S) as connection:
        connection.send(request(TRACES.path, _body(), **options))
        return f"{connection.outcome()} {connection.end()}"


def _bodies(content_type):
    good = small(TRACES)
    return (json_of(good), b"{") if content_type == JSON else (good.SerializeToString(), b"\xff")


def _status_in(content_type, parse):
    def send(doors):
        with http1.Connection(doors.http) as connection:
            connection.send(request(TRACES.path, _bodies(content_type)[1], content_type=content_type))
            answer = connection.response()
            status = parse(answer.body)
            assert answer.headers["content-type"].startswith(content_type), answer.headers
            assert status.message, "the status says nothing"
            assert status.code in (code_pb2.INVALID_ARGUMENT, code_pb2.INTERNAL), status
            return answer.outcome

    return send


def _typed(content_type):
    def send(doors):
        with http1.Connection(doors.http) as connection:
            connection.send(request(TRACES.path, _bodies(content_type)[0], content_type=content_type))
            answer = connection.response()
            assert answer.headers["content-type"].startswith(content_type), answer.headers
            assert int(answer.headers["content-length"]) == len(answer.body), answer.headers
            if content_type == JSON:
                assert json.loads(answer.body) in ({"partialSuccess": {}}, {}), answer.body
            else:
                assert TRACES.response.FromString(answer.body).partial_success.rejected_spans == 0
            return answer.outcome

    return send


def continue_rows():
    yield _row("100-continue, then the body", _continue, "100 200", arrives=ANY)
    yield _row(
        "100-continue with the body already sent", lambda doors: doors.exchange(_expecting(_body())), "200", arrives=1
    )
    yield _row(
        "100-continue for a body over the limit",
        lambda doors: _refused_early(doors, TRACES.path, 2 * LIMIT),
        "413",
        go=("400", "100"),
        note="the client keeps its body",
    )
    yield _row("100-continue for a wrong path", lambda doors: _refused_early(doors, "/v1/nothing", 100), "404")
    yield _row(
        "an unknown expectation",
        lambda doors: doors.exchange(_expecting(_body(), "200-maybe")),
        "417",
        "200",
        arrives=ANY,
    )


def _expecting(body, what="100-continue"):
    return request(TRACES.path, body, headers={"Expect": what})


def _continue(doors):
    body = _body()
    with http1.Connection(doors.http) as connection:
        connection.send(_expecting(body)[: -len(body)])
        status = connection.interim()
        connection.send(body)
        return f"{status} {connection.outcome()}"


def _refused_early(doors, path, length):
    """Only headers are sent: the first answer, interim or not."""
    with http1.Connection(doors.http) as connection:
        connection.send(request(path, headers={"Expect": "100-continue", "Content-Length": str(length)}))
        return str(connection.interim())


def first_bytes_rows():
    """Bytes that begin no protocol; the answer is an error or the end, never silence."""
    noise = {
        "a TLS handshake": CLIENT_HELLO,
        "an SSH banner": b"SSH-2.0-OpenSSH_9.2\r\n",
        "zeros": bytes(300),
        "noise": bytes(range(128, 256)) * 4,
        "empty lines": b"\r\n" * 200,
        "an HTTP/2 preface of HTTP/1.1": b"PRI * HTTP/1.1\r\n\r\n",
        "a preface that goes wrong": PREFACE[:-4] + b"XX\r\n\r\n",
        "a preface followed by noise": PREFACE + b"\xff" * 300,
        "a preface followed by HTTP/1.1": PREFACE + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 3,
    }
    for port in ("http", "grpc"):
        for name, data in noise.items():
            yield _row(name, lambda doors, port=port, data=data: _noise(doors, port, data), *NOISE_ENDS, port=port)


def _noise(doors, port, data):
    with http1.Connection(getattr(doors, port), timeout_s=SILENCE_S) as connection:
        connection.send(data).finish_sending()
        return connection.end()


def other_port_rows():
    """Any OTLP on any port."""
    yield _row(
        "OTLP/HTTP in protobuf to the gRPC port",
        lambda doors: _http_to(doors.grpc, PROTOBUF),
        "200",
        port="both",
        arrives=1,
        go_skip=ONE_PROTOCOL,
    )
    yield _row(
        "OTLP/HTTP in JSON to the gRPC port",
        lambda doors: _http_to(doors.grpc, JSON),
        "200",
        port="both",
        arrives=1,
        go_skip=ONE_PROTOCOL,
    )
    yield _row(
        "OTLP/gRPC to the HTTP port",
        lambda doors: http2.call(doors.http, TRACES.method, message(_body())),
        "OK",
        port="both",
        arrives=1,
        go_skip=ONE_PROTOCOL,
    )
    for port in ("http", "grpc"):
        yield _row(
            f"OTLP/HTTP over HTTP/2 to the {port} port",
            lambda doors, port=port: _http_over_http2(getattr(doors, port)),
            "http 200",
            port="both",
            arrives=1,
            go_skip=ONE_PROTOCOL,
        )
    yield _row(
        "a bad body of OTLP/HTTP to the gRPC port",
        lambda doors: _http_to(doors.grpc, PROTOBUF, b"\xff"),
        "400",
        port="both",
        go_skip=ONE_PROTOCOL,
    )
    yield _row(
        "a bad message of OTLP/gRPC to the HTTP port",
        lambda doors: http2.call(doors.http, TRACES.method, message(b"\xff")),
        *GRPC_BAD_MESSAGE,
        port="both",
        go_skip=ONE_PROTOCOL,
    )


def _http_to(port, content_type, body=None):
    with http1.Connection(port) as connection:
        connection.send(
            request(TRACES.path, _bodies(content_type)[0] if body is None else body, content_type=content_type)
        )
        return connection.outcome()


def _http_over_http2(port):
    with http2.Connection(port) as connection:
        number = connection.open(TRACES.path, {"content-type": PROTOBUF, "te": None})
        connection.data(number, _body())
        return connection.outcome(number)


SILENCE_S = 2  # that the server says nothing is known after this
NOISE_ENDS = (CLOSED,)
STATUSES = {
    "protobuf": (PROTOBUF, status_pb2.Status.FromString),
    "JSON": (JSON, lambda body: json_format.Parse(body, status_pb2.Status())),
}


def rows():
    yield from half_open_rows()
    yield from slow_rows()
    yield from kept_rows()
    yield from continue_rows()
    yield from first_bytes_rows()
    yield from other_port_rows()
