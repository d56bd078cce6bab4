# SPDX-License-Identifier: Apache-2.0
"""The exporter awsxray against a double of X-Ray that checks each request: its shape by botocore's model of the
service, its signature with botocore's Signature Version 4."""

import datetime
import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.validate import ParamValidator

from e2e import config
from e2e.route import Route
from e2e.signals import TRACES

pytestmark = [pytest.mark.grpc, pytest.mark.component("awsxray")]

KEYS = Credentials("AKIDEXAMPLE", "a secret key", "a session token")
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": KEYS.access_key,
    "AWS_SECRET_ACCESS_KEY": KEYS.secret_key,
    "AWS_SESSION_TOKEN": KEYS.token,
    "AWS_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
WAIT_S = 20
SHAPE = (
    botocore.session.get_session()
    .get_service_model("xray")
    .operation_model("PutTraceSegments")
    .input_shape
)


def signature(headers, path, body):
    """What botocore signs the same request with."""
    scope = re.match(
        r"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\d{8}/eu-central-1/xray/aws4_request, "
        r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$",
        headers["authorization"],
    )
    assert scope, headers["authorization"]
    signed = {name: headers[name] for name in scope[1].split(";") if name not in ("x-amz-date", "x-amz-security-token")}
    request = AWSRequest("POST", f"http://{headers['host']}{path}", headers=signed, data=body)
    request.context["timestamp"] = headers["x-amz-date"]
    auth = SigV4Auth(KEYS, "xray", "eu-central-1")
    request.headers["X-Amz-Date"] = headers["x-amz-date"]
    request.headers["X-Amz-Security-Token"] = KEYS.token
    text = auth.string_to_sign(request, auth.canonical_request(request))
    return scope[2], auth.signature(text, request)


class Double:
    """X-Ray on loopback. `answer` gets the documents of a call and gives a status and a body."""

    def __init__(self):
        self.calls = []  # of lists of documents
        self.faults = []
        self.answer = lambda documents: (200, {"UnprocessedTraceSegments": []})
        self.changed = threading.Condition()
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802
                status, reply = double.take(self)
                data = json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        try:
            self.check(handler.path, headers, body)
            documents = [json.loads(text) for text in json.loads(body)["TraceSegmentDocuments"]]
        except Exception as fault:  # noqa: BLE001: whatever it is, the test shows it
            with self.changed:
                self.faults.append(repr(fault))
                self.changed.notify_all()
            return 400, {"message": "the double refuses it"}
        with self.changed:
            self.calls.append(documents)
            self.changed.notify_all()
            return self.answer(documents)

    @staticmethod
    def check(path, headers, body):
        assert path == "/TraceSegments"
        report = ParamValidator().validate(json.loads(body), SHAPE)
        assert not report.has_errors(), report.generate_report()
        assert len(json.loads(body)["TraceSegmentDocuments"]) <= 50
        assert headers["content-type"] == "application/json"
        assert headers["x-amz-security-token"] == KEYS.token
        assert abs(float(headers["x-amzn-xray-timestamp"]) - datetime.datetime.now().timestamp()) < 300
        theirs, ours = signature(headers, path, body)
        assert theirs == ours

    def wait(self, enough):
        with self.changed:
            self.changed.wait_for(lambda: self.faults or enough(self.calls), WAIT_S)
            assert not self.faults, self.faults
            assert enough(self.calls), self.calls


@pytest.fixture
def double():
    it = Double()
    yield it
    it.server.shutdown()
    it.server.server_close()


def spans(count, **more):
    request = TRACES.request()
    group = request.resource_spans.add()
    attribute = group.resource.attributes.add(key="service.name")
    attribute.value.string_value = "shop"
    scope = group.scope_spans.add()
    for i in range(count):
        scope.spans.add(
            trace_id=bytes.fromhex("5b8efff798038103d269b633813fc60c"),
            span_id=(i + 1).to_bytes(8, "big"),
            name=f'span "{i}"',
            kind=2,
            start_time_unix_nano=1_700_000_000_000_000_000 + i,
            end_time_unix_nano=1_700_000_001_000_000_000,
            **more,
        )
    return request


