"""Flows that connect, close, and are closed."""

from __future__ import annotations

import pytest
from flowing import TELL, answering, flow, said, total
from tests.clock import VirtualLoop
from tests.fakes import FakeConnection, FakeTransport
from tests.unit.performing import causes, perform, plan_of

from wsrun.transports import ConnectFailure


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
