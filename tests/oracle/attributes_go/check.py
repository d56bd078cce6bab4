# SPDX-License-Identifier: Apache-2.0
"""processors/attributes, processors/resource and the SDK's regular expressions compared with the recorded answers of the
Go components. A config that is refused there must be refused here; the words differ. Cases that differ stand in
cases.DIFFERENCES with the reason, and must differ.

    check.py DRIVER PLUGINS [NAME ...]
"""

import json
import pathlib
import subprocess
import sys

import cases

HERE = pathlib.Path(__file__).parent


def ask(driver, plugins, asked):
    lines = []
    for case in asked:
        line = {k: v for k, v in case.items() if k in ("signal", "config", "request", "pattern", "text")}
        if "component" in case:
            line["plugin"] = f"{plugins}/processors/{case['component']}.so"
            line["metadata"] = ";".join(f"{k}={v}" for k, values in case.get("metadata", {}).items() for v in values)
        lines.append(json.dumps(line, ensure_ascii=False) + "\n")
    done = subprocess.run([driver], input="".join(lines), capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, f"the driver ended with {done.returncode}: {done.stderr[-2000:]}"
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def plain(value):
    """OTLP/JSON without what may be written or left out, 64-bit numbers as numbers, attributes in the order of their
    keys."""
    if isinstance(value, dict):
        out = {k: plain(v) for k, v in value.items()}
        return {k: (int(v) if k in ("intValue", "asInt", "count") and isinstance(v, str) else v)
                for k, v in out.items() if v not in ("", [], {}, 0) or k.endswith("Value") or k == "values"}
    if isinstance(value, list):
        return sorted(map(plain, value), key=lambda v: str(v["key"]) if isinstance(v, dict) and "key" in v else "")
    return value


def same(ours, theirs):
    if "mistake" in theirs or "mistake" in ours:
        return "mistake" in theirs and "mistake" in ours
    if "request" in theirs:
        return plain(ours.get("request")) == plain(theirs["request"])
    return ours == {"groups": theirs.get("groups")}


def main():
    driver, plugins, *wanted = sys.argv[1:]
    recorded = json.loads((HERE / "answers.json").read_text())
    asked = [c for c in cases.cases() if not wanted or c["name"] in wanted]
    faults = []
    for case, ours in zip(asked, ask(driver, plugins, asked), strict=True):
        theirs = recorded.get(case["name"], {"mistake": "there is no recorded answer: run record.py"})
        if same(ours, theirs) == (case["name"] in cases.DIFFERENCES):
            faults.append(f"{case['name']}:\n  ours   {json.dumps(ours)}\n  theirs {json.dumps(theirs)}")
    print("\n".join(faults))
    print(f"{len(asked)} cases, {len(faults)} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
