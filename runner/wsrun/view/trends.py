"""Where each series went while the load was constant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wsrun.view import formats
from wsrun.view.formats import Figure
from wsrun.view.reading import Reading, short_name

LEAST_ROWS = 60
"""With fewer intervals a trend is in result.json alone: series that wander look like one too often."""

NOTABLE = 0.1
"""A change of less than this share of the median is no news, however certain it is."""

NEWS = ("round_trip.p50", "round_trip.p95", "round_trip.p99", "messages.sent.rate", "errors.rate", "open")
"""The series of the target that are told of in a few words; memory is wsrun's own."""


@dataclass(frozen=True, slots=True)
class Row:
    """One series in one phase. ``change`` is over the phase; ``between`` its 95 % interval."""

    phase: str
    series: str
    typical: Figure
    direction: str
    change: str
    between: str
    is_notable: bool


@dataclass(frozen=True, slots=True)
class Trends:
    """The rows, and in one sentence what is notable; empty where nothing is."""

    rows: tuple[Row, ...]
    brief: str


def build(reading: Reading) -> Trends | None:
    """Return the trends of phases that were long enough; None where none was."""
    found = [entry for entry in reading.result.get("trends", ()) if entry["rows"] >= LEAST_ROWS]
    if not found:
        return None
    return Trends(tuple(map(_row, found)), _brief(found))


def _row(entry: Mapping[str, Any]) -> Row:
    seconds, unit = entry["seconds"], entry["unit"]
    ends = (_signed(entry[end] * seconds, unit) for end in ("low", "high"))
    return Row(
        phase=short_name(entry["phase"]),
        series=entry["series"],
        typical=formats.quantity(entry["typical"], unit),
        direction=entry["direction"],
        change=_signed(entry["change"], unit),
        between=" to ".join(ends),
        is_notable=_is_notable(entry),
    )


def _is_notable(entry: Mapping[str, Any]) -> bool:
    change, typical = float(entry["change"]), float(entry["typical"])
    return entry["direction"] != "stable" and change != 0 and abs(change) >= NOTABLE * abs(typical)


def _brief(entries: Sequence[Mapping[str, Any]]) -> str:
    parts = [
        f"{entry['series']} {entry['direction']} in {short_name(entry['phase'])}"
        f" ({_signed(entry['change'], entry['unit'])} over {formats.span(entry['seconds'])})"
        for entry in entries
        if entry["series"] in NEWS and _is_notable(entry)
    ]
    return f"trend: {', '.join(parts)}" if parts else ""


def _signed(value: float, unit: str) -> str:
    if value == 0:
        return formats.quantity(0.0, unit).text
    sign = "+" if value > 0 else "−"
    return f"{sign}{formats.quantity(abs(value), unit).text}"
