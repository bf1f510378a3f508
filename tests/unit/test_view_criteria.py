"""The rows of the criteria: marks, bars, limits, and their order."""

from __future__ import annotations

from typing import Any

import pytest
from tests.synthetic import load, view

from wsrun.view import build_view, criteria
from wsrun.view.formats import NARROW
from wsrun.view.reading import Reading


def entry(**changes: Any) -> dict[str, Any]:
    """A judged criterion: p99 in the spike, missed."""
    found = next(one for one in load("fail")["criteria"] if one["status"] == "missed")
    return {**found, **changes}


def row(**changes: Any) -> criteria.Row:
    """The row of one criterion."""
    result = load("fail")
    result["criteria"] = [entry(**changes)]
    (found,) = criteria.rows(Reading.of(result))
    return found


def test_a_criterion_of_the_command_line_has_no_line_in_the_scenario() -> None:
    """A number would lead to a line that has nothing to do with it."""
    path = load("fail")["scenario"]["path"]
    in_file = row(location={"path": path, "line": 7, "column": 3})
    given = row(location={"path": "--set", "line": 1, "column": 11})

    assert (in_file.line, in_file.place) == (7, "")
    assert (given.line, given.place) == (None, "--set")


@pytest.mark.parametrize(
    ("stat", "samples", "caution"),
    [
        ("p99", 37, "this p99 is the largest of 37 samples"),
        ("p99", 1, "this p99 is the only sample"),
        ("p99", 100, "only 1 sample of 100 lies beyond this p99"),
        ("p99", 950, "only 9 samples of 950 lie beyond this p99"),
        ("p99", 1000, ""),
        ("p95", 19, "this p95 is the largest of 19 samples"),
        ("p95", 200, ""),
        ("p50", 3, ""),
        ("avg", 3, ""),
        ("max", 3, ""),
    ],
)
def test_a_percentile_of_few_samples_says_what_it_rests_on(stat: str, samples: int, caution: str) -> None:
    """The p99 of 37 round trips is nothing but the slowest of them."""
    found = row(stat=stat, samples=samples, because="", note=None)

    assert (found.caution, found.remark) == (caution, caution)


@pytest.mark.parametrize(
    ("changes", "mark"),
    [
        ({}, "failed"),
        ({"severity": "warning"}, "warning"),
        ({"status": "met"}, "met"),
        ({"status": "no_data", "observed": None, "used": None}, "failed"),
        ({"status": "not_judged", "observed": None, "used": None}, "not-judged"),
    ],
)
def test_a_mark_says_what_became_of_a_criterion(changes: dict[str, Any], mark: str) -> None:
    """No data is a failure; a warning is amber, not red."""
    assert row(**changes).mark == mark


def test_nothing_is_judged_where_the_numbers_are_in_doubt() -> None:
    """A saturated generator takes all marks away and leaves what was observed."""
    rows = view("invalid").criteria

    assert {one.mark for one in rows} == {"not-judged"}
    assert rows[1].observed.unit == "ms"


@pytest.mark.parametrize(("cpu", "is_told"), [(0.03, True), (0.6, False)])
def test_a_generator_that_was_late_and_idle_was_kept_waiting(cpu: float, is_told: bool) -> None:
    """More workers do not help where another program has the machine."""
    made = load("invalid")
    for one in made["timeline"]:
        one["cpu"] = cpu
    body = str(build_view(made).findings[0])

    assert ("something else delayed it" in body) is is_told


def test_an_interrupted_run_is_judged_as_far_as_it_came() -> None:
    """Phases that were reached keep their marks, the others are not judged."""
    rows = view("interrupted").criteria

    assert [one.mark for one in rows] == ["failed", "warning", "not-judged", *["met"] * 5]


def test_rows_go_from_failed_to_met_and_keep_the_order_of_the_file() -> None:
    """Failed, warned, then met by line."""
    rows = view("fail").criteria
    met = [one.line for one in rows if one.mark == "met"]

    assert [one.mark for one in rows[:2]] == ["failed", "warning"]
    assert met == sorted(met, key=lambda line: line or 0)


@pytest.mark.parametrize(
    ("changes", "text", "filled", "over"),
    [
        ({"used": 0.81}, f"81{NARROW}%", 0.81, False),
        ({"used": 1.68}, f"168{NARROW}%", 1.68, False),
        ({"used": 3.8}, f"380{NARROW}%", 2.0, True),
        ({"used": 41.3}, "41.3×", 2.0, True),
        ({"used": None, "operator": "==", "required": 0, "observed": 3}, "none allowed", 2.0, True),
        ({"used": None, "operator": "==", "required": 0, "observed": 0}, f"0{NARROW}%", 0.0, False),
        (
            {"used": None, "operator": "==", "required": 1, "observed": 0.9, "unit": "share"},
            "all wanted",
            2.0,
            True,
        ),
    ],
)
def test_a_bar_runs_to_twice_the_limit(changes: dict[str, Any], text: str, filled: float, over: bool) -> None:
    """Beyond that it has an arrow; where no share can be said, words stand instead."""
    found = row(**changes)

    assert found.used == text
    assert found.bar is not None
    assert (found.bar.filled, found.bar.over) == (filled, over)


