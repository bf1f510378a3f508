"""Searches as tables and curves: latency and success over the levels, and what was found where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wsrun.view import formats
from wsrun.view.formats import DASH, Figure
from wsrun.view.reading import Reading, in_ms, percentile

MARKS = {"best": "best", "degraded": "degraded", "broken": "broke"}
"""What a search finds, and what is written at the level of it."""


@dataclass(frozen=True, slots=True)
class Point:
    """A level as a place in the curves: its value, latencies in seconds, and success 0…1; None: no data."""

    value: float
    label: str
    p50: float | None
    p95: float | None
    p99: float | None
    success: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """A level as a row; latencies are in ms. ``found``: what was found at it; ``word``: how it went."""

    level: str
    p50: str
    p95: str
    p99: str
    p99_send: str
    answered: Figure
    errors: str
    success: Figure
    found: str
    word: str
    is_missed: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """What was found at a level: ``kind`` is best, degraded or broken."""

    kind: str
    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Search:
    """One search; rows are in the order in which the levels were held, points and marks by their value."""

    phase: str
    what: str
    sentence: str
    test: str
    rows: tuple[Row, ...]
    points: tuple[Point, ...]
    marks: tuple[Mark, ...]


def build(reading: Reading) -> tuple[Search, ...]:
    """Return the searches of which at least one level was judged."""
    return tuple(_search(search) for search in reading.result.get("searches", ()) if search["levels"])


def level_text(value: float, over: str) -> str:
    """Write a level: ``120``, or ``1 500/s``."""
    figure = formats.number(value)
    return f"{figure.text}/s" if over == "rate" else figure.text


def _search(search: Mapping[str, Any]) -> Search:
    over, levels = search["over"], search["levels"]
    found = {kind: search[kind] for kind in MARKS if search[kind]}
    rows = tuple(_row(level, over, found) for level in levels)
    # A level that was held twice is drawn as it was at last.
    points = {level["value"]: _point(level, over) for level in levels}
    return Search(
        phase=search["phase"],
        what="messages a second" if over == "rate" else "clients",
        sentence=_sentence(search),
        test=f"Each level had to meet {_listed(search['such_that'])}. Degraded: {_degraded(search)}.",
        rows=rows,
        points=tuple(point for _, point in sorted(points.items())),
        marks=tuple(
            Mark(kind, value, f"{MARKS[kind]} {level_text(value, over)}") for kind, value in found.items()
        ),
    )


def _row(level: Mapping[str, Any], over: str, found: Mapping[str, float]) -> Row:
    trips, services = level["round_trip"], level.get("service_time")
    at = [MARKS[kind] for kind, value in found.items() if value == level["value"]]
    missed = [condition for condition in level["conditions"] if condition["status"] == "missed"]
    if level["met"] is None:
        word = f"not known: {level['note']}"
    elif missed:
        first = missed[0]
        word = f"missed {first['check']}: {formats.spaced(first['observed_text'])}"
    else:
        word = level["note"] or "met"
    return Row(
        level=level_text(level["value"], over),
        p50=in_ms(trips, percentile(trips, "p50")),
        p95=in_ms(trips, percentile(trips, "p95")),
        p99=in_ms(trips, percentile(trips, "p99")),
        p99_send=in_ms(services, percentile(services, "p99")) if services else formats.DASH,
        answered=formats.per_second(level["answered_per_second"]),
        errors=formats.group(level["errors"]),
        success=formats.share(level["success"]),
        found=", ".join(at),
        word=word,
        is_missed=not level["met"],
    )


def _point(level: Mapping[str, Any], over: str) -> Point:
    trips = level["round_trip"]
    p50, p95, p99 = (percentile(trips, stat) for stat in ("p50", "p95", "p99"))
    return Point(level["value"], level_text(level["value"], over), p50, p95, p99, level["success"])


def _sentence(search: Mapping[str, Any]) -> str:
    over = search["over"]
    unit = "" if over == "rate" else " clients"
    best = level_text(search["best"], over) + unit if search["best"] else ""
    parts = [
        f"{best} is the highest level that met every condition" if best else "no level met every condition"
    ]
    if search["broken"] is not None:
        parts.append(f"the target broke at {level_text(search['broken'], over)}")
    elif search["finished"] and not search["problem"]:
        parts.append(f"it broke at none up to {level_text(search['to'], over)}")
    if search["degraded"] is not None:
        parts.append(f"its latency had degraded at {level_text(search['degraded'], over)}")
    if search["problem"] is not None:
        parts.append(
            f"the search ended there without an answer, because wsrun was not fit: {search['problem']}"
        )
    elif not search["finished"]:
        parts.append("the run ended before the search did")
    text = "; ".join(parts)
    return text[0].upper() + text[1:] + "."


def _listed(texts: list[str]) -> str:
    return " and ".join(texts) or DASH


def _degraded(search: Mapping[str, Any]) -> str:
    return " or ".join(search["degraded_when"])
