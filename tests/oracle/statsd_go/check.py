# SPDX-License-Identifier: Apache-2.0
"""receivers/statsd compared with the recorded answers of the Go receiver, point by point; their order, and which metric
and scope they are in, says nothing. A config that is refused there must be refused here. Cases that differ stand in
cases.DIFFERENCES with the reason, and must differ.

    check.py DRIVER PLUGINS [NAME ...]
"""

import json
import pathlib
import subprocess
import sys

import cases

HERE = pathlib.Path(__file__).parent
NUMBERS = {"count", "zeroCount", "asInt", "intValue"}
WRITTEN = 10**17  # times before 1973 are of the client



def normal(key, value):
    if isinstance(value, dict):
        return {k: normal(k, v) for k, v in value.items() if v not in (0, [], {}) or k in ("value", "quantile", "sum")}
    if isinstance(value, list):
        out = [normal(key, v) for v in value]
        return [float(v) if key in ("bucketCounts", "explicitBounds") else v for v in out]
    return int(value) if key in NUMBERS else float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def points(batches):
    """Each point as text: its metric, and all of it but the times that are the receiver's."""
    out = []
    for b, batch in enumerate(batches):
        for group in batch["resourceMetrics"]:
            for scope in group["scopeMetrics"]:
                assert scope["scope"]["name"].endswith("/receiver/statsdreceiver"), scope["scope"]
                for metric in scope.get("metrics", []):
                    kind = next(k for k in ("sum", "gauge", "summary", "histogram", "exponentialHistogram") if k in metric)
                    of = {k: v for k, v in metric[kind].items() if k != "dataPoints" and v}
                    for point in metric[kind]["dataPoints"]:
                        plain = normal("", point)
                        time = int(plain.pop("timeUnixNano"))
                        started = "startTimeUnixNano" in plain
                        plain.pop("startTimeUnixNano", 0)
                        for side in ("positive", "negative"):
                            if not plain.get(side, {}).get("bucketCounts"):
                                plain.pop(side, 0)
                        out.append(json.dumps([metric["name"], kind, of, started, time if time < WRITTEN else 0, plain],
                                              sort_keys=True, ensure_ascii=False))
    return sorted(out)


def senders(batches):
    return sorted(len(points([b])) for b in batches)


def same(ours, theirs):
    if isinstance(ours, dict) or isinstance(theirs, dict):
        return isinstance(ours, dict) and isinstance(theirs, dict)
    return points(ours) == points(theirs) and senders(ours) == senders(theirs)


def ask(driver, plugins, asked):
    lines = [json.dumps({**c, "plugin": f"{plugins}/receivers/statsd.so"}, ensure_ascii=False) + "\n" for c in asked]
    done = subprocess.run([driver], input="".join(lines), capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, f"the driver ended with {done.returncode}: {done.stderr[-2000:]}"
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def main():
    driver, plugins, *wanted = sys.argv[1:]
    recorded = json.loads((HERE / "answers.json").read_text())
    asked = [c for c in cases.cases() if not wanted or c["name"] in wanted]
    faults = []
    for case, ours in zip(asked, ask(driver, plugins, asked), strict=True):
        theirs = recorded.get(case["name"], {"mistake": "there is no recorded answer: run record.py"})
        if same(ours, theirs) != (case["name"] in cases.DIFFERENCES):
            continue
        a, b = (v if isinstance(v, dict) else points(v) for v in (ours, theirs))
        if isinstance(a, list) and isinstance(b, list):
            a, b = [p for p in a if p not in b], [p for p in b if p not in a]
        faults.append(f"{case['name']}:\n  ours   {a}\n  theirs {b}")
    print("\n".join(faults))
    print(f"{len(asked)} cases, {len(faults)} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
