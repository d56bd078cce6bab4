# SPDX-License-Identifier: Apache-2.0
"""What browsers of other origins are told, as the Go collector tells them: the same table is held against it."""

import http.client

import pytest

from e2e import config
from e2e.samples import small
from e2e.senders import CALL_S, PROTOBUF
from e2e.signals import TRACES

pytestmark = pytest.mark.http
CORS = {
    "allowed_origins": ["https://app.example.com", "http://*.test", "https://a.*.b.org:8443"],
    "allowed_headers": ["X-Mine", "Content-Type"],
    "exposed_headers": ["x-a", "X-B-c"],
    "max_age": 600,
}
APP = "https://app.example.com"
ALLOW = "access-control-allow-"


@pytest.fixture(scope="module")
def listed(program, module_collectors):
    headers = {"X-Ours": "one"}
    receivers = config.otlp_receiver(http={"cors": CORS, "response_headers": headers})
    return module_collectors(config.tree(program, {"debug": None}, receivers=receivers))


@pytest.fixture(scope="module")
def anybody(program, module_collectors):
    cors = {"allowed_origins": ["*"], "allowed_headers": ["*"], "max_age": -1}
    receivers = config.otlp_receiver(http={"cors": cors})
    return module_collectors(config.tree(program, {"debug": None}, receivers=receivers))


def ask(collector, method, headers, body=None):
    """The status and the headers, names in small letters; of one that comes twice both values."""
    connection = http.client.HTTPConnection("127.0.0.1", collector.port("http"), timeout=CALL_S)
    connection.request(method, TRACES.path, body, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    found = {}
    for name, value in answer.getheaders():
        found.setdefault(name.lower(), []).append(value)
    return answer.status, {name: ", ".join(values) for name, values in found.items()}


def preflight(collector, origin=APP, method="POST", wanted=None):
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    if wanted is not None:
        headers["Access-Control-Request-Headers"] = wanted
    return ask(collector, "OPTIONS", headers)


def allowed(headers):
    return {name.removeprefix(ALLOW): value for name, value in headers.items() if name.startswith(ALLOW)}


@pytest.mark.parametrize("wanted", [None, "x-mine", "content-type,x-mine"])
def test_a_preflight_that_is_allowed(listed, wanted):
    status, headers = preflight(listed, wanted=wanted)
    expected = {"origin": APP, "credentials": "true", "methods": "POST"}
    if wanted:
        expected["headers"] = wanted
    assert (status, allowed(headers)) == (204, expected)
    assert headers["access-control-max-age"] == "600"
    assert headers["vary"] == "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
    assert headers["x-ours"] == "one"


@pytest.mark.parametrize(
    ("origin", "method", "wanted"),
    [
        ("https://app.example.com.evil.org", "POST", None),
        ("http://app.example.com", "POST", None),
        ("http://test", "POST", None),
        ("http://x.test.evil", "POST", None),
        ("https://a.b.org:8443", "POST", None),
        ("null", "POST", None),
        (APP, "PUT", None),
        (APP, "DELETE", None),
        (APP, "post", None),
        (APP, "POST", "x-other"),
        (APP, "POST", "x-mine,x-other"),
        (APP, "POST", "x-requested-with"),
    ],
)
def test_a_preflight_that_is_not(listed, origin, method, wanted):
    status, headers = preflight(listed, origin, method, wanted)
    assert (status, allowed(headers)) == (204, {})
    assert "access-control-max-age" not in headers


@pytest.mark.parametrize("origin", ["http://x.test", "http://.test", "HTTPS://APP.EXAMPLE.COM", "https://a.x.b.org:8443"])
def test_origins_that_match(listed, origin):
    assert allowed(preflight(listed, origin)[1])["origin"] == origin


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_methods_that_are_allowed(listed, method):
    assert allowed(preflight(listed, method=method)[1])["methods"] == method


def test_a_request_of_an_allowed_origin(listed):
    headers = {"Origin": APP, "Content-Type": PROTOBUF}
    status, headers = ask(listed, "POST", headers, small(TRACES).SerializeToString())
    assert (status, allowed(headers)) == (200, {"origin": APP, "credentials": "true"})
    assert headers["access-control-expose-headers"] == "X-A, X-B-C"
    assert headers["vary"] == "Origin"
    assert headers["x-ours"] == "one"


@pytest.mark.parametrize("origin", [None, "http://elsewhere"])
def test_a_request_of_another(listed, origin):
    headers = {"Content-Type": PROTOBUF} | ({"Origin": origin} if origin else {})
    status, headers = ask(listed, "POST", headers, small(TRACES).SerializeToString())
    assert (status, allowed(headers)) == (200, {})
    assert headers["vary"] == "Origin"


def test_an_error_can_be_read_by_the_script(listed):
    status, headers = ask(listed, "POST", {"Origin": APP, "Content-Type": "text/plain"}, b"x")
    assert (status, allowed(headers)["origin"]) == (415, APP)


def test_options_that_are_no_preflight(listed):
    status, headers = ask(listed, "OPTIONS", {"Origin": APP})
    assert status == 405
    assert allowed(headers)["origin"] == APP


def test_everything_is_allowed_by_a_star(anybody):
    status, headers = preflight(anybody, "null", "POST", "x-any, x-other")
    expected = {"origin": "*", "credentials": "true", "methods": "POST", "headers": "x-any, x-other"}
    assert (status, allowed(headers)) == (204, expected)
    assert headers["access-control-max-age"] == "0"
    status, headers = ask(anybody, "POST", {"Origin": "http://b", "Content-Type": PROTOBUF}, b"")
    assert (status, allowed(headers)) == (200, {"origin": "*", "credentials": "true"})


@pytest.mark.go_differs("allows Content-Type only where it is listed, against its documentation")
def test_what_browsers_always_send_need_not_be_listed(program, collectors):
    cors = {"allowed_origins": [APP], "allowed_headers": ["x-mine"]}
    receivers = config.otlp_receiver(http={"cors": cors})
    collector = collectors(config.tree(program, {"debug": None}, receivers=receivers))
    assert allowed(preflight(collector, wanted="content-type,x-mine")[1])["headers"] == "content-type,x-mine"
