# SPDX-License-Identifier: Apache-2.0
"""README.md and the pages of docs/: their commands run, and say what the pages say; their configs are valid; their links
lead somewhere."""

import os
import re
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest
import yaml

import blocks

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PROGRAM = Path(os.environ.get("NACELLE_BIN", ROOT / "build" / "release" / "bin" / "nacelle")).resolve()
PAGES = ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))]
NOT_RUN = 77
# Not as root, as most readers; with the right to bring up the loopback, and with a /run in which nobody else runs.
OWN_NETWORK = ["unshare", "--map-user=1000", "--map-group=1000", "--net", "--mount", "--keep-caps"]
EMPTY_RUN = ["mount", "-t", "tmpfs", "none", "/run"]


def has_own_network():
    try:
        return subprocess.run([*OWN_NETWORK, *EMPTY_RUN], capture_output=True, timeout=20, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("page", PAGES)
def test_commands(page):
    own = has_own_network()
    command = [sys.executable, str(HERE / "run_page.py"), str(ROOT), str(PROGRAM.parent), page]
    if own:
        script = f"{' '.join(EMPTY_RUN)} && exec \"$@\""
        command = [*OWN_NETWORK, "sh", "-c", script, "sh", *command, "--own-network"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    print(ended.stdout)
    if ended.returncode == NOT_RUN:
        pytest.skip(ended.stdout.strip())
    assert ended.returncode == 0, ended.stdout + ended.stderr


# ---- Configs


def configs():
    for page in PAGES:
        for block in blocks.parse((ROOT / page).read_text()):
            if block.language == "yaml":
                yield pytest.param(block, id=f"{page}:{block.line}")


@pytest.mark.parametrize("block", list(configs()))
def test_yaml_is_what_it_seems(block):
    """It is YAML; a whole config is valid. ```yaml wrong shows a mistake, ```yaml fragment a part, and the commands of
    the page run what is ```yaml file=..., with its variables."""
    if block.has("wrong"):
        return
    tree = yaml.safe_load(block.text)
    assert isinstance(tree, (dict, list))
    if block.has("fragment") or block.value("file") or "service" not in tree or "pipelines" not in (tree["service"] or {}):
        return
    ended = subprocess.run(
        [PROGRAM, "validate", "--config", f"yaml:{block.text}"], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr


# ---- Links

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
MARKDOWN = sorted(
    subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()
)  # fmt: skip


def without_fences(text):
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(path):
    """As GitHub makes them of headings."""
    found = set()
    for heading in re.findall(r"^#+ +(.*)$", without_fences(path.read_text()), re.MULTILINE):
        plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = 1
        unique = anchor
        while unique in found:
            unique, number = f"{anchor}-{number}", number + 1
        found.add(unique)
    return found


@pytest.mark.parametrize("file", MARKDOWN)
def test_links(file):
    path = ROOT / file
    broken = []
    for match in LINK.finditer(without_fences(path.read_text())):
        target = match.group(1) or match.group(2)
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = urllib.parse.unquote(target).partition("#")
        leads_to = (path.parent / name).resolve() if name else path
        if not leads_to.exists():
            broken.append(f"{target}: there is no such file")
        elif anchor and leads_to.suffix == ".md" and anchor not in anchors(leads_to):
            broken.append(f"{target}: there is no such heading")
    assert not broken, broken


def test_every_plugin_is_in_the_readme():
    text = (ROOT / "README.md").read_text()
    plugins = [str(path.parent.relative_to(ROOT)) for path in (ROOT / "plugins").glob("*/*/CMakeLists.txt")]
    missing = [plugin for plugin in sorted(plugins) if f"({plugin}/README.md)" not in text]
    assert plugins and not missing, missing


def test_every_page_is_in_the_index():
    index = (ROOT / "docs" / "README.md").read_text()
    missing = [page for page in PAGES if page.startswith("docs/") and page != "docs/README.md"]
    missing = [page for page in missing if f"({page.removeprefix('docs/')})" not in index]
    assert not missing, missing
