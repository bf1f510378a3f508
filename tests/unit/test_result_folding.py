"""Intervals that age are merged: the number of rows is bounded, and nothing that is judged changes."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from itertools import pairwise
from random import Random
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import Event, collected, events, is_same, plan_of, record, snapshots_of

from wsrun import resources
from wsrun.judge import evaluate
from wsrun.measure import watched
from wsrun.metrics.histogram import Histogram
from wsrun.metrics.readings import selection
from wsrun.metrics.snapshot import ErrorDetail, Gauge, Snapshot, series
from wsrun.metrics.store import stored
from wsrun.outputs import chart_data
from wsrun.outputs.csv import render_csv
from wsrun.outputs.html import render_html
from wsrun.outputs.text import render_text
from wsrun.plan import Plan
from wsrun.result import folding
from wsrun.result.build import build
from wsrun.result.collector import Collector
from wsrun.result.folding import LEAST, merged
from wsrun.result.timeline import Interval, IntervalReader, packed
from wsrun.view import build_view

CRITERIA = """\
criteria:
  - open.max <= 7
  - open.avg > 3
  - open(phase=work).min >= 3
  - open(phase=work).last < 4
  - { check: generator.memory.max < 1MB, good: generator.cpu.avg < 10% }
  - generator.lag.avg < 1ms
  - round_trip(phase=work).p95 < 1s
  - errors == 0
"""
TEXT = """\
wsrun: 1
name: long
target: { url: ws://127.0.0.1:1/ }
messages: { ask: { json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, timeout: 2s } } }
phases:
  - { name: arrive, duration: 2500ms, clients: { from: 0, to: 5 }, warm_up: 1s }
  - { name: work, duration: 12h, warm_up: 700ms }
  - { name: rest, duration: 10s }
"""
PLAN = plan_of(TEXT + CRITERIA)


@contextmanager
def limits(newest: int, folded: int) -> Iterator[None]:
    """Keep so many intervals one by one, and so many rows of older ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folding, "NEWEST", newest)
        patch.setattr(folding, "FOLDED", folded)
        patch.setattr(folding, "LEAST", 1)
        patch.setattr(folding, "_AT_BORDER", 0)
        yield


def snapshot(index: int, worker: int = 0, *, clients: float = 5.0, trips: tuple[float, ...] = ()) -> Snapshot:
    """What a worker saw in a second."""
    labels = {"phase": "work", "message": "ask"}
    made = Snapshot(worker, index, float(index), index + 1.0)
    name = str(worker)
    made.gauges = {
        series("open", worker=name): Gauge.of(clients),
        series("generator.cpu", worker=name): Gauge.of(0.5 + index % 7 / 20),
        series("generator.memory", worker=name): Gauge.of(1e8 + index),
        series("generator.descriptors", worker=name): Gauge.of(10 + clients),
    }
    lag = Histogram()
    lag.add(0.001 * (1 + index % 3))
    made.distributions[series("generator.lag", phase="work", worker=name)] = lag
    if index % 2:
        made.distributions[series("generator.gc", phase="work", worker=name)] = lag
    if trips:
        histogram = Histogram()
        histogram.add_array(array("d", trips))
        made.distributions[series("round_trip", **labels)] = histogram
        made.distributions[series("service_time", **labels)] = histogram
        made.counters[series("replies.answered", **labels)] = len(trips)
        made.counters[series("messages.sent", **labels)] = len(trips)
        made.counters[series("replies.expected", **labels)] = len(trips)
    if index % 5 == 0:
        at = index + 0.5
        made.errors["eof"] = ErrorDetail(at, at, 2, {"all/0001": 2}, [(at, "all/0001", "gone")])
        made.counters[series("errors", cause="eof", phase="work")] = 2
    return made


UNFOLDED = ("timeline", "heat", "errors", "generator", "trends")
"""The parts of a result whose rows stand for several intervals."""


def result_of(plan: Plan, snapshots: list[Snapshot], workers: int, ran: float) -> dict[str, Any]:
    """Build a result."""
    return build(plan, collected(plan, snapshots, workers), record(ran=ran, workers=workers))


def total(rows: list[dict[str, Any]], key: str) -> int:
    return sum(row[key] for row in rows)


