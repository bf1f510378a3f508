"""Findings: what a reader should know first, by rules, with nothing said that was not measured."""

from __future__ import annotations

from typing import Any

import pytest
from tests.synthetic import load, view

from wsrun.view import View, build_view, phrases
from wsrun.view.findings import Finding
from wsrun.view.formats import NARROW
from wsrun.view.words import plain


def words(text: str) -> str:
    """Narrow no-break spaces as plain ones, to be read here."""
    return text.replace(NARROW, " ")


def body(finding: Finding) -> str:
    """The evidence of a finding as plain text."""
    return words(plain(finding.body))


def titles(of: View) -> list[str]:
    """The sentences of all findings."""
    return [words(finding.title or body(finding)) for finding in of.findings]


def test_a_missed_criterion_is_told_with_both_numbers() -> None:
    """What it was and what the limit is, then the phase before, the other clock, and the generator."""
    first = view("fail").findings[0]

    assert words(first.title or "") == "p99 round trip in spike was 450 ms; the limit is 250 ms"
    assert body(first).startswith(
        "It was 37.0 ms in steady. From the send it is only 235 ms: up to 174 ms passed"
    )
    assert body(first).endswith("wsrun is not the cause: its event-loop lag stayed under 2 ms.")
    assert first.link == ("Latency", "latency")


def test_a_warning_comes_after_what_failed_and_names_its_phases() -> None:
    """The average connect time of each phase in which clients connected."""
    second = view("fail").findings[1]

    assert second.mark == "warning"
    assert words(second.title or "") == "Average connect time was 185 ms; the limit is 150 ms"
    assert body(second) == "It was 66.2 ms in arrive and 197 ms in spike."


def test_what_nobody_asserted_is_one_sentence_by_phase() -> None:
    """Every failure that no failed criterion speaks of, and how soon it was well again."""
    last = view("fail").findings[-1]

    assert last.mark == "seen"
    assert body(last).startswith(
        "Also in spike: 323 messages without a reply (0.22 %), 37 connections refused"
    )
    assert "12 closed by the target with 1013" in body(last)
    assert body(last).endswith("After spike, p95 was back under 80 ms within 1 s.")


def _told_with(**changes: Any) -> str:
    """The last finding of the failed run, with its criterion on the phase after the spike changed."""
    result = load("fail")
    for entry in result["criteria"]:
        if entry["phase"] == "after" and entry["metric"] == "round_trip":
            entry.update(changes)
    return body(build_view(result).findings[-1])


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "missed", "observed": 0.302, "required": 0.1},
        {"labels": {"phase": "after", "message": "say"}},
        {"status": "no_data", "observed": None},
        {"required": 10.0},
    ],
)
def test_nothing_is_said_to_be_well_again_without_a_met_limit_on_all_messages(
    changes: dict[str, Any],
) -> None:
    """A missed limit, one on some messages, and one that the phase before held too say nothing of it."""
    assert "was back under" in _told_with()
    assert "was back under" not in _told_with(**changes)


def test_a_phase_that_missed_another_criterion_is_not_well_again() -> None:
    """Two sentences below each other must not contradict."""
    result = load("fail")
    (calm,) = (c for c in result["criteria"] if c["phase"] == "after" and c["metric"] == "round_trip")
    result["criteria"].append({**calm, "metric": "replies.lost", "stat": None, "status": "missed"})

    assert "was back under" not in body(build_view(result).findings[-1])


def test_well_again_means_until_the_end_of_the_phase() -> None:
    """One interval under the limit and the next above it is no recovery."""
    result = load("fail")
    rows = [row for row in result["timeline"] if row["round_trip"]["count"]]
    after = next(phase for phase in result["phases"] if phase["name"] == "after")
    last = [row for row in rows if after["start"] <= row["t"] < after["end"]][-1]
    last["round_trip"].update(p50=3.0, p95=3.0, p99=3.0, count=100)

    assert "was back under" not in body(build_view(result).findings[-1])


def test_a_pass_names_the_criterion_closest_to_its_limit() -> None:
    """So that a reader sees how much room there was."""
    first = view("pass").findings[0]

    assert first.mark == "met"
    assert (
        words(first.title or "") == "Closest to its limit: p99 round trip in spike, 199 ms of 250 ms (79 %)"
    )


def test_a_pass_on_counters_alone_says_what_was_done() -> None:
    """No limit has shares, so none is closest."""
    (first,) = view("short").findings

    assert first.title == "Nothing went wrong"
    assert body(first) == "2 connections of 2 made, 17 messages sent, 17 of 17 replies came."


