# SPDX-License-Identifier: Apache-2.0
"""configs/adot: ADOT's presets. One whose components are all there is valid; any other says which are missing, and nothing
else is wrong with it."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

pytestmark = [pytest.mark.process, pytest.mark.go_differs("these are of Nacelle's image")]

ADOT = Path(__file__).resolve().parents[2] / "configs" / "adot"
FILES = sorted(str(path.relative_to(ADOT)) for path in ADOT.rglob("*.yaml"))
SECTIONS = {"receivers": "receiver", "processors": "processor", "exporters": "exporter", "extensions": "extension"}
BASE = {"otlp", "batch", "memory_limiter", "resourcedetection", "health_check"}
VARIABLES = {
    "AWS_REGION": "us-east-1",
    "AWS_PROMETHEUS_ENDPOINT": "https://aps-workspaces.us-east-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write",
    "AWS_PROMETHEUS_SCRAPING_ENDPOINT": "localhost:9090",
}


def components(file):
    """(kind, type) of each, in order."""
    tree = yaml.safe_load((ADOT / file).read_text())
    return [(kind, name.partition("/")[0]) for section, kind in SECTIONS.items() for name in tree.get(section) or {}]


@pytest.fixture(scope="module")
def installed(program):
    said = subprocess.run([program.path, "components"], capture_output=True, text=True, timeout=60, check=True)
    tree = yaml.safe_load(said.stdout)
    return {(SECTIONS[section], one["name"]) for section in SECTIONS for one in tree.get(section) or []}


@pytest.mark.parametrize("file", FILES)
def test_a_preset_is_valid_or_says_what_is_missing(program, installed, file):
    said = subprocess.run(
        [program.path, "validate", "--config", str(ADOT / file)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **VARIABLES},
    )
    missing = {one for one in components(file) if one not in installed}
    named = set(re.findall(r'(\w+) "(\w+)" is not installed', said.stderr))
    assert named == missing, said.stderr
    other = [line for line in said.stderr.splitlines() if " error: " in line and "is not installed" not in line]
    assert not other, said.stderr
    assert said.returncode == (1 if missing else 0)


def test_the_table_says_what_each_needs():
    text = (ADOT / "README.md").read_text()
    rows = dict(re.findall(r"^\| \[(\S+)\]\(\S+\) \| .*? \| (.*) \|$", text, re.MULTILINE))
    assert sorted(rows) == FILES
    for file, needs in rows.items():
        wanted = [f"{kind} `{name}`" for kind, name in components(file) if name not in BASE]
        assert needs == ", ".join(dict.fromkeys(wanted)), file
        assert (ADOT / file).read_text().startswith(f"# /etc/{file}")
