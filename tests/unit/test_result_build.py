"""The whole result: of one shape whatever happened, and the same whoever saw it."""

from __future__ import annotations

import json
from functools import cache
from random import Random
from typing import Any

import jsonschema
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import TEXT, Attempt, Event, Sent, collected, events, is_same, plan_of, record, snapshots_of

from wsrun import resources
from wsrun.metrics.snapshot import Gauge, Snapshot, series
from wsrun.result.build import build
from wsrun.result.collector import Collector

PLAN = plan_of()
OPEN = [Attempt(0, "established", 0.01) for _ in range(10)]


@cache
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(resources.schema("result")))


def of_whole_run(happened: list[Event], **fields: Any) -> dict[str, Any]:
    """Return the result of a run in which all planned clients were there."""
    snapshots = snapshots_of(happened)
    for snapshot in snapshots:
        snapshot.gauges[series("open", worker="0")] = Gauge.of(10.0)
    return build(PLAN, collected(PLAN, snapshots), record(**fields))


def reasons(result: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in result["reasons"]]


GOOD: list[Event] = [
    *OPEN,
    *(Sent(second, "ask", "answered", 0.1) for second in range(5)),
]


# Shape


@settings(max_examples=50, deadline=None)
@given(
    st.lists(events, max_size=40),
    st.sampled_from(["completed", "interrupted", "terminated", "aborted", "worker_lost", "unreachable"]),
    st.sampled_from([0.0, 0.5, 3.0, 6.0]),
    st.booleans(),
)
def test_every_result_has_the_shape_of_the_schema(
    happened: list[Event], state: str, ran: float, has_stopped: bool
) -> None:
    """Whatever happened, however it ended."""
    stopped = {"at": ran, "why": "for a test"} if has_stopped else None
    result = build(
        PLAN, collected(PLAN, snapshots_of(happened)), record(state=state, ran=ran, stopped=stopped)
    )

    validator().validate(json.loads(orjson.dumps(result)))


def test_a_result_of_nothing_has_the_shape_too() -> None:
    """Nobody was there: no snapshot at all, no limit of descriptors known."""
    facts = record(state="unreachable", trouble="nobody listens there", ran=0.0, addresses=(), descriptors=0)
    result = build(PLAN, Collector(PLAN, 1), facts)

    validator().validate(json.loads(orjson.dumps(result)))
    assert (result["timeline"], result["heat"]["columns"]) == ([], [])
    assert result["machine"]["descriptors"] == 0


@settings(deadline=None)
@given(st.lists(events, max_size=30), st.lists(st.integers(0, 2), min_size=30, max_size=30), st.randoms())
def test_the_result_does_not_depend_on_who_saw_what_and_who_told_first(
    happened: list[Event], owners: list[int], random: Random
) -> None:
    """Any split over workers, any order of snapshots: the same result, but for the workers' own numbers."""
    snapshots = snapshots_of(happened, workers=3, worker_of=lambda number: owners[number])
    random.shuffle(snapshots)
    alone = build(PLAN, collected(PLAN, snapshots_of(happened)), record())
    together = build(PLAN, collected(PLAN, snapshots, 3), record())

    for result in (alone, together):
        del result["generator"]
        for row in result["timeline"]:
            del row["memory"]
    assert is_same(alone, together)


# What decides


def test_a_run_in_which_all_was_well_passes() -> None:
    """Every criterion is met on data, everybody was there, everything adds up."""
    passed = of_whole_run(GOOD)

    # The criterion on the phase that is all warm-up sees nothing, and nothing is never enough.
    assert [row["status"] for row in passed["criteria"]] == ["met", "met", "no_data"]
    assert (passed["verdict"], passed["exit_code"], reasons(passed)) == ("fail", 1, ["no-data"])
    plan = plan_of(TEXT.replace(', "connect.success(phase=arrive) == 100%"', ""))
    snapshots = snapshots_of(GOOD)
    for snapshot in snapshots:
        snapshot.gauges[series("open", worker="0")] = Gauge.of(10.0)
    result = build(plan, collected(plan, snapshots), record())
    assert (result["verdict"], result["exit_code"], result["reasons"]) == ("pass", 0, [])
    assert result["generator"]["fit"] is True


def test_attempts_without_a_connection_are_an_unreachable_target() -> None:
    """Unless the server refused, which is an answer, or this machine could not even try."""
    failed = of_whole_run([Attempt(0, "failed", 0.1)])
    refused = of_whole_run([Attempt(0, "refused", 0.1)])

    assert reasons(failed)[0] == "target-unreachable"
    assert failed["exit_code"] == 3
    assert "target-unreachable" not in reasons(refused)
    own = Snapshot(
        worker=0,
        index=0,
        start=0.0,
        end=1.0,
        counters={
            series("connect.attempted", phase="arrive"): 4,
            series("connect.failed", phase="arrive", cause="local-descriptors"): 4,
            series("errors", phase="arrive", cause="local-descriptors"): 4,
        },
    )
    starved = build(PLAN, collected(PLAN, [own]), record())
    assert "target-unreachable" not in reasons(starved)
    assert reasons(starved)[0] == "generator-saturated"
    assert starved["generator"]["fit"] is False


def test_nothing_attempted_is_nothing_measured() -> None:
    """No numbers, no verdict."""
    assert "nothing-measured" in reasons(of_whole_run([]))


