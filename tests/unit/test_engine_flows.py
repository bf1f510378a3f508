"""Flows in virtual time: every kind of step, and how a pass, a session and a client end."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import Counter

import pytest
from flowing import ASK, TELL, answering, flow, said, total
from tests.clock import run_virtual
from tests.fakes import FakeConnection, FakeTransport
from tests.unit.performing import causes, perform, plan_of

from wsrun.engine.performance import Performance
from wsrun.engine.world import Surroundings, World
from wsrun.plan import Plan


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
