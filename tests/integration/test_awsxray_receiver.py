# SPDX-License-Identifier: Apache-2.0
"""The receiver awsxray and the extension awsproxy: datagrams as SDKs of X-Ray send them, and botocore as the SDK that
asks for sampling rules through the proxy, before the strict double of AWS."""

import http.client
import json
import signal
import socket
import time

import pytest

pytest.importorskip("botocore", reason="no botocore: tests/integration/setup python installs it")

import botocore.config
import botocore.exceptions
import botocore.session
import yaml

from e2e import config
from e2e.aws_double import AwsDouble, error, slow
from e2e.signals import TRACES

pytestmark = pytest.mark.component("awsxray")

HEADER = b'{"format":"json","version":1}\n'
TRACE = "1-5f84c7a1-e7d1852db8c4fd35d88bf49a"


@pytest.fixture
def double():
    with AwsDouble() as it:
        yield it
    assert not it.faults, it.faults


def segment(number, **more):
    return {"name": "shop", "id": f"{number:016x}", "trace_id": TRACE, "start_time": 1700000000.25,
            "end_time": 1700000001.5, **more}


def datagram(document):
    return HEADER + json.dumps(document).encode()


def proxy(double):
    return {"endpoint": "127.0.0.1:0", "aws_endpoint": double.url, "local_mode": True}


def receiver(double, **more):
    return {"awsxray": {"endpoint": "127.0.0.1:0", "proxy_server": proxy(double), **more}}


def address(running, message):
    """Where it listens, by its own words."""
    line = running.wait_line(lambda line: line.message == message, message)
    host, _, port = line.fields["endpoint"].rpartition(":")
    return host, int(port)


@pytest.fixture
def segments(program, collectors, double, sink, tmp_path):
    """A collector from datagrams to the sink, and a socket to it."""
    running = collectors(config.tree(program, config.otlp_http(sink), receiver(double), signals=["traces"]),
                         env=double.environment(tmp_path))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(address(running, "Starting UDP server"))
        yield running, client


def spans_of(sink):
    return [span for message in sink.messages(TRACES) for r in message.resource_spans for s in r.scope_spans for span in s.spans]


def test_segments_become_spans(segments, sink):
    _, client = segments
    inner = {"name": "charge", "id": "00000000000000aa", "start_time": 1700000000.5, "end_time": 1700000001,
             "namespace": "remote", "http": {"response": {"status": 502}}}
    client.send(datagram(segment(1, subsegments=[inner], annotations={"tier": "gold"})))
    client.send(datagram(segment(2, type="subsegment", parent_id=f"{1:016x}", namespace="aws")))
    sink.wait_items(TRACES, 3)
    spans = {span.span_id.hex(): span for span in spans_of(sink)}
    root, charge, part = spans[f"{1:016x}"], spans["00000000000000aa"], spans[f"{2:016x}"]
    assert root.trace_id.hex() == TRACE[2:].replace("-", "") and root.kind == 2 and not root.parent_span_id
    assert (root.start_time_unix_nano, root.end_time_unix_nano) == (1700000000250000000, 1700000001500000000)
    assert charge.parent_span_id == root.span_id and charge.kind == 3 and charge.status.code == 2
    assert part.parent_span_id == root.span_id and part.kind == 3
    assert [a.value.string_value for a in root.attributes if a.key == "tier"] == ["gold"]


def test_what_is_no_segment_is_said_and_the_next_one_is_taken(segments, sink):
    running, client = segments
    for bad in (b"", b"no header", HEADER, HEADER + b"{", HEADER + b'{"name":"x"}', HEADER + b"[" * 5000,
                datagram(segment(0)), b'{"format":"xml","version":1}\n{}', bytes(range(256)) * 200):
        client.send(bad)
    client.send(datagram(segment(7)))
    sink.wait_items(TRACES, 1)
    assert [span.span_id.hex() for span in spans_of(sink)] == [f"{7:016x}"]
    running.wait_line("A segment document was not taken", "a line about it")


