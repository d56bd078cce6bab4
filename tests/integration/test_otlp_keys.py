# SPDX-License-Identifier: Apache-2.0
"""Keys of the OTLP receiver and exporters beyond endpoint, compression and TLS: unix sockets, keepalive, metadata,
certificates that change."""

import os
import shutil
import signal as signals
import socket
import ssl
import stat
import time

import grpc
import pytest

from e2e import certificates, compare, config
from e2e.h2_sink import H2Sink
from e2e.samples import everything, small
from e2e.senders import GrpcSender, HttpSender
from e2e.signals import SIGNALS, TRACES
from e2e.sink import Sink

KINDS = {"otlp_http": config.otlp_http, "otlp_grpc": config.otlp_grpc}


@pytest.fixture
def folder(tmp_path_factory):
    """A short path: that of a unix socket has at most 107 bytes."""
    made = tmp_path_factory.mktemp("s")
    if len(str(made)) > 80:
        pytest.skip("the path of temporary files is too long for a unix socket")
    return made


# ---- Unix sockets


def on_sockets(folder):
    grpc_port = {"endpoint": str(folder / "grpc.sock"), "transport": "unix"}
    return {"otlp": {"protocols": {"grpc": grpc_port, "http": {"endpoint": f"unix://{folder}/http.sock"}}}}


@pytest.mark.grpc
@pytest.mark.http
@pytest.mark.go_differs("takes no unix:// in an endpoint")
def test_both_protocols_over_unix_sockets(program, collectors, folder):
    collector = collectors(config.tree(program, {"debug": None}, on_sockets(folder)))
    sent = 0
    for name in ("grpc", "http"):  # any OTLP on any of them
        for sender in (GrpcSender(folder / f"{name}.sock"), HttpSender(folder / f"{name}.sock")):
            with sender:
                sender.send(TRACES, small(TRACES, 2))
            sent += 2
            collector.wait_debug_items(TRACES, sent)
    collector.stop()
    assert not list(folder.iterdir()), "the files of the sockets are left behind"


@pytest.mark.go_differs("does not remove a socket that a killed process left behind")
def test_a_socket_that_was_left_behind_is_replaced(program, collectors, folder):
    tree = config.tree(program, {"debug": None}, on_sockets(folder))
    first = collectors(tree)
    first.kill()
    assert (folder / "grpc.sock").exists()
    second = collectors(tree)
    with GrpcSender(folder / "grpc.sock") as sender:
        sender.send(TRACES, small(TRACES))
    second.wait_debug_items(TRACES, 1)


@pytest.mark.process
@pytest.mark.parametrize("taken", ["by a server", "by a file"])
def test_a_socket_is_not_taken_from_others(program, collectors, folder, taken):
    path = folder / "http.sock"
    with socket.socket(socket.AF_UNIX) as other:
        if taken == "by a server":
            other.bind(str(path))
            other.listen()
        else:
            path.write_text("of value")
        collector = collectors(config.tree(program, {"debug": None}, on_sockets(folder)), ready=False)
        assert collector.wait_exit() == 1
        assert str(path) in collector.output()
        assert path.exists()
        assert taken == "by a server" or path.read_text() == "of value"


@pytest.mark.process
@pytest.mark.go_differs("words of its own")
def test_a_folder_without_permission_is_said(program, collectors, folder):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    folder.chmod(0o500)
    collector = collectors(config.tree(program, {"debug": None}, on_sockets(folder)), ready=False)
    assert collector.wait_exit() == 1
    assert "check the rights of the directory" in collector.output()


@pytest.mark.process
@pytest.mark.go_differs("takes no unix:// in an endpoint")
def test_who_may_connect_is_up_to_the_umask(program, collectors, folder):
    before = os.umask(0o077)
    try:
        collectors(config.tree(program, {"debug": None}, on_sockets(folder)))
    finally:
        os.umask(before)
    mode = (folder / "grpc.sock").stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) & 0o077 == 0


@pytest.mark.grpc
@pytest.mark.export
def test_export_over_a_unix_socket(program, collectors, folder):
    with Sink(socket=folder / "sink.sock") as sink:
        exporter = config.otlp_grpc(sink)
        exporter["otlp_grpc"]["endpoint"] = f"unix://{folder}/sink.sock"
        collector = collectors(config.tree(program, exporter))
        with GrpcSender(collector.port("grpc")) as sender:
            for signal in SIGNALS:
                request = everything(signal)
                sender.send(signal, request)
                arrived = sink.wait_items(signal, signal.items(request))
                compare.assert_same_requests(signal, [request], arrived, program.keeps)
        collector.stop()


