# SPDX-License-Identifier: Apache-2.0
"""The X-Ray plugins compared with the recorded answers of contrib's, document by document, value by value. What differs
must stand in differences.py under the path where it does, with the reason.

    check.py DRIVER [NAME ...]
"""

import json
import pathlib
import struct
import subprocess
import sys

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import cases
import datagrams
import differences

HERE = pathlib.Path(__file__).parent
NOTHING = object()


class Driver:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, op, flags, lists, data):
        out = [struct.pack("<II", op, flags)]
        for texts in lists:
            out.append(struct.pack("<I", len(texts)))
            for text in texts:
                out.append(sized(text.encode()))
        self.process.stdin.write(b"".join(out) + sized(data))
        self.process.stdin.flush()
        status, length = struct.unpack("<II", self.process.stdout.read(8))
        return status, self.process.stdout.read(length)

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(60) == 0


def sized(data):
    return struct.pack("<I", len(data)) + data


def exported(driver, case, compat=True):
    flags = bool(case.config.get("index_all_attributes")) | 2 * compat | 4
    lists = (case.config.get("indexed_attributes", []), case.config.get("aws_log_groups", []))
    status, body = driver.ask(0, flags, lists, case.request)
    assert status == 0, f"{case.name}: {status}"
    return [json.loads(text) for text in json.loads(body)]


def without_chance(documents):
    """Ids of exceptions are random there: each becomes the number of its first use."""
    for document in documents:
        exceptions = (document.get("cause") or {}).get("exceptions") or []
        numbers = {}
        for one in exceptions:
            for key in ("id", "cause"):
                if key in one:
                    one[key] = numbers.setdefault(one[key], f"exception {len(numbers)}")
    return documents


def received(driver, datagram, compat=True):
    """The request as a tree; None = the datagram is refused."""
    status, body = driver.ask(1, 2 * compat, ([], []), datagram.encode())
    return tree_of_request(ExportTraceServiceRequest.FromString(body)) if status == 0 else None


def tree_of_request(request):
    assert len(request.resource_spans) == 1 and len(request.resource_spans[0].scope_spans) == 1
    group = request.resource_spans[0]
    return {"resource": attributes_of(group.resource.attributes),
            "spans": [tree_of_span(span) for span in group.scope_spans[0].spans]}


def tree_of_span(span):
    tree = {"trace_id": span.trace_id.hex(), "id": span.span_id.hex(), "parent": span.parent_span_id.hex(),
            "name": span.name, "kind": span.kind, "start": span.start_time_unix_nano, "end": span.end_time_unix_nano,
            "status": span.status.code, "message": span.status.message, "attributes": attributes_of(span.attributes)}
    tree["events"] = [{"name": e.name, "time": e.time_unix_nano, "attributes": attributes_of(e.attributes)}
                      for e in span.events]
    tree["links"] = [{"trace_id": link.trace_id.hex(), "id": link.span_id.hex(),
                      "attributes": attributes_of(link.attributes)} for link in span.links]
    return tree


def attributes_of(attributes):
    values = {a.key: value_of(a.value) for a in attributes}
    assert len(values) == len(attributes), f"a key comes twice: {[a.key for a in attributes]}"
    return plain(values)


def value_of(value):
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [value_of(one) for one in value.array_value.values]
    return getattr(value, kind)


def plain(values):
    """Lists of annotations have no order there, and metadata is JSON in a text."""
    if "aws.xray.annotations" in values:
        values["aws.xray.annotations"].sort()
    for key in values:
        if key.startswith("aws.xray.metadata."):
            values[key] = json.loads(values[key])
    return values


def tree_of_json(traces):
    """The same of OTLP/JSON, as the Go receiver's answers are recorded."""
    if traces is None:
        return None
    group = traces["resourceSpans"][0]

    def value(v):
        (kind, inner), = v.items()
        if kind == "arrayValue":
            return [value(one) for one in inner.get("values", [])]
        return int(inner) if kind == "intValue" else float(inner) if kind == "doubleValue" else inner

    def attributes(of):
        return plain({a["key"]: value(a["value"]) for a in of.get("attributes", [])})

    def span(s):
        return {"trace_id": s["traceId"], "id": s["spanId"], "parent": s.get("parentSpanId", ""), "name": s["name"],
                "kind": s.get("kind", 0), "start": int(s.get("startTimeUnixNano", 0)),
                "end": int(s.get("endTimeUnixNano", 0)), "status": s.get("status", {}).get("code", 0),
                "message": s.get("status", {}).get("message", ""), "attributes": attributes(s),
                "events": [{"name": e["name"], "time": int(e.get("timeUnixNano", 0)), "attributes": attributes(e)}
                           for e in s.get("events", [])],
                "links": []}

    return {"resource": attributes(group["resource"]), "spans": [span(s) for s in group["scopeSpans"][0]["spans"]]}


def differing(path, ours, theirs):
    """(path, ours, theirs) of all leaves that differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted({*ours, *theirs}):
            yield from differing((*path, key), ours.get(key, NOTHING), theirs.get(key, NOTHING))
    elif isinstance(ours, list) and isinstance(theirs, list):
        for i in range(max(len(ours), len(theirs))):
            a = ours[i] if i < len(ours) else NOTHING
            b = theirs[i] if i < len(theirs) else NOTHING
            yield from differing((*path, i), a, b)
    elif type(ours) is not type(theirs) or ours != theirs:
        numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (ours, theirs))
        if not numbers or ours != theirs:
            yield path, ours, theirs


def compare(name, ours, theirs, argued, used):
    """Words about each difference that nobody has argued."""
    for path, a, b in differing((), ours, theirs):
        for i, difference in enumerate(argued):
            if difference.covers(name, path, a, b):
                used.add(i)
                break
        else:
            a, b = ("nothing" if v is NOTHING else json.dumps(v, ensure_ascii=False) for v in (a, b))
            yield f"{name}: {'.'.join(map(str, path))}: ours {a}, theirs {b}"


def check_exporter(driver, wanted):
    recorded = json.loads((HERE / "exporter.json").read_text())
    for case in cases.cases():
        if not wanted or case.name in wanted:
            assert case.name in recorded, f"{case.name}: there is no recorded answer: run record.py"
            yield case.name, without_chance(exported(driver, case)), recorded[case.name]


def check_receiver(driver, wanted):
    recorded = json.loads((HERE / "receiver.json").read_text())
    for name, datagram in datagrams.datagrams().items():
        if not wanted or name in wanted:
            assert name in recorded, f"{name}: there is no recorded answer: run record.py"
            yield name, received(driver, datagram), tree_of_json(recorded[name])


def main():
    driver = Driver(sys.argv[1])
    wanted = set(sys.argv[2:])
    faults, count = [], 0
    for answers, argued in ((check_exporter, differences.EXPORTER), (check_receiver, differences.RECEIVER)):
        used = set()
        for name, ours, theirs in answers(driver, wanted):
            count += 1
            faults += compare(name, ours, theirs, argued, used)
        if not wanted:
            faults += [f"{d.reason}: this difference is no more" for i, d in enumerate(argued) if i not in used]
    driver.close()
    print("\n".join(faults))
    print(f"{count} cases, {len(faults)} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
