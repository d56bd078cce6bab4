# SPDX-License-Identifier: Apache-2.0
"""TLS and mutual TLS on both sides: the receiver's ports, and the exporters towards a backend."""

import socket
import ssl

import grpc
import pytest

from e2e import certificates, compare, config
from e2e.samples import everything, small
from e2e.senders import JSON, GrpcSender, HttpSender
from e2e.signals import SIGNALS, TRACES
from e2e.sink import Sink

pytestmark = pytest.mark.tls
KINDS = {"otlp_http": config.otlp_http, "otlp_grpc": config.otlp_grpc}
exporters = pytest.mark.parametrize("kind", KINDS)
RETRY = {"retry_on_failure": {"initial_interval": "20ms", "max_interval": "50ms"}}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return certificates.make(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return certificates.make(tmp_path_factory.mktemp("tls") / "other")


def server_tls(authority, **settings):
    return {"tls": {"cert_file": authority.path("server.crt"), "key_file": authority.path("server.key"), **settings}}


def receiver(authority, **settings):
    tls = server_tls(authority, **settings)
    return config.otlp_receiver(tls, tls)


# ---- The receiver


@pytest.fixture(scope="module")
def secured(program, module_collectors, authority):
    return module_collectors(config.tree(program, {"debug": None}, receivers=receiver(authority)))


@pytest.fixture(scope="module")
def mutual(program, module_collectors, authority):
    receivers = receiver(authority, client_ca_file=authority.path("ca.crt"))
    return module_collectors(config.tree(program, {"debug": None}, receivers=receivers))


def assert_taken(collector, sender):
    with sender:
        for signal in SIGNALS:
            before = collector.debug_items(signal)
            sender.send(signal, small(signal, 3))
            collector.wait_debug_items(signal, before + 3)


@pytest.mark.grpc
def test_grpc_over_tls(secured, authority):
    assert_taken(secured, GrpcSender(secured.port("grpc"), authority.grpc_client_credentials()))


@pytest.mark.http
@pytest.mark.parametrize("content_type", ["application/x-protobuf", JSON])
def test_http_over_tls(secured, authority, content_type):
    assert_taken(secured, HttpSender(secured.port("http"), content_type, tls=authority.client_context()))


@pytest.mark.grpc
@pytest.mark.http
@pytest.mark.go_differs("serves one protocol a port")
def test_any_otlp_on_any_port_over_tls(secured, authority):
    assert_taken(secured, HttpSender(secured.port("grpc"), tls=authority.client_context()))
    assert_taken(secured, GrpcSender(secured.port("http"), authority.grpc_client_credentials()))


@pytest.mark.grpc
@pytest.mark.http
def test_a_client_without_tls_is_refused_and_hurts_nobody(secured, authority):
    with GrpcSender(secured.port("grpc")) as sender, pytest.raises(grpc.RpcError):
        sender.send(TRACES, small(TRACES))
    with socket.create_connection(("127.0.0.1", secured.port("http")), timeout=10) as plain:
        plain.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert b" 200 " not in plain.recv(1000)
    assert_taken(secured, GrpcSender(secured.port("grpc"), authority.grpc_client_credentials()))


@pytest.mark.http
def test_a_handshake_that_stops_halfway_hurts_nobody(secured, authority):
    stopped = [socket.create_connection(("127.0.0.1", secured.port("http"))) for _ in range(20)]
    for number, connection in enumerate(stopped):
        connection.sendall(bytes.fromhex("16030100750100007103036b3c0b1ee6")[:number])
    assert_taken(secured, HttpSender(secured.port("http"), tls=authority.client_context()))
    for connection in stopped:
        connection.close()
    assert_taken(secured, HttpSender(secured.port("http"), tls=authority.client_context()))


@pytest.mark.http
def test_a_server_of_another_authority_is_noticed(secured, stranger):
    with HttpSender(secured.port("http"), tls=stranger.client_context()) as sender, pytest.raises(ssl.SSLError):
        sender.send(TRACES, small(TRACES))


@pytest.mark.http
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda version: version.name)
def test_tls_versions_that_are_served(secured, authority, version):
    context = authority.client_context()
    context.minimum_version = context.maximum_version = version
    assert_taken(secured, HttpSender(secured.port("http"), tls=context))


@pytest.mark.http
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_1_1_is_not_served(secured, authority):
    context = authority.client_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with HttpSender(secured.port("http"), tls=context) as sender, pytest.raises(ssl.SSLError):
        sender.send(TRACES, small(TRACES))


