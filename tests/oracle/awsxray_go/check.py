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

import cases
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


def main():
    driver = Driver(sys.argv[1])
    wanted = set(sys.argv[2:])
    recorded = json.loads((HERE / "exporter.json").read_text())
    faults, used, count = [], set(), 0
    for case in cases.cases():
        if wanted and case.name not in wanted:
            continue
        count += 1
        if case.name not in recorded:
            faults.append(f"{case.name}: there is no recorded answer: run record.py")
            continue
        ours = without_chance(exported(driver, case))
        faults += compare(case.name, ours, without_chance(recorded[case.name]), differences.EXPORTER, used)
    driver.close()
    if not wanted:
        faults += [f"{d.reason}: this difference is no more" for i, d in enumerate(differences.EXPORTER) if i not in used]
    print("\n".join(faults))
    print(f"{count} cases, {len(faults)} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
