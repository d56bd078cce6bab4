# SPDX-License-Identifier: Apache-2.0
"""Random OTLP messages from Python's protobuf runtime, and what the SDK makes of them through the driver.
Usage: check.py DRIVER [--count N] [--seed N]"""

import argparse
import base64
import json
import math
import random
import struct
import subprocess
import sys
import tempfile
from collections import Counter

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor as F
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

REQUESTS = {
    1: trace_service_pb2.ExportTraceServiceRequest,
    2: metrics_service_pb2.ExportMetricsServiceRequest,
    3: logs_service_pb2.ExportLogsServiceRequest,
}
RESPONSES = {
    4: trace_service_pb2.ExportTraceServiceResponse,
    5: metrics_service_pb2.ExportMetricsServiceResponse,
    6: logs_service_pb2.ExportLogsServiceResponse,
}
ID_LENGTHS = {"trace_id": 16, "span_id": 8, "parent_span_id": 8}
ID_KEYS = {"traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"}
# Signals other than profiles have no string table; the readers' attributes do not carry it.
LEFT_OUT = {"key_strindex"}


class Driver:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def call(self, op, argument, data):
        self.process.stdin.write(struct.pack("<III", ord(op), argument, len(data)) + data)
        self.process.stdin.flush()
        head = self.process.stdout.read(8)
        if len(head) < 8:
            check(False, f"the driver died on {op!r} {argument}", data)
        status, length = struct.unpack("<II", head)
        return status, self.process.stdout.read(length)

    def good(self, op, argument, data):
        status, out = self.call(op, argument, data)
        check(status == 0, f"{op} {argument}: status {status}: {out[:300]!r}", data)
        return out

    def close(self):
        self.process.stdin.close()
        check(self.process.wait() == 0, "the driver failed at its end", b"")


def check(condition, what, data):
    if not condition:
        with tempfile.NamedTemporaryFile(prefix="oracle-otlp-", delete=False) as file:
            file.write(data)
        print(f"FAILED: {what}\nThe input is in {file.name}", file=sys.stderr)
        raise SystemExit(1)


# ---- random messages ---------------------------------------------------------------------------------


