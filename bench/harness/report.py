# SPDX-License-Identifier: Apache-2.0
"""Turns the rounds into a table, Markdown and JSON."""

import datetime
import json
import os
import platform
import statistics
import subprocess

PEER, NACELLE = "peer", "nacelle"
TITLES = {PEER: "Go collector", NACELLE: "Nacelle"}


class Outcome:
    """What the rounds of one scenario gave for one collector. One failure and it has no number."""

    def __init__(self):
        self.results = []
        self.failure = None

    def values(self, key):
        return None if self.failure else [result.metrics[key] for result in self.results]

    def checks(self):
        """What was checked in every round."""
        rounds = [result.facts["checks"] for result in self.results]
        return [check for check in rounds[0] if all(check in one for one in rounds)] if rounds else []


def rows(scenarios, outcomes, labels):
    """One row a metric: cells of text, in the order of header()."""
    for scenario in scenarios:
        for metric in scenario.metrics:
            measured = {label: outcomes[scenario.name, label] for label in labels}
            values = {label: outcome.values(metric.key) for label, outcome in measured.items()}
            ratios = ratio_of_rounds(values.get(PEER), values.get(NACELLE))
            cells = [scenario.name, f"{scenario.title}: {metric.title}", metric.unit]
            cells += ["FAILED" if measured[label].failure else spread(values[label]) for label in labels]
            if len(labels) == 2:
                cells.append(spread_ratio(values[PEER], values[NACELLE], ratios))
            if NACELLE in labels:
                cells.append(verdict(metric, values[NACELLE], values.get(PEER)))
            cells.append("; ".join(dict.fromkeys(
                ", ".join(outcome.checks()) for outcome in measured.values() if not outcome.failure)))
            yield cells


def header(labels):
    cells = ["scenario", "what", "unit"] + [TITLES[label] for label in labels]
    if len(labels) == 2:
        cells.append("Go ÷ Nacelle")
    if NACELLE in labels:
        cells.append("target")
    return cells + ["checked by"]


def number(value):
    """Three significant digits, without an exponent."""
    if value == 0:
        return "0"
    digits = max(0, 2 - int(f"{value:e}".split("e")[1]))
    return f"{value:.{digits}f}"


def spread(values):
    if not values:
        return "–"
    text = number(statistics.median(values))
    return f"{text} ({number(min(values))}–{number(max(values))})" if len(values) > 1 else text


def ratio_of_rounds(peer, nacelle):
    """The ratio of each round, in which the two were measured one right after the other."""
    if not peer or not nacelle:
        return []
    return [a / b for a, b in zip(peer, nacelle) if b > 0]


def ratio_of_medians(peer, nacelle):
    if not peer or not nacelle or statistics.median(nacelle) <= 0:
        return None
    return statistics.median(peer) / statistics.median(nacelle)


def spread_ratio(peer, nacelle, ratios):
    ratio = ratio_of_medians(peer, nacelle)
    if ratio is None:
        return "–"
    text = f"{number(ratio)}×"
    return f"{text} ({number(min(ratios))}–{number(max(ratios))})" if len(ratios) > 1 else text


def verdict(metric, nacelle, peer):
    if not metric.target:
        return ""
    reached = metric.target.reached(statistics.median(nacelle) if nacelle else None, ratio_of_medians(peer, nacelle))
    said = {True: "reached", False: "MISSED", None: "not measured"}[reached]
    return f"{metric.target.text(metric.unit)}: {said}"


def failures(scenarios, outcomes, labels):
    for scenario in scenarios:
        for label in labels:
            if outcomes[scenario.name, label].failure:
                yield f"{scenario.name}, {TITLES[label]}: {outcomes[scenario.name, label].failure}"


def as_text(scenarios, outcomes, labels):
    """The table for a terminal: short, without the sentences."""
    lines = [header(labels)] + list(rows(scenarios, outcomes, labels))
    shown = [[cells[0], cells[1].rsplit(": ", 1)[-1]] + cells[2:] for cells in lines]
    widths = [max(len(row[i]) for row in shown) for i in range(len(shown[0]))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in shown]
    text += [f"FAILED {line}" for line in failures(scenarios, outcomes, labels)]
    return "\n".join(text)


def as_markdown(scenarios, outcomes, labels, about):
    lines = [f"# Benchmark of {about['date']}", ""]
    lines += [f"- {name}: {value}" for name, value in about["said"].items()]
    lines += ["", "Median of the rounds (smallest–largest). The ratio is that of the medians, and in brackets the "
              "smallest and largest of the rounds. How to read it: bench/README.md.", ""]
    lines += ["| " + " | ".join(header(labels)) + " |", "|" + "---|" * len(header(labels))]
    lines += ["| " + " | ".join(cells) + " |" for cells in rows(scenarios, outcomes, labels)]
    failed = list(failures(scenarios, outcomes, labels))
    if failed:
        lines += ["", "## Failed", ""] + [f"- {line}" for line in failed]
    return "\n".join(lines) + "\n"


def as_json(scenarios, outcomes, labels, about):
    measured = []
    for scenario in scenarios:
        entry = {"scenario": scenario.name, "title": scenario.title,
                 "metrics": {metric.key: {"title": metric.title, "unit": metric.unit} for metric in scenario.metrics}}
        for label in labels:
            outcome = outcomes[scenario.name, label]
            if outcome.failure:
                entry[label] = {"failed": outcome.failure}
            elif not outcome.results:
                entry[label] = {"measured": False}
            else:
                entry[label] = {
                    "median": {metric.key: statistics.median(outcome.values(metric.key))
                               for metric in scenario.metrics},
                    "rounds": [{"metrics": result.metrics, "facts": result.facts} for result in outcome.results]}
        if len(labels) == 2:
            entry["ratio"] = {metric.key: ratio_of_medians(*(outcomes[scenario.name, label].values(metric.key)
                                                            for label in (PEER, NACELLE)))
                              for metric in scenario.metrics}
        measured.append(entry)
    return json.dumps({"about": about, "measured": measured}, indent=1, ensure_ascii=False) + "\n"


def write(folder, name, markdown, machine_readable):
    """Writes both files under the date and the name, with a number where they exist already."""
    os.makedirs(folder, exist_ok=True)
    stem = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}-{name}"
    count = 1
    while True:
        path = os.path.join(folder, stem + (f"-{count}" if count > 1 else ""))
        if not os.path.exists(path + ".md") and not os.path.exists(path + ".json"):
            break
        count += 1
    for extension, content in ((".md", markdown), (".json", machine_readable)):
        with open(path + extension, "w") as file:
            file.write(content)
    return path


def machine():
    """What the numbers were measured on."""
    model = ""
    with open("/proc/cpuinfo") as lines:
        for line in lines:
            if line.startswith(("model name", "CPU part")):
                model = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo") as lines:
        memory_gb = int(lines.readline().split()[1]) / 1e6
    return {"machine": f"{os.cpu_count()} × {model or platform.machine()}, {memory_gb:.0f} GB, "
                       f"Linux {platform.release()} {platform.machine()}",
            "load average at the start": f"{os.getloadavg()[0]:.2f}"}


def revision(root):
    """The commit of the tree, and whether it was changed since."""
    def git(*command):
        result = subprocess.run(["git", "--no-optional-locks", "-C", root, *command], capture_output=True, text=True)
        return result.stdout.strip() if result.returncode == 0 else None

    commit = git("rev-parse", "--short=12", "HEAD")
    if not commit:
        return "unknown"
    return commit + (" and changes" if git("status", "--porcelain", "--untracked-files=no") else "")
