# SPDX-License-Identifier: Apache-2.0
"""The status page of a running collector: what it says, that it is sound HTML, and how it looks in a browser."""

import http.client
import os
import signal
from pathlib import Path

import pytest
import yaml

from e2e import browser, config
from e2e.html_check import Page
from e2e.samples import small
from e2e.senders import GrpcSender
from e2e.signals import LOGS, METRICS, TRACES

SECRET = "canary-7f3a9c"
EVIL = "<img/src=x/onerror=alert(1)>"
PICTURES = Path(os.environ.get("NACELLE_PICTURES", Path(__file__).parents[2] / "build" / "screenshots"))
PATHS = ("/", "/debug/servicez", "/debug/pipelinez", "/debug/extensionz", "/debug/featurez")

pytestmark = pytest.mark.go_differs("its zpages are others")
needs_browser = pytest.mark.skipif(
    not browser.PROGRAM, reason="NO BROWSER: install Debian's chromium (scripts/install-dependencies --tests)"
)


def get(port, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read().decode()
    finally:
        connection.close()


def tree(program, sink):
    """A collector as one meets it: two receivers, a connector, a backend that takes and one that is away."""
    backend = {"endpoint": sink.http_endpoint, "compression": "none"}
    away = {"endpoint": f"http://user:{SECRET}@127.0.0.1:9", "headers": {"api-key": SECRET},
            "sending_queue": {"queue_size": 50}, "retry_on_failure": {"initial_interval": "100ms"}}
    receivers = {**config.otlp_receiver(), "otlp/second": config.otlp_receiver()["otlp"]}
    exporters = {"otlp_http/backend": backend, "otlp_http/away": away, "debug": {}, f"debug/{EVIL}": {}}
    processors = {"memory_limiter": {"check_interval": "1s", "limit_mib": 400}, "batch": {"timeout": "50ms"}}
    both = list(processors)
    pipelines = {
        "traces": {"receivers": list(receivers), "processors": both,
                   "exporters": ["otlp_http/backend", "otlp_http/away", "forward"]},
        "traces/copy": {"receivers": ["forward"], "exporters": ["debug"]},
        "metrics": {"receivers": ["otlp"], "processors": both, "exporters": ["otlp_http/backend"]},
        "logs": {"receivers": ["otlp"], "exporters": ["otlp_http/backend", f"debug/{EVIL}"]},
    }
    result = config.tree(program, exporters, receivers=receivers, processors=processors,
                         connectors={"forward": {}}, pipelines=pipelines)
    result["extensions"] = {"zpages": {"endpoint": "127.0.0.1:0"}, "health_check": {"endpoint": "127.0.0.1:0"}}
    result["service"]["extensions"] = list(result["extensions"])
    return result


@pytest.fixture(scope="module")
def running(program, module_collectors, module_sink):
    """(collector, port of the page), with something to be seen on it."""
    collector = module_collectors(tree(program, module_sink))
    line = collector.wait_line(lambda line: line.fields.get("event") == "zpages.starting", "the page's port")
    port = int(line.fields["endpoint"].rpartition(":")[2])
    for component in ("otlp", "otlp/second"):
        with GrpcSender(collector.port("grpc", component)) as sender:
            for _ in range(10):
                sender.send(TRACES, small(TRACES, 20))
            module_sink.wait_items(TRACES, 200)  # so that the second one's are batches of their own
            if component == "otlp":
                sender.send(METRICS, small(METRICS, 40))
                sender.send(LOGS, small(LOGS, 5))
    module_sink.wait_items(TRACES, 400)
    module_sink.wait_items(METRICS, 40)
    collector.wait_line(lambda line: line.fields.get("event") == "status.unhealthy", "a backend that is away")
    yield collector, port
    collector.stop()  # what that backend did not get


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_sound_html_without_anything_from_elsewhere(running, path):
    status, headers, body = get(running[1], path)
    assert status == 200
    assert Page(body).problems == []
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'nonce-") and "unsafe" not in policy
    assert headers["cache-control"] == "no-store" and headers["x-content-type-options"] == "nosniff"
    assert len(body.encode()) == int(headers["content-length"])


def test_says_what_goes_where_and_what_is_wrong(running):
    page = Page(get(running[1], "/")[2])
    words = " ".join(page.text.split())
    for part in (
        "ready", "traces/copy", "otlp/second", "shared by its pipelines", "200 accepted", "into traces/copy",
        "400 delivered", "1 component has a problem: exporter otlp_http/away", "error that may pass",
        "Connection refused", "of 50", "exporter otlp_http/away Exporting failed.", "Effective config",
    ):
        assert part in words, f"{part!r} is not on the page:\n{words[:6000]}"


def test_names_are_text(running):
    for path in PATHS:
        body = get(running[1], path)[2]
        assert "<img" not in body
    assert "debug/&lt;img/src=x/onerror=alert(1)&gt;</h4>" in get(running[1], "/debug/pipelinez")[2]


def test_no_secret_is_on_any_page(running):
    collector, port = running
    for path in (*PATHS, "/?refresh=5"):
        assert SECRET not in get(port, path)[2]
    assert "[REDACTED]" in get(port, "/")[2]
    assert SECRET not in collector.output()


def test_answers_only_under_names_of_this_machine(running):
    port = running[1]
    assert get(port, "/", Host="localhost:55679")[0] == 200
    assert get(port, "/", Host="evil.example.com")[0] == 403


def test_a_config_that_was_not_taken_is_said_on_it(program, collectors):
    config_tree = config.tree(program, {"debug": {}})
    config_tree["extensions"] = {"zpages": {"endpoint": "127.0.0.1:0"}}
    config_tree["service"]["extensions"] = ["zpages"]
    collector = collectors(config_tree)
    line = collector.wait_line(lambda line: line.fields.get("event") == "zpages.starting", "the page's port")
    port = int(line.fields["endpoint"].rpartition(":")[2])
    config_tree["exporters"]["debug"] = {"verbositty": SECRET}
    collector.config_file.write_text(yaml.safe_dump(config_tree))
    collector.signal(signal.SIGHUP)
    collector.wait_line(lambda line: line.fields.get("event") == "reload.refused", "the refusal")
    page = Page(get(port, "/")[2])
    words = " ".join(page.text.split())
    assert page.problems == []
    assert "The newest config was not taken, the one before it stays in force" in words
    assert "verbositty" in words and SECRET not in words
    collector.stop()


@needs_browser
@pytest.mark.parametrize("width, height", [(1280, 2300), (390, 3600)], ids=["desktop", "phone"])
def test_a_browser_shows_it(running, tmp_path, width, height):
    get(running[1], "/")  # begins to measure rates
    url = f"http://127.0.0.1:{running[1]}/"
    for name, scheme in (("light", browser.LIGHT), ("dark", browser.DARK)):
        file = PICTURES / f"zpages-{width}-{name}.png"
        size, console = browser.screenshot(url, file, width, height, tmp_path, scheme)
        assert size == (width, height)
        assert console == []  # a style or a picture that the policy refuses is said there


@needs_browser
@pytest.mark.parametrize("width", [1280, 390], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", [browser.LIGHT, browser.DARK], ids=["light", "dark"])
def test_fits_the_screen_and_can_be_read(running, tmp_path, width, scheme):
    page = get(running[1], "/")[2]
    seen = browser.measure(page.replace("<details>", "<details open>"), width, tmp_path, scheme)
    assert seen["dark"] == (scheme is browser.DARK)
    assert seen["width"] <= seen["view"] <= width
    assert seen["worst"]["ratio"] >= 4.5, seen["worst"]
