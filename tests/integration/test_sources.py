# SPDX-License-Identifier: Apache-2.0
"""Configs that are fetched: the sources http and https, their redirects, limits and words."""

import base64
import gzip
import http.server
import os
import signal
import socket
import subprocess
import threading
from contextlib import contextmanager

import pytest
import yaml

from e2e import certificates, config

pytestmark = [pytest.mark.process, pytest.mark.go_differs("it is built without these sources in bench/peer")]
CANARY = "canary-7f3a9c"


class Server(http.server.ThreadingHTTPServer):
    """Answers by path, from `pages`: path -> (status, headers, body), or a function of the request that gives it."""

    daemon_threads = True

    def __init__(self, context=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages, self.requests = {}, []
        self.scheme = "http"
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)
            self.scheme = "https"

    def url(self, path, user=""):
        return f"{self.scheme}://{user}localhost:{self.server_port}{path}"

    def handle_error(self, request, client_address):
        pass  # a client that breaks off is what some tests are about


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append((self.path, dict(self.headers)))
        page = self.server.pages.get(self.path.partition("?")[0], (404, {}, b"not here"))
        status, headers, body = page(self) if callable(page) else page
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@contextmanager
def serving(context=None):
    with Server(context) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def server():
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return certificates.make(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture
def tls_server(authority):
    with serving(authority.server_context()) as running:
        yield running


def page(program, exporters=None):
    return 200, {}, yaml.safe_dump(config.tree(program, exporters or {"debug": None})).encode()


def validate(program, *arguments, env=None, timeout=60):
    """Exit code and what it said."""
    import os

    done = subprocess.run(
        [str(program.path), "validate", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **(env or {})},
    )
    assert CANARY not in done.stdout + done.stderr
    return done.returncode, done.stdout + done.stderr


def refused(program, *arguments, **options):
    code, said = validate(program, *arguments, **options)
    assert code == 1, said
    return said


def test_a_collector_serves_with_a_config_that_it_fetched(program, collectors, server):
    server.pages["/collector.yaml"] = page(program)
    collectors(arguments=["--config", server.url("/collector.yaml")])
    assert [path for path, _ in server.requests] == ["/collector.yaml"]


def test_a_reload_fetches_again(program, collectors, server):
    server.pages["/collector.yaml"] = page(program, {"debug": {"verbosity": "basic"}})
    collector = collectors(arguments=["--config", server.url("/collector.yaml")])
    server.pages["/collector.yaml"] = page(program, {"debug": {"verbosity": "detailed"}})
    collector.signal(signal.SIGHUP)
    collector.wait_line("reload.taken", "the reload's end")
    server.pages["/collector.yaml"] = (500, {}, b"")
    collector.signal(signal.SIGHUP)
    collector.wait_line("reload.refused", "the refusal of what could not be fetched")
    assert len(server.requests) == 3


def test_what_is_fetched_merges_with_files_and_values(program, server):
    server.pages["/base.yaml"] = page(program)
    server.pages["/more.yaml"] = (
        200,
        {},
        f'exporters: {{debug: {{verbosity: "${{{server.url("/word")}}}"}}}}'.encode(),
    )
    server.pages["/word"] = (200, {}, b"detailed\n")
    arguments = ["--config", server.url("/base.yaml"), "--config", server.url("/more.yaml")]
    assert validate(program, *arguments) == (0, "")
    server.pages["/word"] = (200, {}, b"loud\n")
    said = refused(program, *arguments)
    assert "exporters.debug.verbosity: the value is not one of: basic, normal, detailed" in said


def test_a_value_is_fetched_once(program, server):
    server.pages["/word"] = (200, {}, b"basic")
    text = page(program, {"debug": {"verbosity": "X"}, "debug/2": {"verbosity": "X"}})[2].decode()
    text = text.replace("verbosity: X", "verbosity: ${" + server.url("/word") + "}")
    assert validate(program, "--config", f"yaml:{text}") == (0, "")
    assert len(server.requests) == 1


def test_compressed_text(program, server):
    status, _, body = page(program)
    server.pages["/c"] = (status, {"Content-Encoding": "gzip"}, gzip.compress(body))
    assert validate(program, "--config", server.url("/c")) == (0, "")


def test_redirects_are_followed(program, server):
    server.pages["/config/1"] = (302, {"Location": "2"}, b"")
    server.pages["/config/2"] = (301, {"Location": "/3"}, b"")
    server.pages["/3"] = (307, {"Location": server.url("/4")}, b"")
    server.pages["/4"] = page(program)
    assert validate(program, "--config", server.url("/config/1")) == (0, "")
    assert [path for path, _ in server.requests] == ["/config/1", "/config/2", "/3", "/4"]


def test_redirects_in_a_circle_end(program, server):
    server.pages["/a"] = (302, {"Location": "/a"}, b"")
    assert "answered with a redirect (302), and it is the sixth in a row" in refused(
        program, "--config", server.url("/a")
    )
    assert len(server.requests) == 6


def test_user_and_password_go_to_the_first_server_alone(program, server):
    with serving() as other:
        server.pages["/a"] = (302, {"Location": "/b"}, b"")
        server.pages["/b"] = (302, {"Location": other.url("/c")}, b"")
        other.pages["/c"] = page(program)
        assert validate(program, "--config", server.url("/a", f"me:{CANARY}@")) == (0, "")
        expected = "Basic " + base64.b64encode(f"me:{CANARY}".encode()).decode()
        assert [headers.get("Authorization") for _, headers in server.requests] == [expected, expected]
        assert [headers.get("Authorization") for _, headers in other.requests] == [None]


@pytest.mark.parametrize(
    "status, says",
    [
        (401, "answered 401 Unauthorized; user and password may stand in the address"),
        (403, "answered 403 Forbidden"),
        (404, "answered 404 Not Found; check the path"),
        (500, "answered 500 Internal Server Error"),
        (204, "answered 204"),
        (418, "answered 418"),
    ],
)
def test_other_answers_are_said(program, server, status, says):
    server.pages["/x"] = (status, {}, b"")
    said = refused(program, "--config", server.url(f"/x?token={CANARY}", f"user:{CANARY}@"))
    assert says in said
    assert f"error: http://***@localhost:{server.server_port}/x?***: localhost:{server.server_port} " in said


def test_secrets_of_an_address_stay_out_of_errors_in_the_text(program, server):
    """The address is the name of the text in every error about it."""
    server.pages["/x"] = (200, {}, f"receivers:\n\tapi_key: {CANARY}\n".encode())
    said = refused(program, "--config", server.url(f"/x?token={CANARY}", f"user:{CANARY}@"))
    assert f"http://***@localhost:{server.server_port}/x?***:2:1: error: a tab stands where" in said


def test_a_text_that_is_too_large(program, server):
    server.pages["/x"] = (200, {}, b"# " + b"x" * (1 << 20))
    assert "the reply is larger than the limit" in refused(program, "--config", server.url("/x"))


def test_an_html_page_is_no_config(program, server):
    server.pages["/x"] = (200, {}, b"<!DOCTYPE html>\n<html><head><title>Log in</title></head></html>\n")
    assert "this is an HTML page or XML, not YAML text" in refused(program, "--config", server.url("/x"))


def test_nobody_listens(program):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert "connect" in refused(program, "--config", f"http://127.0.0.1:{taken.getsockname()[1]}/x")


def test_a_server_that_says_nothing_is_given_up(program, server):
    release = threading.Event()

    def wait(request):
        release.wait(40)
        return 200, {}, b""

    server.pages["/x"] = wait
    try:
        said = refused(program, "--config", server.url("/x"))
    finally:
        release.set()
    assert "no answer before the deadline" in said


def test_https(program, tls_server, authority):
    tls_server.pages["/x"] = page(program)
    env = {"SSL_CERT_FILE": authority.path("ca.crt")}
    assert validate(program, "--config", tls_server.url("/x"), env=env) == (0, "")


def test_https_of_a_stranger_is_not_believed(program, tls_server):
    tls_server.pages["/x"] = page(program)
    said = refused(program, "--config", tls_server.url("/x"))
    assert "certificate" in said and "SSL_CERT_FILE" in said
    assert tls_server.requests == []


def test_https_does_not_lead_to_http(program, tls_server, server, authority):
    tls_server.pages["/x"] = (302, {"Location": server.url("/x")}, b"")
    server.pages["/x"] = page(program)
    env = {"SSL_CERT_FILE": authority.path("ca.crt")}
    said = refused(program, "--config", tls_server.url("/x"), env=env)
    assert "it leads from https to http, which is not followed" in said
    assert server.requests == []


def test_https_to_a_server_without_tls(program, server):
    assert "it does not speak TLS: is it http:// ?" in refused(
        program, "--config", server.url("/x").replace("http:", "https:")
    )


def test_an_unknown_scheme_says_what_there_is_and_where_it_looked(program):
    said = refused(program, "--config", "ssmx:/otel/config")
    assert 'the scheme "ssmx" is not known; did you mean "ssm:"? the schemes that are known are env, file, yaml, http, https' in said
    assert "no file sources/ssmx.so in /" in said
