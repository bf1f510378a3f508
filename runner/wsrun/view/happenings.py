"""What happened when: the events of a run, and its timeline as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wsrun.view import formats, series
from wsrun.view.criteria import Mark
from wsrun.view.formats import Figure
from wsrun.view.reading import ENOUGH, QUANTILES, Reading
from wsrun.view.words import counted

UNFOLDED = 30
"""More events than this fold by kind."""

ROWS = 20
"""About so many rows has the timeline's table."""

KINDS = {"phase": "Phases", "failure": "Failures", "abort": "Aborts", "info": "Other events"}


@dataclass(frozen=True, slots=True)
class Event:
    """One event; ``until`` says how it ended."""

    at: str
    mark: Mark
    text: str
    until: str


@dataclass(frozen=True, slots=True)
class EventGroup:
    """Events of one kind; ``title`` is empty where there are few enough to stand together."""

    title: str
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """Some seconds of the run; latencies in ms, messages a second."""

    at: str
    phase: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimelineTable:
    """The timeline in few rows of ``every`` each; ``is_merged`` when a row stands for several intervals."""

    every: Figure
    columns: tuple[str, ...]
    rows: tuple[TimelineRow, ...]
    is_merged: bool


def events(reading: Reading) -> tuple[EventGroup, ...]:
    """Return the events by time, folded by kind where there are many."""
    found = [(entry["kind"], _event(entry, reading)) for entry in reading["events"]]
    if len(found) <= UNFOLDED:
        return (EventGroup("", tuple(event for _, event in found)),) if found else ()
    groups = []
    for kind in dict.fromkeys(kind for kind, _ in found):
        same = tuple(event for other, event in found if other == kind)
        groups.append(EventGroup(f"{KINDS.get(kind, kind)}, {formats.group(len(same))}", same))
    return tuple(groups)


def _event(entry: Mapping[str, Any], reading: Reading) -> Event:
    until = entry["until_text"] or ""
    if not until and entry["until"] is not None:
        until = f"until {reading.moment(entry['until'])}"
    return Event(reading.moment(entry["t"]), entry["mark"], entry["text"], until)


def timeline(reading: Reading) -> TimelineTable | None:
    """Return the timeline as a table of about ``ROWS`` rows; None when there is none."""
    rows = reading["timeline"]
    if not rows:
        return None
    interval = max(reading["run"]["interval"], 0.05)
    every = _step(reading.ended / ROWS, interval)
    groups: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(int((row["t"] + row["length"] / 2) / every), []).append(row)
    columns = (
        "Clients",
        "Sent /s",
        "Answered /s",
        "p50",
        "p95",
        "p99",
        "p99 from send",
        "No reply",
        "Failures",
        "CPU",
    )
    found = tuple(_row(group, reading) for group in groups.values())
    merged = any(len(group) > 1 or "intervals" in group[0] for group in groups.values())
    return TimelineTable(formats.span(every), columns, found, merged)


def _step(wanted: float, interval: float) -> float:
    """Return a round number of seconds near ``wanted`` that is a whole number of intervals, if one is."""
    power = 10 ** math.floor(math.log10(max(wanted, interval)))
    round_ones = [step * power for step in (1, 2, 5, 10)]
    if wanted > 45:
        round_ones = [60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800]
    step = next((step for step in round_ones if step >= wanted * 0.8), round_ones[-1])
    return float(max(step, interval))


def _row(rows: Sequence[Mapping[str, Any]], reading: Reading) -> TimelineRow:
    point = series.merge(rows, 1, interval=reading["run"]["interval"])[0]
    phase = next((p for p in reading["phases"] if p["start"] - 1e-9 <= point.t < p["end"] - 1e-9), None)
    cells = (
        formats.group(round(point.clients)),
        formats.significant(point.a_second(point.sent) or 0),
        formats.significant(point.a_second(point.answered) or 0),
        *(_percentile(point.round_trip, stat) for stat in ("p50", "p95", "p99")),
        _percentile(point.service_time, "p99"),
        formats.group(point.no_reply),
        formats.group(sum(point.failures.values())),
        formats.percent(point.cpu).text,
    )
    return TimelineRow(reading.moment(point.t), phase["name"] if phase else "", cells)


def _percentile(distributions: Sequence[Mapping[str, Any]], stat: str) -> str:
    q = QUANTILES[stat]
    if sum(known["count"] or 0 for known in distributions) * (1 - q) < ENOUGH - 1e-6:
        return formats.DASH
    return formats.milliseconds(series.mixture(distributions, q))


def summary(length: float, parts: int) -> str:
    """Describe the timeline for who cannot see it; ``parts``: phases and the drain."""
    when = f"over {formats.span(length)}, in {counted(parts, 'part')}"
    return f"clients, messages, latency, failures and CPU {when}"
