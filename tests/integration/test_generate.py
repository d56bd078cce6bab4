# SPDX-License-Identifier: Apache-2.0
"""`nacelle-generate`: what it sends, what it says of the answers, and its exit codes, against our receiver, a backend
that is not ours, and against what is no OTLP endpoint at all."""

import re
import signal as signals
import socket
import subprocess
import time

import pytest

from e2e import certificates, config
from e2e.answers import Answer
from e2e.signals import BY_NAME, LOGS, METRICS, TRACES
from e2e.sink import Sink

pytestmark = [pytest.mark.process, pytest.mark.export, pytest.mark.go_differs("has no generate")]
PROTOCOLS = ("grpc", "http/protobuf", "http/json")
protocols = pytest.mark.parametrize("protocol", PROTOCOLS)
REFUSED = 1
USAGE = 2


class Ended:
    def __init__(self, process):
        self.code = process.returncode
        self.out, self.err = process.stdout, process.stderr


@pytest.fixture
def generate(program):
    path = program.path.with_name("nacelle-generate")

    def run(*arguments):
        return Ended(subprocess.run([path, *arguments], capture_output=True, text=True, timeout=60, check=False))

    return run


def endpoint(sink, protocol):
    return f"http://{sink.grpc_endpoint}" if protocol == "grpc" else sink.http_endpoint


def items(sink, signal):
    """Every record of a signal that the sink has taken."""
    return [record for message in sink.messages(signal) for record in records_of(signal, message)]


def records_of(signal, message):
    groups = {TRACES: "resource_spans", METRICS: "resource_metrics", LOGS: "resource_logs"}
    scopes = {TRACES: "scope_spans", METRICS: "scope_metrics", LOGS: "scope_logs"}
    names = {TRACES: "spans", METRICS: "metrics", LOGS: "log_records"}
    for group in getattr(message, groups[signal]):
        for scope in getattr(group, scopes[signal]):
            yield from getattr(scope, names[signal])


def attributes(record):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in record.attributes}


# ---- What arrives


@protocols
@pytest.mark.parametrize("name", list(BY_NAME))
def test_all_that_is_sent_is_taken_by_a_backend_that_is_not_ours(generate, sink, protocol, name):
    signal = BY_NAME[name]
    ended = generate(name, "--endpoint", endpoint(sink, protocol), "--protocol", protocol, "--count", "250")
    assert ended.code == 0, ended.err + ended.out
    assert re.search(r" in \d+\.\d s: 250 accepted, 0 not$", ended.out, re.MULTILINE), ended.out
    assert not sink.faults
    assert sink.items(signal) == 250
    assert len(sink.requests) == 3
    encodings = {record.encoding for record in sink.requests}
    assert encodings == {"json" if protocol == "http/json" else "proto"}


@protocols
def test_our_own_receiver_takes_it(program, collectors, generate, protocol):
    collector = collectors(config.tree(program, {"debug": None}))
    port = collector.port("grpc" if protocol == "grpc" else "http")
    for name, signal in BY_NAME.items():
        ended = generate(name, "--endpoint", f"127.0.0.1:{port}", "--protocol", protocol, "--count", "30")
        assert ended.code == 0, ended.err + ended.out
        collector.wait_debug_items(signal, 30)


def test_names_attributes_and_headers_arrive(generate, sink):
    arguments = ["--resource", "deployment.environment=test", "--service", "shop", "--attribute", "n:=7"]
    arguments += ["--attribute", "version=1.10", "--header", 'x-token=a "$ECRET" \\ 1']
    assert generate("traces", "--endpoint", sink.grpc_endpoint, "--span-name", "mine", *arguments).code == 0
    assert generate("logs", "--endpoint", sink.grpc_endpoint, "--body", "my words", *arguments).code == 0
    assert generate("metrics", "--endpoint", sink.grpc_endpoint, "--metric-name", "my.m", *arguments).code == 0
    spans = items(sink, TRACES)
    assert spans[0].name == "mine" and not spans[0].parent_span_id
    assert attributes(spans[0])["n"] == 7
    assert attributes(spans[0])["version"] == "1.10"
    assert {record.body.string_value for record in items(sink, LOGS)} == {"my words"}
    assert [(metric.name, metric.WhichOneof("data")) for metric in items(sink, METRICS)] == [("my.m", "gauge")]
    for request in sink.requests:
        assert request.headers["x-token"] == 'a "$ECRET" \\ 1'
    resource = attributes(sink.messages(TRACES)[0].resource_spans[0].resource)
    assert resource == {"service.name": "shop", "deployment.environment": "test"}