@pytest.mark.grpc
@pytest.mark.http
def test_mutual_tls_takes_a_client_of_the_authority(mutual, authority):
    assert_taken(mutual, GrpcSender(mutual.port("grpc"), authority.grpc_client_credentials(with_certificate=True)))
    assert_taken(mutual, HttpSender(mutual.port("http"), tls=authority.client_context(with_certificate=True)))


@pytest.mark.grpc
@pytest.mark.http
def test_mutual_tls_refuses_a_client_without_a_certificate(mutual, authority):
    with GrpcSender(mutual.port("grpc"), authority.grpc_client_credentials()) as sender, pytest.raises(grpc.RpcError):
        sender.send(TRACES, small(TRACES))
    with HttpSender(mutual.port("http"), tls=authority.client_context()) as sender, pytest.raises(OSError):
        sender.send(TRACES, small(TRACES))


@pytest.mark.http
def test_mutual_tls_refuses_a_client_of_another_authority(mutual, authority, stranger):
    context = authority.client_context()
    context.load_cert_chain(stranger.path("client.crt"), stranger.path("client.key"))
    with HttpSender(mutual.port("http"), tls=context) as sender, pytest.raises(OSError):
        sender.send(TRACES, small(TRACES))


@pytest.mark.process
@pytest.mark.parametrize("file", ["cert_file", "key_file", "client_ca_file"])
def test_a_file_that_is_not_there_stops_the_start(program, collectors, authority, file):
    receivers = receiver(authority, **{file: "/nonexistent/x.pem"})
    collector = collectors(config.tree(program, {"debug": None}, receivers=receivers), ready=False)
    assert collector.wait_exit() == 1
    assert "/nonexistent/x.pem" in collector.output()


# ---- The exporters


def export(program, collectors, sink, kind, tls):
    """A collector that sends to a sink behind TLS."""
    exporter = KINDS[kind](sink, tls=tls, **RETRY)
    if kind == "otlp_http":
        exporter[kind]["endpoint"] = sink.http_endpoint.replace("http://", "https://")
    return collectors(config.tree(program, exporter))


def send(collector, request, signal=TRACES):
    with GrpcSender(collector.port("grpc")) as sender:
        sender.send(signal, request)


@exporters
@pytest.mark.export
@pytest.mark.grpc
@pytest.mark.parametrize("pem", [False, True], ids=["ca_file", "ca_pem"])
def test_export_over_tls(program, collectors, authority, kind, pem):
    ca = {"ca_pem": authority.read("ca.crt").decode()} if pem else {"ca_file": authority.path("ca.crt")}
    with Sink(authority) as sink:
        collector = export(program, collectors, sink, kind, ca)
        for signal in SIGNALS:
            request = everything(signal)
            send(collector, request, signal)
            arrived = sink.wait_items(signal, signal.items(request))
            compare.assert_same_requests(signal, [request], arrived, program.keeps)
        collector.stop()


@exporters
@pytest.mark.export
@pytest.mark.grpc
def test_export_with_a_client_certificate(program, collectors, authority, kind):
    tls = {
        name: authority.path(file)
        for name, file in (("ca_file", "ca.crt"), ("cert_file", "client.crt"), ("key_file", "client.key"))
    }
    with Sink(certificates.MutualTls(authority)) as sink:
        collector = export(program, collectors, sink, kind, tls)
        send(collector, small(TRACES))
        sink.wait_items(TRACES, 1)
        collector.stop()


@exporters
@pytest.mark.export
@pytest.mark.grpc
@pytest.mark.parametrize(
    "tls", [{"insecure_skip_verify": True}, {"server_name_override": "localhost"}], ids=lambda tls: next(iter(tls))
)
def test_export_without_looking_or_under_another_name(program, collectors, authority, kind, tls):
    if "server_name_override" in tls:
        tls = {**tls, "ca_file": authority.path("ca.crt")}
    with Sink(authority) as sink:
        collector = export(program, collectors, sink, kind, tls)
        send(collector, small(TRACES))
        sink.wait_items(TRACES, 1)
        collector.stop()


@exporters
@pytest.mark.export
@pytest.mark.grpc
@pytest.mark.parametrize("wrong", ["authority", "name", "none"])
def test_a_backend_that_cannot_be_trusted_gets_nothing(program, collectors, authority, stranger, kind, wrong):
    tls = {
        "authority": {"ca_file": stranger.path("ca.crt")},
        "name": {"ca_file": authority.path("ca.crt"), "server_name_override": "elsewhere.test"},
        "none": {},  # the system's own authorities
    }[wrong]
    with Sink(authority) as sink:
        collector = export(program, collectors, sink, kind, tls)
        send(collector, small(TRACES))
        collector.wait_line("(?i)certificate|x509|verif|handshake", "why the backend is not trusted")
        collector.kill()
        assert not sink.requests
