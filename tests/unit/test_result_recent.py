"""What is judged while a run goes is what the last seconds brought, as it came."""

from __future__ import annotations

from runs import plan_of, snapshots_of
from test_result_folding import snapshot

from wsrun.metrics.snapshot import Snapshot
from wsrun.result import folding
from wsrun.result.collector import Collector
from wsrun.result.recent import Recent


def figures(snapshots: list[Snapshot]) -> list[object]:
    """Return what a store takes of snapshots."""
    return [(one.worker, one.index, one.counters, one.distributions, one.gauges) for one in snapshots]


def test_recent_snapshots_are_as_they_came() -> None:
    """With all that a store takes of them, as often as it is asked for."""
    told = [snapshot(index, index % 2, trips=(0.001, 0.002 * index, 3.0)) for index in range(8)]
    recent = Recent(5.0)
    for one in told:
        recent.add(one)

    assert len(recent) == 5
    assert figures(list(recent.after(0.0))) == figures(told[3:])
    assert figures(list(recent.after(6.0))) == figures(told[6:])
    assert figures(list(recent.after(8.0))) == []


def test_errors_that_are_told_late_are_counted() -> None:
    """Those of an interval that has been merged long since belong to the first row."""
    collector = Collector(plan_of(), 1)
    for told in snapshots_of([], seconds=folding.NEWEST + 50):
        collector.add(told)
    timeline = collector.timeline
    timeline.count_error(-1.0, "eof", 2)
    timeline.count_error(-1.0, "eof", 3)
    timeline.count_error(folding.NEWEST + 49.5, "eof", 1)

    assert timeline.errors("eof") == [(0.0, 5), (folding.NEWEST + 49.0, 1)]
