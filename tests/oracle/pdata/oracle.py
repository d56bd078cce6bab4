# SPDX-License-Identifier: Apache-2.0
"""Compares batches of core/pdata with Python's protobuf runtime, on thousands of random requests.

A request is to be accepted if and only if Python accepts it, its items are to be counted alike, and what it is encoded
to again is to be an equal message, unknown fields included. The differences that are meant are proven one by one:
  - text that is not UTF-8: Python refuses; here it becomes what bytes.decode("utf-8", "replace") makes of it;
  - a known field of a wrong wire type: Python takes it for an unknown one; here it is refused;
  - a varint of 10 bytes with more than 64 bits, and field number 0 within a group: Python takes them;
  - AnyValue nested more than 64 deep: here it is refused; Python counts messages, up to 100.
"""

import argparse
import random
import re
import struct
import subprocess
import sys

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2

import messages

TRACES, METRICS, LOGS = 1, 2, 3
REQUESTS = {
    TRACES: trace_service_pb2.ExportTraceServiceRequest,
    METRICS: metrics_service_pb2.ExportMetricsServiceRequest,
    LOGS: logs_service_pb2.ExportLogsServiceRequest,
}
OK, PERMANENT = 0, 3


class Disagreement(Exception):
    """The driver and the oracle say different things."""


class Driver:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def read(self, size):
        data = self.process.stdout.read(size)
        if len(data) != size:
            raise Disagreement(f"the driver ended with {self.process.wait()}")
        return data

    def take(self, signal, request):
        self.process.stdin.write(struct.pack("<II", signal, len(request)) + request)
        self.process.stdin.flush()
        names = ["status", "items", "repaired", "rewritten", "groups", "scopes", "records", "length", "reason_length"]
        answer = dict(zip(names, struct.unpack("<9Q", self.read(72))))
        answer["encoding"] = self.read(answer["length"])
        answer["reason"] = self.read(answer["reason_length"]).decode()
        return answer

    def close(self):
        self.process.stdin.close()
        if self.process.wait(timeout=30) != 0:
            raise Disagreement(f"the driver ended with {self.process.returncode}")


def parse(signal, data):
    try:
        return REQUESTS[signal].FromString(data)
    except DecodeError:
        return None


def summary(signal, request):
    """Groups, scopes, records and items."""
    groups = list(request.ListFields()[0][1]) if request.ListFields() else []
    scopes = [s for g in groups for s in (g.scope_spans if signal == TRACES else
                                          g.scope_metrics if signal == METRICS else g.scope_logs)]
    records = [r for s in scopes for r in (s.spans if signal == TRACES else
                                           s.metrics if signal == METRICS else s.log_records)]
    items = len(records)
    if signal == METRICS:
        items = sum(len(getattr(m, m.WhichOneof("data")).data_points) for m in records if m.WhichOneof("data"))
    return {"groups": len(groups), "scopes": len(scopes), "records": len(records), "items": items}


def is_meant(signal, request, reason):
    """Python accepts what the driver refuses: is the difference where the reason says, and one of those we mean?"""
    found = re.match(r"malformed \w+: (?:(\w+)\.(\w+)|(\w+), unknown field (\d+)) at byte (\d+): (.*)", reason)
    if not found:
        return False
    message, name, _, number, at, why = found.groups()
    tag, value = messages.read_varint(request, int(at), len(request), 5)
    if why.startswith("a wire type that this field"):
        field = find_message(signal, message).fields_by_name[name]
        packed = field.is_repeated and messages.TYPES[field.type] != messages.BYTES and tag & 7 == messages.BYTES
        return tag >> 3 == field.number and tag & 7 != messages.TYPES[field.type] and not packed
    if why.startswith("a varint"):
        if tag & 7 == messages.BYTES:  # packed: one of them
            length, value = messages.read_varint(request, value, len(request), 5)
            numbers = request[value:value + length]
        else:
            numbers = request[value:value + 10]
        while numbers:
            drawn, end = messages.read_varint(numbers, 0, len(numbers))
            if drawn >> 64:
                return True
            numbers = numbers[end:]
        return False
    if why.startswith("a group"):
        group = request[value:messages.skip(request, value, len(request), tag)]
        return tag & 7 == messages.GROUP and int(number) == tag >> 3 and odd_in_group(group)
    return False


def odd_in_group(group):
    """True if a field number 0 or a varint of more than 64 bits is among the fields of a group, at any depth."""
    at = 0
    while at < len(group):
        tag, at = messages.read_varint(group, at, len(group), 5)
        if tag >> 3 == 0:
            return True
        if tag & 7 == messages.VARINT:
            number, at = messages.read_varint(group, at, len(group))
            if number >> 64:
                return True
        elif tag & 7 not in (messages.GROUP, messages.GROUP_END):
            at = messages.skip(group, at, len(group), tag)
    return False


def all_messages(descriptor, seen):
    if descriptor.full_name not in seen:
        seen[descriptor.full_name] = descriptor
        for field in descriptor.fields:
            if field.message_type is not None:
                all_messages(field.message_type, seen)
    return seen


def find_message(signal, name):
    return next(d for d in all_messages(REQUESTS[signal].DESCRIPTOR, {}).values() if d.name == name)


