"""The chart of ``docs/benchmarks.md``: bars of CPU per round trip, an SVG for light and for dark."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from benchmarks.peers.clients.table import PEERS
from benchmarks.peers.figures import Kept
from benchmarks.peers.page import CHART
from benchmarks.tables import PAGE

PANELS = {"roundtrip-100": "100 connections", "roundtrip-2000": "2 000 connections"}
NAMES, BARS, FIGURES, LINE, TOP = 140, 250, 46, 24, 46
"""Widths of the names, of the longest bar and of its figure; the height of a line and of what is above."""
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600 }
.figure { font-variant-numeric: tabular-nums }
.other { fill: #8c959f }
.own { fill: #0969da }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .other { fill: #6e7681 }
  .own { fill: #4493f8 }
}
"""


def drawn(kept: Kept) -> str:
    """Return the chart; clients without a figure are left out."""
    names = [peer.name for peer in PEERS if any(kept.figure(row, peer.name) for row in PANELS)]
    panel = BARS + FIGURES
    width, height = NAMES + panel * len(PANELS), TOP + LINE * len(names) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" role="img">',
        "<title>CPU per round trip in microseconds, by client</title>",
        f"<style>{STYLE}</style>",
        '<text class="title" x="0" y="16">µs of CPU for a round trip: less is better</text>',
    ]
    for line, name in enumerate(names):
        parts.append(f'<text x="0" y="{_middle(line)}">{escape(name)}</text>')
    for place, (row, title) in enumerate(PANELS.items()):
        left = NAMES + place * panel
        parts.append(f'<text class="title" x="{left}" y="38">{title}</text>')
        parts += _bars(kept, row, names, left)
    return "\n".join([*parts, "</svg>", ""])


def _bars(kept: Kept, row: str, names: list[str], left: int) -> Iterator[str]:
    figures = _medians(kept, row, names)
    longest = max(value for other in PANELS for value in _medians(kept, other, names).values())
    for line, name in enumerate(names):
        if name not in figures:
            yield f'<text x="{left}" y="{_middle(line)}">–</text>'
            continue
        value = figures[name]
        length = value / longest * (BARS - 14)
        kind, top = "own" if name.startswith("wsrun") else "other", TOP + line * LINE + 3
        yield f'<rect class="{kind}" x="{left}" y="{top}" width="{length:.1f}" height="{LINE - 6}" rx="2"/>'
        yield f'<text class="figure" x="{left + length + 5:.1f}" y="{_middle(line)}">{value:.1f}</text>'


def _medians(kept: Kept, row: str, names: list[str]) -> dict[str, float]:
    return {name: found.median for name in names if (found := kept.figure(row, name))}


def _middle(line: int) -> int:
    return TOP + line * LINE + 17


def write(kept: Kept) -> None:
    """Write the chart beside the page."""
    (PAGE.parent / CHART).write_text(drawn(kept), encoding="utf-8")
