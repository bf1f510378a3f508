"""Latency: every reply over time and by size, the percentiles of the judged phase, and tables by kind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wsrun.metrics.histogram import Histogram
from wsrun.view import formats
from wsrun.view.formats import NOTHING, Figure
from wsrun.view.reading import (
    ENOUGH,
    QUANTILES,
    Clock,
    Reading,
    in_ms,
    is_timeout,
    is_warm_up,
    percentile,
    timeout_text,
)
from wsrun.view.series import grouped
from wsrun.view.words import counted

COLUMNS = 300
"""The heat map has no more columns than this."""

STATS = ("p50", "p90", "p95", "p99", "p99.9")


@dataclass(frozen=True, slots=True)
class Heat:
    """Replies by time and size. ``edges``: of the bands in seconds; ``counts``: one tuple a column.

    Each column goes from its start to that of the next, the last one to ``end``, in seconds; ``no_reply``
    counts what never came.
    """

    edges: tuple[float, ...]
    starts: tuple[float, ...]
    end: float
    counts: tuple[tuple[int, ...], ...]
    no_reply: tuple[int, ...]
    most: int


@dataclass(frozen=True, slots=True)
class Curve:
    """Latency in seconds by the share of replies at least this fast; the shares rise to below 1."""

    name: str
    clock: Clock
    shares: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PercentileRow:
    """One percentile, in ms: by both clocks, their difference, and in the quiet phase."""

    stat: str
    schedule: str
    send: str
    difference: str
    quiet: str
    is_missed: bool


@dataclass(frozen=True, slots=True)
class Clocked:
    """The cells of one clock: percentiles, maximum and average, in ms."""

    clock: Clock
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Latency of one message, profile or group, by both clocks."""

    name: str
    remark: str
    clocks: tuple[Clocked, ...]
    sent: str
    no_reply: Figure
    clients: str
    share: Figure
    think: str
    p99_send: str


@dataclass(frozen=True, slots=True)
class Latencies:
    """The section. ``where``: the judged phase, or the whole run; ``quiet``: what to hold it against.

    ``timeout``: seconds as which a message that was never answered counts, None when there was none.
    """

    where: str
    quiet: str | None
    timeout: float | None
    heat: Heat | None
    curves: tuple[Curve, ...]
    percentiles: tuple[PercentileRow, ...]
    note: str
    messages: tuple[Row, ...]
    profiles: tuple[Row, ...]
    groups: tuple[Row, ...]


def build(reading: Reading) -> Latencies | None:
    """Return the section; None when nothing was ever asked."""
    whole = reading["overall"]["round_trip"]
    if not whole["count"]:
        return None
    focus = reading.focus
    quiet = _quiet(reading)
    judged = reading.judged(focus.phase)
    every = {"name": "all", "kind": None, **reading["overall"], **_sum(reading["messages"])}
    messages = [every, *reading["messages"]] if len(reading["messages"]) != 1 else list(reading["messages"])
    return Latencies(
        where=focus.phase or "the whole run",
        quiet=quiet["name"] if quiet else None,
        timeout=judged["round_trip"]["timeout"] if judged["round_trip"]["timeouts"] else None,
        heat=_heat(reading["heat"]),
        curves=tuple(_curves(reading, quiet)),
        percentiles=tuple(_percentile_row(stat, judged, quiet, reading) for stat in QUANTILES),
        note=_note(judged["round_trip"]),
        messages=tuple(_row(entry) for entry in messages),
        profiles=tuple(_row(entry) for entry in reading["profiles"]),
        groups=tuple(_row(entry) for entry in reading["groups"]) if len(reading["groups"]) > 1 else (),
    )


def _quiet(reading: Reading) -> Mapping[str, Any] | None:
    """Return the calmest phase beside the judged one: the first with the fewest clients."""
    others = [
        phase
        for phase in reading.phases
        if phase["name"] != reading.focus.phase
        and not is_warm_up(phase)
        and percentile(phase["round_trip"], "p50") is not None
    ]
    if reading.focus.phase is None:
        return None
    return min(others, key=lambda phase: float(phase["clients_to"]), default=None)


def _heat(heat: Mapping[str, Any]) -> Heat | None:
    edges, columns = heat["edges"], heat["columns"]
    used = {band for column in columns for band, number in enumerate(column["counts"]) if number}
    if len(edges) < 2 or not used:
        return None
    low, high = min(used), min(max(used), len(edges) - 2)
    groups = grouped(columns, COLUMNS)
    counts = tuple(_bands(group, low, high) for group in groups)
    return Heat(
        edges=tuple(edges[low : high + 2]),
        starts=tuple(group[0]["t"] for group in groups),
        end=columns[-1]["t"] + columns[-1]["length"],
        counts=counts,
        no_reply=tuple(sum(column["no_reply"] for column in group) for group in groups),
        most=max(map(max, counts)),
    )


