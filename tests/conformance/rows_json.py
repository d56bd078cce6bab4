# SPDX-License-Identifier: Apache-2.0
"""OTLP/JSON: bodies that are no JSON, JSON that is no OTLP, and the spellings that are."""

import base64
import json

from e2e import otlp_json
from e2e.samples import small
from e2e.signals import LOGS, METRICS, SIGNALS, TRACES
from table import ANY, JSON, Row
from table import json_of as dump

TRACE_ID = "5b8efff798038103d269b633813fc60c"
SPAN_ID = "eee19b7ec3c1b174"


def _row(name, body, *expect, signal=TRACES, **options):
    body = body.encode() if isinstance(body, str) else body
    return Row(
        f"json: {name}",
        lambda doors: doors.post(body, signal.path, content_type=JSON),
        expect,
        signal,
        marks=("http", "json"),
        **options,
    )


def span(**fields):
    """A request with one span that has these JSON fields; a text as it is where JSON cannot say it."""
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [fields]}]}]})


def raw_span(text):
    return '{"resourceSpans":[{"scopeSpans":[{"spans":[{%s}]}]}]}' % text


def value(text):
    """A request with one span that has one attribute with this AnyValue in JSON."""
    return raw_span('"attributes":[{"key":"k","value":%s}]' % text)


def point(text):
    return '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{%s}]}}]}]}]}' % text


