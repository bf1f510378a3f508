"""Flows in virtual time: every kind of step, and how a pass, a session and a client end."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import Callable

import pytest
from tests.clock import VirtualLoop, run_virtual
from tests.fakes import FakeConnection, FakeTransport
from tests.unit.performing import Answer, causes, perform, plan_of

from wsrun.engine.performance import Performance
from wsrun.engine.world import Surroundings, World
from wsrun.metrics.snapshot import Snapshot
from wsrun.plan import Plan
from wsrun.transports import ConnectFailure

ASK = '{ json: { id: "{{ id }}", say: ask }, reply: { match: { $.id: "{{ id }}" }, timeout: 1s } }'
TELL = "{ json: { say: tell } }"
LATENCY = 0.01


def flow(steps: str, *, more: str = "", start: str = "", end: str = "", clients: int = 1) -> Plan:
    """A plan of ten seconds in which clients follow a flow."""
    extra = "".join(f", {key}: [ {value} ]" for key, value in (("start", start), ("end", end)) if value)
    return plan_of(
        f"messages: {{ ask: {ASK}, tell: {TELL}{more} }}\n"
        f"profiles: {{ p: {{ flow: [ {steps} ]{extra} }} }}\n"
        f"phases: [ {{ duration: 10s, clients: {clients} }} ]\n"
        "drain: 5s\n"
    )


def answering(*rules: Callable[[FakeConnection, dict[str, object]], None]) -> Answer:
    """A server that answers requests after a while, and does what else it is told to."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        message = json.loads(payload)
        if "id" in message:
            connection.reply(payload.decode(), LATENCY)
        for rule in rules:
            rule(connection, message)

    return answer


def said(transport: FakeTransport) -> list[tuple[float, str]]:
    """What clients said and when, over all connections."""
    found = [
        (round(at, 3), str(json.loads(payload)["say"]))
        for connection in transport.connections
        for at, payload in connection.sent
    ]
    return sorted(found, key=lambda one: one[0])


def total(snapshots: list[Snapshot], name: str) -> int:
    """A counter over all labels and the whole run."""
    return sum(
        count for snapshot in snapshots for (metric, _), count in snapshot.counters.items() if metric == name
    )


def test_a_flow_is_done_again_and_again_at_its_own_pace() -> None:
    """A pass takes its thinks and its round trips, nothing else; the first think is cut."""
    transport = FakeTransport(answering())
    perform(flow("{ send: ask }, { think: 1s }"), transport)
    times = [at for at, _ in said(transport)]
    gaps = [round(later - sooner, 3) for sooner, later in itertools.pairwise(times)]
    assert 0 < gaps[0] < 1.01
    assert set(gaps[1:]) == {1.01}


def test_thinks_of_start_are_not_cut() -> None:
    """Only the body is spread; what start says is done as written."""
    transport = FakeTransport(answering())
    perform(flow("{ think: 4s }", start="{ think: 500ms }, { send: tell }"), transport)
    assert said(transport) == [(0.5, "tell")]


def test_clients_that_come_together_do_not_speak_together() -> None:
    """Each client's first think in its flow is a random part of it."""
    transport = FakeTransport(answering())
    perform(flow("{ think: 4s }, { send: tell }", clients=20), transport)
    first = [connection.sent[0][0] for connection in transport.connections]
    assert len(set(first)) == 20
    assert max(first) - min(first) > 2.0


def test_flows_keep_their_pace_under_a_rate() -> None:
    """A schedule uses the clients with a mix only."""
    plan = plan_of(
        f"messages: {{ ask: {ASK}, tell: {TELL} }}\n"
        "profiles: { p: { flow: [ { send: tell }, { think: 1s } ] }, q: { mix: { ask: 1 } } }\n"
        "clients: { all: { profiles: { p: 1, q: 1 } } }\n"
        "phases: [ { duration: 10s, clients: 2, rate: 20/s } ]\n"
    )
    transport = FakeTransport(answering())
    perform(plan, transport)
    kinds = [
        Counter(json.loads(payload)["say"] for _, payload in line.sent) for line in transport.connections
    ]
    assert sorted(kinds, key=str) == [{"ask": 200}, {"tell": 11}]


