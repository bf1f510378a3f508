"""Everything that is drawn over time: the phases, the lines, the limits they are judged by, and the marks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wsrun.view import criteria, formats, series
from wsrun.view.formats import Figure
from wsrun.view.reading import QUANTILES, Clock, Reading, is_timeout, is_warm_up, latency
from wsrun.view.series import Line, Point
from wsrun.view.words import cut

MARKS = 4
"""So many kinds of failure are marked on the time axis."""


@dataclass(frozen=True, slots=True)
class Band:
    """One phase on the time axis. ``is_main``: its name always shows; ``is_tinted``: every other one.

    ``warm_until``: where its warm-up, of which no criterion sees anything, ends; ``start`` without one.
    """

    name: str
    load: str
    start: float
    end: float
    reached: bool
    warm_up: bool
    is_main: bool
    is_tinted: bool
    warm_until: float


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit over the seconds that it judges; ``seconds`` is its value. ``severity``: error or warning."""

    stat: str
    clock: Clock
    seconds: float
    label: str
    start: float
    end: float
    severity: str
    missed: bool
    phase: str | None


@dataclass(frozen=True, slots=True)
class Tick:
    """The value of a whole phase, drawn at its end: it is this that is judged."""

    clock: Clock
    t: float
    seconds: float
    figure: Figure


@dataclass(frozen=True, slots=True)
class FailureMark:
    """From the first to the last of one kind of failure."""

    start: float
    end: float
    label: str


@dataclass(frozen=True, slots=True)
class Picture:
    """The run in one picture. ``stat`` is the percentile that its lines show; empty lines are left out.

    ``answered`` is the schedule's line with gaps where it stands for replies that never came: what lies
    between the rest of it and the other clock is time before the send.
    ``size``: how many seconds one point stands for at most, when intervals were merged; else None.
    """

    length: float
    stat: str
    phase: str | None
    bands: tuple[Band, ...]
    schedule: Line
    answered: Line
    send: Line
    clients: tuple[tuple[float, float, float, float], ...]
    planned: tuple[tuple[float, float], ...]
    ticks: tuple[Tick, ...]
    limits: tuple[Limit, ...]
    marks: tuple[FailureMark, ...]
    size: float | None


def _answered(schedule: Line, reading: Reading) -> Line:
    whole = reading["overall"]["round_trip"]
    return [(t, None if is_timeout(whole, value) else value) for t, value in schedule]


def _clients(merged: Sequence[Point]) -> tuple[tuple[float, float, float, float], ...]:
    """Return open clients with lowest and highest, from the start of the first point to the end."""
    found = [(point.middle, point.clients, point.clients_low, point.clients_high) for point in merged]
    first, last = merged[0], merged[-1]
    return ((first.t, *found[0][1:]), *found, (last.t + last.length, *found[-1][1:]))


def borders(reading: Reading) -> list[float]:
    """Return the moments at which a phase begins."""
    return [phase["start"] for phase in reading["phases"]]


def points(reading: Reading, most: int = series.MOST) -> list[Point]:
    """Return the timeline, merged to at most ``most`` points."""
    return series.merge(
        reading["timeline"], most, interval=reading["run"]["interval"], borders=borders(reading)
    )


def build(reading: Reading, merged: Sequence[Point]) -> Picture | None:
    """Return the picture, None when there is nothing to draw."""
    if not merged:
        return None
    focus = reading.focus
    edges = borders(reading)
    stat, schedule = (
        focus.stat,
        series.percentile_line(merged, "round_trip", focus.stat, QUANTILES[focus.stat], edges),
    )
    for other in ("p95", "p50"):
        if series.has_values(schedule):
            break
        stat, schedule = other, series.percentile_line(merged, "round_trip", other, QUANTILES[other], edges)
    if not series.has_values(schedule):
        stat, schedule = focus.stat, []
    send = series.percentile_line(merged, "service_time", stat, QUANTILES[stat], edges)
    # The last may be one and a moment.
    merged_ones = [point for point in merged[:-1] if point.is_merged]
    return Picture(
        length=reading.length,
        stat=stat,
        phase=focus.phase,
        bands=bands(reading),
        schedule=schedule,
        answered=_answered(schedule, reading),
        send=send if schedule and series.has_values(send) else [],
        clients=_clients(merged),
        planned=planned(reading, merged),
        ticks=_ticks(reading, stat) if schedule else (),
        limits=tuple(limit for limit in limits(reading) if limit.stat == stat)[:3],
        marks=_marks(reading),
        size=max((point.length for point in merged_ones), default=None),
    )