def test_a_reload_hands_the_port_over(segments, sink):
    running, client = segments
    tree = yaml.safe_load(running.config_file.read_text())
    tree["receivers"]["awsxray"]["adot_compat"] = False
    running.config_file.write_text(yaml.safe_dump(tree))
    for number in range(1, 101):
        client.send(datagram(segment(number, fault=True)))
        if number == 30:
            running.signal(signal.SIGHUP)
        time.sleep(0.01)
    # What comes once the new config is in force is translated by it.
    running.wait_line(lambda line: line.fields.get("event") == "reload.taken", "the end of the reload")
    client.send(datagram(segment(200, fault=True)))
    sink.wait_items(TRACES, 101)
    spans = {span.span_id.hex(): span for span in spans_of(sink)}
    assert len(spans) == 101, "one each, whichever instance had the port"
    assert spans[f"{1:016x}"].status.code == 0 and spans[f"{200:016x}"].status.code == 2


def test_segments_come_out_as_they_went_in(program, collectors, double, tmp_path):
    exporters = {"awsxray": {"endpoint": double.url, "local_mode": True}}
    running = collectors(config.tree(program, exporters, receiver(double, adot_compat=False), signals=["traces"]),
                         env=double.environment(tmp_path))
    sent = [
        segment(1, http={"request": {"method": "GET", "url": "https://shop.example.com/a", "client_ip": "192.0.2.1"},
                         "response": {"status": 503, "content_length": 12}},
                annotations={"tier": "gold", "count": 5, "yes": True}, metadata={"mine": {"a": [1, {"b": None}]}},
                user="alice", origin="AWS::EC2::Instance", service={"version": "1.2"},
                aws={"account_id": "123456789012", "ec2": {"instance_id": "i-1", "availability_zone": "eu-central-1a"}}),
        segment(2, type="subsegment", parent_id=f"{1:016x}", namespace="aws", name="DynamoDB",
                aws={"operation": "PutItem", "table_name": "orders", "region": "eu-central-1", "request_id": "r"}),
        segment(3, type="subsegment", parent_id=f"{1:016x}", namespace="remote",
                sql={"url": "mysql://db.example.com:3306/customers", "database_type": "mysql", "sanitized_query": "SELECT 1"}),
        segment(4, fault=True, links=[{"trace_id": TRACE, "id": "00000000000000ff", "attributes": {"a": "b"}}]),
    ]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(address(running, "Starting UDP server"))
        for document in sent:
            client.send(datagram(document))
    double.wait(lambda: len(double.segments) >= len(sent), "the segments")
    out = {document["id"]: document for document in double.segments}
    for document in sent:
        got = out[document["id"]]
        for key in ("trace_id", "start_time", "end_time", "type", "parent_id", "namespace", "annotations", "user",
                    "origin", "service", "links"):
            assert got.get(key) == document.get(key), (document["id"], key)
    first, second, third, fourth = (out[document["id"]] for document in sent)
    assert first["http"]["request"] == sent[0]["http"]["request"] | {"x_forwarded_for": True}
    assert first["http"]["response"]["status"] == 503
    assert first["metadata"]["mine"] == {"a": [1, {"b": None}]} and first["fault"] is True
    assert first["aws"]["ec2"] == sent[0]["aws"]["ec2"] and first["aws"]["account_id"] == "123456789012"
    assert {k: second["aws"][k] for k in sent[1]["aws"]} == sent[1]["aws"] and second["name"] == "DynamoDB"
    assert third["sql"]["sanitized_query"] == "SELECT 1" and third["name"] == "customers@db.example.com"
    assert fourth["fault"] is True


# ---- the proxy