def test_repeat_does_steps_so_many_times() -> None:
    """``times`` counts rounds; each waits for its replies."""
    transport = FakeTransport(answering())
    perform(
        flow("{ think: 60s }", start="{ repeat: [ { send: ask }, { send: tell } ], times: 3 }"), transport
    )
    assert [word for _, word in said(transport)] == ["ask", "tell"] * 3
    assert [at for at, _ in said(transport)] == [0.0, 0.01, 0.01, 0.02, 0.02, 0.03]


def test_repeat_goes_on_for_a_while() -> None:
    """``for`` begins no round after its time, and finishes the one that has begun."""
    transport = FakeTransport(answering())
    perform(
        flow("{ think: 60s }", start="{ repeat: [ { send: tell }, { think: 1s } ], for: 2500ms }"), transport
    )
    assert [at for at, _ in said(transport)] == [0.0, 1.0, 2.0]


def test_repeat_goes_on_while_a_condition_holds() -> None:
    """``while`` is looked at before each round, with the variables of that moment."""
    rounds = '{ repeat: [ { send: tell }, { set: { n: "{{ n + 1 }}" } } ], while: "{{ n < 4 }}" }'
    transport = FakeTransport(answering())
    perform(flow("{ think: 60s }", start="{ set: { n: 0 } }, " + rounds), transport)
    assert len(said(transport)) == 4


def test_a_condition_on_a_variable_that_is_not_written_yet_is_false() -> None:
    """Neither branch fails; ``else`` is taken."""
    steps = '{ if: "{{ n > 1 }}", then: [ { send: ask } ], else: [ { send: tell } ] }, { set: { n: 2 } }'
    transport = FakeTransport(answering())
    snapshots = perform(flow("{ think: 60s }", start=f"{{ repeat: [ {steps} ], times: 2 }}"), transport)
    assert [word for _, word in said(transport)] == ["tell", "ask"]
    assert causes(snapshots) == {}


def test_set_evaluates_values_in_their_order() -> None:
    """A later value sees an earlier one, and types are kept."""
    more = ', both: { json: { say: "{{ b }}" } }'
    start = '{ set: { a: 20, b: "{{ a + 1 }}" } }, { send: both }'
    transport = FakeTransport(answering())
    perform(flow("{ think: 60s }", start=start, more=more), transport)
    assert json.loads(transport.connections[0].sent[0][1]) == {"say": 21}


def test_set_fails_where_a_variable_is_missing() -> None:
    """The step is counted and ends the session that it should have started."""
    transport = FakeTransport(answering())
    start = '{ if: "{{ False }}", then: [ { set: { a: 1 } } ] }, { set: { b: "{{ a }}" } }'
    snapshots = perform(flow("{ send: tell }, { think: 1s }", start=start), transport)
    assert causes(snapshots) == {"missing-variable": 1}
    assert said(transport) == []


def test_choose_draws_by_weight_whatever_the_workers() -> None:
    """Each client's draws are its own: one worker or three, everybody says the same."""
    choices = "{ weight: 3, do: [ { send: ask } ] }, { weight: 1, do: [ { send: tell } ] }"
    plan = flow(f"{{ choose: [ {choices} ] }}, {{ think: 100ms }}", clients=6)
    together = _words_by_client(plan, workers=1)
    apart = _words_by_client(plan, workers=3)
    assert together == apart
    drawn = Counter(word for words in together.values() for word in words)
    assert 0.65 < drawn["ask"] / drawn.total() < 0.85


def _words_by_client(plan: Plan, *, workers: int) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for worker in range(workers):
        transport = FakeTransport(answering())
        _perform_part(plan, transport, worker, workers)
        for line in transport.connections:
            client = line.sink.session.client_id  # type: ignore[attr-defined]
            # The last words depend on when the run ends in a round trip.
            found[client] = [json.loads(payload)["say"] for _, payload in line.sent][:80]
    return found