def compare(driver, signal, request, tally):
    answer = driver.take(signal, request)
    parsed = parse(signal, request)
    bad = 0
    if parsed is None:
        try:
            mended, bad = messages.repair(REQUESTS[signal].DESCRIPTOR, request)
            parsed = parse(signal, mended)
        except messages.Malformed:
            parsed = None
    if parsed is None:
        if answer["status"] != PERMANENT:
            raise Disagreement(f"Python refuses it, the driver answers {answer['status']}")
        if " at byte " not in answer["reason"]:
            raise Disagreement(f"the reason names no byte: {answer['reason']}")
        tally["refused"] += 1
        return
    if answer["status"] != OK:
        if answer["status"] == PERMANENT and is_meant(signal, request, answer["reason"]):
            tally["refused, as is meant"] += 1
            return
        raise Disagreement(f"Python accepts it, the driver answers {answer['status']}: {answer['reason']}")
    again = parse(signal, answer["encoding"])
    if again is None:
        raise Disagreement("Python refuses the encoding")
    if again.SerializeToString(deterministic=True) != parsed.SerializeToString(deterministic=True):
        raise Disagreement("the encoding is another message")
    for key, value in summary(signal, parsed).items():
        if answer[key] != value:
            raise Disagreement(f"{key}: Python counts {value}, the driver {answer[key]}")
    if answer["repaired"] != bad:
        raise Disagreement(f"{bad} strings are not UTF-8, the driver mended {answer['repaired']}")
    tally["accepted"] += 1
    tally["repaired"] += bad > 0
    tally["rewritten"] += answer["rewritten"] > 0


def check_schema(path):
    """The tables of core/pdata/schema.c are the descriptors."""
    lines = subprocess.run([path, "--schema"], check=True, capture_output=True, text=True).stdout.splitlines()
    ours = {tuple(line.split()) for line in lines}
    theirs = set()
    seen = {}
    for request in REQUESTS.values():
        all_messages(request.DESCRIPTOR, seen)
    for descriptor in seen.values():
        for field in descriptor.fields:
            kind = {messages.VARINT: 1, messages.FIXED64: 2, messages.FIXED32: 3, messages.BYTES: 4}
            number = kind[messages.TYPES[field.type]]
            if field.type == messages.STRING:
                number = 5
            if field.type == messages.MESSAGE:
                number = 6
            if field.is_repeated and number in (1, 2):
                number += 6
            inner = field.message_type.name if field.message_type is not None else "-"
            theirs.add((descriptor.name, str(field.number), field.name, str(number), inner))
    if ours != theirs:
        raise Disagreement(f"schema.c has {sorted(ours - theirs)}, the descriptors {sorted(theirs - ours)}")
    return len(ours)


def check_depth(driver):
    """So deep as protobuf's own runtime reads, it is read here."""
    for depth in (1, 10, 40):
        value = common_pb2.AnyValue(string_value="core")
        for _ in range(depth):
            value = common_pb2.AnyValue(array_value=common_pb2.ArrayValue(values=[value]))
        request = trace_service_pb2.ExportTraceServiceRequest()
        span = request.resource_spans.add().scope_spans.add().spans.add()
        span.attributes.add(key="deep", value=value)
        compare(driver, TRACES, request.SerializeToString(),
                {"accepted": 0, "repaired": 0, "rewritten": 0})


def check_meant(driver):
    """Each difference that is meant, once: Python accepts the request, the driver refuses it for that reason."""
    wrong_type = messages.varint(5 << 3 | messages.FIXED64) + bytes(8)
    too_wide = messages.varint(6 << 3) + b"\xff" * 9 + b"\x02"
    packed = messages.varint(6 << 3 | messages.BYTES) + b"\x01\x01"
    group = messages.varint(99 << 3 | messages.GROUP) + b"\x00\x01" + messages.varint(99 << 3 | messages.GROUP_END)
    for span in (wrong_type, too_wide, packed, group):
        request = span
        for number in (2, 2, 1):
            request = messages.varint(number << 3 | messages.BYTES) + messages.varint(len(request)) + request
        tally = {"refused, as is meant": 0, "accepted": 0, "repaired": 0, "rewritten": 0, "refused": 0}
        compare(driver, TRACES, request, tally)
        if tally["refused, as is meant"] != 1:
            raise Disagreement(f"a difference that was meant is none: {request.hex()}: {tally}")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("driver")
    options.add_argument("--requests", type=int, default=1200, help="random requests a signal, each also damaged")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--signals", default="1,2,3")
    chosen = options.parse_args()
    print(f"{check_schema(chosen.driver)} fields of the tables are those of the descriptors")
    driver = Driver(chosen.driver)
    check_depth(driver)
    check_meant(driver)
    for signal in map(int, chosen.signals.split(",")):
        draw = random.Random(chosen.seed * 10 + signal)
        tally = dict.fromkeys(["accepted", "refused", "refused, as is meant", "repaired", "rewritten"], 0)
        for i in range(chosen.requests):
            rare = draw.choice([0, 0.02, 0.1, 0.3])
            generator = messages.Generator(draw, rare, draw.choice([0, 0, 0.02]))
            request = generator.message(REQUESTS[signal].DESCRIPTOR)
            for data in (request, generator.damage(request)):
                try:
                    compare(driver, signal, data, tally)
                except Disagreement as what:
                    print(f"signal {signal}, request {i}, seed {chosen.seed}: {what}\n{data.hex()}", file=sys.stderr)
                    return 1
        print(f"signal {signal}: {tally}")
        if not all(count for sort, count in tally.items() if sort != "refused, as is meant"):
            print("some sort of request did not come up: draw more of them", file=sys.stderr)
            return 1
    driver.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
