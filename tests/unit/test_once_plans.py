"""Functional tests: each body once, every step noted, and what is judged."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.fakes import FakeConnection, FakeTransport
from tests.unit.performing import perform, plan_of

from wsrun.cli.once import lines
from wsrun.cli.stream import Face
from wsrun.criteria import parse
from wsrun.judge import evaluate
from wsrun.metrics.snapshot import Snapshot, StepRecord, series
from wsrun.metrics.store import Store, stored
from wsrun.once import LIMIT, NOTE, ended, is_judged, once, unfinished
from wsrun.plan import CriterionPlan
from wsrun.plan_steps import ConnectStep, SendStep

REPLY = 'reply: { match: { $.id: "{{ id }}" }, expect: { $.ok: true }, timeout: 1s }'
SCENARIO = f"""
messages:
  ask: {{ json: {{ id: "{{{{ id }}}}", say: ask }}, {REPLY} }}
  beg: {{ json: {{ id: "{{{{ id }}}}", say: beg }}, {REPLY} }}
  tell: {{ json: {{ say: tell }} }}
profiles:
  talker: {{ mix: {{ ask: 8, beg: 2 }}, think: 30s, end: [ {{ send: tell }} ] }}
  visitor:
    flow:
      - {{ connect: main }}
      - {{ repeat: [ {{ send: ask }} ], times: 2 }}
      - {{ think: 2s }}
      - {{ close: main }}
clients: {{ people: {{ profiles: {{ talker: 3, visitor: 1 }} }} }}
phases:
  - {{ duration: 1h, clients: 500, rate: 100/s }}
  - {{ duration: 1h, mix: {{ talker: {{ tell: 1 }} }} }}
criteria: [ round_trip.p95 < 1s, errors.ratio < 5%, replies.answered >= 1000 ]
"""


def answer(connection: FakeConnection, payload: bytes) -> None:
    """Say yes to whoever asks, and no to whoever begs."""
    message = json.loads(payload)
    if "id" in message:
        connection.reply(json.dumps({"id": message["id"], "ok": message["say"] == "ask"}), 0.01)


def steps_of(snapshots: list[Snapshot]) -> dict[str, list[StepRecord]]:
    """What each client did."""
    found: dict[str, list[StepRecord]] = {}
    for step in sorted(step for snapshot in snapshots for step in snapshot.steps):
        found.setdefault(step.client, []).append(step)
    return found


def test_there_is_one_client_for_each_profile_and_no_load() -> None:
    """Phases, rates and levels of the scenario are gone; every message of its mixes is sent by a flow."""
    plan = once(plan_of(SCENARIO))
    (phase,) = plan.phases
    assert (phase.clients[0].start, phase.rate, phase.warm_up) == (2.0, {}, 0.0)
    talker, visitor = plan.profiles
    assert talker.start == (ConnectStep(),)
    assert talker.flow == tuple(SendStep(messages=(index,)) for index in (0, 1, 2))
    assert visitor.start == ()


def test_each_body_is_done_once_and_every_step_is_noted() -> None:
    """A mix goes on after a failure; thinks of a flow are done; nobody waits for the end of a phase."""
    transport = FakeTransport(answer)
    snapshots = perform(once(plan_of(SCENARIO)), transport)
    talker, visitor = steps_of(snapshots).values()
    assert [(step.step, step.good) for step in talker] == [
        ("connect main", True),
        ("send ask", True),
        ("send beg", False),
        ("send tell", True),
        ("send tell", True),
    ]
    assert [step.step for step in visitor] == ["connect main", "send ask", "send ask", "close main"]
    assert all(step.good for step in visitor)
    assert talker[1].seconds == pytest.approx(0.01, abs=0.005)
    (problem,) = talker[2].problems
    assert problem.startswith("beg: ")
    assert '"ok": false' in problem
    assert 2.0 < snapshots[-1].end < 4.0


def test_without_criteria_there_is_still_one() -> None:
    """An empty list judges nothing by load; a functional test has to be without errors all the same."""
    plan = once(plan_of(SCENARIO.replace(SCENARIO.splitlines()[-1], "criteria: []")))
    assert [criterion.text for criterion in plan.criteria] == ["errors == 0"]


def test_what_goes_wrong_between_steps_is_told_too() -> None:
    """A close that no step awaits belongs to no step."""

    def hang_up(connection: FakeConnection, payload: bytes) -> None:
        connection.drop(0.5, code=1011)

    text = (
        "messages: { tell: { text: hi } }\n"
        "profiles: { p: { flow: [ { send: tell }, { think: 2s }, { send: tell } ] } }\n"
        "phases: [ { duration: 1s, clients: 1 } ]\n"
    )
    (steps,) = steps_of(perform(once(plan_of(text)), FakeTransport(hang_up))).values()
    assert [(step.step, step.good) for step in steps] == [
        ("connect main", True),
        ("send tell", True),
        ("", False),
    ]
    assert "1011" in steps[-1].problems[0]


def test_lifecycles_and_pools_are_no_part_of_it() -> None:
    """Each online time would be a session again; and who shares connections makes none of its own."""
    text = """