def _perform_part(plan: Plan, transport: FakeTransport, worker: int, workers: int) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        around = Surroundings(clock=loop.time, unix_offset=1.7e9, real_time=False)
        world = World(plan, transport, loop, worker=worker, workers=workers, surroundings=around)
        world.begin(loop.time())
        await Performance(world, lambda snapshot: None).run()

    run_virtual(main())


def test_expect_none_is_good_when_nothing_comes() -> None:
    """It takes its whole time and counts as passed."""
    transport = FakeTransport(answering())
    start = "{ expect_none: { $.say: push }, for: 2s }, { send: tell }"
    snapshots = perform(flow("{ think: 60s }", start=start), transport)
    assert said(transport) == [(2.0, "tell")]
    assert (total(snapshots, "expect.passed"), total(snapshots, "expect.failed")) == (1, 0)


@pytest.mark.parametrize("after", [0.5, 1.5], ids=["in-the-mailbox", "while-it-looks"])
def test_expect_none_fails_when_something_comes(after: float) -> None:
    """Also on what came before the step; the pass ends there, and the next begins."""

    def push(connection: FakeConnection, message: dict[str, object]) -> None:
        if len(connection.sent) == 1:
            connection.reply('{"say": "push"}', after)

    look = "{ repeat: [ { think: 500ms } ], times: 2 }, { expect_none: { $.say: push }, for: 1s }"
    transport = FakeTransport(answering(push))
    snapshots = perform(flow(f"{{ send: tell }}, {look}, {{ send: ask }}"), transport)
    assert causes(snapshots) == {"unexpected-message": 1}
    assert total(snapshots, "expect.failed") == 1
    assert [word for _, word in said(transport)][:4] == ["tell", "tell", "ask", "tell"]


def test_a_failing_step_ends_the_pass() -> None:
    """What follows it is not done in this pass; a failure that takes no time is not tried without end."""
    transport = FakeTransport(answering())
    steps = '{ send: tell }, { set: { a: "{{ b }}" } }, { send: ask }, { set: { b: 1 } }'
    snapshots = perform(flow(steps), transport)
    words = Counter(word for _, word in said(transport))
    assert set(words) == {"tell"}
    assert 450 <= words["tell"] <= 510
    assert set(causes(snapshots)) == {"missing-variable"}


def test_a_failing_step_in_start_ends_the_session() -> None:
    """The flow is never begun; end is done, and the connection closed."""
    transport = FakeTransport(answering())
    start = "{ expect: { $.say: hello }, timeout: 1s }"
    snapshots = perform(flow("{ send: ask }, { think: 1s }", start=start, end="{ send: tell }"), transport)
    assert said(transport) == [(1.0, "tell")]
    assert causes(snapshots) == {"expect-failed": 1}
    assert not transport.connections[0].is_open


@pytest.mark.parametrize(
    "step",
    [
        "{ think: 60s }",
        "{ expect: { $.say: push }, timeout: 60s }",
        "{ expect_none: { $.say: push }, for: 60s }",
        "{ expect_close: [ 1000 ], timeout: 60s }",
        "{ repeat: [ { think: 7s } ], times: 1000 }",
        "{ repeat: [ { think: 7s } ], for: 1h }",
        '{ repeat: [ { set: { a: 1 } } ], while: "{{ True }}" }',
    ],
)
def test_who_is_told_to_leave_ends_what_it_waits_for(step: str) -> None:
    """Without a verdict and at once; end is done and the connection closed in good order."""
    transport = FakeTransport(answering())
    snapshots = perform(flow(f"{step}, {{ send: ask }}", end="{ send: tell }"), transport)
    leaving = [at for at, word in said(transport) if word == "tell"]
    assert leaving == [10.0]
    assert causes(snapshots) == {}
    assert total(snapshots, "expect.passed") == total(snapshots, "expect.failed") == 0
    assert snapshots[-1].end < 10.5


