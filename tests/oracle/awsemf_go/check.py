# SPDX-License-Identifier: Apache-2.0
"""exporters/awsemf compared with the recorded answers of the Go exporter, event by event, value by value. What differs
must stand in differences.py, with the reason.

    check.py DRIVER [NAME ...]
"""

import json
import pathlib
import struct
import subprocess
import sys

import cases
import differences

HERE = pathlib.Path(__file__).parent
NOTHING = object()
# Go's pow and the C library's differ in the last digit.
CLOSE = 1e-13


class Driver:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, config, requests):
        out = [sized(json.dumps(config).encode()), struct.pack("<I", len(requests))]
        self.process.stdin.write(b"".join(out + [sized(request) for request in requests]))
        self.process.stdin.flush()
        head = self.process.stdout.read(4)
        assert len(head) == 4, f"the driver ended: {self.process.wait(60)}"
        return json.loads(self.process.stdout.read(*struct.unpack("<I", head)))

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(60) == 0


def sized(data):
    return struct.pack("<I", len(data)) + data


def one_key(pairs):
    """A document has no name twice."""
    assert len({key for key, _ in pairs}) == len(pairs), f"a name comes twice: {pairs}"
    return dict(pairs)


def without_order(document):
    """Sets of dimensions, the metrics and the directives are sets: their order says nothing."""
    place = document.get("_aws", document)
    for directive in place.get("CloudWatchMetrics", []):
        directive["Dimensions"] = sorted(sorted(one) for one in directive["Dimensions"])
        directive["Metrics"].sort(key=lambda metric: metric["Name"])
    if "CloudWatchMetrics" in place:
        place["CloudWatchMetrics"].sort(key=lambda one: json.dumps([one["Metrics"], one["Dimensions"]]))
    return document


def sorted_events(events):
    """In an order that values do not change, as far as that is possible."""

    def key(event):
        document = event.get("document", {})
        labels = {k: v for k, v in document.items() if isinstance(v, str)}
        return json.dumps(
            ["document" not in event, event.get("time"), sorted(labels.items()), sorted(document), event],
            sort_keys=True,
        )

    for event in events:
        if "document" in event:
            without_order(event["document"])
    return sorted(events, key=key)


def exported(driver, case, compat=True):
    """Events of each request, and points that became none."""
    answer = driver.ask({**case.config, "adot_compat": compat}, case.requests)
    for events in answer:
        for event in events:
            if "text" in event:
                event["document"] = json.loads(event.pop("text"), object_pairs_hook=one_key)
                del event["items"]
    return [sorted_events(events) for events in answer]


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
    elif is_number(ours) and is_number(theirs):
        if abs(ours - theirs) > CLOSE * max(abs(ours), abs(theirs)):
            yield path, ours, theirs
    elif type(ours) is not type(theirs) or ours != theirs:
        yield path, ours, theirs


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def compare(name, ours, theirs, used):
    """Words about each difference that nobody has argued."""
    for path, a, b in differing((), ours, theirs):
        for i, difference in enumerate(differences.DIFFERENCES):
            if difference.covers(name, path, a, b):
                used.add(i)
                break
        else:
            a, b = ("nothing" if v is NOTHING else json.dumps(v, ensure_ascii=False) for v in (a, b))
            yield f"{name}: {'.'.join(map(str, path))}: ours {a}, theirs {b}"


def main():
    driver = Driver(sys.argv[1])
    wanted = set(sys.argv[2:])
    recorded = json.loads((HERE / "events.json").read_text())
    faults, used, count = [], set(), 0
    for case in cases.cases():
        if wanted and case.name not in wanted:
            continue
        count += 1
        if case.name not in recorded:
            faults.append(f"{case.name}: there is no recorded answer: run record.py")
            continue
        theirs = [sorted_events(events) for events in recorded[case.name]]
        faults += compare(case.name, exported(driver, case), theirs, used)
    driver.close()
    if not wanted:
        faults += [
            f"{d.reason}: this difference is no more" for i, d in enumerate(differences.DIFFERENCES) if i not in used
        ]
    print("\n".join(faults))
    print(f"{count} cases, {len(faults)} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
