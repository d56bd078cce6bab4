# SPDX-License-Identifier: Apache-2.0
"""Log records that both exporters get, as OTLP/JSON. "@-5000" is the time 5 s before the test."""

import base64
import json

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"


def value(python):
    if isinstance(python, dict) and "any" in python:
        return python["any"]
    if python is None:
        return {}
    if isinstance(python, bool):
        return {"boolValue": python}
    if isinstance(python, int):
        return {"intValue": str(python)}
    if isinstance(python, float):
        return {"doubleValue": python}
    if isinstance(python, bytes):
        return {"bytesValue": base64.b64encode(python).decode()}
    if isinstance(python, list):
        return {"arrayValue": {"values": [value(one) for one in python]}}
    if isinstance(python, dict):
        return {"kvlistValue": {"values": attributes(python)}}
    return {"stringValue": python}


def attributes(python):
    return [{"key": key, "value": value(one)} for key, one in python.items()]


def record(body=..., at="@-5000", **fields):
    made = {"timeUnixNano": at, **fields} if at else dict(fields)
    if body is not ...:
        made["body"] = value(body)
    if "attributes" in made:
        made["attributes"] = attributes(made["attributes"])
    return made


def request(*records, resource=None, scope=None):
    scope_logs = {"logRecords": list(records)}
    if scope:
        scope_logs["scope"] = {**scope, "attributes": attributes(scope.get("attributes", {}))}
    return {"resourceLogs": [{"resource": {"attributes": attributes(resource or {})}, "scopeLogs": [scope_logs]}]}


def case(name, *records, raw=False, **around):
    return {"name": name, "raw": raw, "request": request(*records, **around)}


def raw(name, body):
    return case(name, record(body, severityText="INFO"), raw=True, resource={"service.name": "shop"})


def emf(**more):
    return json.dumps({"_aws": {"Timestamp": 1, "CloudWatchMetrics": [], **more}, "latency": 7})


EVERYTHING = record(
    {"text": "a", "list": [1, None, {"deep": b"\x00\xff"}], "none": None},
    severityNumber=17,
    severityText="ERROR",
    droppedAttributesCount=3,
    flags=1,
    traceId=TRACE,
    spanId=SPAN,
    eventName="shop.paid",
    attributes={"s": "x", "i": -7, "d": 0.5, "b": True, "n": None, "bytes": b"abc", "l": ["a", 1, 2.5, False], "m": {"k": {}}},
)
SCOPE = {"name": "lib", "version": "1.2", "attributes": {"a": 1}}

CASES = [
    case("everything", EVERYTHING, resource={"service.name": "shop", "service.version": "1"}, scope=SCOPE),
    case("a text", record("hello")),
    case("an empty text", record("")),
    case("no body", record(severityNumber=9)),
    case("nothing at all", record()),
    case("a body without a value", record(None)),
    case("a whole number", record(42)),
    case("zero", record(0)),
    case("the largest and smallest numbers", record([2**63 - 1, -(2**63), 1e308, 5e-324, 0.1, 1e21, 1e-7, 100.0, -0.0])),
    case("yes and no", record(False), record(True)),
    case("bytes", record(b"\x00\x01\xfe\xff")),
    case("no bytes", record(b"")),
    case("an empty map", record({})),
    case("an empty list", record([])),
    case("a map of maps", record({"a": {"b": {"c": [{"d": None}, []]}}})),
    case("letters", record('é ü 漢字 😀 "quoted" \\ / <b>&amp;</b> \u2028 \t \r\n \b \f \x00 \x1f \x7f')),
    case("keys that need escapes", record({'"': 1, "\\": 2, "a\nb": 3, "": 4}, attributes={'"k"': "v"})),
    case("a text of JSON", record('{"level":"info","msg":"in \\"quotes\\""}')),
    case("identities", record("x", traceId=TRACE), record("y", spanId=SPAN)),
    case("zeros as identities", record("x", traceId="0" * 32, spanId="0" * 16)),
    case("flags", record("x", flags=257)),
    case("a severity without a name", record("x", severityNumber=24)),
    case("a severity without a number", record("x", severityText="Warnung")),
    case("a resource without attributes", record("x"), resource={}),
    case("a resource of all types", record("x"), resource={"i": 1, "d": 1.5, "b": False, "l": ["a"], "m": {"k": "v"}}),
    case("a scope", record("x"), scope={"name": "lib"}),
    case("a scope without a name", record("x"), scope={"version": "1", "attributes": {"a": 1}}),
    case("a scope with attributes", record("x"), scope=SCOPE),
    case("out of order", record("3", at="@-1000"), record("1", at="@-3000"), record("2", at="@-2000"), record("2b", at="@-2000")),
    case("more than a day apart", record("a", at="@-200000000"), record("b", at="@-100000000"), record("c", at="@-1000")),
    case("no time", record("x", at="")),
    case("observed only", record("x", at="", observedTimeUnixNano="@-7000")),
    case("two times", record("x", observedTimeUnixNano="@-1000")),
    case("not a number", record({"any": {"doubleValue": "NaN"}}), record("the next one")),
    case("infinities", record("x", attributes={"up": {"any": {"doubleValue": "Infinity"}}}), record("the next one")),
    case("too old and fine", record("old", at="@-1296000000"), record("fine")),
    case("300 KiB", record("x" * 300 * 1024)),
    raw("raw text", "a line\twith\ttabs and \"quotes\" \\ é"),
    raw("raw number", 42),
    raw("raw fraction", 0.25),
    raw("raw bool", True),
    raw("raw bytes", b"\x00\xff"),
    raw("raw map", {"b": [1, "two", None], "a": {"x": 1.5}}),
    raw("raw list", ["a", {"b": 1}]),
    raw("raw empty", ""),
    raw("raw JSON", '{"level":"info"}'),
    raw("raw EMF", emf(LogGroupName="metrics", LogStreamName="one")),
    raw("raw EMF with a group only", emf(LogGroupName="metrics")),
    raw("raw EMF with a stream only", emf(LogStreamName="one")),
    raw("raw EMF without names", emf()),
    raw("raw EMF, names in lower case", emf(logGroupName="metrics", logStreamName="one")),
    raw("raw EMF of version 0", json.dumps({"log_group_name": "metrics", "log_stream_name": "one", "latency": 7})),
    raw("raw EMF of version 0 with a group only", json.dumps({"log_group_name": "metrics", "Version": "0"})),
    raw("raw text that looks like EMF", '{"_aws": {"LogGroupName": "metrics"'),
    raw("raw EMF in a list", json.dumps([{"_aws": {"LogGroupName": "metrics"}}])),
]

# Where the exporters are meant to differ: why, and what this one sends instead: other times, bodies, or nothing.
DIFFERENT = {
    "no bytes": ("the Go exporter sends null, as if there was no body", {"bodies": [""]}),
    "observed only": ("the time when a record was observed is better than now", {"at": [-7000]}),
    "not a number": ("the Go exporter loses the record, without a word at level info", {"bodies": ["NaN", "the next one"]}),
    "infinities": ("likewise", {"bodies": ["x", "the next one"]}),
    "too old and fine": ("the Go exporter fails the batch, and would send the fine record again and again", {"bodies": ["fine"]}),
    "300 KiB": ("CloudWatch Logs takes 1 MiB since 2025; the Go exporter cuts at 256 KiB", {"bodies": ["x" * 300 * 1024]}),
    "raw empty": ("neither can send it; the Go exporter fails the batch, this one rejects the record", {"events": []}),
}
