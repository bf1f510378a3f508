"""The checks of the generator: what each looks at, where its limit lies, and what it leaves out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runs import plan_of

from wsrun.engine.backlog import MOST_IN_ALL
from wsrun.metrics.histogram import Histogram
from wsrun.metrics.snapshot import Gauge, Snapshot, series
from wsrun.metrics.store import Store, stored
from wsrun.result.generator import (
    BACKLOG_LIMIT,
    CPU_SPAN,
    UNSENT,
    Check,
    checks,
    local_failures,
    sustained,
    unsent,
)

PLAN = plan_of()
WORK = {"phase": "work", "worker": "0"}


def histogram_of(values: dict[float, int]) -> Histogram:
    histogram = Histogram()
    for value, times in values.items():
        histogram.add(value, times)
    return histogram


def store_of(**fields: Any) -> Store:
    return stored([Snapshot(worker=0, index=0, start=0.0, end=5.0, **fields)])


def check_of(
    name: str, store: Store, rows: Any = (), descriptors: int = 1024, backlog: float | None = None
) -> Check:
    cpu = sustained(rows, "cpu", CPU_SPAN)
    found = checks(PLAN, store, cpu=cpu, backlog=backlog, workers=2, descriptors=descriptors)
    return next(check for check in found if check.name.startswith(name))


def rows_of(*values: float | None, length: float = 1.0) -> list[dict[str, Any]]:
    return [{"length": length, "cpu": value} for value in values]


def test_nothing_to_look_at_is_fit() -> None:
    """A run without messages and readings has no check that fails."""
    found = checks(PLAN, Store(), cpu=None, backlog=None, workers=1, descriptors=1024)

    assert len(found) == 8
    assert all(check.is_met for check in found)
    assert [check.to_json()["used"] for check in found] == [None] * 8


def test_loop_lag_is_of_the_judged_part() -> None:
    """Warm-ups, the drain and the time before the run may lag; the limit is 20 ms at p99."""
    lazy = histogram_of({0.5: 100})
    labels: list[dict[str, str]] = [
        {"phase": "arrive", "part": "warm-up"},
        {"phase": "drain"},
        {},
    ]
    elsewhere = {series("generator.lag", worker="0", **label): lazy for label in labels}
    quick = {series("generator.lag", **WORK): histogram_of({0.001: 1000})}
    slow = {series("generator.lag", **WORK): histogram_of({0.001: 900, 0.05: 100})}

    assert check_of("Event-loop lag", store_of(distributions=elsewhere | quick)).is_met
    found = check_of("Event-loop lag", store_of(distributions=elsewhere | slow))
    assert not found.is_met
    assert found.worst == pytest.approx(0.05, rel=0.01)
    assert found.problem == "event-loop lag p99 49.9 ms; the limit is 20 ms"


def test_a_hiccup_is_no_slow_generator() -> None:
    """A few ticks or messages beyond a limit say nothing, whatever share of few they are."""
    lag = {series("generator.lag", **WORK): histogram_of({0.001: 20, 0.05: 9})}
    sends = {series("generator.lateness", **WORK): histogram_of({0.0: 20})}

    def late(number: int) -> Check:
        counters = {series("messages.late", phase="work"): number}
        return check_of("Sends late", store_of(counters=counters, distributions=sends))

    assert check_of("Event-loop lag", store_of(distributions=lag)).is_met
    assert late(9).is_met
    assert not late(10).is_met
    assert late(10).to_json() == {
        "name": "Sends late by wsrun itself",
        "worst": 0.5,
        "limit": 0.01,
        "unit": "share",
        "ok": False,
        "used": 50.0,
    }


def test_late_sends_are_a_share_of_the_messages_with_a_time() -> None:
    """One per cent may be late; warm-ups are left out on both sides."""
    sends = {
        series("generator.lateness", **WORK): histogram_of({0.0: 10_000}),
        series("generator.lateness", part="warm-up", **WORK): histogram_of({1.0: 500}),
    }

    def late(number: int) -> Check:
        counters = {
            series("messages.late", phase="work"): number,
            series("messages.late", phase="work", part="warm-up"): 500,
        }
        return check_of("Sends late", store_of(counters=counters, distributions=sends))

    assert late(100).is_met
    assert not late(101).is_met


def test_what_thinking_clients_send_does_not_water_down_what_a_schedule_lost() -> None:
    """Dropped messages are a share of those that had a schedule, warm-ups aside."""
    counters = {
        series("messages.sent", phase="work", group="all"): 998,
        series("messages.sent", phase="arrive", group="all"): 1_000_000,
        series("messages.sent", phase="drain", group="all"): 1_000_000,
        series("messages.sent", phase="work", group="all", part="warm-up"): 70,
        series("messages.dropped", phase="work", group="all"): 2,
        series("messages.dropped", phase="work", group="all", part="warm-up"): 900,
    }
    found = check_of(UNSENT, store_of(counters=counters))

    assert unsent(PLAN, store_of(counters=counters)) == (2, 1000)
    assert not found.is_met
    assert "2 of 1000 scheduled messages" in found.problem


def test_without_a_schedule_nothing_can_stay_unsent() -> None:
    """There is no share of nothing."""
    assert unsent(PLAN, Store()) == (0, 0)
    assert check_of(UNSENT, Store()).worst is None


def test_descriptors_have_the_limit_of_the_machine_where_it_is_known() -> None:
    """The worker with the most counts, and 95 % are the limit; an unknown limit is no limit of zero."""
    gauges = {series("generator.descriptors", worker=str(n)): Gauge.of(100.0 * (n + 1)) for n in range(2)}
    store = store_of(gauges=gauges)

    assert check_of("File descriptors", store, descriptors=211).to_json()["used"] == 1.0
    found = check_of("File descriptors", store, descriptors=209)
    assert not found.is_met
    assert found.problem.startswith("a worker had 200 of 209 file descriptors open")
    assert found.remedy == "raise the limit (ulimit -n), or use more workers"
    unknown = check_of("File descriptors", store, descriptors=0)
    assert (unknown.is_met, unknown.worst, unknown.to_json()["used"]) == (True, None, None)


def test_pauses_of_garbage_collection_are_a_share_of_the_judged_time_of_the_worst_worker() -> None:
    """More than one per cent shows in p99; warm-ups, drain and other workers do not add up to it."""

    def paused(seconds: float) -> Check:
        found = {
            series("generator.gc", **WORK): histogram_of({seconds / 10: 10}),
            series("generator.gc", phase="work", worker="1"): histogram_of({0.001: 15}),
            series("generator.gc", part="warm-up", **WORK): histogram_of({1.0: 3}),
            series("generator.gc", phase="drain", worker="0"): histogram_of({1.0: 3}),
        }
        return check_of("Time stopped", store_of(distributions=found))

    # The phase of three seconds has a warm-up of one.
    assert paused(0.0199).is_met
    found = paused(0.04)
    assert not found.is_met
    assert found.worst == pytest.approx(0.02)
    assert "2 % of the time to collect garbage; the limit is 1 %" in found.problem
    assert found.remedy.startswith("use more workers")


def test_what_waits_to_be_sent_counts_when_it_waits_for_long() -> None:
    """Half of what a worker lets wait at most, for ten seconds on end."""
    assert BACKLOG_LIMIT == MOST_IN_ALL / 2
    assert check_of("Unsent bytes", Store(), backlog=BACKLOG_LIMIT).is_met
    found = check_of("Unsent bytes", Store(), backlog=1.5 * BACKLOG_LIMIT)
    assert not found.is_met
    assert found.problem.startswith("192 MiB that were sent waited in a worker for 10 s")
    assert "lower the rate" in found.remedy


def test_connections_that_this_machine_could_not_make_are_its_own_fault() -> None:
    """A lack of descriptors, ports or memory makes the run invalid and is no failure of the target."""
    counters = {
        series("errors", phase="work", cause="local-ports"): 3,
        series("errors", phase="arrive", part="warm-up", cause="local-descriptors"): 4,
        series("errors", phase="work", cause="reset"): 5,
    }
    found = check_of("Connections that this machine", store_of(counters=counters))

    assert local_failures(store_of(counters=counters)) == 7
    assert (found.is_met, found.worst, found.limit) == (False, 7.0, 0.0)
    assert found.to_json()["used"] is None
    assert found.problem.startswith("7 connections were not made")


def test_a_busy_core_counts_only_for_ten_seconds_on_end() -> None:
    """A short peak is no saturation; a run shorter than that has no such reading."""
    name = "CPU of the busiest"

    assert check_of(name, Store(), rows_of(*[1.0] * 9)).worst is None
    assert check_of(name, Store(), rows_of(*[0.5] * 9, 1.0, *[0.5] * 9)).is_met
    assert not check_of(name, Store(), rows_of(0.1, *[0.9] * 10, 0.1)).is_met


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=50),
    st.sampled_from([0.1, 0.5, 1.0, 3.0]),
    st.integers(1, 12),
)
def test_the_sustained_value_is_the_best_mean_over_the_span(
    values: list[float], length: float, rows: int
) -> None:
    """Of all windows of rows that just reach the span, the highest mean; None if there is none."""
    span = rows * length
    means = [sum(values[n : n + rows]) / rows for n in range(len(values) - rows + 1)]
    found = sustained(rows_of(*values, length=length), "cpu", span * (1 - 1e-9))

    assert found == pytest.approx(max(means)) if means else found is None


def test_rows_without_a_reading_are_passed_over() -> None:
    """The cut interval at the end has none."""
    assert sustained(rows_of(0.5, None, 0.5), "cpu", 2.0) == 0.5