@pytest.mark.parametrize(
    ("state", "is_said"),
    [("completed", True), ("aborted", True), ("interrupted", False), ("worker_lost", False)],
)
def test_counts_have_to_add_up_in_a_run_that_came_to_its_end(state: str, is_said: bool) -> None:
    """One that was cut leaves work that nobody could account for, and says so by its state."""
    snapshots = snapshots_of(GOOD)
    snapshots[3].counters[series("replies.expected", phase="work")] = 1
    result = build(PLAN, collected(PLAN, snapshots), record(state=state))

    assert result["counts"]["adds_up"]["messages"] is False
    assert ("counts-do-not-add-up" in reasons(result)) == is_said


@pytest.mark.parametrize(
    ("fields", "exit_code", "first"),
    [
        ({"internal_error": "a defect"}, 4, "internal-error"),
        ({"not_durable": "no room"}, 5, "results-not-written"),
        ({"state": "interrupted", "signal": "SIGINT"}, 130, "interrupted"),
        ({"state": "terminated", "signal": "SIGTERM"}, 143, "interrupted"),
        ({"state": "worker_lost", "workers_lost": ("worker 1 of 2 was killed",)}, 3, "worker-lost"),
        ({"state": "unreachable", "trouble": "nobody listens"}, 3, "target-unreachable"),
        ({"internal_error": "a defect", "not_durable": "no room", "signal": "SIGINT"}, 4, "internal-error"),
    ],
)
def test_what_happened_to_the_run_goes_before_its_criteria(
    fields: dict[str, Any], exit_code: int, first: str
) -> None:
    """Each makes the run invalid, with its own exit code and the reason in front."""
    result = of_whole_run(GOOD, **fields)

    assert (result["verdict"], result["exit_code"]) == ("invalid", exit_code)
    assert reasons(result)[0] == first


# What is said of the run


def test_identity_and_surroundings() -> None:
    """What was run, when, by what, on what; the same run has the same id."""
    result = of_whole_run(GOOD)

    assert result["wsrun_result"] == 1
    assert result["id"] == of_whole_run([])["id"] != of_whole_run(GOOD, started="later")["id"]
    assert result["scenario"]["name"] == "made-up"
    assert result["scenario"]["path"] == "made-up.yaml"
    assert result["scenario"]["load"] == "0 → 10 clients"
    assert (result["run"]["planned"], result["run"]["drain"], result["run"]["seed"]) == (5.0, 5.0, 1)
    assert {"wsrun", "build", "python", "picows", "uvloop", "websockets"} <= result["run"]["versions"].keys()
    assert result["target"]["tls"] is None and result["target"]["proxy"] is None
    assert result["machine"]["cores"] >= 1 and result["machine"]["memory_bytes"] > 0


def test_what_is_secret_is_in_no_part_of_it() -> None:
    """Source, URL, subprotocols and command hold none."""
    text = (
        TEXT.replace(
            "{ url: ws://127.0.0.1:1/ }",
            '{ url: "wss://ann:hunter2@h/?key=hunter2", headers: { X-Key: hunter2 },'
            " subprotocols: [ chat, eyJhbGciOi.eyJzdWIiOi.hunter2 ], tls: { verify: false } }",
        )
        + "auth: { jwt: { secret: hunter2 } }\n"
    )
    plan = plan_of(text)
    command = "wsrun x.yaml --target wss://ann:hunter2@h/"
    result = build(plan, Collector(plan, 1), record(command=command))

    assert b"hunter2" not in orjson.dumps(result)
    assert result["target"]["url"] == "wss://***@h/?key=***"
    assert result["target"]["subprotocols"] == ["chat", "***"]
    assert result["target"]["tls"] == {"version": None, "verify": False}
    assert result["scenario"]["source"].count("\n") == text.count("\n")


@pytest.mark.parametrize(
    ("phases", "load"),
    [
        ("[ { duration: 1s, clients: 200 } ]", "200 clients"),
        (
            "[ { duration: 1s, clients: { from: 0, to: 20000 } }, { duration: 1s },"
            " { duration: 1s, clients: 5 } ]",
            "0 → 20000 → 5 clients",
        ),
        ("[ { duration: 1s, clients: 5 }, { duration: 1s, clients: 0 } ]", "5 → 0 clients"),
    ],
)
def test_the_load_in_words(phases: str, load: str) -> None:
    """Each level once, as a whole number."""
    plan = plan_of(
        f"wsrun: 1\ntarget: {{ url: ws://h/ }}\nmessages: {{ m: {{ text: x }} }}\nphases: {phases}\n"
    )

    assert build(plan, Collector(plan, 1), record())["scenario"]["load"] == load


def test_the_load_of_groups_is_added() -> None:
    """A hundred of one and five of another are a hundred and five."""
    plan = plan_of(
        "wsrun: 1\ntarget: { url: ws://h/ }\nmessages: { m: { text: x } }\nclients: { a: {}, b: {} }\n"
        "phases: [ { duration: 1s, clients: { a: 100, b: 5 } }, { duration: 1s, clients: { b: 10 } } ]\n"
    )

    assert build(plan, Collector(plan, 1), record())["scenario"]["load"] == "105 → 110 clients"


def test_the_heat_map_has_one_column_an_interval() -> None:
    """As the timeline has rows, with as many bands as edges."""
    result = of_whole_run(GOOD)

    assert [column["t"] for column in result["heat"]["columns"]] == [row["t"] for row in result["timeline"]]
    assert {len(column["counts"]) for column in result["heat"]["columns"]} == {len(result["heat"]["edges"])}