def assert_same_but_for_rows(long: dict[str, Any], short: dict[str, Any]) -> None:
    """Everything is the same, and what is summed over rows comes to the same."""
    for key in long.keys() - set(UNFOLDED):
        assert is_same(short[key], long[key]), key
    assert is_same(short["generator"]["checks"], long["generator"]["checks"])
    for key in ("sent", "answered", "no_reply", "bytes_sent"):
        assert total(short["timeline"], key) == total(long["timeline"], key)
    for one, other in zip(short["errors"], long["errors"], strict=True):
        assert sum(n for _, n in one["series"]) == sum(n for _, n in other["series"]) == one["count"]
        assert {**one, "series": []} == {**other, "series": []}


second = st.tuples(st.floats(0, 9), st.lists(st.floats(1e-5, 3.0), max_size=4))


@settings(max_examples=25, deadline=None)
@given(st.lists(second, min_size=1, max_size=30), st.integers(1, 3), st.integers(1, 6), st.integers(2, 9))
def test_no_figure_and_no_verdict_changes_by_folding(
    seconds: list[tuple[float, list[float]]], workers: int, newest: int, folded: int
) -> None:
    """Criteria, counts, percentiles, checks of the generator, missing clients: as if all rows were kept."""
    told = [
        snapshot(index, worker, clients=clients, trips=tuple(trips))
        for index, (clients, trips) in enumerate(seconds)
        for worker in range(workers)
    ]
    long = result_of(PLAN, told, workers, len(seconds))
    with limits(newest, folded):
        short = result_of(PLAN, told, workers, len(seconds))

    assert_same_but_for_rows(long, short)


@settings(max_examples=40, deadline=None)
@given(st.lists(events, max_size=40))
def test_whatever_happens_folding_changes_nothing(happened: list[Event]) -> None:
    """Warm-ups, several messages, refusals and closes, in phases of a few seconds."""
    plan = plan_of()
    long = build(plan, collected(plan, snapshots_of(happened)), record())
    with limits(1, 2):
        short = build(plan, collected(plan, snapshots_of(happened)), record())

    assert_same_but_for_rows(long, short)
    jsonschema.Draft202012Validator(json.loads(resources.schema("result"))).validate(short)


def interval_of(index: int, clients: float = 5.0, trips: tuple[float, ...] = ()) -> Interval:
    return IntervalReader(PLAN, watched(PLAN)).read([snapshot(index, clients=clients, trips=trips)])


def told(interval: Interval) -> dict[str, Any]:
    """All that an interval has to tell."""
    return {
        "row": interval.row,
        "column": interval.column,
        "at": interval.at,
        "number": interval.number,
        "trips": interval.trips.unpacked().to_json(),
        "workers": interval.workers,
        "gauges": {
            selected: dataclasses.astuple(gauge)
            for selected in interval.gauges.selected
            if (gauge := interval.gauges.get(selected)) is not None
        },
    }


@settings(deadline=None)
@given(st.lists(second, min_size=3, max_size=12), st.data())
def test_it_does_not_matter_in_which_steps_intervals_are_merged(
    seconds: list[tuple[float, list[float]]], data: st.DataObject
) -> None:
    """Merging is associative: two halves merged are what one after the other gives."""
    parts = [interval_of(n, clients, tuple(trips)) for n, (clients, trips) in enumerate(seconds)]
    cut = data.draw(st.integers(1, len(parts) - 1))
    halves = merged(reduce(merged, parts[:cut]), reduce(merged, parts[cut:]))

    assert is_same(told(halves), told(reduce(merged, parts)))


def test_a_merged_row_has_the_percentiles_of_all_its_replies() -> None:
    """Not a mean of percentiles; clients are a mean with their extremes, and lag is the highest."""
    fast, slow = interval_of(0, 3.0, (0.001,) * 99), interval_of(1, 6.0, (1.0,))
    row = merged(merged(fast, slow), interval_of(2, 6.0)).row

    assert row["round_trip"]["count"] == 100
    assert row["round_trip"]["p99"] == pytest.approx(0.001, rel=0.01)
    assert row["round_trip"]["max"] == 1.0
    assert (row["t"], row["length"], row["intervals"]) == (0.0, 3.0, 3)
    assert (row["clients"], row["clients_low"], row["clients_high"]) == (pytest.approx(5.0), 3, 6)
    assert row["lag_p99"] == pytest.approx(0.003, rel=0.01)


