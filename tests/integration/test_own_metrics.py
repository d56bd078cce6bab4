# SPDX-License-Identifier: Apache-2.0
"""Own metrics and log lines where they go: names as the Go collector's, pushed as OTLP, fed into a pipeline."""

import re
import signal as signals
import socket
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from e2e import config, exposition
from e2e.answers import Answer
from e2e.samples import small
from e2e.senders import GrpcSender
from e2e.signals import LOGS, METRICS, SIGNALS, TRACES, data_points
from e2e.sink import Sink

RECORDED = Path(__file__).parent / "data" / "go_own_metrics.txt"
CLOSED = 1  # nobody listens at this port
HOUR_MS = 3600000
PROTOCOLS = ["grpc", "http/protobuf"]
# What it takes from the environment or draws at random.
VARYING = {"service.instance.id", "service.version"}


@pytest.fixture
def backend():
    """For own telemetry; `sink` gets what the pipelines carry."""
    with Sink() as running:
        yield running


def otlp(protocol, backend, **more):
    host = backend.grpc_endpoint if protocol == "grpc" else f"127.0.0.1:{backend.http_port}"
    return {"otlp": {"protocol": protocol, "endpoint": f"http://{host}", **more}}


def periodic(exporter, **more):
    return {"periodic": {"exporter": exporter, **more}}


def tree(program, exporters, readers=(), processors=(), **more):
    result = config.tree(program, exporters, **more)
    result["service"]["telemetry"] = {
        "resource": {"service.name": "a sidecar", "deployment.environment": "test"},
        "metrics": {"readers": list(readers)} if readers else {"level": "none"},
        "logs": {"processors": list(processors)} if processors else {},
    }
    return result


def send(collector, count=5, signals=SIGNALS):
    with GrpcSender(collector.port("grpc")) as sender:
        for signal in signals:
            sender.send(signal, small(signal, count))


def resource(group):
    return {pair.key: pair.value.string_value for pair in group.resource.attributes}


def own(message):
    """{metric: {attributes of a point: value}} of a request."""
    result = {}
    for _, _, metric in METRICS.each_record(message):
        for point in data_points(metric):
            if metric.WhichOneof("data") == "histogram":
                value = point.count
            else:
                value = getattr(point, point.WhichOneof("value"))
            key = tuple(sorted((pair.key, pair.value.string_value) for pair in point.attributes))
            result.setdefault(metric.name, {})[key] = value
    return result


def total(message, name, **attributes):
    """The sum of a metric's points that have the attributes."""
    points = own(message).get(name, {}).items()
    return sum(value for key, value in points if set(attributes.items()) <= set(key))


def lines(backend):
    """(component, event, text) of the log records that arrived."""
    found = []
    for message in backend.messages(LOGS):
        for _, _, record in LOGS.each_record(message):
            attributes = {pair.key: pair.value.string_value for pair in record.attributes}
            found.append((attributes.get("otelcol.component.id", ""), record.event_name, record.body.string_value))
    return found


# ---- names, types and labels


def recorded():
    """{name: (type, labels, why Nacelle's differs)}"""
    rows = [line.partition(" - ") for line in RECORDED.read_text().splitlines() if not line.startswith("#")]
    fields = [(row.split(), why) for row, _, why in rows]
    return {row[1]: (row[0], set(row[2].split(",")) if len(row) > 2 else set(), why) for row, why in fields}


def served(port):
    """{name: (type, labels)} of a page."""
    text = exposition.get(port)[2]
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    labels = {name: set() for name in types}
    for name, pairs in exposition.samples(port):
        plain = re.sub("_(bucket|sum|count)$", "", name)
        labels[name if name in types else plain] |= {label for label, _ in pairs} - {"le"}
    return {name: (kind, labels[name]) for name, kind in types.items()}


def test_names_types_and_labels_are_the_go_collectors(program, collectors, sink):
    port = exposition.free_port()
    collector = collectors(exposition.busy_tree(program, sink, port))
    exposition.keep_busy(collector, sink)
    page = served(port)
    rows = recorded()
    if program.is_go:
        assert page == {name: row[:2] for name, row in rows.items()}
    else:
        for name, (kind, labels, why) in rows.items():
            assert (page.get(name) != (kind, labels)) == bool(why), f"{name}: {page.get(name)}, recorded {kind} {labels}; {why}"
        more = {name for name in page if not name.startswith("nacelle_")} - set(rows)
        assert more == {"otelcol_exporter_debug_bytes_left_out"}
    collector.stop()