def test_an_invalid_run_begins_with_why_and_what_to_do() -> None:
    """Then it says that nothing is judged; no criterion is told as failed."""
    first, second = view("invalid").findings

    assert words(first.title or "") == (
        "wsrun itself was too slow: event-loop lag p99 was 86 ms; the limit is 20 ms"
    )
    assert "What looks like a slow target may be a slow generator." in body(first)
    assert body(first).endswith("Run it with --workers 4, or from a second machine.")
    assert (second.mark, second.title) == ("not-judged", None)


def test_several_checks_of_the_generator_are_one_finding() -> None:
    """The first is told, the others stand in the table."""
    result = load("invalid")
    result["reasons"].append({**result["reasons"][0], "text": "a worker used 100 % of its core"})

    assert [finding.mark for finding in build_view(result).findings] == ["invalid", "not-judged"]


def test_a_target_that_was_never_there_is_said_with_its_address() -> None:
    """Nothing else is shown of such a run."""
    found = view("unreachable")

    assert titles(found) == ["The target was never there"]
    assert body(found.findings[0]).startswith("Connection refused at 127.0.0.1:9, 3 attempts.")
    assert (found.picture, found.phases, found.ledgers, found.numbers) == (None, None, (), ())


def test_an_interruption_comes_first_and_failures_still_follow() -> None:
    """What was measured before it counts."""
    assert titles(view("interrupted"))[:2] == [
        "The run was ended by SIGINT before its time",
        "p99 round trip in spike was 495 ms; the limit is 250 ms",
    ]


def test_without_data_the_reason_is_given() -> None:
    """And that a criterion without data is not met."""
    first = view("no-data").findings[0]

    assert words(first.title or "") == "No data for p95 round trip of ping; the limit is 50 ms"
    assert body(first) == "No message ping was answered or timed out. Without data a criterion is not met."


def test_at_most_five_findings_are_shown_and_the_rest_is_counted() -> None:
    """The last place is kept for what was seen and not asserted."""
    result = load("fail")
    missed = next(entry for entry in result["criteria"] if entry["status"] == "missed")
    result["criteria"] += [{**missed, "labels": {"message": f"m{n}"}, "phase": None} for n in range(9)]
    found = build_view(result)

    assert len(found.findings) == 5
    assert found.findings[-1].mark == "seen"
    assert found.more_findings == "and 7 more failed criteria"


def test_losses_do_not_pass_for_waiting() -> None:
    """When the percentile falls among replies that never came, no wait before the send is claimed."""
    result = load("fail")
    entry = next(one for one in result["criteria"] if one["status"] == "missed")
    entry |= {"observed": 2.0, "timeout_floor": True}
    phase = next(one for one in result["phases"] if one["name"] == "spike")
    phase["round_trip"] |= {"p99": 2.0, "timeouts": 2000}
    first = build_view(result).findings[0]

    assert words(first.title or "") == "p99 round trip in spike was > 2 s; the limit is 250 ms"
    assert "had no reply within 2 s, and count as that" in body(first)
    assert "passed between" not in body(first)


def test_a_small_difference_between_the_clocks_is_not_made_much_of() -> None:
    """Less than 20 % or 10 ms is only stated."""
    assert "From the send it is 169 ms." in body(view("pass").findings[0])


def test_the_generator_is_not_cleared_when_it_was_not_fit() -> None:
    """The sentence needs the verdict on the generator."""
    result = load("fail")
    result["generator"]["fit"] = False

    assert "not the cause" not in body(build_view(result).findings[0])


def test_errors_that_failed_a_criterion_are_not_told_twice() -> None:
    """Their kinds are the evidence of that criterion."""
    result = load("fail")
    for entry in result["criteria"]:
        if entry["metric"] == "errors.ratio":
            entry |= {"status": "missed", "used": 1.2, "observed": 0.06}
    found = build_view(result)
    told = [finding for finding in found.findings if "of what was tried failed" in (finding.title or "")]

    assert "323 reply-timeout, 37 refused-503" in body(told[0])
    assert not any("Also" in body(finding) for finding in found.findings)


def test_a_count_of_replies_is_told_by_message_and_phase() -> None:
    """Warm-ups are left out of both, as criteria leave them out."""
    result = load("fail")
    entry = next(one for one in result["criteria"] if one["metric"] == "replies.failed")
    entry |= {
        "metric": "replies.timed_out",
        "check": "replies.timed_out == 0",
        "status": "missed",
        "observed": 323,
    }
    told = next(one for one in build_view(result).findings if "without a reply in time" in (one.title or ""))

    assert body(told).startswith("261 of say, 62 of who, all in spike.")