def _bands(columns: Sequence[Mapping[str, Any]], low: int, high: int) -> tuple[int, ...]:
    """Add columns up, from the lowest band in use to the highest; what lies above the last edge joins it."""
    totals = [0] * (high - low + 1)
    for column in columns:
        for band, number in enumerate(column["counts"]):
            if number:
                totals[min(band, high) - low] += number
    return tuple(totals)


def _curves(reading: Reading, quiet: Mapping[str, Any] | None) -> list[Curve]:
    by_phase = {curve["phase"]: curve for curve in reading["curves"]}
    focus, name = by_phase.get(reading.focus.phase), reading.focus.phase or "whole run"
    clocks: tuple[Clock, ...] = ("round_trip", "service_time")
    wanted = [(name, clock, focus[clock]) for clock in clocks] if focus is not None else []
    if quiet is not None and quiet["name"] in by_phase:
        wanted.append((quiet["name"], "round_trip", by_phase[quiet["name"]]["round_trip"]))
    found = [
        _curve(where, clock, Histogram.from_json(data)) for where, clock, data in wanted if data["count"]
    ]
    return [curve for curve in found if len(curve.shares) > 1]


def _curve(name: str, clock: Clock, histogram: Histogram) -> Curve:
    """Sample a distribution evenly in -log10(1 - share), as far as ``ENOUGH`` replies lie beyond."""
    last = min(4.0, math.log10(histogram.count / ENOUGH)) if histogram.count > ENOUGH else 0.0
    first = -math.log10(0.5)
    steps = int((last - first) * 24) if last > first else -1
    positions = [first + (last - first) * n / max(steps, 1) for n in range(steps + 1)]
    shares = [1 - 10**-position for position in positions]
    values = histogram.quantiles(shares)
    return Curve(name, clock, tuple(shares), tuple(float(value or 0) for value in values))


def _percentile_row(
    stat: str, judged: Mapping[str, Any], quiet: Mapping[str, Any] | None, reading: Reading
) -> PercentileRow:
    trips, services = judged["round_trip"], judged["service_time"]
    schedule, send = percentile(trips, stat), percentile(services, stat)
    criterion = reading.focus.criterion
    is_missed = criterion is not None and criterion["stat"] == stat and criterion["status"] == "missed"
    difference = None
    if schedule is not None and send is not None and not is_timeout(trips, schedule):
        difference = max(schedule - send, 0.0)
    return PercentileRow(
        stat=stat,
        schedule=in_ms(trips, schedule),
        send=in_ms(services, send),
        difference=formats.milliseconds(difference),
        quiet=in_ms(quiet["round_trip"], percentile(quiet["round_trip"], stat)) if quiet else formats.DASH,
        is_missed=is_missed and criterion is not None and criterion["metric"] == "round_trip",
    )


def _note(trips: Mapping[str, Any]) -> str:
    dash = "A dash means fewer than ten replies beyond that percentile."
    if not trips["timeouts"]:
        return dash
    came = "message had no reply" if trips["timeouts"] == 1 else "messages had no reply"
    number = formats.group(trips["timeouts"])
    as_what = "counts as that" if trips["timeouts"] == 1 else "count as that"
    counted_as = f"{number} {came} {timeout_text(trips)} and {as_what} from schedule"
    return f"{counted_as}; from send only answered ones count. {dash}"


def _row(entry: Mapping[str, Any]) -> Row:
    clocks: tuple[Clock, ...] = ("round_trip", "service_time")
    expected = entry["expected"]
    remark = entry.get("kind") or ""
    services = entry["service_time"]
    return Row(
        name=entry["name"],
        remark=remark,
        clocks=tuple(Clocked(clock, _cells(entry[clock])) for clock in clocks),
        sent=formats.group(entry["sent"]),
        no_reply=formats.share(entry["timed_out"] / expected) if expected else NOTHING,
        clients=formats.DASH if entry.get("clients") is None else formats.group(entry["clients"]),
        share=formats.percent(entry.get("share")),
        think=entry.get("think_text") or formats.DASH,
        p99_send=in_ms(services, percentile(services, "p99")),
    )


def _cells(distribution: Mapping[str, Any]) -> tuple[str, ...]:
    stats = [in_ms(distribution, percentile(distribution, stat)) for stat in STATS]
    return (*stats, in_ms(distribution, distribution["max"]), formats.milliseconds(distribution["avg"]))


def _sum(entries: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {key: sum(entry[key] for entry in entries) for key in ("sent", "expected", "timed_out")}


def sentence_of_heat(heat: Heat) -> str:
    """Describe the heat map for who cannot see it."""
    replies = sum(map(sum, heat.counts))
    low, high = formats.seconds(heat.edges[0]), formats.seconds(heat.edges[-1])
    return f"{counted(replies, 'reply', 'replies')} by time and round trip, from {low} to {high}"
