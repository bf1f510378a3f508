"""Lines over time: few points, nothing lost, and no percentile without samples."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.synthetic import load

from wsrun.metrics.histogram import Histogram
from wsrun.view import series

STATS = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def known(samples: list[float]) -> dict[str, Any]:
    """What a result keeps of an interval."""
    histogram = Histogram()
    for sample in samples:
        histogram.add(sample)
    found: dict[str, Any] = {name: histogram.quantile(q) for name, q in STATS.items()}
    return {"count": histogram.count, **found, "max": histogram.maximum}


def row(t: float, samples: list[float], **more: Any) -> dict[str, Any]:
    """An interval of one second."""
    plain = dict.fromkeys(("clients", "planned", "sent", "received", "answered", "no_reply"), 0)
    latencies = {"round_trip": known(samples), "service_time": known(samples)}
    return {"t": t, "length": 1.0, **plain, "failures": {}, "cpu": None, "lag_p99": None, **latencies, **more}


latency = st.floats(min_value=1e-4, max_value=30)


@given(st.lists(st.lists(latency, max_size=120), min_size=1, max_size=8), st.sampled_from(list(STATS)))
def test_a_percentile_of_several_intervals_lies_between_theirs(parts: list[list[float]], stat: str) -> None:
    """As the quantile of any mixture does; nothing at all when all are empty."""
    intervals = [known(part) for part in parts]
    each = [interval[stat] for interval in intervals if interval["count"]]

    merged = series.mixture(intervals, STATS[stat])

    if not each:
        assert merged is None
    else:
        assert merged is not None
        assert min(each) * (1 - 1e-9) <= merged <= max(each) * (1 + 1e-9)


@given(st.lists(latency, min_size=1, max_size=500), st.sampled_from(list(STATS)))
def test_a_percentile_of_one_interval_is_its_own(samples: list[float], stat: str) -> None:
    """What is known exactly is not estimated."""
    interval = known(samples)

    assert series.mixture([interval], STATS[stat]) == pytest.approx(interval[stat], rel=1e-9)


def test_a_merged_percentile_is_near_that_of_all_samples() -> None:
    """Ten intervals of a skewed distribution, merged, are within a tenth of the truth."""
    draws = random.Random(4)
    parts = [[draws.lognormvariate(-4, 0.7) for _ in range(300)] for _ in range(10)]
    everything = known([sample for part in parts for sample in part])

    for stat, q in STATS.items():
        assert series.mixture([known(part) for part in parts], q) == pytest.approx(everything[stat], rel=0.1)


@given(st.dictionaries(st.sampled_from(["p50", "p95", "p99", "max"]), latency), st.integers(0, 5000))
def test_atoms_stand_for_every_reply_and_rise(values: dict[str, float], count: int) -> None:
    """Their weights are the count, whatever little is known."""
    atoms = series.atoms({"count": count, **dict(zip(sorted(values), sorted(values.values()), strict=True))})

    assert [value for value, _ in atoms] == sorted(value for value, _ in atoms)
    assert sum(weight for _, weight in atoms) == pytest.approx(count if values and count else 0)


@pytest.mark.parametrize("number", [1, 599, 600, 601, 10_800])
def test_a_long_run_is_drawn_with_few_points_that_lose_nothing(number: int) -> None:
    """At most 600 points; counters and seconds sum to what they did."""
    rows = [row(float(n), [], sent=n, failures={"eof": 1} if n % 7 == 0 else {}) for n in range(number)]

    points = series.merge(rows)

    assert len(points) <= series.MOST
    assert sum(point.sent for point in points) == sum(one["sent"] for one in rows)
    assert sum(point.length for point in points) == pytest.approx(number)
    assert sum(point.failures.get("eof", 0) for point in points) == len(range(0, number, 7))


def test_merged_clients_keep_their_lowest_and_highest() -> None:
    """The mean is drawn as the line, the extremes as a band."""
    (point,) = series.merge([row(0, [], clients=10), row(1, [], clients=30)], most=1)

    assert (point.clients, point.clients_low, point.clients_high) == (20, 10, 30)


def test_an_interval_that_was_cut_short_has_no_cpu() -> None:
    """Over some milliseconds a share of CPU is noise."""
    rows = [row(0, [], cpu=0.1), row(1, [], cpu=0.9) | {"length": 0.02}]

    assert [point.cpu for point in series.merge(rows, interval=1.0, borders=(0.0, 1.0))] == [0.1, None]
    assert [point.cpu for point in series.merge(rows, interval=1.0)] == [0.1]


def test_a_moment_after_the_last_phase_is_no_spike_of_messages() -> None:
    """Twenty goodbyes within 20 ms are twenty in the second that begins there, and no thousand."""
    rows = [row(0, [], sent=50), row(1, [], sent=20) | {"length": 0.02}]
    points = series.merge(rows, interval=1.0, borders=(0.0, 1.0))

    assert [point.a_second(point.sent) for point in points] == [50, 20]


def test_a_moment_at_the_end_of_a_phase_goes_with_the_interval_before() -> None:
    """So a run that is ended early has no dent at its end; half an interval stands for itself."""
    rows = [row(0, [], sent=50), row(1, [], sent=50), row(2, [], sent=5) | {"length": 0.1}]
    points = series.merge(rows, interval=1.0, borders=(0.0,))
    half = series.merge([*rows[:2], row(2, [], sent=25) | {"length": 0.5}], interval=1.0, borders=(0.0,))

    assert [point.a_second(point.sent) for point in points] == [50, pytest.approx(50)]
    assert [point.length for point in points] == [1, pytest.approx(1.1)]
    assert [point.a_second(point.sent) for point in half] == [50, 50, 50]


def test_a_wide_interval_does_not_make_the_others_short() -> None:
    """Old intervals may be folded into wider ones; the rest keep their CPU."""
    rows = [row(0, [], cpu=0.1) | {"length": 10.0}, row(10, [], cpu=0.2)]

    assert [point.cpu for point in series.merge(rows, interval=1.0)] == [0.1, 0.2]


def line(rows: list[dict[str, Any]], stat: str, borders: tuple[float, ...] = ()) -> series.Line:
    """A percentile over time."""
    return series.percentile_line(series.merge(rows), "round_trip", stat, STATS[stat], borders)


def test_a_point_needs_two_replies_beyond_it() -> None:
    """40 replies a second have two beyond p95 each second, and five seconds' worth beyond p99."""
    rows = [row(float(n), [0.01] * 40) for n in range(10)]

    assert [t for t, value in line(rows, "p95") if value is not None] == [n + 0.5 for n in range(10)]
    assert [t for t, value in line(rows, "p99") if value is not None] == [2.5, 7.5]


