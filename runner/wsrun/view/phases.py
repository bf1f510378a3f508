"""The phases as rows: load, latency by both clocks, losses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wsrun.view import formats, picture
from wsrun.view.formats import NOTHING, Figure
from wsrun.view.picture import Limit
from wsrun.view.reading import Clock, Reading, in_ms, is_warm_up, percentile

SHOWN = 15
"""Of more phases than this, only those worth a look are shown unfolded."""

SLOWEST = 3


@dataclass(frozen=True, slots=True)
class Range:
    """p50, p95 and p99 of one clock in seconds; None where there are too few replies."""

    clock: Clock
    p50: float
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One phase; latencies are in ms. ``missed``: the columns whose value missed its limit."""

    name: str
    remark: str
    clients: str
    p50: str
    p95: str
    p99: str
    p99_send: str
    ranges: tuple[Range, ...]
    limits: tuple[Limit, ...]
    no_reply: Figure
    connection_failures: str
    cpu: Figure
    rate: str
    length: Figure
    missed: frozenset[str]
    reached: bool


@dataclass(frozen=True, slots=True)
class Phases:
    """``shown`` of ``rows`` stand unfolded; ``low`` and ``high`` are the ends of the log scale in seconds."""

    rows: tuple[Row, ...]
    shown: tuple[Row, ...]
    low: float
    high: float
    any_warm_up_part: bool


def build(reading: Reading) -> Phases:
    """Return the table of phases."""
    limits = picture.limits(reading)
    rows = tuple(_row(phase, reading, limits) for phase in reading["phases"])
    values = [
        value
        for row in rows
        for bar in row.ranges
        for value in (bar.p50, bar.p95, bar.p99)
        if value is not None and value > 0
    ]
    low, high = _scale(values)
    part = any(phase["warm_up"] and not is_warm_up(phase) for phase in reading.phases)
    return Phases(rows, _shown(reading, rows), low, high, part)


def _row(phase: Mapping[str, Any], reading: Reading, limits: Sequence[Limit]) -> Row:
    trips, services, counts = phase["round_trip"], phase["service_time"], phase["counts"]
    is_drain = phase["name"] == "drain"
    of_phase = [entry for entry in reading["criteria"] if entry["phase"] == phase["name"]]
    missed = frozenset(
        entry["stat"] if entry["metric"] == "round_trip" else f"{entry['stat']}_send"
        for entry in of_phase
        if entry["status"] == "missed" and entry["metric"] in ("round_trip", "service_time")
    )
    remark = "not reached" if not phase["reached"] else "warm-up" if is_warm_up(phase) else ""
    if phase["warm_up"] and not remark:
        remark = f"{formats.span(phase['warm_up'])} warm-up"
    asked = trips["count"]
    failures = counts["refused"] + counts["connect_failed"]
    length = (reading.ended if is_drain and reading.ended > phase["start"] else phase["end"]) - phase["start"]
    reached = phase["reached"]
    is_rated = reached and not is_drain and phase["messages_per_second"] is not None
    return Row(
        name=phase["name"],
        remark=remark,
        clients=formats.spaced(phase["clients_text"])
        + (f", {phase['rate_text']}" if phase["rate_text"] else ""),
        p50=in_ms(trips, percentile(trips, "p50")),
        p95=in_ms(trips, percentile(trips, "p95")),
        p99=in_ms(trips, percentile(trips, "p99")),
        p99_send=in_ms(services, percentile(services, "p99")),
        ranges=tuple(_ranges(phase)),
        limits=tuple(
            limit
            for limit in limits
            if phase["start"] - 1e-9 <= limit.start < phase["end"] and limit.end <= phase["end"] + 1e-9
        ),
        no_reply=formats.share((trips.get("timeouts") or 0) / asked, 1) if asked else NOTHING,
        connection_failures=formats.group(failures) if reached else formats.DASH,
        cpu=formats.percent(reading.busiest(phase["start"], phase["end"])),
        rate=formats.significant(phase["messages_per_second"]) if is_rated else formats.DASH,
        length=formats.span(length) if reached else NOTHING,
        missed=missed,
        reached=reached,
    )


def _ranges(phase: Mapping[str, Any]) -> list[Range]:
    found = []
    clocks: tuple[Clock, ...] = ("round_trip", "service_time")
    for clock in clocks:
        p50, p95, p99 = (percentile(phase[clock], stat) for stat in ("p50", "p95", "p99"))
        if p50:
            found.append(Range(clock, p50, p95, p99))
    return found


def _scale(values: Sequence[float]) -> tuple[float, float]:
    """Return a scale of at least one decade around the values, ending at 1, 2 or 5 times a power of ten."""
    if not values:
        return 0.001, 1.0
    low, high = _round_down(min(values)), max(values)
    steps = (1, 2, 5, 10)
    power = 10.0 ** math.floor(math.log10(high))
    top = next(step * power for step in steps if step * power >= high * 0.9999)
    return low, max(top, low * 10)


def _round_down(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return max(step * power for step in (1, 2, 5) if step * power <= value * 1.0001)


def _shown(reading: Reading, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Return the rows worth a look: judged and missed, the slowest, the first and the last."""
    if len(rows) <= SHOWN:
        return rows
    names = {entry["phase"] for entry in reading["criteria"] if entry["status"] in ("missed", "no_data")}
    names |= {reading.focus.phase}
    worst = sorted(reading["phases"], key=lambda phase: -(phase["round_trip"]["p99"] or 0))
    names |= {phase["name"] for phase in worst[:SLOWEST]}
    names |= {rows[0].name, rows[-1].name}
    chosen = tuple(row for row in rows if row.name in names)
    return chosen if len(chosen) <= SHOWN else chosen[:SHOWN]