def test_who_is_told_to_leave_awaits_the_reply() -> None:
    """A request that is under way is answered before the client goes."""
    transport = FakeTransport(lambda connection, payload: connection.reply(payload.decode(), 0.7))
    snapshots = perform(flow("{ send: ask }"), transport)
    assert total(snapshots, "replies.lost") == total(snapshots, "replies.pending") == 0
    assert causes(snapshots) == {}


def test_each_pass_may_have_a_connection_of_its_own() -> None:
    """With a connect step nothing connects by itself; close waits for the end of the connection."""
    transport = FakeTransport(answering())
    steps = "{ connect: main }, { send: ask }, { close: main, code: 4000 }, { think: 1s }"
    snapshots = perform(flow(steps), transport)
    assert len(transport.connections) == transport.attempts == total(snapshots, "connect.established")
    assert 9 <= transport.attempts <= 11
    assert all(len(line.sent) == 1 for line in transport.connections)
    assert total(snapshots, "closed") == transport.attempts
    assert causes(snapshots) == {}


def test_variables_outlive_a_connection_and_birth_is_once() -> None:
    """What assign wrote at birth is not written again; ``seq`` belongs to the connection."""
    plan = plan_of(
        'messages: { tell: { json: { say: "{{ n }}/{{ seq }}" } } }\n'
        "profiles:\n  p:\n"
        '    flow: [ { connect: main }, { set: { n: "{{ n + 1 }}" } }, { send: tell }, { think: 4s } ]\n'
        "clients: { all: { assign: { n: 10 } } }\n"
        "phases: [ { duration: 10s, clients: 1 } ]\n"
    )
    transport = FakeTransport(answering())
    perform(plan, transport)
    assert [word for _, word in said(transport)][:3] == ["11/1", "12/1", "13/1"]


def test_a_reset_is_what_was_asked_for() -> None:
    """``how: reset`` ends the connection at once, and that is no error."""
    transport = FakeTransport(answering())
    snapshots = perform(flow("{ connect: main }, { close: main, how: reset }, { think: 1s }"), transport)
    assert total(snapshots, "closed") == transport.attempts > 5
    assert causes(snapshots) == {}


def test_a_refused_connection_ends_the_pass() -> None:
    """It is counted as a failed connect, once, and tried again in the next pass."""
    transport = FakeTransport(
        answering(),
        refuse=lambda number: ConnectFailure("refused", "refused-503", "no", 503) if number < 3 else None,
    )
    snapshots = perform(flow("{ connect: main }, { send: ask }, { think: 1s }"), transport)
    assert causes(snapshots) == {"refused-503": 3}
    assert said(transport)[0][0] == pytest.approx(0.06)


def test_a_step_before_any_connection_is_an_error() -> None:
    """A flow that sends first and connects later says so."""
    transport = FakeTransport(answering())
    snapshots = perform(flow("{ send: tell }, { connect: main }"), transport)
    assert set(causes(snapshots)) == {"not-connected"}
    assert transport.attempts == 0


@pytest.mark.parametrize("after", [0.05, 0.5], ids=["before-the-step", "in-the-step"])
def test_a_close_that_is_expected_is_no_error(after: float) -> None:
    """Whether it comes just before the step or while it waits."""

    def leave(connection: FakeConnection, message: dict[str, object]) -> None:
        connection.drop(after, 4001)

    transport = FakeTransport(answering(leave))
    steps = "{ connect: main }, { send: ask }, { think: 100ms }, { expect_close: [ 4001 ] }, { think: 1s }"
    snapshots = perform(flow(steps), transport)
    # Whoever is told to leave while waiting has no verdict.
    assert total(snapshots, "expect.passed") >= transport.attempts - 1 > 4
    assert total(snapshots, "expect.failed") == 0
    assert causes(snapshots) == {}


