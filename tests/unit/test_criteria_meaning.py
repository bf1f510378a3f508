"""Criteria against the catalogue: names, statistics, labels and units."""

from __future__ import annotations

import pytest

from wsrun.criteria import parse
from wsrun.criteria_meaning import bound_problem, reference_problems


@pytest.mark.parametrize(
    "text",
    [
        "connect.success >= 99%",
        "round_trip(message=say).p99 < 250ms",
        "round_trip(phase=after).p95 <= round_trip(phase=steady).p95 + 10%",
        "round_trip.p95 <= service_time.p95 + 20ms",
        "errors.ratio < 5%",
        "errors == 0",
        "closed(code=1006) == 0",
        "messages.received(profile=reader).rate >= 5000/s",
        "bytes.sent.rate > 10MiB/s",
        "bytes.received >= 1GB",
        "open.max <= 200",
        "open.trend == stable",
        "open.slope < 1/s",
        "generator.cpu.max < 80%",
        "generator.memory.slope < 1MiB/m",
        "generator.lag.max < 100ms",
        "generator.cpu.slope < 1%/m",
        "round_trip.count >= 1000",
        "round_trip.p95 <= baseline + 10%",
    ],
)
def test_sensible_criteria_have_no_problem(text: str) -> None:
    """One of each sort."""
    criterion = parse(text)
    assert reference_problems(criterion.metric) == []
    assert bound_problem(criterion) is None


@pytest.mark.parametrize(
    ("text", "code", "word", "help_text"),
    [
        ("roundtrip.p95 < 5s", "unknown-metric", "roundtrip", "did you mean round_trip?"),
        ("qqq.p95 < 5s", "unknown-metric", "qqq", None),
        ("monitor.app.cpu.max < 5", "not-yet", "monitor.app.cpu", None),
        ("round_trip < 5s", "missing-stat", "round_trip", "write round_trip.p95; statistics: avg min max"),
        ("open < 5", "missing-stat", "open", "write open.max; statistics: min avg max last slope trend"),
        ("round_trip.rate < 5/s", "unknown-stat", "rate", "statistics: avg min max"),
        ("round_trip.median < 5s", "unknown-stat", "median", "write round_trip.p50"),
        ("round_trip.mean < 5s", "unknown-stat", "mean", "write round_trip.avg"),
        ("errors.count == 0", "unknown-stat", "count", "write errors: without a statistic it is the count"),
        ("errors.p95 == 0", "unknown-stat", "p95", "statistics: rate"),
        ("connect.success.avg > 99%", "unknown-stat", "avg", "write connect.success alone"),
        ("round_trip(mesage=say).p95 < 5s", "unknown-label", "mesage", "did you mean message?"),
        ("round_trip(code=1000).p95 < 5s", "unknown-label", "code", "labels: group profile message"),
        ("messages.dropped(profile=x) == 0", "unknown-label", "profile", "labels: group phase"),
    ],
)
def test_a_metric_that_is_none_is_explained(text: str, code: str, word: str, help_text: str | None) -> None:
    """With what to write instead."""
    (problem,) = reference_problems(parse(text).metric)
    assert (problem.code, problem.word) == (code, word)
    if help_text is None:
        assert problem.help is None
    else:
        assert (problem.help or "").startswith(help_text)


def test_all_problems_of_a_metric_are_said_at_once() -> None:
    """A wrong statistic and two wrong labels."""
    problems = reference_problems(parse("round_trip(code=1 side=x).rate < 5s").metric)
    assert [problem.word for problem in problems] == ["rate", "code", "side"]


@pytest.mark.parametrize(
    ("text", "message", "word", "help_text"),
    [
        ("round_trip.p95 < 5", "a duration is needed, not 5", "5", "write 5s or 5ms"),
        ("round_trip.p95 < 0", "a duration is needed, not 0", "0", "write 0s or 0ms"),
        ("round_trip.p95 < 5%", "a duration is needed, not 5%", "5%", "write 5s or 5ms"),
        ("round_trip.p95 < 5KB", "a duration is needed, not 5KB", "5KB", "write 5s or 5ms"),
        ("connect.success >= 0.99", "a share is needed, not 0.99", "0.99", "write 99%"),
        ("connect.success >= 99", "a share is needed, not 99", "99", "write 99%"),
        ("errors == 5s", "a number is needed, not 5s", "5s", "write a number without a unit"),
        ("bytes.sent > 100", "a size is needed, not 100", "100", "write 100B or 100KiB"),
        ("messages.sent.rate > 100", "a rate is needed, not 100", "100", "write 500/s or 20/m"),
        ("messages.sent.rate > 1MiB/s", "a rate is needed, not 1MiB/s", "1MiB/s", "write 500/s or 20/m"),
        ("bytes.sent.rate > 100/s", "a rate is needed, not 100/s", "100/s", "write 10MiB/s"),
        ("round_trip.p95 < round_trip.p50 + 5", "a duration is needed, not 5", "5", "write 5s or 5ms"),
        ("round_trip.p95 < baseline + 5", "a duration is needed, not 5", "5", "write 5s or 5ms"),
        ("round_trip.p95 < errors", "a duration cannot be compared with a number", "errors", None),
        ("open.max == stable", "a number is needed, not a word", "stable", "write a number without a unit"),
        ("open.trend == 5", "a trend is compared with a word", "5", "one of stable, increasing, decreasing"),
        (
            "open.trend == flat",
            "a trend is compared with a word",
            "flat",
            "one of stable, increasing, decreasing",
        ),
        ("open.trend < stable", "a trend is one of three words", "<", "write == or !="),
    ],
)
def test_a_bound_of_another_sort_is_explained(
    text: str, message: str, word: str, help_text: str | None
) -> None:
    """With an example in the right unit."""
    problem = bound_problem(parse(text))
    assert problem is not None
    assert (problem.message, problem.word, problem.help) == (message, word, help_text)


def test_nothing_is_said_about_the_bound_of_an_unknown_metric() -> None:
    """Its name is the mistake."""
    assert bound_problem(parse("roundtrip.p95 < 5")) is None