@contextmanager
def exporting(program, collectors, double, **settings):
    retry = {"initial_interval": "50ms", "max_interval": "100ms"}
    exporters = {"awsxray": {"endpoint": double.url, "local_mode": True, "retry_on_failure": retry, **settings}}
    running = collectors(config.tree(program, exporters, signals=["traces"]), env=ENVIRONMENT)
    with Route(running, None).sender("grpc") as sender:
        yield running, sender
    running.stop()


def ids(calls):
    return sorted(document["id"] for documents in calls for document in documents)


def wanted(count):
    return [f"{i + 1:016x}" for i in range(count)]


def test_spans_arrive_signed_in_calls_of_fifty(program, collectors, double):
    with exporting(program, collectors, double) as (_, sender):
        sender.send(TRACES, spans(120))
        double.wait(lambda calls: sum(map(len, calls)) >= 120)
    assert ids(double.calls) == wanted(120)
    assert sorted(map(len, double.calls)) == [20, 50, 50]
    one = next(d for call in double.calls for d in call if d["id"] == wanted(1)[0])
    assert one == {
        "name": "shop",
        "id": "0000000000000001",
        "trace_id": "1-5b8efff7-98038103d269b633813fc60c",
        "start_time": 1700000000,
        "end_time": 1700000001,
        "fault": False,
        "error": False,
        "throttle": False,
        "aws": {"xray": {"auto_instrumentation": False}},
        "metadata": {"default": {"otel.resource.service.name": "shop"}},
    }


def test_only_documents_that_may_be_taken_later_are_sent_again(program, collectors, double):
    def answer(documents):
        bad = [d for d in documents if d["id"] in wanted(2)] if len(double.calls) == 1 else []
        codes = dict(zip(wanted(2), ("ThrottledException", "InvalidSegment")))
        return 200, {
            "UnprocessedTraceSegments": [{"Id": d["id"], "ErrorCode": codes[d["id"]], "Message": "no"} for d in bad]
        }

    double.answer = answer
    with exporting(program, collectors, double) as (running, sender):
        sender.send(TRACES, spans(5))
        double.wait(lambda calls: len(calls) >= 2)
        running.wait_line(lambda line: "InvalidSegment" in str(line), "a line about the document")
        lost = running.wait_line(lambda line: line.fields.get("dropped_items") == 1, "the log line of the drop")
        assert lost.fields["reason"] == "rejected"
    assert [len(call) for call in double.calls] == [5, 1]
    assert ids(double.calls[1:]) == wanted(1)


def test_throttled_calls_are_sent_again(program, collectors, double):
    def answer(_):
        if len(double.calls) == 1:
            return 429, {"__type": "ThrottledException", "message": "Rate exceeded"}
        return 200, {}

    double.answer = answer
    with exporting(program, collectors, double) as (_, sender):
        sender.send(TRACES, spans(3))
        double.wait(lambda calls: len(calls) >= 2)
    assert ids(double.calls[1:]) == wanted(3)


def test_a_denial_says_which_permission_is_missing(program, collectors, double):
    double.answer = lambda _: (403, {"__type": "AccessDeniedException", "message": "User: arn:aws:sts::1:r is not authorized to perform: xray:PutTraceSegments"})
    with exporting(program, collectors, double) as (running, sender):
        sender.send(TRACES, spans(2))
        double.wait(lambda calls: len(calls) >= 1)
        running.wait_line(lambda line: "xray:PutTraceSegments" in str(line), "the permission")
        running.wait_line("Exporting failed. Dropping data.", "the drop, which the exit code would say if it came later")
    assert len(double.calls) == 1, "a denial is final"
