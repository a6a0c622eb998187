"""A CloudWatch dashboard's body as a page to look at: its grid, titles and legends to scale.

    .venv/bin/python -m tests.harness.dashboard body.json > page.html

The lines are made up: what is looked at is where things lie and whether they can be read. Whatever
does not fit its place is outlined in red.
"""

from __future__ import annotations

import html
import json
import math
import random
import sys
from pathlib import Path
from typing import Any

WIDTH = 1400  # pixels of the whole grid
COLUMN, ROW = WIDTH / 24, 50  # CloudWatch's rows have about 50 pixels
_COLORS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f")
_STYLE = """
body { font: 13px sans-serif; margin: 0; background: #fff }
main { position: relative; width: %dpx }
section { position: absolute; box-sizing: border-box; border: 1px solid #ccc; padding: 6px 10px;
  overflow: hidden; background: #fff; border-radius: 6px }
h1 { font-size: 20px; margin: 2px 0 6px } h2 { font-size: 16px; margin: 4px 0 }
h3 { font-size: 14px; margin: 0 0 4px; white-space: nowrap; overflow: hidden }
p { margin: 0 } .none { border-color: transparent; background: none }
.legend { font-size: 11px; max-height: 34px; overflow: hidden; margin-top: 4px }
.tile { display: inline-block; width: 122px; height: 20px; margin: 3px; padding: 3px;
  font-size: 11px; overflow: hidden; white-space: nowrap; background: #e9f3e6;
  border: 1px solid #7aa116 }
.bad { outline: 3px solid red }
"""
_CHECK = """
for (const e of document.querySelectorAll('h1, h3, p, .legend, section'))
  if (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1)
    e.classList.add('bad');
document.title = document.querySelectorAll('.bad').length + ' do not fit';
"""


def page(body: dict[str, Any]) -> str:
    """The page of a dashboard's body."""
    widgets = body["widgets"]
    height = max((w["y"] + w["height"]) * ROW for w in widgets)
    sections = "\n".join(_section(widget) for widget in widgets)
    return (
        f"<!doctype html><meta charset=utf-8><style>{_STYLE % WIDTH}</style>"
        f'<main style="height:{height}px">{sections}</main><script>{_CHECK}</script>'
    )


def _section(widget: dict[str, Any]) -> str:
    properties = widget["properties"]
    place = (
        f"left:{widget['x'] * COLUMN:.0f}px;top:{widget['y'] * ROW}px;"
        f"width:{widget['width'] * COLUMN - 4:.0f}px;height:{widget['height'] * ROW - 4}px"
    )
    bare = ' class="none"' if properties.get("background") == "transparent" else ""
    inner = {"alarm": _alarms, "metric": _chart, "text": _text}[widget["type"]](widget)
    return f'<section{bare} style="{place}">{inner}</section>'


def _text(widget: dict[str, Any]) -> str:
    lines = []
    for line in widget["properties"]["markdown"].splitlines():
        level = len(line) - len(line.lstrip("#"))
        tag = f"h{level}" if level else "p"
        lines.append(f"<{tag}>{html.escape(line[level:].strip())}</{tag}>")
    return "".join(lines)


def _alarms(widget: dict[str, Any]) -> str:
    properties = widget["properties"]
    names = [arn.rpartition(":")[2] for arn in properties["alarms"]]
    tiles = "".join(f'<span class="tile">{html.escape(name)}</span>' for name in names)
    return f"<h3>{html.escape(properties['title'])} ({len(names)})</h3>{tiles}"


def _chart(widget: dict[str, Any]) -> str:
    properties = widget["properties"]
    lines = [
        (metric[-1].get("label", metric[0]), metric[-1].get("color"))
        for metric in properties["metrics"]
        if metric[-1].get("visible", True)
    ]
    wide, high = widget["width"] * COLUMN - 30, widget["height"] * ROW - 90
    drawn, legend = [], []
    for number, (label, color) in enumerate(lines):
        color = color or _COLORS[number % len(_COLORS)]
        chance = random.Random(f"{properties['title']}{label}")  # the same picture each time
        points = " ".join(
            f"{wide * step / 48:.0f},{high * (0.9 - 0.7 * chance.random() ** 3 * _day(step)):.0f}"
            for step in range(49)
        )
        drawn.append(f'<polyline points="{points}" fill="none" stroke="{color}"/>')
        legend.append(f'<b style="color:{color}">&#9632;</b> {html.escape(label)}')
    return (
        f"<h3>{html.escape(properties['title'])}</h3>"
        f'<svg width="{wide:.0f}" height="{high}"><path d="M0 {high * 0.9:.0f}H{wide:.0f}" '
        f'stroke="#999"/>{"".join(drawn)}</svg><div class="legend">{" &nbsp; ".join(legend)}</div>'
    )


def _day(step: int) -> float:
    return 0.4 + 0.6 * math.sin(math.pi * step / 48)


if __name__ == "__main__":
    print(page(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
