# SPDX-License-Identifier: Apache-2.0
"""Writes lines over time as SVG: panels one above the other with one time axis, and bands for what happened when."""

from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT = 1000, 90, 20
PANEL, GAP, TOP, BOTTOM = 150, 34, 58, 40
LINES = ("#1b6ca8", "#d1495b", "#3a7d44", "#8e6c8a")
BANDS = ("#f7e3a1", "#f8caa0", "#cfe8ef", "#dccbe8", "#d3e9c8", "#f6cfd4", "#dddddd", "#bfd3f2", "#c9d8c5", "#e6d5c3")


def _nice(limit):
    """The smallest 1, 2 or 5 times a power of ten that is at least `limit`."""
    step = 1.0
    while step * 10 <= limit:
        step *= 10
    while step > limit:
        step /= 10
    return next(step * factor for factor in (1, 2, 5, 10) if step * factor >= limit)


def _number(value):
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:g}"


def svg(title, seconds, panels, bands):
    """`panels`: (title, {name: [(second, value)]}); `bands`: (name, from, to) in seconds."""
    height = TOP + len(panels) * (PANEL + GAP) + BOTTOM
    plot_width = WIDTH - LEFT - RIGHT
    seconds = max(seconds, 1)
    x_of = lambda second: LEFT + plot_width * second / seconds
    colours = {name: BANDS[n % len(BANDS)] for n, name in enumerate(sorted({band[0] for band in bands}))}
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="16">{escape(title)}</text>',
    ]
    at = LEFT
    for name, colour in colours.items():
        out.append(f'<rect x="{at}" y="32" width="12" height="12" fill="{colour}"/>')
        out.append(f'<text x="{at + 16}" y="42">{escape(name)}</text>')
        at += 30 + 7 * len(name)
    for n, (name, lines) in enumerate(panels):
        top = TOP + n * (PANEL + GAP) + 20
        out += _panel(name, lines, top, x_of, bands, colours)
    bottom = height - BOTTOM + 8
    step = max(1, int(_nice(seconds / 60 / 12)))
    for minute in range(0, int(seconds / 60) + 1, step):
        out.append(f'<text x="{x_of(minute * 60):.1f}" y="{bottom}" text-anchor="middle">{minute}</text>')
    out.append(f'<text x="{WIDTH / 2}" y="{bottom + 20}" text-anchor="middle">minutes</text>')
    return "\n".join([*out, "</svg>", ""])


def _panel(title, lines, top, x_of, bands, colours):
    most = max((value for points in lines.values() for _, value in points), default=0)
    limit = _nice(most) if most > 0 else 1
    y_of = lambda value: top + PANEL - 20 - (PANEL - 20) * value / limit
    right, bottom = WIDTH - RIGHT, y_of(0)
    for name, begin, end in bands:
        width = max(1.0, x_of(end) - x_of(begin))
        yield f'<rect x="{x_of(begin):.1f}" y="{top}" width="{width:.1f}" height="{bottom - top:.1f}" fill="{colours[name]}"/>'
    for part in (0, 0.5, 1):
        y = y_of(limit * part)
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#bbb" stroke-width="0.5"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_number(limit * part)}</text>'
    at = LEFT
    yield f'<text x="{at}" y="{top - 6}" font-weight="bold">{escape(title)}</text>'
    at += 24 + 8 * len(title)
    for n, (name, points) in enumerate(lines.items()):
        colour = LINES[n % len(LINES)]
        path = " ".join(f"{x_of(second):.1f},{y_of(value):.1f}" for second, value in points)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.3"/>'
        yield f'<text x="{at}" y="{top - 6}" fill="{colour}">{escape(name)}</text>'
        at += 20 + 7 * len(name)
