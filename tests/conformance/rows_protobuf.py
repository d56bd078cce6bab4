# SPDX-License-Identifier: Apache-2.0
"""Malformed protobuf in every message of every signal, through both doors; deep nesting; strings that are not UTF-8."""

import re

from google.protobuf.descriptor import FieldDescriptor as F

from e2e import compare, wire
from e2e.samples import small
from e2e.signals import METRICS, SIGNALS, TRACES
from e2e.wire import EGROUP, I32, I64, LEN, SGROUP, UNKNOWN_NUMBER, VARINT, field, tag, varint
from table import ANY, GRPC_BAD_MESSAGE, body_rows

# Content that no message may hold. Each is put into each kind of message.
MALFORMED = {
    "a tag cut short": b"\x80",
    "a tag of eleven bytes": b"\xff" * 10 + b"\x01",
    "field number 0": b"\x00\x00",
    "wire type 6": tag(UNKNOWN_NUMBER, 6),
    "wire type 7": tag(UNKNOWN_NUMBER, 7),
    "a varint cut short": tag(UNKNOWN_NUMBER, VARINT) + b"\x80",
    "a varint of eleven bytes": tag(UNKNOWN_NUMBER, VARINT) + b"\xff" * 10 + b"\x01",
    "a fixed64 cut short": tag(UNKNOWN_NUMBER, I64) + b"\0" * 7,
    "a fixed32 cut short": tag(UNKNOWN_NUMBER, I32) + b"\0" * 3,
    "a length cut short": tag(UNKNOWN_NUMBER, LEN) + b"\x80",
    "a length beyond the end": tag(UNKNOWN_NUMBER, LEN) + varint(100) + b"x",
    "a length of 2^31": tag(UNKNOWN_NUMBER, LEN) + varint(2**31) + b"x",
    "a length of 2^63": tag(UNKNOWN_NUMBER, LEN) + varint(2**63) + b"x",
    "a length of 2^64-1": tag(UNKNOWN_NUMBER, LEN) + varint(2**64 - 1) + b"x",
    "a group that never ends": tag(UNKNOWN_NUMBER, SGROUP),
    "the end of a group that never began": tag(UNKNOWN_NUMBER, EGROUP),
}
# The Go collector takes the next field for the content of a group that has none of its own, and loses it.
GO_AT_THE_TOP = {"a group that never ends": {"go": (("200",), ("OK",)), "go_arrives": 1}}
# A well-formed group of an unknown number: taken, and then kept as any unknown field; or refused.
UNKNOWN_GROUP = field(90, b"before") + tag(90, SGROUP) + field(1, b"in it") + tag(90, EGROUP) + field(90, b"behind")
VALUES = {VARINT: b"\x01", I64: b"\0" * 8, LEN: b"\x01\x01", I32: b"\0" * 4}
BAD_UTF8 = {
    "a byte that starts nothing": b"\xff",
    "a lone continuation": b"\x80",
    "two bytes cut short": b"\xc3",
    "three bytes cut short": b"\xe2\x82",
    "four bytes cut short": b"\xf0\x9f\x90",
    "an overlong NUL": b"\xc0\x80",
    "an overlong slash": b"\xe0\x80\xaf",
    "a surrogate": b"\xed\xa0\x80",
    "beyond U+10FFFF": b"\xf4\x90\x80\x80",
}
SHALLOW = {"arrays": (1, 10, 40), "lists": (1, 10, 30)}  # below the hundred messages that protobuf libraries take
DEEP = (1000, 10_000, 100_000)


def messages_of(signal):
    """{message descriptor: path of fields that leads to it}, the shortest for each, the request itself first."""
    paths = {signal.request.DESCRIPTOR: ()}
    waiting = [signal.request.DESCRIPTOR]
    for descriptor in waiting:
        for known in descriptor.fields:
            if known.message_type and known.message_type not in paths:
                paths[known.message_type] = (*paths[descriptor], known)
                waiting.append(known.message_type)
    return paths


def inside(signal, path, content):
    """A request that is in order but for `content` in the message that `path` leads to."""
    for step in reversed(path):
        content = field(step.number, content)
    good = small(signal).SerializeToString()
    return good + content + good


def malformed_rows():
    for signal in SIGNALS:
        for descriptor, path in messages_of(signal).items():
            for name, content in MALFORMED.items():
                there = {} if path else GO_AT_THE_TOP.get(name, {})
                yield from body_rows(f"{name} in {descriptor.name}", inside(signal, path, content), signal, **there)


def unknown_group_rows():
    for signal in SIGNALS:
        for descriptor, path in messages_of(signal).items():
            body = inside(signal, path, UNKNOWN_GROUP)
            sent = signal.request.FromString(body)
            yield from body_rows(
                f"a group of an unknown number in {descriptor.name}",
                body,
                signal,
                ("200", "400"),
                ("OK", *GRPC_BAD_MESSAGE),
                arrives=ANY,
                items=signal.items(sent),
                check=_same(signal, sent),
                note="the Go collector refuses it",
            )


def wrong_type_rows():
    """Every field of every message with a wire type that it cannot have, and as a group of its own number."""
    for signal in SIGNALS:
        for descriptor, path in messages_of(signal).items():
            for known in descriptor.fields:
                right = {wire.wire_type_of(known)} | ({LEN} if known.is_repeated else set())
                wrong = min(set(VALUES) - right)
                content = tag(known.number, wrong) + VALUES[wrong]
                name = f"{descriptor.name}.{known.name} with wire type {wrong}"
                yield from body_rows(name, inside(signal, path, content), signal)
                content = tag(known.number, SGROUP) + tag(known.number, EGROUP)
                name = f"{descriptor.name}.{known.name} as a group"
                yield from body_rows(name, inside(signal, path, content), signal)