class Random:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def text(self):
        kind = self.r.random()
        if kind < 0.1:
            return ""
        if kind < 0.6:
            return "".join(self.r.choices("abcdefghij.kl_/", k=self.r.randint(1, 30)))
        if kind < 0.65:
            return "x" * self.r.choice([126, 127, 128, 129, 1000, 17000])
        points = "\"\\/\b\f\n\r\t\x00\x1f\x7f\u00e9\u20ac\u2028\ufffd\ud7ff\ue000\U0001f600\U0010ffff'<>&az"
        return "".join(self.r.choices(points, k=self.r.randint(1, 20)))

    def integer(self, low, high):
        kind = self.r.random()
        if kind < 0.3:
            return self.r.randint(max(low, -200), min(high, 200))
        if kind < 0.5:
            return self.r.choice([low, high, 0, max(low, -1)])
        return self.r.randint(low, high)

    def double(self):
        kind = self.r.random()
        if kind < 0.2:
            return self.r.choice([0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1.7976931348623157e308, 0.1])
        if kind < 0.5:
            return float(self.r.randint(-(10**6), 10**6)) / self.r.choice([1, 10, 1000, 7])
        return struct.unpack("<d", struct.pack("<Q", self.r.getrandbits(52) | self.r.randint(0, 2046) << 52))[0]

    def scalar(self, field):
        t = field.type
        if t == F.TYPE_STRING:
            if field.name == "key" and self.r.random() < 0.5:
                return self.r.choice(["k1", "k2", "k3", "k4", "k5"])
            return self.text()
        if t == F.TYPE_BYTES:
            if field.name in ID_LENGTHS:
                return self.r.randbytes(ID_LENGTHS[field.name]) if self.r.random() < 0.9 else b""
            return self.r.randbytes(self.r.randint(0, 20))
        if t == F.TYPE_BOOL:
            return self.r.random() < 0.5
        if t == F.TYPE_DOUBLE:
            return self.double()
        if t == F.TYPE_ENUM:
            return self.r.choice(field.enum_type.values).number if self.r.random() < 0.95 else self.integer(-99, 99)
        if t in (F.TYPE_INT32, F.TYPE_SINT32):
            return self.integer(-(2**31), 2**31 - 1)
        if t in (F.TYPE_UINT32, F.TYPE_FIXED32):
            return self.integer(0, 2**32 - 1)
        if t in (F.TYPE_INT64, F.TYPE_SFIXED64):
            return self.integer(-(2**63), 2**63 - 1)
        return self.integer(0, 2**64 - 1)

    def unknown(self):
        """A field that OTLP does not know."""
        number = self.r.choice([999, 1000, 12345])
        return varint(number << 3 | 2) + varint(3) + b"new" if self.r.random() < 0.5 else varint(number << 3) + b"\x05"

    def message(self, message, depth, unknown):
        fields = [f for f in message.DESCRIPTOR.fields if f.name not in LEFT_OUT]
        oneofs = {}
        for field in fields:
            if field.containing_oneof:
                oneofs.setdefault(field.containing_oneof.name, []).append(field)
        chosen = {self.r.choice(members).name for members in oneofs.values() if self.r.random() < 0.9}
        for field in fields:
            if field.containing_oneof and field.name not in chosen:
                continue
            if not field.containing_oneof and self.r.random() < 0.25:
                continue
            self.fill(message, field, depth, unknown)
        if unknown and depth > 0 and self.r.random() < 0.2:
            message.MergeFromString(self.unknown())

    def fill(self, message, field, depth, unknown):
        if field.type == F.TYPE_MESSAGE:
            if depth > 12:
                return
            if is_repeated(field):
                for _ in range(self.r.choice([0, 1, 1, 2, 3] if depth < 9 else [0, 0, 1])):
                    self.message(getattr(message, field.name).add(), depth + 1, unknown)
            else:
                getattr(message, field.name).SetInParent()
                self.message(getattr(message, field.name), depth + 1, unknown)
        elif is_repeated(field):
            getattr(message, field.name).extend(self.scalar(field) for _ in range(self.r.choice([0, 1, 3, 20])))
        else:
            setattr(message, field.name, self.scalar(field))


def is_repeated(field):
    return field.is_repeated


def varint(value):
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def same(a, b):
    return a.SerializeToString(deterministic=True) == b.SerializeToString(deterministic=True)


# ---- JSON --------------------------------------------------------------------------------------------


def map_ids(value, convert):
    if isinstance(value, dict):
        return {k: convert(v) if k in ID_KEYS and isinstance(v, str) else map_ids(v, convert) for k, v in value.items()}
    return [map_ids(v, convert) for v in value] if isinstance(value, list) else value


def hex_to_base64(text):
    check(text == text.lower(), "an id in upper case", text.encode())
    return base64.b64encode(bytes.fromhex(text)).decode()


def base64_to_hex(text):
    return base64.b64decode(text).hex()


def vary(value, r, is_text=False):
    """The same JSON in other words: order, unknown fields, numbers for strings of digits."""
    if isinstance(value, dict):
        items = [(k, vary(v, r, k in ("stringValue", "string_value", "key", "name", "unit", "description", "message",
                                      "version", "type", "schemaUrl", "schema_url", "traceState", "trace_state",
                                      "severityText", "severity_text", "eventName", "event_name", "errorMessage",
                                      "error_message", "idKeys", "id_keys", "descriptionKeys", "description_keys",
                                      "bytesValue", "bytes_value") or k in ID_KEYS)) for k, v in value.items()]
        r.shuffle(items)
        if r.random() < 0.1:
            items.insert(r.randint(0, len(items)), (r.choice(["unknown", "x", "spanKind", "é"]),
                                                    r.choice([1, "a\"\\", None, [1, {"b": []}], {}, -1.5e-7, True])))
        if r.random() < 0.05:
            items.append(("nameless", None))
        return dict(items)
    if isinstance(value, list):
        return [vary(v, r, is_text) for v in value]
    if isinstance(value, str) and not is_text and value.lstrip("-").isdigit() and r.random() < 0.5:
        return int(value)
    if isinstance(value, bool) or is_text:
        return value
    if isinstance(value, float) and math.isfinite(value) and r.random() < 0.2:
        return repr(value)
    return value