# ---- Compression


def exporter_to(collector, kind, compression):
    settings = {"endpoint": f"http://127.0.0.1:{collector.port('http')}", "compression": compression}
    if kind == "otlp_grpc":
        settings = {**settings, "endpoint": f"127.0.0.1:{collector.port('grpc')}", "tls": {"insecure": True}}
    return {kind: settings}


@pytest.mark.export
@pytest.mark.compression
@pytest.mark.parametrize(
    ("kind", "compression"),
    [
        *(("otlp_http", name) for name in ("gzip", "zlib", "deflate", "zstd", "snappy", "x-snappy-framed", "lz4")),
        *(("otlp_grpc", name) for name in ("gzip", "zstd", "snappy")),
    ],
)
def test_a_receiver_reads_what_an_exporter_compressed(program, collectors, sink, kind, compression):
    second = collectors(config.tree(program, config.otlp_grpc(sink)))
    first = collectors(config.tree(program, exporter_to(second, kind, compression)))
    with GrpcSender(first.port("grpc")) as sender:
        for signal in SIGNALS:
            request = everything(signal)
            sender.send(signal, request)
            arrived = sink.wait_items(signal, signal.items(request))
            compare.assert_same_requests(signal, [request], arrived, program.keeps)


# ---- Keepalive of the receiver


def with_keepalive(**keepalive):
    return config.otlp_receiver({"keepalive": keepalive})


