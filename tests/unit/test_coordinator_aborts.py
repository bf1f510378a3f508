"""Aborting criteria: when they look, how far back, and how long they wait."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runs import STRETCHES, TEXT, Event, Sent, plan_of, snapshots_of

from wsrun.coordinator.aborts import Aborts
from wsrun.result.collector import Collector

BAD = [Sent(second, "ask", "failed") for second in range(6)]
PLAIN = [("arrive", None)] * 2 + [("work", None)] * 4
GOOD = [Sent(second, "ask", "answered", 0.1) for second in range(6)]


def stopped(
    happened: list[Event],
    abort: str,
    check: str = "replies.failed == 0",
    stretches: Sequence[tuple[str, str | None]] = PLAIN,
) -> tuple[float, str] | None:
    """Follow a run interval by interval: when and why it is stopped, None if it is not."""
    text = TEXT.split("criteria:")[0]
    if stretches is PLAIN:
        text = text.replace(", warm_up: true", "").replace(", warm_up: 1s", "")
    plan = plan_of(text + f"criteria: [ {{ check: {check}, abort: {abort} }}, errors == 0 ]\n")
    collector, aborts = Collector(plan, 1), Aborts(plan)
    for snapshot in snapshots_of(happened, stretches=stretches):
        collector.add(snapshot)
        why = aborts.check(plan, collector, snapshot.end)
        if why is not None:
            return snapshot.end, why
    return None


def test_a_missed_criterion_stops_the_run_at_once_and_says_why() -> None:
    """With the observed value, over the window in which it was seen."""
    assert stopped(BAD, "{}") == (1.0, "replies.failed == 0 was missed over the last 5 s: 1")


def test_a_criterion_that_is_met_or_that_does_not_abort_stops_nothing() -> None:
    """The second criterion is missed too, and has no ``abort``."""
    assert stopped(GOOD, "{}") is None
    assert stopped(BAD, "{}", "replies.failed < 100") is None


def test_it_does_not_look_before_its_time() -> None:
    """``after`` is seconds since the start of the run."""
    assert stopped(BAD, "{ after: 3s }") == (3.0, "replies.failed == 0 was missed over the last 5 s: 3")


def test_it_looks_back_no_further_than_it_says() -> None:
    """What was bad a while ago is over; ``over`` is where counts begin."""
    early: list[Event] = [*BAD[:2], *GOOD[2:]]

    assert stopped(early, "{ after: 4s, over: 1s }") is None
    assert stopped(early, "{ after: 4s, over: 3s }") == (
        4.0,
        "replies.failed == 0 was missed over the last 3 s: 1",
    )


def test_it_waits_as_long_as_it_says_while_it_is_missed() -> None:
    """``for`` begins anew when the criterion is met in between."""
    flapping: list[Event] = [BAD[0], GOOD[1], BAD[2], BAD[3], BAD[4]]

    assert stopped(BAD, "{ over: 1s, for: 2s }") == (
        3.0,
        "replies.failed == 0 was missed over the last 1 s: 1",
    )
    assert stopped(flapping, "{ over: 1s, for: 2s }") == (
        5.0,
        "replies.failed == 0 was missed over the last 1 s: 1",
    )


def test_no_data_is_no_reason_to_stop() -> None:
    """Before anything was measured nothing is missed; at the end it will be."""
    nothing: list[Any] = []

    assert stopped(nothing, "{}", "round_trip.p95 < 1s") is None
    assert stopped(nothing, "{}", "round_trip(phase=work).p95 < 1s") is None


def test_a_warm_up_stops_nothing() -> None:
    """No criterion sees it; what comes after it is seen."""
    assert stopped(BAD, "{}", stretches=STRETCHES) == (
        4.0,
        "replies.failed == 0 was missed over the last 5 s: 1",
    )