def check_json(driver, rnd, number, cls, message):
    data = message.SerializeToString()
    text = driver.good("j", number, data)
    parsed = cls()
    json_format.ParseDict(map_ids(json.loads(text), hex_to_base64), parsed)
    check(same(parsed, message), "to JSON", data)

    value = json_format.MessageToDict(
        message,
        preserving_proto_field_name=rnd.r.random() < 0.3,
        use_integers_for_enums=rnd.r.random() < 0.5,
        always_print_fields_with_no_presence=rnd.r.random() < 0.2,
    )
    value = vary(map_ids(value, base64_to_hex), rnd.r)
    text = json.dumps(value, ensure_ascii=rnd.r.random() < 0.5, indent=rnd.r.choice([None, None, 1]),
                      separators=rnd.r.choice([None, (",", ":")]))
    wire = driver.good("w", number, text.encode())
    check(same(cls.FromString(wire), message), "from JSON " + text[:2000], data)


# ---- batches -----------------------------------------------------------------------------------------


def shell(message, name):
    """A message without one of its repeated fields, as bytes."""
    copy = type(message)()
    copy.CopyFrom(message)
    copy.ClearField(name)
    return copy.SerializeToString(deterministic=True)


DATA = ["gauge", "sum", "histogram", "exponential_histogram", "summary"]


def units(request, with_points):
    """Every record, or data point, with all that is around it, in order. Envelopes without records are left out."""
    group_field = request.DESCRIPTOR.fields[0].name
    for group in getattr(request, group_field):
        scope_field = [f.name for f in group.DESCRIPTOR.fields if f.number == 2][0]
        for scope in getattr(group, scope_field):
            record_field = [f.name for f in scope.DESCRIPTOR.fields if f.number == 2][0]
            around = (shell(group, scope_field), shell(scope, record_field))
            for record in getattr(scope, record_field):
                kind = record.WhichOneof("data") if with_points else None
                points = list(getattr(record, kind).data_points) if kind else []
                if not points:
                    yield around + (record.SerializeToString(deterministic=True),)
                    continue
                frame = type(record)()
                frame.CopyFrom(record)
                getattr(frame, kind).ClearField("data_points")
                frame = frame.SerializeToString(deterministic=True)
                for point in points:
                    yield around + (frame, point.SerializeToString(deterministic=True))


def sized(data):
    parts = []
    while data:
        (length,) = struct.unpack_from("<I", data)
        parts.append(data[4 : 4 + length])
        data = data[4 + length :]
    return parts


def check_split(driver, rnd, signal, cls, message, data):
    whole = list(units(message, signal == 2))
    for op, limit in (("s", rnd.r.randint(1, 12)), ("b", rnd.r.choice([1, 300, 2000, 20000]))):
        parts = [cls.FromString(part) for part in sized(driver.good(op, signal | limit << 2, data))]
        found = [unit for part in parts for unit in units(part, signal == 2)]
        check(found == whole, f"split {op} {limit}", data)


def check_merge(driver, rnd, signal, cls, messages):
    data = [m.SerializeToString() for m in messages]
    data += [data[0]] * rnd.r.randint(0, 3)
    joined = b"".join(struct.pack("<I", len(d)) + d for d in data)
    merged = cls.FromString(driver.good("m", signal, joined))
    expected = Counter(u for d in data for u in units(cls.FromString(d), False))
    check(Counter(units(merged, False)) == expected, "merge", joined)
    group_field = merged.DESCRIPTOR.fields[0].name
    groups = list(getattr(merged, group_field))
    scope_field = [f.name for f in groups[0].DESCRIPTOR.fields if f.number == 2][0] if groups else ""
    shells = [shell(g, scope_field) for g in groups]
    check(len(shells) == len(set(shells)), "equal groups were not joined", joined)