def whole_body_rows():
    """Bodies that are wrong as a whole."""
    for signal in SIGNALS:
        good = small(signal).SerializeToString()
        yield from body_rows("a good request", good, signal, "200", "OK", arrives=1)
        yield from body_rows("no bytes at all", b"", signal, "200", "OK")
        yield from body_rows("cut short by one byte", good[:-1], signal)
        yield from body_rows("cut in the middle", good[: len(good) // 2], signal)
        yield from body_rows("followed by a zero", good + b"\0", signal)
        yield from body_rows("JSON", b'{"resourceSpans":[]}', signal)
        yield from body_rows("text", b"hello", signal)
        yield from body_rows("noise", bytes(range(255, 0, -1)) * 4, signal)
        yield from body_rows("zeros", bytes(1000), signal)
        yield from body_rows(
            "only unknown fields", field(UNKNOWN_NUMBER, b"x") + tag(90, VARINT) + b"\x01", signal, "200", "OK"
        )


def _in_value(value):
    """A span with one attribute that has this AnyValue."""
    span = field(5, b"deep") + field(9, field(1, b"key") + field(2, value))
    return field(1, field(2, field(2, span)))


def nested(kind, levels):
    """An AnyValue of so many arrays or key-value lists in one another, written from the inside out in linear time."""
    prefixes, size = [], 0
    for _ in range(levels):
        # AnyValue.array_value, ArrayValue.values; or AnyValue.kvlist_value, KeyValueList.values, KeyValue.value
        for number in (1, 5) if kind == "arrays" else (2, 1, 6):
            prefix = tag(number, LEN) + varint(size)
            prefixes.append(prefix)
            size += len(prefix)
    return b"".join(reversed(prefixes))


def nesting_rows():
    for kind, levels in SHALLOW.items():
        for depth in levels:
            body = _in_value(nested(kind, depth))
            sent = TRACES.request.FromString(body)
            yield from body_rows(
                f"{depth} {kind} in one another", body, TRACES, "200", "OK", arrives=1, check=_same(TRACES, sent)
            )
    for kind in SHALLOW:
        for depth in DEEP:
            yield from body_rows(
                f"{depth} {kind} in one another", _in_value(nested(kind, depth)), go_skip="takes any depth"
            )
    for depth in DEEP:
        yield from body_rows(f"{depth} groups in one another", tag(UNKNOWN_NUMBER, SGROUP) * depth)
        both = tag(UNKNOWN_NUMBER, SGROUP) * depth + tag(UNKNOWN_NUMBER, EGROUP) * depth
        yield from body_rows(f"{depth} groups in one another, each ended", both)


def _same(signal, sent):
    def check(messages, keeps):
        compare.assert_same_requests(signal, [sent], messages, keeps)

    return check


def _repaired(path, known):
    """The string that `path` and `known` lead to was repaired: neighbours stay, what was wrong is U+FFFD."""

    def follow(message):
        for step in path:
            message = getattr(message, step.name)
            message = message[-1] if step.is_repeated else message
        return message

    def check(messages, keeps):
        (arrived,) = messages
        text = getattr(follow(arrived), known.name)
        text = text[-1] if known.is_repeated else text
        assert re.fullmatch("a\ufffd+b", text), f"{known.full_name} arrived as {text!r}"

    return check


def _good_record(signal):
    point = field(5, field(1, tag(3, I64) + bytes(8)))  # Metric.gauge.data_points
    return field(2, point if signal is METRICS else b"")


def with_string(signal, path, known, text):
    """A request of one record or more, with `text` in the field `known` of the message that `path` leads to. No
    group, scope or metric in it is empty."""
    content = text
    for step in (known, *reversed(path)):
        content = field(step.number, content)
        inside_group = step.containing_type.name.startswith("Resource") and step.containing_type.name != "Resource"
        if inside_group and step.name != signal.scopes:
            content += field(2, _good_record(signal))
        elif step.containing_type.name.startswith("Scope") and step.name != signal.records:
            content += _good_record(signal)
        elif step.containing_type.name == "Metric" and not step.containing_oneof:
            content += field(5, field(1, tag(3, I64) + bytes(8)))
    return content


def utf8_rows():
    """A string that is not UTF-8 is repaired in its own record; the request is taken."""
    for signal in SIGNALS:
        for descriptor, path in messages_of(signal).items():
            for known in descriptor.fields:
                if known.type != F.TYPE_STRING:
                    continue
                every = known.full_name.endswith(("AnyValue.string_value", "Span.name", "KeyValue.key"))
                count = signal.items(signal.request.FromString(with_string(signal, path, known, b"ab")))
                for name, bad in BAD_UTF8.items() if every else list(BAD_UTF8.items())[:1]:
                    body = with_string(signal, path, known, b"a" + bad + b"b")
                    yield from body_rows(
                        f"{descriptor.name}.{known.name} with {name}", body, signal, "200", "OK", arrives=count,
                        check=_repaired(path, known),
                        go_skip="passes it on as it is, and a strict backend refuses the whole request",
                    )  # fmt: skip


def rows():
    yield from malformed_rows()
    yield from unknown_group_rows()
    yield from wrong_type_rows()
    yield from whole_body_rows()
    yield from nesting_rows()
    yield from utf8_rows()