def bands(reading: Reading) -> tuple[Band, ...]:
    """Return the phases and the drain as bands."""
    main = {reading.focus.phase}
    main |= {entry["phase"] for entry in reading["criteria"] if entry["status"] == "missed"}
    found = [
        Band(
            name=phase["name"],
            load=formats.spaced(phase["clients_text"])
            + (f", {phase['rate_text']}" if phase["rate_text"] else ""),
            start=phase["start"],
            end=phase["end"],
            reached=phase["reached"],
            warm_up=is_warm_up(phase),
            is_main=phase["name"] in main,
            is_tinted=index % 2 == 1,
            warm_until=min(phase["start"] + (phase["warm_up"] or 0.0), phase["end"]),
        )
        for index, phase in enumerate(reading.phases)
    ]
    last = found[-1].end if found else 0.0
    if reading.drain is not None and reading.length > last + 1e-6:
        found.append(
            Band("drain", "", last, reading.length, reading.drain["reached"], False, False, False, last)
        )
    return tuple(found)


def planned(reading: Reading, merged: Sequence[Point]) -> tuple[tuple[float, float], ...]:
    """Return the planned clients: as recorded, then from the plan of the phases that were not reached."""
    found = [(point.middle, point.planned) for point in merged]
    last = found[-1][0]
    for phase in reading.phases:
        if phase["end"] > last and isinstance(phase["clients_to"], (int, float)):
            found.append((max(phase["start"], last), float(phase["clients_from"])))
            found.append((phase["end"], float(phase["clients_to"])))
    return tuple(found)


def limits(reading: Reading) -> tuple[Limit, ...]:
    """Return the limits on both clocks: those missed first, then the closest.

    Limits with labels are left out, because the lines show all messages; unless there is one message only.
    """
    alone = {"phase", "message"} if len(reading["messages"]) == 1 else {"phase"}
    found: list[tuple[bool, float, int, Limit]] = []
    for entry in reading["criteria"]:
        if entry["metric"] not in ("round_trip", "service_time") or entry["stat"] not in QUANTILES:
            continue
        if entry["operator"][0] != "<" or not entry["required"] or set(entry["labels"]) - alone:
            continue
        start, end = _judged_seconds(entry["phase"], reading)
        limit = Limit(
            stat=entry["stat"],
            clock=entry["metric"],
            seconds=entry["required"],
            label=f"limit {entry['stat']} {criteria.limit(entry)}",
            start=start,
            end=end,
            severity=entry["severity"],
            missed=entry["status"] == "missed",
            phase=entry["phase"],
        )
        found.append((not limit.missed, -(entry["used"] or 0), len(found), limit))
    return tuple(limit for *_, limit in sorted(found, key=lambda item: item[:3]))


def _judged_seconds(name: str | None, reading: Reading) -> tuple[float, float]:
    phase = reading.phase(name)
    chosen = (
        [phase] if phase is not None else [p for p in reading.phases if not is_warm_up(p)] or reading.phases
    )
    return chosen[0]["start"] + (chosen[0]["warm_up"] or 0) * (not is_warm_up(chosen[0])), chosen[-1]["end"]


def _ticks(reading: Reading, stat: str) -> tuple[Tick, ...]:
    """Return the value of both clocks over the judged phase."""
    clocks = reading.judged(reading.focus.phase)
    _, end = _judged_seconds(reading.focus.phase, reading)
    found = []
    for clock in ("round_trip", "service_time"):
        value = clocks[clock][stat]
        if value is not None:
            found.append(Tick(clock, min(end, reading.ended), value, latency(clocks[clock], value)))
    return tuple(found)


def _marks(reading: Reading) -> tuple[FailureMark, ...]:
    found = [
        FailureMark(error["first"], error["last"], f"{formats.group(error['count'])} × {short_cause(error)}")
        for error in reading["errors"][:MARKS]
        if error["first"] is not None and error["last"] is not None
    ]
    return tuple(sorted(found, key=lambda mark: mark.start))


def short_cause(error: Mapping[str, Any]) -> str:
    """Shorten a cause to its code, if it has one: ``refused-503`` is ``503``."""
    match = re.fullmatch(r"(?:refused|closed)-([0-9]{3,4})", error["cause"])
    return match.group(1) if match else cut(error["cause"], 24).replace("-", " ")
