# SPDX-License-Identifier: Apache-2.0
"""Chromium without a window: screenshots, and measurements of a page as it is laid out."""

import html as entities
import json
import os
import shutil
import struct
import subprocess

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DARK = ["--blink-settings=preferredColorScheme=0"]
LIGHT = ["--blink-settings=preferredColorScheme=1"]
TIMEOUT_S = 120

# Written into the title: how wide the content is, and the text whose contrast is the worst.
MEASURE = """<script>
const parse = c => (c.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
const light = c => { const f = v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  return 0.2126 * f(c[0]) + 0.7152 * f(c[1]) + 0.0722 * f(c[2]); };
const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
  if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
let worst = {ratio: 99, text: ''};
for (const e of document.querySelectorAll('body *')) {
  const own = [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join('');
  if (!own) continue;
  const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < worst.ratio) worst = {ratio, text: own.slice(0, 60)};
}
parent.document.title = JSON.stringify({width: document.documentElement.scrollWidth, view: innerWidth, worst,
  dark: matchMedia('(prefers-color-scheme: dark)').matches});
</script>"""


def _run(directory, arguments):
    command = [
        "setpriv", "--pdeathsig", "KILL", PROGRAM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions", "--disable-background-networking",
        "--enable-logging=stderr", f"--user-data-dir={directory / 'profile'}", *arguments,
    ]
    environment = {**os.environ, "HOME": str(directory)}
    return subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False, env=environment)


def screenshot(url, file, width, height, directory, scheme=()):
    """Takes it, and returns (width, height) of the picture and what the page's console said."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    done = _run(directory, [*scheme, f"--window-size={width},{height}", f"--screenshot={file}", url])
    said = done.stderr.decode("utf-8", "replace")
    assert file.exists(), f"no screenshot:\n{said[-4000:]}"
    size = struct.unpack(">II", file.read_bytes()[16:24])
    return size, [line for line in said.splitlines() if ":CONSOLE" in line]


def measure(html, width, directory, scheme=()):
    """How the page is laid out at a width: see MEASURE. In a frame, since no window is as narrow as a phone."""
    file = directory / f"measured-{width}.html"
    inner = entities.escape(html.replace("</body>", MEASURE + "</body>"), quote=True)
    file.write_text(f'<title>?</title><iframe width={width} height=2000 frameborder=0 srcdoc="{inner}"></iframe>')
    done = _run(directory, [*scheme, "--window-size=1600,2100", "--dump-dom", file.as_uri()])
    dom = done.stdout.decode("utf-8", "replace")
    assert "<title>{" in dom, f"the page was not measured:\n{done.stderr.decode('utf-8', 'replace')[-4000:]}"
    return json.loads(entities.unescape(dom.partition("<title>")[2].partition("</title>")[0]))