@pytest.fixture(params=["receiver", "extension"])
def asking(request, program, collectors, double, sink, tmp_path):
    """A collector with a proxy, in the receiver or by itself, and where that is."""
    if request.param == "receiver":
        tree = config.tree(program, config.otlp_http(sink), receiver(double), signals=["traces"])
    else:
        tree = config.tree(program, config.otlp_http(sink), signals=["traces"])
        tree["extensions"] = {"awsproxy": proxy(double)}
        tree["service"]["extensions"] = ["awsproxy"]
    running = collectors(tree, env=double.environment(tmp_path))
    yield running, address(running, "Starting AWS proxy")


def sdk(address):
    """An SDK: it has no credentials of AWS, and signs nothing that AWS would take."""
    return botocore.session.get_session().create_client(
        "xray", endpoint_url="http://%s:%d" % address, region_name="us-east-1", aws_access_key_id="none",
        aws_secret_access_key="none", config=botocore.config.Config(retries={"total_max_attempts": 1}))


def test_an_sdk_gets_its_sampling_rules(asking, double):
    _, where = asking
    client = sdk(where)
    assert client.get_sampling_rules()["SamplingRuleRecords"] == []
    statistics = {"RuleName": "r", "ClientID": "0123456789abcdef01234567", "Timestamp": 1700000000, "RequestCount": 1,
                  "SampledCount": 1, "BorrowCount": 0}
    assert client.get_sampling_targets(SamplingStatisticsDocuments=[statistics])["SamplingTargetDocuments"] == []
    client.put_telemetry_records(TelemetryRecords=[{"Timestamp": 1700000000, "SegmentsSentCount": 1}])
    client.close()
    assert double.operations() == ["GetSamplingRules", "GetSamplingTargets", "PutTelemetryRecords"]
    assert all(call.header("x-amz-security-token") == double.keys.token for call in double.calls)


def test_what_aws_refuses_reaches_the_sdk(asking, double):
    running, where = asking
    double.fail("GetSamplingRules", error("ThrottledException", status=429))
    double.fail("GetSamplingRules", error("AccessDeniedException", "User: arn:aws:sts::1:r is not authorized to perform: xray:GetSamplingRules", status=403))
    client = sdk(where)
    for code in ("ThrottledException", "AccessDeniedException"):
        with pytest.raises(botocore.exceptions.ClientError) as raised:
            client.get_sampling_rules()
        assert raised.value.response["Error"]["Code"] == code
    client.close()
    running.wait_line(lambda line: "xray:GetSamplingRules" in line.text and line.fields.get("event") == "aws.access_denied",
                      "the permission that is missing")


def ask(where, method="POST", path="/GetSamplingRules", body=b"{}", **headers):
    connection = http.client.HTTPConnection(*where, timeout=20)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_what_the_proxy_refuses_itself(asking, double):
    _, where = asking
    assert ask(where, Origin="https://evil.example.com")[0] == 403, "no page in a browser uses these permissions"
    assert ask(where, body=b"x" * ((4 << 20) + 1))[0] == 413
    assert ask(where, **{f"X-H{i}": "x" for i in range(120)})[0] == 431
    assert double.operations() == []
    assert ask(where)[0] == 200


def test_a_client_that_goes_takes_its_request_with_it(asking, double):
    running, where = asking
    double.fail("GetSamplingRules", slow(1))
    with socket.create_connection(where) as client:
        client.sendall(b"POST /GetSamplingRules HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        double.wait(lambda: double.operations() == ["GetSamplingRules"], "the request")
    assert ask(where)[0] == 200
    running.stop()


def test_a_service_that_is_not_there_is_an_answer(program, collectors, sink, double, tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{unused.getsockname()[1]}"
        tree = config.tree(program, config.otlp_http(sink), signals=["traces"])
        tree["extensions"] = {"awsproxy": {"endpoint": "127.0.0.1:0", "aws_endpoint": closed, "local_mode": True}}
        tree["service"]["extensions"] = ["awsproxy"]
        running = collectors(tree, env=double.environment(tmp_path))
        status, body = ask(address(running, "Starting AWS proxy"))
    assert status == 504 and "xray" in json.loads(body)["message"]
    running.wait_line("A request to AWS could not be forwarded", "a line about it")
