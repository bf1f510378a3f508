"""Where each series goes in the phases of constant load: whether the target, or wsrun, changes with time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from wsrun.metrics.trend import trend
from wsrun.plan import Level, PhasePlan, Plan
from wsrun.result.timeline import levels

LEAST_ROWS = 10
"""Rows of the timeline that a phase must have for its series to have a trend."""

MOST_ROWS = 120
"""To so many a longer series is averaged down: the tests look at every pair."""

_INSTANT = 1e-6

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Series:
    """One value over time: what it is read off a row by, None where the row has none."""

    name: str
    unit: str
    read: Callable[[Row], float | None]


def _percentile(clock: str, stat: str) -> Series:
    return Series(f"{clock}.{stat}", "seconds", lambda row: row[clock][stat])


def _rate(name: str, count: Callable[[Row], float]) -> Series:
    return Series(name, "per_second", lambda row: count(row) / row["length"] if row["length"] else None)


def _reading(name: str, key: str, unit: str) -> Series:
    return Series(name, unit, lambda row: row[key])


SERIES = (
    *(_percentile("round_trip", stat) for stat in ("p50", "p95", "p99")),
    *(_percentile("service_time", stat) for stat in ("p50", "p99")),
    _rate("messages.sent.rate", lambda row: row["sent"]),
    _rate("messages.received.rate", lambda row: row["received"]),
    _rate("replies.answered.rate", lambda row: row["answered"]),
    _rate("errors.rate", lambda row: sum(row["failures"].values())),
    _reading("open", "clients", "number"),
    _reading("generator.cpu", "cpu", "share"),
    _reading("generator.lag", "lag_p99", "seconds"),
    _reading("generator.memory", "memory", "bytes"),
)
"""What has a trend: by the names of metrics, where a row has what the metric is. Lag, CPU and memory are of
the worker with the most."""


def trends(plan: Plan, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return one entry for each phase of constant load and each series in it, less warm-ups.

    ``slope``, ``low`` and ``high`` are in the series' unit a second; ``change`` is the slope over the time
    that was looked at, and ``typical`` the median.
    """
    return [entry for phase in _steady(plan) for entry in _of_phase(phase, rows, plan.interval)]


def _steady(plan: Plan) -> Iterator[PhasePlan]:
    for phase, present in levels(plan):
        varying: list[Level] = [*present.values(), *phase.rate.values(), *phase.arrivals.values()]
        if phase.search is None and not phase.bursts and all(one.start == one.end for one in varying):
            yield phase


def _of_phase(phase: PhasePlan, rows: Sequence[Row], interval: float) -> Iterator[dict[str, Any]]:
    start, end = phase.start + phase.warm_up, phase.end
    inside = [
        row
        for row in rows
        if start - _INSTANT <= row["t"]
        and row["t"] + row["length"] <= end + _INSTANT
        and row["length"] >= interval / 2
    ]
    if len(inside) < LEAST_ROWS:
        return
    length = inside[-1]["t"] + inside[-1]["length"] - inside[0]["t"]
    for series in SERIES:
        told = [(row, series.read(row)) for row in inside]
        readings = [(row["t"] + row["length"] / 2, value) for row, value in told if value is not None]
        weights = [row["length"] for row, value in told if value is not None]
        if len(readings) < LEAST_ROWS:
            continue
        # Rows of one interval differ by the rounding of clocks only.
        alike = [round(weight / interval, 3) for weight in weights]
        found = trend(readings, alike, MOST_ROWS)
        if found is None:
            continue
        yield {
            "phase": phase.name,
            "series": series.name,
            "unit": series.unit,
            "direction": found.direction,
            "slope": found.slope.value,
            "low": found.slope.low,
            "high": found.slope.high,
            "seconds": length,
            "change": found.slope.value * length,
            "typical": median(value for _, value in readings),
            "rows": len(readings),
        }