def test_another_code_than_expected_fails() -> None:
    """One error, of the step and not of the connection too; the next pass connects anew."""
    transport = FakeTransport(answering(lambda connection, _: connection.drop(0.5, 1011)))
    steps = "{ connect: main }, { send: ask }, { expect_close: [ 1000, 4001 ] }, { think: 1s }"
    snapshots = perform(flow(steps), transport)
    assert causes(snapshots) == {"close-unexpected": total(snapshots, "expect.failed")}
    assert transport.attempts > 5


def test_no_close_in_time_fails() -> None:
    """The wait ends with the timeout, and the connection is still there."""
    transport = FakeTransport(answering())
    start = "{ expect_close: [], timeout: 2s }"
    snapshots = perform(flow("{ send: ask }", start=start, end="{ send: tell }"), transport)
    assert causes(snapshots) == {"close-unexpected": 1}
    assert said(transport) == [(2.0, "tell")]


def test_a_close_that_no_step_takes_is_an_error_even_so() -> None:
    """A profile that expects a close elsewhere is not excused from all of them."""
    transport = FakeTransport(answering(lambda connection, _: connection.drop(0.5, 1011)))
    steps = (
        '{ send: ask }, { think: 5s }, { send: ask }, { if: "{{ False }}", then: [ { expect_close: [] } ] }'
    )
    snapshots = perform(flow(steps), transport)
    assert causes(snapshots) == {"closed-1011": 1}


def test_a_lost_connection_ends_the_session() -> None:
    """The flow is not begun again; of end, what needs the connection is left out and the rest is done."""
    transport = FakeTransport(answering(lambda connection, _: connection.drop(0.5)))
    steps = "{ send: ask }, { think: 60s }, { send: ask }"
    snapshots = perform(
        flow(steps, end="{ send: tell }, { think: 2s }, { connect: main }, { send: tell }"), transport
    )
    assert causes(snapshots) == {"eof": 1}
    assert said(transport) == [(0.0, "ask"), (2.5, "tell")]


def test_who_has_closed_and_never_connects_again_is_done() -> None:
    """Neither a flow nor a mix goes on without a connection, and nobody spins."""
    for body in ("flow: [ { close: main } ]", "start: [ { close: main } ], mix: { tell: 1 }, think: 0s"):
        transport = FakeTransport(answering())
        plan = plan_of(
            f"messages: {{ tell: {TELL} }}\nprofiles: {{ p: {{ {body} }} }}\n"
            "phases: [ { duration: 10s, clients: 1 } ]\n"
        )
        snapshots = perform(plan, transport)
        assert said(transport) == []
        assert causes(snapshots) == {}
        assert total(snapshots, "closed") == 1


@pytest.mark.parametrize(
    "steps",
    [
        "{ set: { a: 1 } }",
        "{ think: 0s }",
        '{ if: "{{ False }}", then: [ { send: ask } ] }',
        '{ repeat: [ { set: { a: 1 } } ], while: "{{ True }}" }',
        "{ repeat: [ { think: 0s } ], for: 1s }",
    ],
)
def test_a_flow_that_waits_for_nothing_does_not_hold_up_the_loop(steps: str) -> None:
    """The run ends at its time, in virtual time too, where only a timer lets the clock go on."""
    transport = FakeTransport(answering())
    snapshots = perform(flow(steps), transport)
    assert causes(snapshots) == {}
    assert 10.0 <= snapshots[-1].end < 10.5


def test_a_flow_that_only_sends_lets_others_have_their_turn() -> None:
    """Messages without a reply go out as fast as the clock, and the phase still ends."""

    def cost(connection: FakeConnection, message: dict[str, object]) -> None:
        assert isinstance(connection.loop, VirtualLoop)
        connection.loop._jumping.now += 0.001

    transport = FakeTransport(answering(cost))
    snapshots = perform(flow("{ send: tell }"), transport)
    assert 9_900 <= len(said(transport)) <= 10_100
    assert 10.0 <= snapshots[-1].end < 10.5
