"""What the script draws, as plain data: the timeline, the heat map and the percentile curve.

Numbers are rounded to four figures, because a pixel shows no more and every one of them is sent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from wsrun.outputs import scales
from wsrun.view import View, picture, series
from wsrun.view.latencies import Curve, Heat
from wsrun.view.reading import QUANTILES
from wsrun.view.series import Line, Point
from wsrun.view.words import cut

KINDS = 4
"""Kinds of failure that are drawn apart; the rest are "other"."""

LIMITS = 3


def short(value: float | None) -> float | int | None:
    """Round to four significant figures; a whole number stays one."""
    if value is None or not math.isfinite(value):
        return None
    rounded = float(f"{value:.4g}")
    return int(rounded) if rounded == int(rounded) and abs(rounded) < 1e15 else rounded


def build(view: View) -> dict[str, Any]:
    """Return the data of all figures; without a timeline, of none."""
    if view.picture is None:
        return {"length": view.length, "timeline": None, "heat": None, "curve": None}
    unit = scales.time_unit(view.length)
    return {
        "length": view.length,
        "unit": {"name": unit.name, "seconds": unit.seconds},
        "bands": [
            {
                "name": band.name,
                "start": band.start,
                "end": band.end,
                "tinted": band.is_tinted,
                "warm": band.warm_until if band.reached else band.start,
            }
            for band in view.picture.bands
        ],
        "timeline": _timeline(view, view.picture),
        "heat": _heat(view),
        "curve": _curve(view, view.picture),
    }


def _timeline(view: View, shown: picture.Picture) -> dict[str, Any]:
    points, edges = view.points, view.borders
    names = _largest(points)
    return {
        "t": _each(points, lambda point: point.middle),
        "length": _each(points, lambda point: point.length),
        "merged": shown.size is not None,
        "clients": _each(points, lambda point: point.clients),
        "low": _each(points, lambda point: point.clients_low) if shown.size is not None else None,
        "high": _each(points, lambda point: point.clients_high) if shown.size is not None else None,
        "planned": [[short(t), short(value)] for t, value in shown.planned],
        "sent": _rate(points, lambda point: point.sent),
        "answered": _rate(points, lambda point: point.answered),
        "trips": {
            stat: _line(series.percentile_line(points, "round_trip", stat, QUANTILES[stat], edges))
            for stat in ("p50", "p95", "p99")
        },
        "send": _line(series.percentile_line(points, "service_time", "p99", QUANTILES["p99"], edges)),
        "failures": [
            {"name": cut(name, 24), "values": _rate(points, lambda point, names=wanted: _count(point, names))}  # type: ignore[misc]
            for name, wanted in names
        ],
        "breakers": _breakers(points),
        "cpu": [short(None if point.cpu is None else 100 * point.cpu) for point in points],
        "limits": [
            {
                "label": limit.label,
                "ms": limit.seconds * 1000,
                "start": limit.start,
                "end": min(limit.end, view.length),
                "warns": limit.severity == "warning",
            }
            for limit in view.limits[:LIMITS]
        ],
        "stopped": view.stopped_at,
    }


def _each(points: Iterable[Point], read: Callable[[Point], float]) -> list[float | int | None]:
    return [short(read(point)) for point in points]


def _breakers(points: Sequence[Point]) -> list[float | int | None] | None:
    """Return the open breakers, None where there are none to open."""
    if all(point.breakers is None for point in points):
        return None
    return _each(points, lambda point: point.breakers or 0.0)


def _rate(points: Iterable[Point], read: Callable[[Point], float]) -> list[float | int | None]:
    return [short(point.a_second(read(point))) for point in points]


def _line(line: Line) -> list[list[float | int | None]] | None:
    """Return moments and milliseconds, None when there are too few for a line."""
    if not series.has_values(line):
        return None
    return [
        [short(t) for t, _ in line],
        [short(None if value is None else value * 1000) for _, value in line],
    ]


def _count(point: Point, names: frozenset[str]) -> int:
    return sum(number for name, number in point.failures.items() if name in names)


def _largest(points: Sequence[Point]) -> list[tuple[str, frozenset[str]]]:
    """Return the largest kinds of failure; what is left is one more, named "other"."""
    totals: dict[str, int] = {}
    for point in points:
        for name, number in point.failures.items():
            totals[name] = totals.get(name, 0) + number
    ordered = sorted(totals, key=lambda name: (-totals[name], name))
    room = KINDS if len(ordered) <= KINDS else KINDS - 1
    found = [(name, frozenset({name})) for name in ordered[:room]]
    if len(ordered) > room:
        found.append((f"{len(ordered) - room} other kinds", frozenset(ordered[room:])))
    return found


def _heat(view: View) -> dict[str, Any] | None:
    heat: Heat | None = view.latencies.heat if view.latencies is not None else None
    if heat is None:
        return None
    return {
        "edges": [short(edge * 1000) for edge in heat.edges],
        "starts": [short(start) for start in heat.starts],
        "end": short(heat.end),
        "counts": [list(column) for column in heat.counts],
        "none": list(heat.no_reply),
        "most": heat.most,
    }


def _curve(view: View, shown: picture.Picture) -> dict[str, Any] | None:
    if view.latencies is None or not view.latencies.curves:
        return None
    limits = [
        {
            "label": limit.label,
            "share": QUANTILES[limit.stat],
            "ms": limit.seconds * 1000,
            "warns": limit.severity == "warning",
            "clock": limit.clock,
        }
        for limit in view.limits
        if limit.phase == shown.phase
    ]
    marked = [
        {
            "clock": tick.clock,
            "share": QUANTILES[shown.stat],
            "ms": tick.seconds * 1000,
            "label": tick.figure.text,
        }
        for tick in shown.ticks
    ]
    return {
        "curves": [_one(curve) for curve in view.latencies.curves],
        "limits": limits[:LIMITS],
        "marked": marked,
        "timeout": short(view.latencies.timeout * 1000) if view.latencies.timeout else None,
    }


def _one(curve: Curve) -> dict[str, Any]:
    return {
        "name": curve.name,
        "clock": curve.clock,
        "x": [short(-math.log10(1 - share)) for share in curve.shares],
        "y": [short(value * 1000) for value in curve.values],
    }