# ---- pushed as OTLP


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_metrics_and_log_lines_are_pushed(program, collectors, sink, backend, protocol):
    to = otlp(protocol, backend, headers=[{"name": "api-key", "value": "a-key"}])
    processors = [{"batch": {"schedule_delay": 100, "exporter": to}}]
    collector = collectors(tree(program, config.otlp_http(sink), [periodic(to, interval=200)], processors))
    send(collector)
    for signal in SIGNALS:
        sink.wait_items(signal, 5)

    backend.wait_until(
        lambda: backend.of(METRICS) and total(backend.messages(METRICS)[-1], "otelcol_exporter_sent_log_records") == 5,
        "the count of what was sent",
    )
    ready = "Everything is ready. Begin running and processing data."
    backend.wait_until(lambda: ready in [text for _, _, text in lines(backend)], "the line that says so")
    newest = backend.messages(METRICS)[-1]
    assert total(newest, "otelcol_receiver_accepted_spans", receiver="otlp", transport="grpc") == 5
    assert total(newest, "otelcol_exporter_sent_metric_points", exporter="otlp_http") == 5
    assert total(newest, "otelcol_process_uptime") > 0
    names = set()
    for received in backend.requests:
        assert received.headers["api-key"] == "a-key"
        assert received.transport == protocol.partition("/")[0]
        groups = getattr(received.message, received.signal.groups)
        (attributes,) = (resource(group) for group in groups)
        assert {name: value for name, value in attributes.items() if name not in VARYING} == {
            "service.name": "a sidecar",
            "deployment.environment": "test",
        }
        assert VARYING <= set(attributes)
        names.add(attributes["service.instance.id"])
    assert len(names) == 1  # metrics and lines can be told to be of one process
    collector.stop()
    assert [sink.items(signal) for signal in SIGNALS] == [5, 5, 5]  # own telemetry goes its own way


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_last_totals_and_lines_go_out_at_the_end(program, collectors, sink, backend, protocol):
    to = otlp(protocol, backend)
    processors = [{"batch": {"schedule_delay": HOUR_MS, "exporter": to}}]
    collector = collectors(tree(program, config.otlp_http(sink), [periodic(to, interval=HOUR_MS)], processors))
    send(collector)
    for signal in SIGNALS:
        sink.wait_items(signal, 5)
    assert backend.requests == []
    collector.stop()
    assert total(backend.messages(METRICS)[-1], "otelcol_receiver_accepted_log_records") == 5
    assert "Everything is ready. Begin running and processing data." in [text for _, _, text in lines(backend)]


def test_delta_sums_say_what_came_since(program, collectors, sink, backend):
    to = otlp("http/protobuf", backend, temporality_preference="delta")
    collector = collectors(tree(program, config.otlp_http(sink), [periodic(to, interval=100)]))

    def arrived():
        return sum(total(message, "otelcol_receiver_accepted_spans") for message in backend.messages(METRICS))

    for count in (5, 3):
        before = arrived()
        send(collector, count, [TRACES])
        backend.wait_until(lambda: arrived() == before + count, f"{count} more")
    collector.stop()
    assert arrived() == 8