messages: { tell: { text: hi } }
profiles:
  commuter: { mix: { tell: 1 }, lifecycle: { kind: intermittent, online: 1s, offline: 1s } }
  sharer: { mix: { tell: 1 } }
clients: { some: { profiles: { commuter: 1 } }, many: { profiles: { sharer: 1 }, pool: { max: 2 } } }
phases: [ { duration: 1s, clients: { some: 1, many: 1 } } ]
"""
    commuter, sharer = once(plan_of(text)).profiles
    assert commuter.lifecycle is None
    assert commuter.start == (ConnectStep(),)
    assert sharer.start == ()


def test_steps_survive_the_journal() -> None:
    """As everything else of a snapshot."""
    step = StepRecord(0.5, "all/0000", "p", "send say", False, 0.1, ("say: no",))
    snapshot = Snapshot(0, 0, 0.0, 1.0, steps=[step])
    assert Snapshot.from_json(json.loads(json.dumps(snapshot.to_json()))) == snapshot


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("errors == 0", True),
        ("errors < 100", True),
        ("forbidden == 0", True),
        ("replies.failed(message=say) <= 5", True),
        ("expect.passed > 0", True),
        ("replies.answered >= 1", True),
        ("connect.success == 100%", True),
        ("errors.ratio < 5%", True),
        ("messages.sent >= 1000", False),
        ("reconnect.done > 0", False),
        ("errors != 0", False),
        ("messages.sent.rate > 10/s", False),
        ("closed(code=1012) == 100", False),
        ("errors(phase=spike) == 0", False),
        ("round_trip.p95 < 1s", False),
        ("round_trip.count > 0", False),
        ("open.max < 10", False),
        ("errors <= replies.late", False),
    ],
)
def test_criteria_about_load_are_not_judged(text: str, expected: bool) -> None:
    """Faults are counted as ever; times, rates, levels and large numbers need more than one visit."""
    assert is_judged(parse(text)) is expected


def test_what_is_not_judged_says_so_and_fails_nothing() -> None:
    """And an error is never allowed, whatever the scenario says."""
    plan = ended(once(plan_of(SCENARIO)), 3.0)
    store = Store()
    for snapshot in perform(once(plan_of(SCENARIO)), FakeTransport(answer)):
        store.add(snapshot)
    rows = {row["check"]: row for row in (evaluate(one, store, plan) for one in plan.criteria)}
    assert plan.duration == 3.0
    assert {check: (row["status"], row["severity"]) for check, row in rows.items()} == {
        "round_trip.p95 < 1s": ("not_judged", "warning"),
        "errors.ratio < 5%": ("missed", "error"),
        "replies.answered >= 1000": ("not_judged", "warning"),
        "errors == 0": ("missed", "error"),
    }
    assert "load" in rows["round_trip.p95 < 1s"]["note"]


MAYBE = """
messages:
  ask: { json: { id: "{{ id }}", say: ask }, reply: { match: { $.id: "{{ id }}" } } }
  tell: { json: { say: tell } }
  shout: { json: { say: shout }, reply: { match: { $.ok: true } } }
profiles:
  p:
    flow:
      - { repeat: [ { send: tell } ], times: 2 }
      - { choose: [ { weight: 1, do: [ { send: tell } ] }, { weight: 1, do: [ { send: shout } ] } ] }
      - { if: "{{ client.index > 5 }}", then: [ { send: ask } ] }