def test_spans_are_whole_traces_and_some_fail(generate, sink):
    assert generate("traces", "--endpoint", sink.grpc_endpoint, "--count", "100", "--batch", "7").code == 0
    spans = items(sink, TRACES)
    by_id = {span.span_id: span for span in spans}
    roots = [span for span in spans if not span.parent_span_id]
    assert len(by_id) == 100
    assert len(roots) == len({span.trace_id for span in spans}) == 20
    for span in spans:
        if span.parent_span_id:
            assert by_id[span.parent_span_id].trace_id == span.trace_id
    failed = [span for span in roots if span.status.code == 2]
    assert len(failed) == 2
    assert all(attributes(span)["http.response.status_code"] == 500 for span in failed)


def test_metrics_of_every_type(generate, sink):
    assert generate("metrics", "--endpoint", sink.grpc_endpoint, "--count", "25").code == 0
    kinds = {metric.WhichOneof("data") for metric in items(sink, METRICS)}
    assert kinds == {"gauge", "sum", "histogram", "exponential_histogram", "summary"}


def test_several_workers_send_each_item_once(generate, sink):
    ended = generate("traces", "--endpoint", sink.grpc_endpoint, "--count", "2000", "--batch", "10", "--workers", "8")
    assert ended.code == 0, ended.err + ended.out
    assert sink.items(TRACES) == 2000
    assert len({span.span_id for span in items(sink, TRACES)}) == 2000


def test_rate_and_duration_give_their_product(generate, sink):
    ended = generate("logs", "--endpoint", sink.grpc_endpoint, "--rate", "40", "--duration", "1s")
    assert ended.code == 0, ended.err + ended.out
    # A machine that is busy sends less in the time, never more.
    assert 4 <= sink.items(LOGS) <= 40
    assert f"{sink.items(LOGS)} accepted, 0 not" in ended.out
    assert all(len(list(records_of(LOGS, message))) <= 8 for message in sink.messages(LOGS))


# ---- What was not accepted


@protocols
def test_a_refusal_is_said_with_its_reason(generate, sink, protocol):
    sink.answer_next(Answer(), Answer(http_status=503, message="come back later"), Answer(rejected=3, message="quota"))
    where = endpoint(sink, protocol)
    ended = generate("traces", "--endpoint", where, "--protocol", protocol, "--count", "30", "--batch", "10")
    assert ended.code == REFUSED
    assert "30 spans" in ended.out and "17 accepted, 13 not" in ended.out
    assert re.search(r"  10 not accepted: .*come back later", ended.out), ended.out
    assert re.search(r"  3 not accepted: .*quota", ended.out), ended.out
    assert "not accepted: " in ended.err  # at once, not only at the end
    assert sink.items(TRACES) == 10 + 10  # the sink counts a partial success as accepted
    assert len(sink.requests) == 3, "nothing is sent twice"


@protocols
def test_where_nothing_listens_it_says_where_and_what_to_check(generate, protocol):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{free.getsockname()[1]}"
        ended = generate("traces", "--endpoint", where, "--protocol", protocol)
    assert ended.code == REFUSED
    assert f"10 not accepted: {where}: could not connect: Connection refused" in ended.out
    assert "Nothing listens there" in ended.out
    secured = generate("traces", "--endpoint", f"https://{where}", "--protocol", protocol)
    assert secured.code == REFUSED
    assert f"10 not accepted: {where}: could not connect: Connection refused" in secured.out
    assert f"otlp receiver's {'grpc' if protocol == 'grpc' else 'http'} protocol" in ended.out


def test_a_name_that_is_not_known(generate):
    ended = generate("traces", "--endpoint", "http://no-such-host.invalid:4317")
    assert ended.code == REFUSED
    assert "resolve" in ended.out and "check the host of --endpoint" in ended.out


def test_grpc_to_a_port_that_speaks_http(generate, sink):
    ended = generate("traces", "--endpoint", sink.http_endpoint)
    assert ended.code == REFUSED
    assert "--protocol http/protobuf" in ended.out, ended.out


def test_http_to_a_port_that_speaks_grpc(generate, sink):
    ended = generate("traces", "--endpoint", f"http://{sink.grpc_endpoint}", "--protocol", "http/protobuf")
    assert ended.code == REFUSED
    assert "--protocol grpc" in ended.out, ended.out


def test_without_tls_to_a_port_that_wants_it(generate, authority):
    with Sink(tls=authority) as sink:
        ended = generate("traces", "--endpoint", f"http://127.0.0.1:{sink.grpc_port}", "--timeout", "5s")
    assert ended.code == REFUSED
    assert "write https://" in ended.out, ended.out


def test_a_path_that_is_not_there(generate, sink):
    ended = generate("traces", "--endpoint", f"{sink.http_endpoint}/elsewhere", "--protocol", "http/protobuf")
    assert ended.code == REFUSED
    assert "HTTP 404" in ended.out and "No OTLP is served there" in ended.out, ended.out