def edit_attributes(attributes, change):
    """k1 = -7, without k2, k3 called k4, k5 = "" unless it is there: as the driver does it."""
    first = {}
    for attribute in attributes:
        first.setdefault(attribute.key, attribute)
    touched = {"k1"}
    if "k2" in first:
        touched.add("k2")
    if "k3" in first:
        touched |= {"k3", "k4"}
    result = Counter()
    for attribute in attributes:
        if attribute.key not in touched:
            result[attribute.SerializeToString(deterministic=True)] += 1
    one = first.get("k1", change())
    one.key = "k1"
    one.value.Clear()
    one.value.int_value = -7
    result[one.SerializeToString(deterministic=True)] += 1
    if "k3" in first:
        first["k3"].key = "k4"
        result[first["k3"].SerializeToString(deterministic=True)] += 1
    if "k5" not in first:
        five = change()
        five.key = "k5"
        five.value.string_value = ""
        result[five.SerializeToString(deterministic=True)] += 1
    return result


def attribute_lists(request):
    """Every list of attributes that an edit of resource, scope and record touches, with the rest of its message."""
    for group in getattr(request, request.DESCRIPTOR.fields[0].name):
        yield group.resource
        scope_field = [f.name for f in group.DESCRIPTOR.fields if f.number == 2][0]
        for scope in getattr(group, scope_field):
            yield scope.scope
            record_field = [f.name for f in scope.DESCRIPTOR.fields if f.number == 2][0]
            for record in getattr(scope, record_field):
                if "data" not in record.DESCRIPTOR.oneofs_by_name:
                    yield record
                elif record.WhichOneof("data"):
                    yield from getattr(record, record.WhichOneof("data")).data_points


def check_edit(driver, signal, cls, message, data):
    from opentelemetry.proto.common.v1.common_pb2 import KeyValue

    edited = cls.FromString(driver.good("e", signal, data))
    before = list(attribute_lists(cls.FromString(data)))
    after = list(attribute_lists(edited))
    check(len(before) == len(after), "edit lost something", data)
    for old, new in zip(before, after):
        check(shell(old, "attributes") == shell(new, "attributes"), "edit changed more than attributes", data)
        expected = edit_attributes(list(old.attributes), KeyValue)
        found = Counter(a.SerializeToString(deterministic=True) for a in new.attributes)
        # An attribute that gets a value loses nothing else, so the fields' order alone may differ.
        check(found == expected, f"attributes {found} {expected}", data)


def check_request(driver, rnd, signal, cls):
    message = cls()
    rnd.message(message, 0, True)
    data = message.SerializeToString()
    check(same(cls.FromString(driver.good("g", signal, data)), message), "gather", data)
    own = cls.FromString(data + rnd.unknown())
    check(same(cls.FromString(driver.good("g", signal, own.SerializeToString())), own), "gather with own fields", data)
    status, _ = driver.call("s", signal | 1 << 2, own.SerializeToString())
    items = sum(signal != 2 or len(unit) == 4 for unit in units(own, signal == 2))
    check(status == 5 or items < 2, "split of a request with fields of its own", data)
    check_split(driver, rnd, signal, cls, message, data)
    check_edit(driver, signal, cls, message, data)
    other = cls()
    rnd.message(other, 0, True)
    check_merge(driver, rnd, signal, cls, [message, other])

    message.DiscardUnknownFields()
    data = message.SerializeToString()
    check(same(cls.FromString(driver.good("r", signal, data)), message), "readers and writers", data)
    check_json(driver, rnd, signal, cls, message)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("driver")
    parser.add_argument("--count", type=int, default=150, help="messages of each signal")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    driver = Driver(args.driver)
    for n in range(args.count):
        for signal, cls in REQUESTS.items():
            check_request(driver, Random(f"{args.seed}/{n}/{signal}"), signal, cls)
        for number, cls in RESPONSES.items():
            rnd = Random(f"{args.seed}/{n}/{number}")
            message = cls()
            rnd.message(message, 0, False)
            check_json(driver, rnd, number, cls, message)
    driver.close()
    print(f"{args.count * 6} messages agree (seed {args.seed})")


if __name__ == "__main__":
    main()