def no_json_rows():
    good = dump(small(TRACES)).decode()
    broken = {
        "no bytes at all": "",
        "white space": " \n",
        "a word": "hello",
        "cut short": good[:-1],
        "cut in the middle": good[: len(good) // 2],
        "a second document": good + good,
        "a word after it": good + " x",
        "a comma after it": good + ",",
        "single quotes": "{'resourceSpans':[]}",
        "a key without quotes": "{resourceSpans:[]}",
        "a comma too many": '{"resourceSpans":[],}',
        "a comma too many in a list": '{"resourceSpans":[{},]}',
        "a comma missing": raw_span('"name":"a" "kind":1'),
        "a colon missing": '{"resourceSpans" []}',
        "a comment": '{"resourceSpans":[]/* none */}',
        "a control character": raw_span('"name":"a\nb"'),
        "a text that never ends": '{"resourceSpans":[{"schemaUrl":"',
        "an unknown escape": raw_span('"name":"\\x"'),
        "half an escape": raw_span('"name":"\\u12"'),
        "True": value('{"boolValue":True}'),
        "NaN as a word": value('{"doubleValue":NaN}'),
        "a number with a leading zero": value('{"doubleValue":01.5}'),
        "a number without a digit": value('{"doubleValue":-}'),
        "a number with a bare point": value('{"doubleValue":1.}'),
        "a number in hex": value('{"intValue":0x10}'),
        "a closing bracket too many": '{"resourceSpans":[]]}',
        "brackets that do not match": '{"resourceSpans":[}',
        "UTF-16": good.encode("utf-16"),
        "a NUL after it": good + "\0",
        "a NUL in it": good.replace("{", "{\0", 1),
    }
    for name, body in broken.items():
        yield _row(name, body, "400", **GO.get(name, {}))


def other_json_rows():
    """JSON, but not OTLP."""
    bodies = {
        "a list": "[]",
        "a text": '"x"',
        "a number": "1",
        "true": "true",
        "a list where an object must be": '{"resourceSpans":[[]]}',
        "an object where a list must be": '{"resourceSpans":{"resource":{}}}',
        "a text where a list must be": '{"resourceSpans":"x"}',
        "a number where an object must be": '{"resourceSpans":[1]}',
        "a number where a text must be": raw_span('"name":1'),
        "a list where a text must be": raw_span('"name":["x"]'),
        "an object where a text must be": raw_span('"name":{}'),
        "true where a text must be": raw_span('"name":true'),
        "a text where a flag must be": value('{"boolValue":"true"}'),
        "a number where a flag must be": value('{"boolValue":1}'),
        "a word where a number must be": value('{"doubleValue":"x"}'),
        "an empty text where a number must be": value('{"intValue":""}'),
        "a fraction where an integer must be": value('{"intValue":1.5}'),
        "a list where a number must be": value('{"intValue":[1]}'),
        "beyond int64": value('{"intValue":"9223372036854775808"}'),
        "below int64": value('{"intValue":"-9223372036854775809"}'),
        "beyond uint64": span(startTimeUnixNano="18446744073709551616"),
        "a negative time": span(startTimeUnixNano="-1"),
        "beyond uint32": span(droppedAttributesCount=2**32),
        "a negative count": span(droppedAttributesCount=-1),
        "a trace id that is no hex": span(traceId="zz" * 16),
        "a trace id of an odd number of digits": span(traceId=TRACE_ID[:-1]),
        "a trace id cut short": span(traceId=TRACE_ID[:-2]),
        "a trace id too long": span(traceId=TRACE_ID + "00"),
        "a span id in base64": span(spanId=base64.b64encode(bytes.fromhex(SPAN_ID)).decode()),
        "a span id of one byte": span(spanId="01"),
        "a number for an id": raw_span('"traceId":1'),
        "bytes that are no base64": value('{"bytesValue":"%%%"}'),
        "an enum by an unknown name": span(kind="SPAN_KIND_UNKNOWN"),
        "a status code by an unknown name": span(status={"code": "OK"}),
        "a fraction for an enum": raw_span('"kind":1.5'),
    }
    for name, body in bodies.items():
        yield _row(name, body, "400", **GO.get(name, {}))


def accepted_rows():
    """What a receiver must understand; `json.dumps` of Python escapes what is not ASCII, so that is covered, too."""
    for signal in SIGNALS:
        good = dump(small(signal))
        yield _row(f"{signal.name}: a good request", good, "200", signal=signal, arrives=1)
        yield _row(f"{signal.name}: an empty object", "{}", "200", signal=signal)
        yield _row(
            f"{signal.name}: a byte order mark first",
            b"\xef\xbb\xbf" + good,
            "200",
            signal=signal,
            arrives=1,
            go=("500",),
            go_arrives=0,
        )
        yield _row(
            f"{signal.name}: white space everywhere",
            json.dumps(json.loads(good), indent="\t").replace("\n", "\r\n  "),
            "200",
            signal=signal,
            arrives=1,
        )
        yield _row(
            f"{signal.name}: snake case",
            otlp_json.dump(small(signal), snake_case=True),
            "200",
            signal=signal,
            arrives=1,
        )
        unknown = json.loads(good) | {
            "unknown": [1, -2.5e300, None, True, "x", {"deep": [[], {}]}],
            "": {},
            "x" * 5000: "y" * 5000,
        }
        yield _row(f"{signal.name}: unknown fields", json.dumps(unknown), "200", signal=signal, arrives=1)
    spans = {
        "null for a text": '"name":null',
        "null for a list": '"attributes":null',
        "null for a message": '"status":null',
        "null for a number": '"startTimeUnixNano":null',
        "an id in capitals": f'"traceId":"{TRACE_ID.upper()}"',
        "empty ids": '"traceId":"","spanId":"","parentSpanId":""',
        "64 bits as a number": '"startTimeUnixNano":18446744073709551615',
        "64 bits as a text": '"startTimeUnixNano":"18446744073709551615"',
        "32 bits as a text": '"droppedAttributesCount":"7"',
        "an enum by name": '"kind":"SPAN_KIND_SERVER"',
        "an enum by number": '"kind":2',
        "an enum by an unknown number": '"kind":77',
        "a surrogate pair": '"name":"\\ud83d\\udc0e"',
        "every escape": r'"name":"\"\\\/\b\f\n\r\t\u0000\u00e9"',
    }
    for name, text in spans.items():
        yield _row(name, raw_span(text), "200", arrives=1, **GO.get(name, {}))
    values = {
        "infinity": '{"doubleValue":"Infinity"}',
        "minus infinity": '{"doubleValue":"-Infinity"}',
        "not a number": '{"doubleValue":"NaN"}',
        "a double as a text": '{"doubleValue":"-1.5e-3"}',
        "a double without a fraction": '{"doubleValue":5}',
        "an integer as a number": '{"intValue":-9223372036854775808}',
        "bytes in base64": '{"bytesValue":"AAH/"}',
        "bytes in base64 without its padding": '{"bytesValue":"QUJ"}',
        "bytes in URL-safe base64": '{"bytesValue":"AAH_"}',
        "an empty value": "{}",
        "an empty list": '{"arrayValue":{}}',
        "a list of nothing": '{"arrayValue":{"values":[{},{}]}}',
        "a value that is null": "null",
        "a double beyond any": '{"doubleValue":1e400}',
        "an integer in exponent form": '{"intValue":1e3}',
        "an integer with a zero fraction": '{"intValue":1.0}',
    }
    for name, text in values.items():
        expect = ("200", "400") if name in UNDECIDED else ("200",)
        yield _row(name, value(text), *expect, arrives=ANY, **GO.get(name, {}))
    yield _row("a point as an integer text", point('"asInt":"-5"'), "200", signal=METRICS, arrives=1)
    yield _row("a point as an integer number", point('"asInt":-5'), "200", signal=METRICS, arrives=1)
    yield _row("a point that is infinite", point('"asDouble":"-Infinity"'), "200", signal=METRICS, arrives=1)
    yield _row("a key twice", raw_span('"name":"first","name":"second"'), "200", "400", arrives=ANY)
    yield _row("two members of a oneof", value('{"intValue":1,"stringValue":"x"}'), "200", "400", arrives=ANY)
    yield _row("both spellings of a field", raw_span('"traceId":"","trace_id":""'), "200", "400", arrives=ANY)
    yield _row(
        "a record without anything",
        '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}',
        "200",
        signal=LOGS,
        arrives=1,
    )
    yield _row("null at the top", "null", "200", "400")


def text_rows():
    """Texts that are not UTF-8 are repaired, as they are in protobuf."""
    for name, bad in {
        "a byte that starts nothing": b"\xff",
        "a sequence cut short": b"\xe2\x82",
        "a surrogate": b"\xed\xa0\x80",
    }.items():
        body = raw_span('"name":"a@b"').encode().replace(b"@", bad)
        yield _row(
            f"a name with {name}",
            body,
            "200",
            arrives=1,
            check=_repaired,
            go_skip="passes it on as it is, and a strict backend refuses the whole request",
        )
    for name, text in {
        "half a surrogate pair": "\\ud800",
        "the other half": "\\udc00",
        "the halves swapped": "\\udc0e\\ud83d",
    }.items():
        yield _row(
            f"a name with {name}", raw_span(f'"name":"a{text}b"'), "200", arrives=1, check=_repaired, **GO.get(name, {})
        )


def _repaired(messages, _keeps):
    name = messages[0].resource_spans[0].scope_spans[0].spans[0].name
    assert name.strip("\ufffd") == name and name[0] + name[-1] == "ab" and set(name[1:-1]) == {"\ufffd"}, repr(name)


def nesting_rows():
    for depth in (1, 10, 30):
        nested = '{"arrayValue":{"values":[' * depth + "{}" + "]}}" * depth
        yield _row(f"{depth} arrays in one another", value(nested), "200", arrives=1)
        nested = '{"kvlistValue":{"values":[{"key":"k","value":' * depth + "{}" + "}]}}" * depth
        yield _row(f"{depth} lists in one another", value(nested), "200", arrives=1)
    for depth in (1000, 10_000, 100_000):
        nested = '{"arrayValue":{"values":[' * depth + "{}" + "]}}" * depth
        yield _row(f"{depth} arrays in one another", value(nested), "400", go_skip="takes any depth")
        for name, text in {
            "brackets": "[" * depth + "]" * depth,
            "braces": '{"a":' * depth + "1" + "}" * depth,
        }.items():
            yield _row(f"{depth} {name} in an unknown field", '{"unknown":%s}' % text, "200", "400")
        yield _row(f"{depth} open brackets", "[" * depth, "400")
        yield _row(f"{depth} open braces", '{"resourceSpans":[' * depth, "400")


# Bodies that have no agreed meaning: taken or refused, but never a crash.
UNDECIDED = {
    "bytes in base64 without its padding",
    "bytes in URL-safe base64",
    "a double beyond any",
    "an integer in exponent form",
    "an integer with a zero fraction",
}
# What the Go collector does where it differs.
GO = {
    "a second document": {"go": ("200",), "go_arrives": 1},
    "a word after it": {"go": ("200",), "go_arrives": 1},
    "a comma after it": {"go": ("200",), "go_arrives": 1},
    "a NUL after it": {"go": ("200",), "go_arrives": 1},
    "UTF-16": {"go": ("500",)},
    "a negative count": {"go": ("500",)},
    "null for a number": {"go": ("400",), "go_arrives": 0},
}


def rows():
    yield from no_json_rows()
    yield from other_json_rows()
    yield from accepted_rows()
    yield from text_rows()
    yield from nesting_rows()