def test_without_data_there_is_nothing_to_compare() -> None:
    """The value says so, and there is no bar."""
    found = row(status="no_data", observed=None, used=None, note="no message fits")

    assert (found.observed.text, found.bar, found.used) == ("no data", None, "")
    assert "no message fits" in found.remark


def test_a_value_that_stands_for_replies_that_never_came_says_more_than() -> None:
    """The timeout is a floor of the true value."""
    assert row(observed=2.0, timeout_floor=True).observed.text == f">{NARROW}2{NARROW}s"


def test_a_trend_is_written_as_a_word() -> None:
    """Directions are numbers in a result, and words for readers."""
    found = row(
        observed=1,
        required=0,
        observed_text="increasing",
        required_text="stable",
        unit="number",
        metric="open",
    )

    assert (found.observed.text, found.limit.text) == ("increasing", "stable")


@pytest.mark.parametrize(
    ("good", "required", "unit", "operator", "tick"),
    [
        ("connect.time.avg < 100ms", 0.2, "seconds", "<", 0.5),
        ("connect.success >= 99%", 0.98, "share", ">=", 0.5),
        ("errors < 5", 10, "number", "<", 0.5),
        ("messages.sent.rate >= 5/s", 10, "per_second", ">=", None),
        ("round_trip.p95 < baseline", 0.2, "seconds", "<", None),
    ],
)
def test_a_stricter_limit_is_a_second_tick(
    good: str, required: float, unit: str, operator: str, tick: float | None
) -> None:
    """Where it can be placed on the same bar."""
    found = row(
        good={"check": good, "met": False},
        required=required,
        unit=unit,
        operator=operator,
        observed=0.1,
        used=0.5,
    )

    assert found.bar is not None
    assert found.bar.good == (None if tick is None else pytest.approx(tick))
    assert f"not yet good: {good}" in found.tags


def test_many_met_criteria_fold_away_closest_first() -> None:
    """What was missed is always in sight."""
    shown, folded = criteria.folded(view("large").criteria)

    assert {one.mark for one in shown} == {"failed"}
    assert len(shown) + len(folded) == 60
    assert [one.is_near for one in folded] == sorted((one.is_near for one in folded), reverse=True)


def test_few_criteria_do_not_fold() -> None:
    """Fifteen fit on a page."""
    shown, folded = criteria.folded(view("fail").criteria)

    assert (len(shown), folded) == (8, ())


def test_the_verdict_counts_what_the_rows_show() -> None:
    """Words, marks and the tally are of the same criteria."""
    verdict = view("fail").verdict

    assert verdict.line == "1 of 8 criteria failed, 1 warning"
    assert verdict.tally == f"6 of 8 met, 75{NARROW}%"
    assert verdict.marks == tuple(one.mark for one in view("fail").criteria)


@pytest.mark.parametrize(
    ("name", "word", "state", "line"),
    [
        ("pass", "Passed", "", "All 8 criteria met"),
        ("invalid", "Invalid", "", "This run cannot be judged: the generator was saturated"),
        (
            "interrupted",
            "Invalid",
            "interrupted",
            "1 of 8 criteria failed before it ended, 1 warning, 1 not judged",
        ),
        ("unreachable", "Invalid", "", "This run cannot be judged: the target was not there"),
        ("no-data", "Failed", "", "1 of 2 criteria failed"),
        ("short", "Passed", "", "Both criteria met"),
    ],
)
def test_the_verdict_is_a_word_and_a_line(name: str, word: str, state: str, line: str) -> None:
    """Every state has its own."""
    verdict = view(name).verdict

    assert (verdict.word, verdict.state, verdict.line) == (word, state, line)


def test_many_criteria_are_counted_instead_of_marked() -> None:
    """Sixty marks in a row tell nobody anything."""
    verdict = view("large").verdict

    assert verdict.marks == ()
    assert verdict.tally == f"1 failed, 59 of 60 met, 98{NARROW}%"


def test_what_must_not_be_overlooked_stands_below_the_verdict() -> None:
    """A certificate that nobody checked, a proxy, an early end."""
    result = load("fail")
    result["target"] |= {"tls": {"version": None, "verify": False}, "proxy": "http://proxy:3128"}
    result["stopped"] = {"at": 61.9, "why": "SIGINT"}
    notices = ["".join(span.text for span in notice) for notice in build_view(result).verdict.notices]

    assert notices == [
        f"Stopped at 61.9 of 90.0{NARROW}s: SIGINT",
        "The certificate of the target was not verified",
        "Through the proxy http://proxy:3128",
    ]
