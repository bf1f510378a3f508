"""What whoever watches is told."""

from __future__ import annotations

import pytest
from runs import Attempt, Sent, plan_of, snapshots_of

from wsrun.coordinator.progress import progress
from wsrun.metrics.snapshot import Gauge, series
from wsrun.result.collector import Collector

PLAN = plan_of()


def test_before_the_first_interval_there_is_nothing_but_the_phase() -> None:
    """No row, zero counts, no percentiles."""
    found = progress(PLAN, Collector(PLAN, 1), 0.1)

    assert found.phase is PLAN.phases[0]
    assert (found.row, found.notice) == ({}, None)
    assert set(found.totals.values()) == {0}
    assert found.round_trip == {"p50": None, "p95": None, "p99": None}


@pytest.mark.parametrize(
    ("elapsed", "name"), [(0.0, "arrive"), (1.99, "arrive"), (2.0, "work"), (4.9, "work")]
)
def test_the_phase_is_that_of_the_clock(elapsed: float, name: str) -> None:
    """It ends where the next one begins."""
    phase = progress(PLAN, Collector(PLAN, 1), elapsed).phase

    assert phase is not None and phase.name == name


def test_percentiles_are_of_what_is_measured_once_there_is_some() -> None:
    """A warm-up is slow by nature: it is shown, as such, only as long as there is nothing else."""
    collector = Collector(PLAN, 1)
    snapshots = snapshots_of([Sent(1, "ask", "answered", 0.5), Sent(3, "ask", "answered", 0.1)])
    for snapshot in snapshots[:3]:
        collector.add(snapshot)
    early = progress(PLAN, collector, 3.0)
    collector.add(snapshots[3])
    late = progress(PLAN, collector, 4.0)

    assert (early.is_warm_up, early.round_trip["p50"]) == (True, pytest.approx(0.5, rel=0.01))
    assert (late.is_warm_up, late.round_trip["p99"]) == (False, pytest.approx(0.1, rel=0.01))


def test_in_the_drain_there_is_no_phase() -> None:
    """From the end of the last one on."""
    assert progress(PLAN, Collector(PLAN, 1), 5.0).phase is None


def test_counts_are_of_everybody_and_the_row_is_the_newest_whole_one() -> None:
    """What one of two workers has told already is counted, and in no row yet."""
    collector = Collector(PLAN, 2)
    happened = [
        Sent(0, "ask", "answered", 0.5),
        Sent(0, "slow", "timed_out"),
        Attempt(0, "refused"),
        Sent(1, "ask", "answered", 0.1),
    ]
    snapshots = snapshots_of(happened, workers=2)
    snapshots[0].gauges[series("open", worker="0")] = Gauge.of(3.0)
    for snapshot in snapshots[:3]:
        collector.add(snapshot)
    found = progress(PLAN, collector, 1.5)

    assert found.row["t"] == 0.0
    assert found.totals == {"sent": 3, "answered": 2, "received": 2, "timed_out": 1, "errors": 2, "open": 3}
    assert found.round_trip["p50"] == pytest.approx(0.5, rel=0.01)
    assert found.round_trip["p99"] == 5.0
