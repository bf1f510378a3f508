"""Errors by kind in plain words, and the events of a run."""

from __future__ import annotations

from typing import Any

import pytest
from runs import Attempt, Event, Sent, collected, plan_of, snapshots_of

from wsrun.metrics.snapshot import ErrorDetail, Snapshot, series
from wsrun.metrics.store import Store, stored
from wsrun.result.collector import ErrorRecord
from wsrun.result.folding import Timeline
from wsrun.result.happenings import EVENTS_KEPT, cause_text, errors, events, tried
from wsrun.transports import failures

PLAN = plan_of()


def record_of(cause: str, count: int = 1, first: float = 1.0, last: float = 1.0) -> ErrorRecord:
    record = ErrorRecord(cause)
    record.add(ErrorDetail(first, last, count))
    return record


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        ("refused-503", "The server refused the connection with HTTP 503"),
        ("closed-1013", "The connection was closed with 1013"),
        ("reply-timeout", "No reply in time"),
        ("something-new", "Something new"),
    ],
)
def test_a_cause_is_said_in_plain_words(cause: str, text: str) -> None:
    """Those with a number carry it; one that is not known is at least readable."""
    assert cause_text(cause) == text


def test_every_cause_of_the_system_has_words_of_its_own() -> None:
    """None of them falls back on its code."""
    causes = {cause for cause, _ in failures._BY_ERRNO.values()} | {"system-error", "unknown", "bad-request"}

    assert not [cause for cause in causes if cause_text(cause) == cause.replace("-", " ").capitalize()]


@pytest.mark.parametrize(
    ("cause", "of", "what"),
    [
        ("reply-lost", 7, "messages"),
        ("expect-failed", 5, "expectations"),
        ("closed-1001", 3, "connections"),
        ("eof", 3, "connections"),
        ("missing-variable", 9, "messages"),
        ("refused-429", 4, "connections"),
        ("dns", 4, "connections"),
    ],
)
def test_an_error_is_one_of_those_that_were_tried(cause: str, of: int, what: str) -> None:
    """Replies of messages that await one, closes of what was open, refusals of attempts."""
    store = stored(
        [
            Snapshot(
                worker=0,
                index=0,
                start=0.0,
                end=1.0,
                counters={
                    series("replies.expected"): 7,
                    series("messages.sent"): 9,
                    series("expect.passed"): 3,
                    series("expect.failed"): 2,
                    series("connect.established"): 3,
                    series("connect.attempted"): 4,
                },
            )
        ]
    )

    assert tried(cause, store) == (of, what)


def test_errors_are_listed_by_number() -> None:
    """The most frequent first, equal ones by name; with their clients, extremes, intervals and sentences."""
    happened: list[Event] = [
        Attempt(0, "refused", 0.5),
        Sent(3, "ask", "lost", 0.25),
        Sent(3, "ask", "lost", 0.75),
        Attempt(1, "failed", 0.5),
    ]
    collector = collected(PLAN, snapshots_of(happened))
    found = errors(collector.errors, collector.store, collector.timeline)

    assert [entry["cause"] for entry in found] == ["reply-lost", "refused-503", "reset"]
    assert found[0] == {
        "cause": "reply-lost",
        "text": "The connection ended before the reply",
        "count": 2,
        "of": 2,
        "of_text": "messages",
        "first": 3.25,
        "last": 3.75,
        "series": [[3.0, 2]],
        "clients": 2,
        "worst_client": "all/0002",
        "worst_count": 1,
        "samples": [
            {"at": 3.25, "client": "all/0002", "text": "reply-lost at 3.25"},
            {"at": 3.75, "client": "all/0005", "text": "reply-lost at 3.75"},
        ],
    }


def test_an_error_without_a_known_client_has_no_worst_one() -> None:
    """Nothing is made up."""
    (found,) = errors({"dns": record_of("dns")}, Store(), Timeline(PLAN))

    assert (found["clients"], found["worst_client"], found["worst_count"]) == (0, None, 0)


def told(*records: ErrorRecord, ran: float = 5.5, stopped: Any = None) -> list[tuple[float, str, str]]:
    made = events(PLAN, {record.cause: record for record in records}, ran, stopped)
    return [(event["t"], event["kind"], event["text"]) for event in made]


def test_events_are_phases_first_failures_and_the_end_if_it_came_early() -> None:
    """By time; a phase that the run did not reach did not begin."""
    found = told(record_of("reset", 3), record_of("eof"), ran=1.5, stopped={"at": 1.5, "why": "SIGINT"})

    assert found == [
        (0.0, "phase", "arrive begins"),
        (1.0, "failure", "First of 3: the connection was reset"),
        (1.0, "failure", "The connection ended without a close frame"),
        (1.5, "abort", "The run was stopped: SIGINT"),
    ]


def test_a_failure_that_goes_on_has_an_end() -> None:
    """From a second on; a short one is a moment."""
    long, short = record_of("reset", 2, 1.0, 2.0), record_of("eof", 2, 1.0, 1.9)
    found = {event["text"]: event["until"] for event in events(PLAN, {"a": long, "b": short}, 5.0, None)}

    assert found["First of 2: the connection was reset"] == 2.0
    assert found["First of 2: the connection ended without a close frame"] is None


def test_many_events_never_hide_the_end() -> None:
    """A server that thinks of a thousand close codes leaves room for why the run stopped."""
    records = {str(code): record_of(f"closed-{code}", first=code / 1000) for code in range(3000, 4000)}
    found = events(PLAN, records, 10.0, {"at": 9.0, "why": "SIGTERM"})

    assert len(found) == EVENTS_KEPT
    assert found[-1]["kind"] == "abort"
    assert found[0]["text"] == "The connection was closed with 3000"