def test_an_endpoint_that_never_answers(generate):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        where = f"127.0.0.1:{mute.getsockname()[1]}"
        ended = generate("logs", "--endpoint", where, "--protocol", "http/protobuf", "--timeout", "300ms")
    assert ended.code == REFUSED
    assert "no answer before the deadline" in ended.out and "--timeout" in ended.out, ended.out


def test_a_signal_that_no_pipeline_takes(program, collectors, generate):
    collector = collectors(config.tree(program, {"debug": None}, signals=["traces"]))
    for protocol in PROTOCOLS:
        port = collector.port("grpc" if protocol == "grpc" else "http")
        ended = generate("logs", "--endpoint", f"127.0.0.1:{port}", "--protocol", protocol)
        assert ended.code == REFUSED
        assert "whether a pipeline takes this signal" in ended.out, ended.out


# ---- TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return certificates.make(tmp_path_factory.mktemp("tls") / "ours")


def secured(port, protocol):
    return ["--endpoint", f"https://localhost:{port}", "--protocol", protocol]


@pytest.mark.tls
@protocols
def test_tls(generate, authority, protocol):
    with Sink(tls=certificates.MutualTls(authority)) as sink:
        port = sink.grpc_port if protocol == "grpc" else sink.http_port
        mine = ["--ca", authority.path("ca.crt")]
        me = ["--cert", authority.path("client.crt"), "--key", authority.path("client.key")]
        assert generate("traces", *secured(port, protocol), *mine, *me).code == 0
        assert sink.items(TRACES) == 10
        unverified = generate("traces", *secured(port, protocol), "--insecure-skip-verify", *me)
        assert unverified.code == 0
        stranger = generate("traces", *secured(port, protocol), *me)
        assert stranger.code == REFUSED
        assert "Its certificate is not believed" in stranger.out, stranger.out
        assert generate("traces", *secured(port, protocol), *mine).code == REFUSED  # shows no certificate
        assert sink.items(TRACES) == 20


@pytest.mark.tls
@protocols
def test_tls_where_none_is_spoken(generate, sink, protocol):
    port = sink.grpc_port if protocol == "grpc" else sink.http_port
    ended = generate("traces", *secured(port, protocol), "--timeout", "5s")
    assert ended.code == REFUSED
    assert "write http:// or give --insecure" in ended.out, ended.out


# ---- The command line, and signals


@pytest.mark.parametrize(
    "arguments, says",
    [
        ([], "traces, metrics or logs is needed"),
        (["spans"], 'unknown signal "spans"'),
        (["traces", "--endpoint", "http://localhost:99999"], "--endpoint: the endpoint's port"),
        (["traces", "--endpoint", "localhost:4317/path"], "--endpoint: "),
        (["traces", "--header", "a b=canary"], "--header: "),
        (["traces", "--endpoint", "https://localhost:1", "--ca", "/no/such/file"], "--ca: there is no such file"),
    ],
)
def test_what_is_wrong_with_the_command_line(generate, arguments, says):
    ended = generate(*arguments)
    assert ended.code == USAGE, ended.err + ended.out
    assert f"Error: {says}" in ended.err, ended.err
    assert "canary" not in ended.err + ended.out
    assert not ended.out


def test_help(generate):
    ended = generate("--help")
    assert ended.code == 0 and "nacelle generate traces|metrics|logs" in ended.out


@pytest.fixture
def running(program):
    """Starts one that goes on until it is told to end."""
    started = []

    def start(*arguments):
        command = ["setpriv", "--pdeathsig", "KILL", program.path.with_name("nacelle-generate"), *arguments]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signals.SIGINT, signals.SIGTERM], ids=lambda number: number.name)
def test_a_signal_ends_it_with_what_it_has_done(running, sink, number):
    process = running("traces", "--endpoint", sink.grpc_endpoint, "--rate", "50", "--duration", "1h")
    sink.wait_items(TRACES, 10)
    process.send_signal(number)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert f" {sink.items(TRACES)} accepted, 0 not" in out, out


def test_a_second_signal_does_not_wait_for_answers(running, sink):
    sink.answer_always(Answer(delay_s=60))
    process = running("traces", "--endpoint", sink.http_endpoint, "--protocol", "http/protobuf", "--timeout", "55s")
    time.sleep(1)
    process.send_signal(signals.SIGTERM)
    time.sleep(0.5)
    assert process.poll() is None, "it did not wait for the answer: nothing to end"
    process.send_signal(signals.SIGTERM)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == REFUSED
    assert "0 accepted, 10 not" in out, out