EAGER = [
    ("grpc.keepalive_time_ms", 100),
    ("grpc.keepalive_timeout_ms", 5000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", 100),
]


@pytest.mark.grpc
def test_a_client_that_pings_too_often_is_told_so(program, collectors):
    """gRPC's own client library understands it: it says the words of the GOAWAY. The collector's answer waits for the
    sink, so that the client has a call under way while it pings."""
    with Sink() as sink:
        policy = {"enforcement_policy": {"min_time": "1m", "permit_without_stream": True}}
        exporter = config.otlp_grpc(sink, sending_queue={"enabled": False}, timeout="30s")
        collector = collectors(config.tree(program, exporter, with_keepalive(**policy)))
        channel = grpc.insecure_channel(f"127.0.0.1:{collector.port('grpc')}", EAGER)
        call = channel.stream_unary(TRACES.method)  # an open call: its message does not come
        with pytest.raises(grpc.RpcError) as caught:
            call(iter(lambda: time.sleep(30), None), timeout=20)
        assert "too_many_pings" in caught.value.details() or "Too many pings" in caught.value.details()
        channel.close()
        collector.stop()


@pytest.mark.grpc
@pytest.mark.go_differs("enforces 5 minutes by default")
def test_without_a_policy_clients_ping_as_they_like(program, collectors):
    collector = collectors(config.tree(program, {"debug": None}))
    with GrpcSender(collector.port("grpc"), options=EAGER) as sender:
        for number in range(1, 4):
            sender.send(TRACES, small(TRACES))
            collector.wait_debug_items(TRACES, number)
            time.sleep(0.5)


@pytest.mark.grpc
def test_old_connections_are_replaced_without_a_failed_call(program, collectors):
    parameters = {"server_parameters": {"max_connection_age": "100ms", "max_connection_age_grace": "5s"}}
    collector = collectors(config.tree(program, {"debug": None}, with_keepalive(**parameters)))
    with GrpcSender(collector.port("grpc")) as sender:
        for _ in range(200):
            sender.send(TRACES, small(TRACES))
            time.sleep(0.005)
    collector.wait_debug_items(TRACES, 200)


# ---- Keepalive of the exporter


@pytest.mark.grpc
@pytest.mark.export
@pytest.mark.go_differs("it tries again only when the timeout of the try is over")
def test_a_backend_that_fell_silent_is_found_out_by_a_ping(program, collectors):
    """A ping goes out after 10 s of silence, the shortest that gRPC's clients allow."""
    with H2Sink(mute=1) as backend:
        exporter = config.otlp_grpc(
            backend,
            timeout="60s",
            keepalive={"time": "10s", "timeout": "200ms"},
            retry_on_failure={"initial_interval": "10ms"},
        )
        collector = collectors(config.tree(program, exporter))
        with GrpcSender(collector.port("grpc")) as sender:
            sender.send(TRACES, small(TRACES, 3))
        (call,) = backend.wait_calls(1)
        assert TRACES.items(call.message) == 3
        assert backend.pings == 1
        collector.wait_line("gave no answer to a ping", "why it was sent again")
        collector.stop()


# ---- Metadata from a client to the batches


@pytest.mark.grpc
@pytest.mark.http
@pytest.mark.export
def test_metadata_keeps_batches_of_tenants_apart(program, collectors, sink):
    ports = {"include_metadata": True}
    processors = {"batch": {"timeout": "500ms", "send_batch_size": 1000, "metadata_keys": ["x-tenant"]}}
    tree = config.tree(program, config.otlp_http(sink), config.otlp_receiver(ports, ports), processors)
    collector = collectors(tree)
    for tenant in ("blue", "green"):
        request = small(TRACES, 2, service=tenant)
        with GrpcSender(collector.port("grpc")) as sender:
            sender.send(TRACES, request, metadata=[("x-tenant", tenant)])
        with HttpSender(collector.port("http"), headers={"X-Tenant": tenant}) as sender:
            sender.send(TRACES, request)
    for message in sink.wait_items(TRACES, 8):
        services = {
            attribute.value.string_value for group in message.resource_spans for attribute in group.resource.attributes
            if attribute.key == "service.name"
        }  # fmt: skip
        assert len(services) == 1, "a batch mixes tenants"
    assert len(sink.of(TRACES)) == 2


# ---- Certificates that change


@pytest.mark.tls
@pytest.mark.http
def test_a_certificate_that_changes_is_served_to_new_connections(program, collectors, tmp_path):
    old, new = (certificates.make(tmp_path / name) for name in ("old", "new"))
    live = tmp_path / "live"
    live.mkdir()

    def put(authority):
        for file in ("server.key", "server.crt"):
            shutil.copy(authority.path(file), live / "next")
            (live / "next").replace(live / file)

    def send(authority):
        with HttpSender(collector.port("http"), tls=authority.client_context()) as sender:
            sender.send(TRACES, small(TRACES))

    put(old)
    tls = {"cert_file": str(live / "server.crt"), "key_file": str(live / "server.key"), "reload_interval": "50ms"}
    receivers = config.otlp_receiver(http={"tls": tls})
    collector = collectors(config.tree(program, {"debug": None}, receivers))
    send(old)
    with pytest.raises(ssl.SSLError):
        send(new)
    put(new)
    deadline = time.monotonic() + 20
    while True:
        try:
            send(new)
            break
        except ssl.SSLError:
            assert time.monotonic() < deadline, "the new certificate was never served"
            time.sleep(0.05)
    with pytest.raises(ssl.SSLError):
        send(old)


@pytest.mark.tls
@pytest.mark.http
@pytest.mark.component("file")
@pytest.mark.go_differs("starts all of it anew")
def test_a_reload_without_a_change_reads_certificates_and_opens_files_again(program, collectors, tmp_path):
    """As a tool does that has put new certificates, or moved a file away, and then sends SIGHUP."""
    old, new = (certificates.make(tmp_path / name) for name in ("old", "new"))
    live, out = tmp_path / "live", tmp_path / "out.json"
    live.mkdir()

    def put(authority):
        for file in ("server.key", "server.crt"):
            shutil.copy(authority.path(file), live / "next")
            (live / "next").replace(live / file)

    def send(authority):
        with HttpSender(collector.port("http"), tls=authority.client_context()) as sender:
            sender.send(TRACES, small(TRACES))

    put(old)
    tls = {"cert_file": str(live / "server.crt"), "key_file": str(live / "server.key")}
    receivers = config.otlp_receiver(http={"tls": tls})
    collector = collectors(config.tree(program, {"file": {"path": str(out)}}, receivers, signals=["traces"]))
    send(old)
    put(new)
    out.rename(tmp_path / "moved.json")
    send(old)
    collector.signal(signals.SIGHUP)
    collector.wait_line("reload.taken", "the end of the reload")
    send(new)
    with pytest.raises(ssl.SSLError):
        send(old)
    collector.stop()
    assert len((tmp_path / "moved.json").read_text().splitlines()) == 2
    assert len(out.read_text().splitlines()) == 1
