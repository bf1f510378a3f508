"""The collector: intervals are read when whole, errors are merged, and the order does not matter."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runs import TEXT, Attempt, Event, Sent, collected, events, is_same, plan_of, snapshots_of

from wsrun.metrics.snapshot import ErrorDetail, Snapshot
from wsrun.result import collector as module
from wsrun.result.collector import Collector, ErrorRecord

PLAN = plan_of()


def told(collector: Collector) -> dict[str, Any]:
    """Everything that a collector has to tell."""
    return {
        "rows": collector.rows(),
        "columns": [interval.column for interval in collector.timeline],
        "counters": {str(key): value for key, value in collector.store.counters.items()},
        "distributions": {str(key): value.to_json() for key, value in collector.store.distributions.items()},
        "errors": {
            cause: [e.count, e.first, e.last, e.clients, e.samples, collector.timeline.errors(cause)]
            for cause, e in collector.errors.items()
        },
    }


def test_an_interval_is_read_when_every_worker_has_told() -> None:
    """The last one completes it; before that there is no row."""
    collector = Collector(PLAN, 3)
    first, second, third = snapshots_of([], workers=3, seconds=1)

    assert [collector.add(first), collector.add(third)] == [None, None]
    assert collector.rows() == []
    interval = collector.add(second)
    assert interval is not None and interval.row["t"] == 0.0
    assert collector.rows() == [interval.row]


def test_what_not_every_worker_told_is_read_at_the_end() -> None:
    """A lost worker does not cost the rows of the others; rows stand by time."""
    made = snapshots_of([Sent(second, "note", "sent") for second in range(4)], workers=2, seconds=4)
    collector = collected(
        PLAN, [snapshot for snapshot in made if snapshot.worker == 0 or snapshot.index == 3], 2
    )

    assert [row["t"] for row in collector.rows()] == [0.0, 1.0, 2.0, 3.0]
    assert [row["sent"] for row in collector.rows()] == [1, 1, 1, 1]


@given(st.lists(events, max_size=40), st.integers(1, 4), st.randoms(use_true_random=False))
def test_any_order_gives_the_same(happened: list[Event], workers: int, random: Random) -> None:
    """Snapshots may come late, early and mixed."""
    made = snapshots_of(happened, workers=workers, worker_of=lambda number: number % workers)
    mixed = made[:]
    random.shuffle(mixed)

    assert is_same(told(collected(PLAN, made, workers)), told(collected(PLAN, mixed, workers)))


@given(st.lists(events, max_size=40), st.lists(st.integers(0, 3), min_size=40, max_size=40))
def test_any_split_over_workers_gives_the_same(happened: list[Event], owners: list[int]) -> None:
    """Who saw what does not matter to what was seen."""
    alone = told(collected(PLAN, snapshots_of(happened)))
    together = told(
        collected(PLAN, snapshots_of(happened, workers=4, worker_of=lambda number: owners[number]), 4)
    )

    assert is_same(alone, together)


def test_errors_are_kept_by_cause_with_their_extremes() -> None:
    """Count, first, last, clients touched, the earliest sentences, the count of each interval."""
    happened: list[Event] = [
        Attempt(0, "failed", 0.5),
        Attempt(0, "failed", 0.25),
        Attempt(3, "failed", 0.75),
    ]
    collector = collected(PLAN, snapshots_of(happened))
    (record,) = collector.errors.values()

    assert (record.cause, record.count, record.first, record.last) == ("reset", 3, 0.25, 3.75)
    assert collector.timeline.errors("reset") == [(0.0, 2), (3.0, 1)]
    assert [text for _, _, text in record.samples] == ["reset at 0.25", "reset at 0.5", "reset at 3.75"]
    assert sum(record.clients.values()) == 3


def test_what_is_kept_of_a_cause_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A million clients in trouble cost no more than the bound; the count stays true."""
    monkeypatch.setattr(module, "CLIENTS_KEPT", 10)
    record = ErrorRecord("reset")
    for number in range(100):
        client = f"all/{number:04d}"
        record.add(ErrorDetail(1.0, 1.0, 1, {client: 1}, [(number / 100, client, "gone")]))

    assert record.count == 100
    assert len(record.clients) == 10
    assert len(record.samples) == module.SAMPLES_KEPT
    assert record.samples[0][0] == 0.0


def test_snapshots_are_remembered_as_long_as_a_criterion_looks_back() -> None:
    """The longest ``over`` of all criteria that abort; nothing where none does."""
    without = Collector(PLAN, 1)
    text = TEXT.split("criteria:")[0] + (
        "criteria: [ { check: errors == 0, abort: { over: 2s } },"
        " { check: errors < 9, abort: { over: 90s } } ]\n"
    )
    with_abort = Collector(plan_of(text), 1)
    for index in range(200):
        snapshot = Snapshot(worker=0, index=index, start=float(index), end=index + 1.0)
        without.add(snapshot)
        with_abort.add(snapshot)

    assert len(without.recent) == 0
    assert [snapshot.end for snapshot in with_abort.recent.after(0.0)] == [
        float(end) for end in range(111, 201)
    ]
