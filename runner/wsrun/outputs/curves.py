"""The curve of a search as numbers for SVG: latency and success over the levels, what was found where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wsrun.outputs import scales
from wsrun.outputs.frame import Frame
from wsrun.outputs.scales import Tick
from wsrun.outputs.svg import gridline
from wsrun.view import formats
from wsrun.view.searches import Point, Search

HEIGHT = 150
SUCCESS_HEIGHT = 36

LINE = 15
"""Pixels that the text of a mark is high; each mark has a line of its own."""

_EARLY, _LATE = 15.0, 85.0
"""Per cent of the axis before which no text has room before its mark, and beyond which none has after it."""


@dataclass(frozen=True, slots=True)
class PlacedMark:
    """A vertical line at ``x`` per cent with its text at ``y`` pixels, on one ``side``."""

    kind: str
    x: float
    y: float
    text: str
    side: str


@dataclass(frozen=True, slots=True)
class Curve:
    """A search, ready to be placed: ``lines`` are pairs of a percentile and its path."""

    lines: tuple[tuple[str, str], ...]
    rows: tuple[Tick, ...]
    success: str
    marks: tuple[PlacedMark, ...]
    levels: tuple[Tick, ...]
    label: str


def draw(search: Search) -> Curve:
    """Lay the curve of a search out."""
    points = search.points
    latencies = [value for p in points for value in (p.p50, p.p95, p.p99) if value is not None]
    top, step = scales.nice_top(max(latencies, default=0.0) * 1000)
    end, apart = scales.nice_top(max(point.value for point in points))
    frame, below = Frame(end, top / 1000, HEIGHT), Frame(end, 1.0, SUCCESS_HEIGHT)
    stats: tuple[tuple[str, Callable[[Point], float | None]], ...] = (
        ("p50", lambda point: point.p50),
        ("p95", lambda point: point.p95),
        ("p99", lambda point: point.p99),
    )
    return Curve(
        lines=tuple((name, frame.path([(p.value, of(p)) for p in points])) for name, of in stats),
        rows=tuple(gridline(n * step, top, step, HEIGHT) for n in range(1, round(top / step) + 1))
        if latencies
        else (),
        success=below.path([(point.value, point.success) for point in points]),
        marks=tuple(
            _mark(mark.kind, mark.label, 100 * mark.value / end, number)
            for number, mark in enumerate(search.marks)
        ),
        levels=tuple(
            Tick(100 * n * apart / end, formats.number(n * apart).text) for n in range(round(end / apart) + 1)
        ),
        label=f"Latency and success over {search.what}. {search.sentence} The table below has the numbers.",
    )


def _mark(kind: str, text: str, x: float, number: int) -> PlacedMark:
    """Place a mark: what broke stands beyond what was best, and so do their texts where there is room."""
    is_after = x < _EARLY or (kind == "broken" and x <= _LATE)
    return PlacedMark(kind, x, LINE * number, text, "after" if is_after else "before")