def test_nothing_is_merged_over_a_border() -> None:
    """Not of a phase, nor of a warm-up; an interval that spans one stays by itself."""
    with limits(1, 3):
        collector = collected(PLAN, [snapshot(index) for index in range(200)])

    rows = collector.rows()
    edges = (1.0, 2.5, 3.2)
    for row in rows:
        inside = [edge for edge in edges if row["t"] < edge < row["t"] + row["length"]]
        assert not inside or row["length"] == 1.0
    assert all(one["t"] + one["length"] == pytest.approx(other["t"]) for one, other in pairwise(rows))


def test_a_hundred_thousand_intervals_are_kept_in_a_bounded_number_of_rows() -> None:
    """More than a day, second by second, in the memory of the start; each old row stands for about the same
    time."""
    timeline = folding.Timeline(PLAN)
    made = interval_of(0, 5.0, (0.001, 0.002, 0.5))
    made_row, made_column, _ = made.parts
    most, room = 0, timeline.room
    for index in range(100_000):
        row = {**made_row, "t": float(index)}
        column = {**made_column, "t": float(index)}
        timeline.add(
            Interval(
                index=index,
                start=float(index),
                end=index + 1.0,
                at=float(index),
                data=packed(row, column, made.workers),
                trips=made.trips,
                services=made.services,
                gauges=made.gauges,
            )
        )
        for _ in timeline.age(float("inf")):
            pass
        most = max(most, len(timeline))

    rows = [interval.row for interval in timeline]
    assert most <= timeline.most <= 1000
    assert timeline.room == room
    assert len(rows) >= timeline.most / 3
    assert total(rows, "answered") == 300_000
    assert sum(row["round_trip"]["count"] for row in rows) == 300_000
    assert sum(interval.number for interval in timeline) == 100_000
    assert rows[-1]["t"] + rows[-1]["length"] == 100_000
    old = [row["length"] for row in rows if 10 < row["t"] < 43_000]
    assert max(old[1:-1]) == min(old[1:-1])


def test_what_a_collector_keeps_stops_growing() -> None:
    """Ten times the intervals, of two workers, add nothing to what is kept, errors and gauges included."""
    collector = Collector(PLAN, 2)
    sizes = []
    for index in range(10_000):
        for worker in range(2):
            collector.add(snapshot(index, worker, trips=(0.001,)))
        if index in (999, 9_999):
            kept = list(collector.timeline)
            sizes.append(
                (
                    len(kept) <= collector.timeline.most,
                    len(collector.timeline.errors("eof")) <= len(kept),
                    len(collector.store.gauge_series("open")) == len(kept),
                    len(collector.store.counters),
                    len(collector.recent),
                )
            )

    assert sizes[0] == sizes[1]
    assert collector.errors["eof"].count == sum(n for _, n in collector.timeline.errors("eof"))


def test_intervals_of_a_level_that_is_still_held_are_kept_one_by_one() -> None:
    """They are judged one by one when the level is over; afterwards they are merged as all others."""
    with limits(2, 4):
        collector = Collector(PLAN, 1)
        collector.keep_from(50.0)
        for index in range(100):
            collector.add(snapshot(index))
        assert all("intervals" not in row for row in collector.rows() if row["t"] >= 50)
        collector.keep_from(float("inf"))
        collector.add(snapshot(100))
        assert len(collector.rows()) < 40


def test_rows_before_and_after_a_stop_are_kept_apart() -> None:
    """What comes after it is no part of the load that was planned."""
    with limits(1, 2):
        collector = Collector(PLAN, 1)
        for index in range(20):
            collector.add(snapshot(index))
        collector.stop(20.0)
        for index in range(20, 60):
            collector.add(snapshot(index, clients=0.0))
        absent = collector.judged(20.0).attendance.absent()

    assert absent == pytest.approx(0.0)
    assert [row["t"] for row in collector.rows() if row["t"] <= 20 <= row["t"] + row["length"]][-1] == 20.0


def test_gauges_that_nobody_watches_cannot_be_asked_for() -> None:
    """A question that would find nothing after an hour is one for whoever asks it."""
    with pytest.raises(LookupError, match="no readings are kept"):
        collected(PLAN, []).store.gauge_series("monitor.server.cpu")