def test_too_few_replies_leave_a_gap() -> None:
    """Ten seconds are merged at most: with one reply a second there is no p99 to draw."""
    rows = [row(float(n), [0.01]) for n in range(40)]
    found = line(rows, "p99")

    assert not series.has_values(found)
    assert all(value is None for _, value in found)


def test_no_point_spans_a_change_of_phase() -> None:
    """What is left of a phase at its end is a gap, not a mixture with the next one."""
    rows = [row(float(n), [0.01] * 20) for n in range(5)] + [row(5.0 + n, [0.5] * 20) for n in range(5)]
    found = line(rows, "p95", borders=(0.0, 5.0))

    assert {value for _, value in found if value is not None} <= {0.01, 0.5}
    assert (4.5, None) in found


def test_the_runs_own_timeline_has_a_line() -> None:
    """The made-up runs are dense enough for the picture."""
    points = series.merge(load("fail")["timeline"])

    assert series.has_values(series.percentile_line(points, "service_time", "p99", 0.99, (0, 10, 40, 70)))


def test_rows_that_stand_for_several_intervals_are_drawn_as_long_as_they_are() -> None:
    """A rate is per second of the row; the extremes of its clients show; its CPU is one."""
    old = row(0, [], sent=80, clients=15.0, cpu=0.3) | {
        "length": 8.0,
        "intervals": 8,
        "clients_low": 10,
        "clients_high": 20,
    }
    points = series.merge([old, row(8, [], sent=10, clients=12, cpu=0.4), row(9, [], sent=10, cpu=0.5)])

    assert [point.sent / point.length for point in points] == [10, 10, 10]
    assert [point.middle for point in points] == [4.0, 8.5, 9.5]
    assert (points[0].clients_low, points[0].clients_high) == (10, 20)
    assert [point.cpu for point in points] == [0.3, 0.4, 0.5]
    assert [point.is_merged for point in points] == [True, False, False]


def test_points_of_a_folded_timeline_stand_for_about_the_same_time() -> None:
    """Old rows of a minute, and new ones of a second, which are put together."""
    old = [row(60.0 * n, [], sent=60) | {"length": 60.0, "intervals": 60} for n in range(400)]
    new = [row(24_000.0 + n, [], sent=1) for n in range(240)]
    points = series.merge(old + new)

    assert len(points) <= series.MOST
    assert {point.length for point in points} == {60.0}
    assert sum(point.sent for point in points) == 24_240