@contextmanager
def silent_backend():
    """Port of one that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.go_differs("it says so with every push, and waits for its backend at the end")
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", ["away", "silent"])
def test_a_backend_that_fails_disturbs_nothing_and_is_said_once(program, collectors, sink, protocol, kind):
    with silent_backend() as port:
        to = {"otlp": {"protocol": protocol, "endpoint": f"http://127.0.0.1:{CLOSED if kind == 'away' else port}", "timeout": 300}}
        processors = [{"batch": {"schedule_delay": 100, "exporter": to}}]
        collector = collectors(tree(program, config.otlp_http(sink), [periodic(to, interval=100, timeout=300)], processors))
        for count in (5, 10, 15):
            send(collector)
            for signal in SIGNALS:
                sink.wait_items(signal, count)
        for pusher in ("otlp_metrics", "otlp_logs"):
            collector.wait_line(lambda line: about_push(line, pusher), f"a word of {pusher}")
        time.sleep(1)  # ten pushes
        collector.stop()
    said = Counter(line.fields.get("otelcol.component.id") for line in collector.lines if about_push(line))
    assert said == {"otlp_metrics": 1, "otlp_logs": 1}, collector.output()
    assert [sink.items(signal) for signal in SIGNALS] == [15, 15, 15]


def about_push(line, pusher=None):
    component = line.fields.get("otelcol.component.id")
    return line.fields.get("event") == "push.failing" and component == (pusher or component)


@pytest.mark.go_differs("its lines have no events")
def test_a_backend_that_comes_back_gets_the_totals_and_the_lines(program, collectors, sink, backend):
    backend.answer_always(Answer(http_status=503, retry_after="1"))
    to = otlp("http/protobuf", backend)
    processors = [{"batch": {"schedule_delay": 50, "exporter": to}}]
    collector = collectors(tree(program, config.otlp_http(sink), [periodic(to, interval=200)], processors))
    send(collector)
    for pusher in ("otlp_metrics", "otlp_logs"):
        collector.wait_line(lambda line: about_push(line, pusher), f"a word of {pusher}")
    backend.answer_always(Answer())
    for pusher in ("otlp_metrics", "otlp_logs"):
        collector.wait_line(rf'"{pusher}".*"push.working"', f"{pusher} at work")
    backend.wait_until(
        lambda: backend.of(METRICS) and total(backend.messages(METRICS)[-1], "otelcol_receiver_accepted_spans") == 5,
        "the totals",
    )
    collector.stop()
    said = Counter(event for _, event, _ in lines(backend))
    assert said["starting"] == said["ready"] == 1  # kept while it was away, and told once


@pytest.mark.go_differs("each request that its debug exporter prints is a line that is pushed")
@pytest.mark.parametrize("verbosity", ["basic", "detailed"])
def test_what_is_pushed_to_the_collector_itself_does_not_go_round(program, collectors, sink, verbosity):
    """Own telemetry through the process's own pipelines, to a backend and into its own log."""
    port = exposition.free_port()
    to = {"otlp": {"protocol": "grpc", "endpoint": f"http://127.0.0.1:{port}"}}
    processors = [{"batch": {"schedule_delay": 20, "exporter": to}}]
    collector = collectors(
        tree(
            program,
            {**config.otlp_http(sink), "debug": {"verbosity": verbosity}},
            [periodic(to, interval=100)],
            processors,
            receivers={"otlp": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{port}"}}}},
        )
    )
    sink.wait_until(lambda: "ready" in [event for _, event, _ in lines(sink)], "the line that says that it is ready")
    sink.wait_until(lambda: len(sink.of(METRICS)) >= 10, "ten pushes")
    before = sink.items(LOGS)
    count = len(sink.of(METRICS))
    sink.wait_until(lambda: len(sink.of(METRICS)) >= count + 10, "ten more")
    assert sink.items(LOGS) - before <= 2  # which began to work
    events = Counter(event for _, event, _ in lines(sink))
    assert events["ready"] == 1 and max(events.values()) < 8, events
    assert "debug" not in events
    collector.stop()


@pytest.mark.go_differs("everything in it stops for a reload, and counts begin anew")
def test_a_reload_moves_own_telemetry_and_its_counts_go_on(program, collectors, sink, backend):
    before, after = exposition.free_port(), exposition.free_port()
    config_tree = tree(program, config.otlp_http(sink), [exposition.reader(before)])
    collector = collectors(config_tree)

    def reload(**telemetry):
        config_tree["service"]["telemetry"] = telemetry
        collector.config_file.write_text(yaml.safe_dump(config_tree))
        taken = len(collector.lines)
        collector.signal(signals.SIGHUP)
        collector.wait_line(lambda line: line in collector.lines[taken:] and line.fields.get("event") == "reload.taken", "a reload")

    def wait_served(port, wanted):
        """What is gone goes on for a moment after the reload: it answers who has asked."""
        for _ in range(200):
            try:
                served_there = exposition.get(port)[0] == 200
            except OSError:
                served_there = False
            if served_there == wanted:
                return
            time.sleep(0.05)
        collector.fail(f"port {port}: {'nothing there' if wanted else 'still served'}")

    send(collector, 5, [TRACES])
    wait_served(before, True)
    to = otlp("grpc", backend)
    reload(
        metrics={"readers": [exposition.reader(after), periodic(to, interval=100)]},
        logs={"processors": [{"batch": {"schedule_delay": 50, "exporter": to}}]},
    )
    wait_served(after, True)
    wait_served(before, False)
    backend.wait_until(lambda: backend.of(METRICS) and backend.of(LOGS), "a push of both")
    assert total(backend.messages(METRICS)[0], "otelcol_receiver_accepted_spans") == 5
    assert "ready" not in [event for _, event, _ in lines(backend)]  # lines from before the reload are not pushed

    reload(metrics={"level": "none"})
    wait_served(after, False)
    for _ in range(20):  # the last totals may be under way
        count = len(backend.requests)
        time.sleep(0.5)  # five pushes
        if len(backend.requests) == count:
            break
    assert len(backend.requests) == count
    collector.stop()


# ---- fed into a pipeline


def fed(program, sink, receiver, **exporters):
    """A config that feeds own metrics to the sink. Own telemetry is off: the receiver needs none of it."""
    to_sink = config.otlp_http(sink)
    pipelines = {
        "traces": {"receivers": ["otlp"], "exporters": list(exporters)},
        "metrics/own": {"receivers": ["internal_metrics"], "exporters": list(to_sink)},
    }
    receivers = {**config.otlp_receiver(), "internal_metrics": receiver}
    result = config.tree(program, {**to_sink, **exporters}, receivers=receivers, pipelines=pipelines)
    result["service"]["telemetry"]["resource"] = {"service.name": "a sidecar"}
    return result


@pytest.mark.go_differs("it has no such receiver")
def test_what_is_worth_an_alarm_goes_through_a_pipeline(program, collectors, sink):
    away = {"endpoint": f"http://127.0.0.1:{CLOSED}", "retry_on_failure": {"enabled": False}}
    collector = collectors(fed(program, sink, {"interval": "1s"}, **{"otlp_http/away": away}))
    send(collector, 5, [TRACES])
    sink.wait_until(
        lambda: sink.of(METRICS) and total(sink.messages(METRICS)[-1], "nacelle_dropped_items", reason="retry_disabled") == 5,
        "the count of what was dropped",
    )
    newest = sink.messages(METRICS)[-1]
    assert total(newest, "otelcol_exporter_send_failed_spans", exporter="otlp_http/away") == 5
    # Its own points are counted from its second batch on.
    assert set(own(newest)) - {"otelcol_receiver_refused_metric_points", "otelcol_exporter_send_failed_metric_points"} == {
        "nacelle_dropped_items", "otelcol_receiver_refused_spans", "otelcol_exporter_send_failed_spans",
        "nacelle_exporter_queue_oldest_age", "nacelle_exporter_queue_bytes",
        "nacelle_memory_used", "otelcol_process_memory_rss", "otelcol_process_uptime",
    }  # fmt: skip
    assert total(newest, "otelcol_process_memory_rss") > 1 << 20
    (group,) = newest.resource_metrics
    assert resource(group)["service.name"] == "a sidecar"
    assert not [file for file in collector.mapped_files() if file.endswith(("prometheus.so", "otlp_push.so"))]


@pytest.mark.go_differs("it has no such receiver")
def test_chosen_metrics_and_the_last_totals(program, collectors, sink):
    """A task that lives shorter than the interval tells its totals, too."""
    collector = collectors(fed(program, sink, {"interval": "1h", "metrics": ["otelcol_receiver_accepted_*", "nacelle_reloads"]}, nop={}))
    send(collector, 5, [TRACES])
    assert sink.requests == []
    collector.stop()
    (last,) = sink.messages(METRICS)
    assert set(own(last)) == {"otelcol_receiver_accepted_spans", "nacelle_reloads"}
    assert total(last, "otelcol_receiver_accepted_spans", receiver="otlp") == 5


@pytest.mark.go_differs("it has no such receiver")
def test_metrics_that_a_pipeline_does_not_take_do_not_pile_up(program, collectors, sink):
    sink.answer_always(Answer(http_status=503, retry_after="1"))
    tree = fed(program, sink, {"interval": "1s"}, nop={})
    tree["exporters"]["otlp_http"].update(sending_queue={"enabled": False}, retry_on_failure={"enabled": False})
    collector = collectors(tree)
    sink.wait_requests(2)
    sink.answer_always(Answer())
    sink.wait_until(lambda: sink.of(METRICS), "the totals of then")
    (first, *_) = sink.messages(METRICS)
    assert total(first, "otelcol_process_uptime") > 1
    collector.stop()