def test_what_is_watched_is_what_criteria_name() -> None:
    """On either side, with their labels but the phase."""
    found = watched(plan_of(TEXT + "criteria: [ open(phase=rest group=all).max <= open(phase=work).max ]\n"))

    assert found == {selection("open", {}), selection("open", {"group": "all"})}


@settings(deadline=None)
@given(st.lists(st.floats(0, 9), min_size=1, max_size=30), st.integers(1, 3))
def test_readings_over_time_are_those_of_a_store_that_keeps_all(clients: list[float], workers: int) -> None:
    """Lowest, highest, mean and last of the sum over workers."""
    told = [snapshot(n, w, clients=value + w) for n, value in enumerate(clients) for w in range(workers)]
    whole = stored(told).gauge_series("open")
    with limits(1, 2):
        folded = collected(PLAN, told, workers).store.gauge_series("open")

    assert min(g.minimum for _, g in folded) == min(g.minimum for _, g in whole)
    assert max(g.maximum for _, g in folded) == max(g.maximum for _, g in whole)
    assert sum(g.total for _, g in folded) == pytest.approx(sum(g.total for _, g in whole))
    assert sum(g.count for _, g in folded) == len(whole)
    assert folded[-1][1].last == whole[-1][1].last


def test_a_short_phase_of_a_long_run_keeps_enough_rows_to_have_a_trend() -> None:
    """Ten seconds after twelve hours, and the seconds before: none of them is one row only."""
    text = TEXT.replace("12h", "3h").replace("duration: 10s", "duration: 100s")
    plan = plan_of(text + "criteria: [ open(phase=rest).trend == decreasing, open.slope < 1/s ]\n")
    collector = Collector(plan, 1)
    for index in range(11_500):
        collector.add(snapshot(index, clients=5.0 if index < 10_802 else max(5.0 - (index - 10_802) / 20, 0)))
    collector.finish()

    inside = [row for row in collector.rows() if 10_803 <= row["t"] < 10_902]
    assert LEAST <= len(inside) <= 2 * LEAST
    trend, slope = (evaluate(criterion, collector.store, plan) for criterion in plan.criteria)
    assert (trend["status"], slope["status"]) == ("met", "met")


@pytest.mark.parametrize(
    ("steepness", "word"), [(0.0, "stable"), (2e-4, "increasing"), (-2e-4, "decreasing")]
)
def test_trend_and_slope_of_folded_readings_are_those_of_all(steepness: float, word: str) -> None:
    """Noise about a line over hours: each stretch of time weighs as long as it is."""
    random = Random(5)
    plan = plan_of(TEXT + f"criteria: [ open.trend == {word}, open.slope < 1/s ]\n")
    told = [snapshot(n, clients=50 + steepness * n + random.gauss(0, 1)) for n in range(6_000)]
    whole, folded = stored(told), collected(plan, told).store

    results = [[evaluate(c, store, plan) for c in plan.criteria] for store in (whole, folded)]
    assert [rows[0]["status"] for rows in results] == ["met", "met"]
    assert results[1][1]["observed"] == pytest.approx(results[0][1]["observed"], rel=0.05, abs=1e-5)


def test_a_folded_result_is_shown_on_every_face() -> None:
    """Report, terminal and table of a run whose rows stand for one, two and more intervals."""
    with limits(20, 60):
        collector = collected(PLAN, [snapshot(n, trips=(0.001 * (1 + n % 3),) * 20) for n in range(900)])
    result = build(PLAN, collector, record(ran=900.0))
    jsonschema.Draft202012Validator(json.loads(resources.schema("result"))).validate(result)
    view = build_view(result)
    table = list(csv.DictReader(io.StringIO(render_csv(result))))

    assert 1 < sum("intervals" in row for row in result["timeline"]) < len(table)
    assert sum(int(row["messages_answered"]) for row in table) == 18_000
    assert sum(float(row["length_s"]) for row in table) == pytest.approx(900.0)
    assert {round(int(row["messages_answered"]) / float(row["length_s"])) for row in table} == {20}
    assert len(chart_data.build(view)["timeline"]["t"]) == len(result["timeline"])
    assert {round(rate) for rate in chart_data.build(view)["timeline"]["answered"]} == {20}
    assert view.picture is not None and view.picture.size == max(row["length"] for row in result["timeline"])
    assert "15 min, 18 000 messages" in render_text(view)
    assert "<h2>Timeline</h2>" in render_html(view, charts=False)
