"""The timeline's rows and the heat map's columns."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runs import Attempt, Event, Sent, events, plan_of, snapshots_of

from wsrun.metrics.histogram import Histogram
from wsrun.metrics.snapshot import Gauge, Snapshot, series
from wsrun.plan import Level
from wsrun.result.timeline import Interval, IntervalReader, heat_edges, levels

PLAN = plan_of()


def read(*snapshots: Snapshot) -> Interval:
    return IntervalReader(PLAN).read(snapshots)


def test_the_bands_are_nine_a_decade_from_ten_microseconds_to_a_thousand_seconds() -> None:
    """Each edge is the one before times the ninth root of ten; decades fall on edges."""
    edges = heat_edges()

    assert (edges[0], edges[-1]) == (pytest.approx(1e-5), pytest.approx(1000.0))
    assert edges[36] == pytest.approx(0.1)
    assert all(after / before == pytest.approx(10 ** (1 / 9)) for before, after in pairwise(edges))


def test_a_row_adds_up_what_all_workers_saw() -> None:
    """Counts, failures by cause, and percentiles over all replies together."""
    happened = [
        Sent(3, "ask", "answered", 0.010),
        Sent(3, "ask", "answered", 0.030),
        Sent(3, "slow", "timed_out"),
        Sent(3, "ask", "lost", 0.2),
        Sent(3, "note", "sent"),
        Attempt(3, "refused"),
    ]
    row = read(*snapshots_of(happened, workers=2, worker_of=lambda number: number % 2)[6:8]).row

    assert (row["t"], row["length"]) == (3.0, 1.0)
    assert (row["sent"], row["scheduled"], row["answered"], row["received"]) == (5, 5, 2, 2)
    assert (row["bytes_sent"], row["bytes_received"]) == (50, 24)
    assert (row["no_reply"], row["dropped"], row["late"]) == (2, 0, 0)
    assert row["failures"] == {"reply-timeout": 1, "reply-lost": 1, "refused-503": 1}
    assert row["round_trip"]["count"] == 3
    assert row["round_trip"]["max"] == 5.0
    assert row["service_time"] == {
        "count": 2,
        "p50": pytest.approx(0.010, rel=0.01),
        "p99": pytest.approx(0.030, rel=0.01),
    }


def test_clients_are_added_and_the_worst_worker_is_shown() -> None:
    """Open connections of all workers at the end of the interval; CPU and memory of the busiest."""

    def gauges(worker: int, cpu: float, clients: float) -> Snapshot:
        name = str(worker)
        return Snapshot(
            worker=worker,
            index=0,
            start=0.0,
            end=1.0,
            gauges={
                series("open", worker=name, profile="active"): Gauge(0.0, 9.0, 9.0, 2, clients),
                series("open", worker=name, profile="passive"): Gauge.of(1.0),
                series("generator.cpu", worker=name): Gauge.of(cpu),
                series("generator.memory", worker=name): Gauge.of(cpu * 1e9),
            },
        )

    row = read(gauges(0, 0.2, 3.0), gauges(1, 0.7, 4.0)).row

    assert row["clients"] == 9
    assert (row["cpu"], row["memory"]) == (0.7, 0.7e9)


def test_what_was_not_measured_is_null() -> None:
    """An interval without replies and readings has no latencies, no lag, no CPU."""
    row = read(Snapshot(worker=0, index=0, start=0.0, end=1.0)).row

    assert row["round_trip"] == {"count": 0, "p50": None, "p95": None, "p99": None, "max": None}
    assert (row["cpu"], row["memory"], row["lag_p99"]) == (None, None, None)
    assert (row["clients"], row["failures"]) == (0, {})


def test_the_cpu_of_a_cut_interval_is_not_shown() -> None:
    """A few milliseconds of closing say nothing; half an interval does."""

    def cpu(end: float) -> float | None:
        gauges = {series("generator.cpu", worker="0"): Gauge.of(0.9)}
        found: float | None = read(Snapshot(worker=0, index=0, start=4.0, end=end, gauges=gauges)).row["cpu"]
        return found

    assert cpu(4.49) is None
    assert cpu(4.5) == 0.9


def test_an_interval_spans_all_its_snapshots() -> None:
    """A worker that ended earlier does not shorten it."""
    row = read(
        Snapshot(worker=0, index=5, start=5.0, end=5.2), Snapshot(worker=1, index=5, start=5.01, end=6.0)
    ).row

    assert (row["t"], row["length"]) == (5.0, 1.0)


@given(st.lists(events, max_size=60))
def test_every_reply_is_in_one_cell_and_everything_without_one_in_the_top_row(happened: list[Event]) -> None:
    """However fast or slow; a timeout is no reply, though it counts as a round trip of its length."""
    sent = [event for event in happened if isinstance(event, Sent) and event.message != "note"]
    intervals = [read(snapshot) for snapshot in snapshots_of(happened)]

    cells = sum(sum(interval.column["counts"]) for interval in intervals)
    none = sum(interval.column["no_reply"] for interval in intervals)
    assert cells == sum(event.outcome == "answered" for event in sent)
    assert none == sum(event.outcome in ("timed_out", "lost") for event in sent)
    assert all(len(interval.column["counts"]) == len(heat_edges()) for interval in intervals)
    assert all(interval.column["no_reply"] == interval.row["no_reply"] for interval in intervals)


@given(st.floats(min_value=1.1e-5, max_value=900.0))
def test_a_reply_is_in_the_band_of_its_length(latency: float) -> None:
    """As far as the middle of its bucket says, which is half a percent."""
    histogram = Histogram()
    histogram.add(latency)
    distributions = {series("round_trip", message="ask"): histogram}
    counts = read(Snapshot(0, 0, 0.0, 1.0, distributions=distributions)).column["counts"]
    edges = heat_edges()
    band = counts.index(1)

    assert edges[band] * 0.99 <= latency <= edges[band + 1] * 1.01


def test_what_lies_outside_the_bands_is_in_the_outermost() -> None:
    """A reply within a microsecond, and one after an hour."""
    histogram = Histogram()
    histogram.add(0.0)
    histogram.add(1e-6)
    histogram.add(3600.0)
    distributions = {series("round_trip", message="ask"): histogram}
    counts = read(Snapshot(0, 0, 0.0, 1.0, distributions=distributions)).column["counts"]

    assert (counts[0], counts[-1], sum(counts)) == (2, 1, 3)


def test_planned_clients_are_those_of_the_plan_at_the_end_of_the_interval() -> None:
    """As they come one by one; in the drain nobody is wanted."""
    planned = [read(snapshot).row["planned"] for snapshot in snapshots_of([])]

    assert planned == [5, 10, 10, 10, 10, 0]


def test_levels_stay_as_they_were_where_a_phase_does_not_say() -> None:
    """Each group for itself: one that a phase names changes, the others go on at their last level."""
    plan = plan_of(
        "wsrun: 1\ntarget: { url: ws://h/ }\nmessages: { m: { text: x } }\nclients: { a: {}, b: {} }\n"
        "phases: [ { duration: 10s, clients: { a: { from: 10, to: 0 }, b: 5 } },"
        " { duration: 10s, clients: { b: { from: 5, to: 25, step: 10, every: 5s } } }, { duration: 1s } ]\n"
    )
    found = [level for _, level in levels(plan)]

    assert found[0] == {0: Level(start=10.0, end=0.0), 1: Level(start=5.0, end=5.0)}
    assert found[1] == {0: Level(start=0.0, end=0.0), 1: Level(start=5.0, end=25.0, step=10.0, every=5.0)}
    assert found[2][0] == Level(start=0.0, end=0.0)
    assert found[2][1] == Level(start=25.0, end=25.0)
