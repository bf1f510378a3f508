"""The judge: criteria met or missed, and the rows of the result that say so."""

from __future__ import annotations

import pytest
from judging import CHAT, histogram_of, judge, run, status

from wsrun.criteria import parse
from wsrun.metrics.snapshot import series


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("round_trip(phase=steady).p95 < 100ms", "met"),
        ("round_trip(phase=steady).p95 < 90ms", "missed"),
        ("round_trip(phase=steady).max <= 100ms", "met"),
        ("round_trip(phase=steady).max < 100ms", "missed"),
        ("round_trip(phase=steady).min == 1ms", "met"),
        ("round_trip(phase=steady).avg > 50ms", "met"),
        ("round_trip(phase=steady).count == 100", "met"),
        ("round_trip.count == 200", "met"),
        ("round_trip(message=say).p50 > 50ms", "met"),
        ("messages.sent == 1500", "met"),
        ("messages.sent(phase=spike) != 600", "missed"),
        ("connect.success >= 99%", "met"),
        ("connect.success > 99%", "missed"),
        ("connect.refused(status=503) == 2", "met"),
        ("connect.refused(status=500) == 0", "met"),
        ("errors.ratio < 0.7%", "met"),
        ("errors.ratio < 0.6%", "missed"),
        ("errors(cause=reply.timeout) <= 11", "met"),
        ("bytes.sent >= 30MiB", "met"),
        ("closed(code=1000) == 198", "met"),
        ("messages.received == 1575", "met"),
    ],
)
def test_a_criterion_is_met_or_missed_on_what_was_measured(text: str, expected: str) -> None:
    """Without a phase everything but warm-ups counts, the drain included."""
    assert status(text, CHAT) == expected


def test_a_missed_criterion_as_a_row_of_the_result() -> None:
    """All of its fields."""
    row = judge(
        "round_trip(phase=spike message=say).p95 < 95ms",
        CHAT,
        because="it must hold",
        good=parse("round_trip(phase=spike).p95 < 200ms"),
        good_text="round_trip(phase=spike).p95 < 200ms",
        severity="warning",
        abort=(0.0, 5.0, 0.0),
    )
    assert row.pop("observed") == pytest.approx(0.19, rel=1 / 256)
    assert row.pop("used") == pytest.approx(2.0, rel=1 / 256)
    assert row == {
        "check": "round_trip(phase=spike message=say).p95 < 95ms",
        "status": "missed",
        "severity": "warning",
        "required": 0.095,
        "unit": "seconds",
        "operator": "<",
        "observed_text": "190ms",
        "required_text": "95ms",
        "because": "it must hold",
        "good": {"check": "round_trip(phase=spike).p95 < 200ms", "met": True},
        "samples": 100,
        "phase": "spike",
        "metric": "round_trip",
        "stat": "p95",
        "labels": {"phase": "spike", "message": "say"},
        "timeout_floor": False,
        "note": None,
        "aborts": True,
        "location": {"path": "chat.yaml", "line": 12, "column": 5},
    }


def test_a_met_criterion_has_no_note_and_no_good_unless_asked_for() -> None:
    """The plain case."""
    row = judge("errors == 11", CHAT)
    assert (row["status"], row["observed"], row["observed_text"]) == ("met", 11, "11")
    assert (row["note"], row["good"], row["phase"], row["stat"], row["aborts"]) == (
        None,
        None,
        None,
        None,
        False,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("round_trip(phase=spike).p95 <= round_trip(phase=steady).p95 + 100%", "met"),
        ("round_trip(phase=spike).p95 <= round_trip(phase=steady).p95 + 90%", "missed"),
        ("round_trip(phase=spike).p95 <= round_trip(phase=steady).p95 + 99ms", "met"),
        ("round_trip(phase=spike).p95 <= round_trip(phase=steady).p95 + 50ms", "missed"),
        ("messages.sent(phase=spike) >= messages.sent(phase=steady) - 300", "met"),
        ("messages.sent(phase=spike) > messages.sent(phase=steady) - 33%", "missed"),
        ("round_trip(phase=steady).p95 == service_time(phase=steady).p95", "met"),
    ],
)
def test_a_metric_can_be_the_limit(text: str, expected: str) -> None:
    """A margin in shares is of that metric, any other is added to it."""
    assert status(text, CHAT) == expected


def test_the_limit_that_a_metric_makes_is_shown() -> None:
    """As a number and as text, since the criterion does not say it."""
    row = judge("messages.sent(phase=spike) <= messages.sent(phase=steady) + 10%", CHAT)
    assert (row["required"], row["required_text"]) == (pytest.approx(990), "990")


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("messages.sent < 3000", 0.5),
        ("messages.sent <= 1000", 1.5),
        ("messages.sent >= 3000", 2.0),
        ("messages.sent > 750", 0.5),
        ("connect.success >= 98%", 0.5),
        ("connect.success >= 99.9%", 10.0),
        ("connect.success >= 100%", None),
        ("connect.success <= 100%", 0.99),
        ("errors == 0", None),
        ("errors <= 0", None),
        ("errors != 5", None),
        ("connect.refused(status=500) >= 5", None),
    ],
)
def test_how_much_of_a_limit_is_used(text: str, used: float | None) -> None:
    """Above 1 is a miss; a share is judged by what is missing; where nothing is allowed there is no share."""
    assert judge(text, CHAT)["used"] == (None if used is None else pytest.approx(used))


def test_a_missed_limit_never_looks_like_an_equal_one() -> None:
    """250.02 ms against 250 ms of another metric needs more figures."""
    store = run(
        distributions={
            series("round_trip", phase="steady"): histogram_of([0.25002]),
            series("service_time", phase="steady"): histogram_of([0.25]),
        }
    )
    row = judge("round_trip.max <= service_time.max", store)
    assert (row["observed_text"], row["required_text"]) == ("250.02ms", "250ms")


def test_a_limit_is_shown_as_it_was_written() -> None:
    """In the user's own unit."""
    assert judge("round_trip.p95 < 0.5s", CHAT)["required_text"] == "0.5s"


@pytest.mark.parametrize("text", ["round_trip.p95 < baseline + 5%", "round_trip.p95 < baseline"])
def test_without_a_baseline_nothing_is_judged(text: str) -> None:
    """The number is shown all the same."""
    row = judge(text, CHAT)
    assert (row["status"], row["note"]) == ("not_judged", "there is no baseline to compare with")
    assert row["observed_text"] == "180ms"


@pytest.mark.parametrize("text", ["nonsense < 5", "delivery.reach > 99%", "round_trip < 5s"])
def test_what_is_not_measured_has_no_data(text: str) -> None:
    """Checks refuse such criteria long before; here they are at least never met."""
    assert status(text, CHAT) == "no_data"


def test_a_good_that_has_no_data_is_not_met() -> None:
    """It is stricter than the criterion, never laxer."""
    row = judge("errors == 11", CHAT, good=parse("expect.failed == 0"), good_text="expect.failed == 0")
    assert (row["status"], row["good"]) == ("met", {"check": "expect.failed == 0", "met": False})