phases: [ { duration: 1s, clients: 1 } ]
criteria: [ errors == 0 ]
"""


@pytest.mark.parametrize(
    ("check", "status", "severity"),
    [
        ("replies.answered > 0", "no_data", "error"),
        ("replies.failed == 0", "no_data", "error"),
        ("expect.passed >= 1", "no_data", "error"),
        ("replies.failed(message=tell) == 0", "no_data", "error"),
        ("replies.failed(message=shout) == 0", "not_judged", "warning"),
        ("replies.failed(message=ask) == 0", "not_judged", "warning"),
        ("connect.success(server=demo2) == 100%", "not_judged", "warning"),
        ("connect.established(server=demo2) > 0", "not_judged", "warning"),
        ("messages.sent(message=shout) > 0", "not_judged", "warning"),
        ("messages.received > 0", "missed", "error"),
        ("reconnect.missed == 0", "not_judged", "warning"),
        ("delivery.reach >= 99%", "not_judged", "warning"),
        ("messages.sent > 0", "met", "error"),
    ],
)
def test_no_data_is_not_zero_where_a_visit_does_it_for_certain(
    check: str, status: str, severity: str
) -> None:
    """Nothing was asked, so nothing was answered well; what takes luck, time or others is left out."""
    plan = ended(once(plan_of(MAYBE)), 1.0)
    counted = {
        series("connect.attempted", phase="once", profile="p"): 1,
        series("connect.established", phase="once", profile="p"): 1,
        series("messages.sent", phase="once", profile="p", message="tell"): 3,
    }
    store = stored([Snapshot(0, 0, 0.0, 1.0, counters=counted)])
    row = evaluate(
        CriterionPlan(text=check, criterion=parse(check), location=plan.criteria[0].location), store, plan
    )
    assert (row["status"], row["severity"]) == (status, severity)
    assert (row["note"] is None) == (status in ("met", "missed"))


def test_who_is_not_done_in_time_keeps_a_run_from_passing() -> None:
    """It is told to leave like anybody at the end, and no step of it fails."""
    text = (
        "messages: { tell: { text: hi } }\n"
        "profiles: { p: { flow: [ { think: 11m }, { send: tell } ] } }\n"
        "phases: [ { duration: 1s, clients: 1 } ]\n"
    )
    plan = once(plan_of(text))
    snapshots = perform(plan, FakeTransport(answer))
    store = Store()
    for snapshot in snapshots:
        store.add(snapshot)

    assert (store.counter("messages.sent"), store.counter("errors")) == (0, 0)
    assert "within 10 min" in str(unfinished(plan, snapshots[-1].end))
    assert unfinished(plan, LIMIT - 1) is None
    assert unfinished(plan_of(text), LIMIT + 1) is None


def step(name: str, seconds: float, *problems: str) -> dict[str, Any]:
    """A step of a result."""
    return {
        "at": seconds,
        "client": "all/0000",
        "profile": "p",
        "step": name,
        "ok": not problems,
        "seconds": seconds,
        "problems": problems,
    }


def test_the_terminal_lists_each_step_with_what_came_of_it() -> None:
    """One line a step, one more for what went wrong, then what was judged."""
    result = {
        "scenario": {"name": "chat"},
        "verdict": "fail",
        "exit_code": 1,
        "reasons": [{"code": "criterion-missed", "text": "errors == 0 was missed"}],
        "criteria": [
            {"check": "errors == 0", "status": "missed", "severity": "error", "observed_text": "1"},
            {
                "check": "expect.passed > 0",
                "status": "no_data",
                "severity": "error",
                "observed_text": "no data",
                "note": "nothing was tried",
            },
            {"check": "round_trip.p95 < 1s", "status": "not_judged", "severity": "warning", "note": NOTE},
            {
                "check": "delivery.reach > 0%",
                "status": "not_judged",
                "severity": "warning",
                "note": "nothing was tried",
            },
        ],
        "steps": [
            step("connect main", 0.0015),
            step("send say", 0.01, "say: no reply"),
            step("", 0.0, "gone"),
        ],
    }
    paper = Face(width=80, unicode=True, colour=False, can_redraw=False)
    assert list(lines(result, paper, "report.html")) == [
        "✗ chat failed: 3 steps, 2 failed",
        "  all/0000 (p)",
        "    ✗ between steps",
        "        gone",
        "    ✓ connect main       1.5 ms",
        "    ✗ send say          10.0 ms",
        "        say: no reply",
        "  ✗ errors == 0: 1",
        "  ✗ expect.passed > 0: no data: nothing was tried",
        "  not judged, being about load: round_trip.p95 < 1s",
        "  not judged: delivery.reach > 0%: nothing was tried",
        "  report report.html, exit code 1",
    ]