def test_one_kind_of_error_is_not_listed() -> None:
    """All of them are of it."""
    result = load("fail")
    result["errors"] = result["errors"][:1]
    for entry in result["criteria"]:
        if entry["metric"] == "errors.ratio":
            entry |= {"status": "missed", "used": 1.2, "observed": 0.06}
    told = next(one for one in build_view(result).findings if "of what was tried failed" in (one.title or ""))

    assert body(told) == "323 errors, each of them reply-timeout, all in spike."


ENTRY: dict[str, Any] = {
    "metric": "round_trip",
    "stat": "p99",
    "labels": {},
    "phase": None,
    "operator": "<",
    "observed": 0.42,
    "observed_text": "420ms",
    "required": 0.25,
    "required_text": "250ms",
    "unit": "seconds",
    "status": "missed",
    "used": 1.68,
    "timeout_floor": False,
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "p99 round trip was 420 ms; the limit is 250 ms"),
        (
            {"labels": {"phase": "spike", "message": "say"}},
            "p99 round trip of say in spike was 420 ms; the limit is 250 ms",
        ),
        ({"metric": "service_time", "stat": "max"}, "Highest service time was 420 ms; the limit is 250 ms"),
        (
            {
                "metric": "connect.success",
                "stat": None,
                "operator": ">=",
                "unit": "share",
                "observed": 0.98,
                "required": 0.99,
                "required_text": "99%",
            },
            "98.00 % of connections were established; 99 % is wanted",
        ),
        (
            {
                "metric": "errors.ratio",
                "stat": None,
                "unit": "share",
                "observed": 0.06,
                "required": 0.05,
                "required_text": "5%",
                "labels": {"phase": "spike"},
            },
            "6.00 % of what was tried in spike failed; the limit is 5 %",
        ),
        (
            {
                "metric": "closed",
                "stat": None,
                "unit": "number",
                "operator": "==",
                "observed": 1,
                "required": 0,
                "required_text": "0",
                "labels": {"code": "1006"},
            },
            "1 connection closed with code 1006; none is allowed",
        ),
        (
            {
                "metric": "replies.answered",
                "stat": "rate",
                "unit": "per_second",
                "operator": ">=",
                "observed": 812.0,
                "required": 1000.0,
                "required_text": "1000/s",
            },
            "812 messages answered a second; 1 000 /s is wanted",
        ),
        (
            {
                "metric": "messages.sent",
                "stat": None,
                "unit": "number",
                "operator": "==",
                "observed": 9,
                "required": 10,
                "required_text": "10",
            },
            "9 messages sent; exactly 10 is wanted",
        ),
        (
            {
                "metric": "monitor.api.rss",
                "stat": "max",
                "unit": "bytes",
                "observed": 3 << 30,
                "required": 1 << 30,
                "required_text": "1GiB",
            },
            "monitor.api.rss.max was 3.00 GiB; the limit is 1 GiB",
        ),
        ({"observed": None, "status": "no_data"}, "No data for p99 round trip; the limit is 250 ms"),
    ],
)
def test_every_kind_of_criterion_has_its_sentence(changes: dict[str, Any], expected: str) -> None:
    """Distributions, shares, counters, rates, and what is not in the table."""
    assert words(phrases.headline({**ENTRY, **changes})) == expected


def test_what_must_never_come_is_told_first_though_every_criterion_is_met() -> None:
    """The verdict's line and the first finding say it, in the words of the rule."""
    result = load("pass")
    result |= {"verdict": "fail", "exit_code": 1}
    result["reasons"] = [{"code": "forbidden", "text": "a message came that must never come", "remedy": None}]
    sample = {"at": 1.0, "client": "people/0001", "text": "it was said in another room"}
    error = {
        "cause": "forbidden",
        "text": "A message came that must never come",
        "count": 1,
        "of": 100,
        "of_text": "received messages",
        "first": 1.0,
        "last": 1.0,
        "series": [[1.0, 1]],
        "clients": 1,
        "worst_client": "people/0001",
        "worst_count": 1,
        "samples": [sample],
    }
    result["errors"] = [error, *result["errors"]]

    shown = build_view(result)

    assert shown.verdict.line.endswith("met, but a message came that must never come")
    assert shown.findings[0].mark == "failed"
    assert titles(shown)[0] == "A message came that must never come"
    assert body(shown.findings[0]) == "It was said in another room."
