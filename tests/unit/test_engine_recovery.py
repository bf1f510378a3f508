"""Clients that come back: after a loss, and when they were refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from performing import causes, perform, plan_of
from tests.fakes import FakeConnection, FakeTransport

from wsrun.metrics.snapshot import Snapshot
from wsrun.metrics.store import Store, stored
from wsrun.transports import ConnectFailure

HELLO = 'hello: { json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, timeout: 500ms } }'
AGAIN = "again: { json: { again: true, id: '{{ id }}' }, reply: { match: { $.id: '{{ id }}' } } }"
FIXED = "backoff: { from: 100ms, to: 1s, jitter: 0% }"


def refused(status: int = 503) -> ConnectFailure:
    """A server that is too busy."""
    return ConnectFailure("refused", f"refused-{status}", "the server is busy", status)


def echo(connection: FakeConnection, payload: bytes) -> None:
    """Answer everything."""
    connection.reply(payload.decode(), 0.001)


def live(
    profile: str,
    transport: FakeTransport,
    *,
    reconnect: str = f"{{ {FIXED} }}",
    group: str = "tolerate: { closes: [ 1006, 4001 ] }",
    clients: int = 1,
    length: str = "4s",
) -> list[Snapshot]:
    """Let clients of one profile live for a while."""
    text = (
        f"messages: {{ {HELLO}, {AGAIN} }}\n"
        f"profiles: {{ guest: {{ {profile} }} }}\n"
        f"clients: {{ all: {{ reconnect: {reconnect}, {group} }} }}\n"
        f"phases: [ {{ duration: {length}, clients: {clients} }} ]\n"
    )
    return perform(plan_of(text), transport)


def dropping(number: int, after: float, answer: Callable[..., None] = echo) -> Callable[..., None]:
    """A server that ends the first ``number`` connections a while after their first message."""
    seen: list[FakeConnection] = []

    def behave(connection: FakeConnection, payload: bytes) -> None:
        answer(connection, payload)
        if connection not in seen:
            seen.append(connection)
            if len(seen) <= number:
                connection.drop(after)

    return behave


def said(connection: FakeConnection) -> list[dict[str, Any]]:
    """Return what was sent over a connection."""
    return [json.loads(payload) for _, payload in connection.sent]


def reconciles(store: Store) -> bool:
    """Whether what was attempted is what came of it."""
    outcomes = ("established", "refused", "timed_out", "failed")
    ended = sum(store.counter(f"connect.{name}") for name in outcomes)
    return store.counter("connect.attempted") == ended


def test_a_lost_client_is_back_after_its_backoff() -> None:
    """Lost 200 ms after its hello, it waits 100 ms and says hello again; the loss is made good."""
    transport = FakeTransport(dropping(1, 0.2))
    store = stored(live("start: [ { send: hello } ]", transport))

    first, second = transport.connections
    assert second.sent[0][0] == pytest.approx(0.3)
    assert store.counter("reconnect.done") == 1
    assert store.counter("reconnect.failed") == 0
    assert store.counter("connect.established") == 2
    assert reconciles(store)
    assert store.distribution("reconnect.time").maximum == pytest.approx(0.101, abs=0.001)
    assert [len(said(one)) for one in (first, second)] == [1, 1]


def test_a_mix_goes_on_after_a_loss() -> None:
    """The request that waited is lost and counted; the client sends again from its new connection."""

    def silent_at_first(connection: FakeConnection, payload: bytes) -> None:
        if connection is not connection.transport.connections[0]:
            echo(connection, payload)

    transport = FakeTransport(dropping(1, 0.2, silent_at_first))
    store = stored(live("mix: { hello: 1 }, think: 100ms", transport))

    assert store.counter("replies.lost") == 1
    assert len(said(transport.connections[1])) > 20
    sent, answered = store.counter("messages.sent"), store.counter("replies.answered")
    assert sent == answered + 1


def test_a_flow_begins_anew_after_a_loss() -> None:
    """The pass that was lost ends; the next begins on the new connection with its first step."""
    flow = "flow: [ { send: hello }, { think: 300ms }, { send: again }, { think: 300ms } ]"
    transport = FakeTransport(dropping(1, 0.2))
    live(flow, transport)

    assert ["again" in message for message in said(transport.connections[1])[:2]] == [False, True]


def test_resume_is_done_in_place_of_start_and_variables_live_on() -> None:
    """What was captured on the first connection is sent on the second."""

    def welcome(connection: FakeConnection, payload: bytes) -> None:
        connection.reply(json.dumps({**json.loads(payload), "token": "t1"}), 0.001)

    text = (
        "messages:\n"
        "  login:\n"
        "    { json: { id: '{{ id }}' }, reply: { match: { $.id: '{{ id }}' }, capture: { t: $.token } } }\n"
        "  back: { json: { id: '{{ id }}', t: '{{ t }}' }, reply: { match: { $.id: '{{ id }}' } } }\n"
        "profiles: { guest: { start: [ { send: login } ], resume: [ { send: back } ] } }\n"
        "clients: { all: { reconnect: {}, tolerate: { closes: [ 1006 ] } } }\n"
        "phases: [ { duration: 2s, clients: 1 } ]\n"
    )
    transport = FakeTransport(dropping(1, 0.2, welcome))
    store = stored(perform(plan_of(text), transport))

    assert [message.get("t") for message in said(transport.connections[1])] == ["t1"]
    assert store.counter("reconnect.done") == 1


def test_start_from_its_connect_on_is_what_resume_is_if_unsaid() -> None:
    """What comes before ``connect`` in start is done once."""
    profile = (
        "start: [ { set: { n: '{{ n | default(0) + 1 }}' } }, { connect: main }, "
        "{ send: { text: '{{ n }}' } } ]"
    )
    transport = FakeTransport(dropping(2, 0.2))
    store = stored(live(profile, transport))

    assert [one.sent[0][1] for one in transport.connections] == [b"1", b"1", b"1"]
    assert store.counter("reconnect.done") == 2
    assert reconciles(store)


def test_a_flow_that_connects_makes_the_connection_in_its_next_pass() -> None:
    """One connection a pass, and after the loss a wait before the next one."""
    flow = "flow: [ { connect: main }, { send: hello }, { think: 500ms }, { close: main } ]"
    transport = FakeTransport(dropping(1, 0.2))
    store = stored(live(flow, transport))

    assert transport.connections[1].sent[0][0] == pytest.approx(0.3, abs=0.02)
    assert store.counter("reconnect.done") == 1
    assert len(transport.connections) == store.counter("connect.established")


@pytest.mark.parametrize("connects", ["", "{ connect: main }, "])
def test_each_wait_is_longer_until_the_client_gives_up(connects: str) -> None:
    """100, 200, 400 ms, and after three tries it is gone: one loss that was not made good."""
    times: list[float] = []

    def refuse(number: int) -> ConnectFailure | None:
        times.append(transport.connections[0].loop.time() if transport.connections else 0.0)
        return refused() if number else None

    transport = FakeTransport(dropping(1, 0.2), refuse=refuse)
    reconnect = f"{{ {FIXED}, attempts: 3 }}"
    snapshots = live(f"start: [ {connects}{{ send: hello }} ]", transport, reconnect=reconnect)
    store = stored(snapshots)

    assert times[1:] == pytest.approx([0.3, 0.5, 0.9])
    assert store.counter("reconnect.failed") == 1
    assert store.counter("reconnect.done") == 0
    assert causes(snapshots) == {"refused-503": 3}
    assert reconciles(store)


def test_a_client_that_was_never_in_tries_again_too() -> None:
    """A refusal at first is no loss: it counts in connect, and not in reconnect."""
    transport = FakeTransport(echo, refuse=lambda number: refused() if number < 2 else None)
    store = stored(live("start: [ { send: hello } ]", transport))

    assert store.counter("connect.refused") == 2
    assert store.counter("connect.established") == 1
    assert store.counter("reconnect.done") == store.counter("reconnect.failed") == 0


def test_a_flow_that_is_refused_waits_longer_each_time() -> None:
    """Its own ``connect`` is a try like any other: 0, then after 0.1, 0.2, 0.4 s, and no more."""
    transport = FakeTransport(echo, refuse=lambda number: refused())
    store = stored(live("flow: [ { connect: main } ]", transport, reconnect=f"{{ {FIXED}, attempts: 3 }}"))

    assert store.counter("connect.attempted") == 4


def test_a_close_in_not_after_is_the_end() -> None:
    """The server says that the client is not wanted, and it stays away; nothing was tried, nothing failed."""

    def unwanted(connection: FakeConnection, payload: bytes) -> None:
        echo(connection, payload)
        connection.drop(0.2, code=4001)

    transport = FakeTransport(unwanted)
    store = stored(live("start: [ { send: hello } ]", transport, reconnect="{ not_after: [ 4001 ] }"))

    assert len(transport.connections) == 1
    assert store.counter("reconnect.failed") == 0


def test_a_close_that_a_step_awaits_is_no_loss() -> None:
    """What ends as it should is not made good."""
    transport = FakeTransport(dropping(9, 0.2))
    store = stored(live("flow: [ { send: hello }, { expect_close: [ 1006 ] } ]", transport))

    assert len(transport.connections) == 1
    assert store.counter("reconnect.done") == 0


def test_a_loss_is_an_error_unless_it_is_tolerated() -> None:
    """Being back does not make the close a good one."""
    snapshots = live("start: [ { send: hello } ]", FakeTransport(dropping(1, 0.2)), group="")

    assert causes(snapshots) == {"eof": 1}
    assert stored(snapshots).counter("closed", code="1006") == 1


def test_a_client_lost_while_it_resumes_goes_on_trying() -> None:
    """The time to recover is from the first loss to the session that holds."""
    transport = FakeTransport(dropping(3, 0.0005))
    snapshots = live("start: [ { send: hello } ]", transport, group="tolerate: { closes: [ 1006 ] }")
    store = stored(snapshots)

    assert store.counter("connect.established") == 4
    assert store.counter("reconnect.done") == 1
    assert store.distribution("reconnect.time").maximum == pytest.approx(0.7, rel=0.02)


def test_a_step_of_resume_that_fails_ends_the_session() -> None:
    """The server has forgotten the session: counted as not made good, and tried no more."""

    def forgetful(connection: FakeConnection, payload: bytes) -> None:
        message = json.loads(payload)
        known = connection is connection.transport.connections[0]
        connection.reply(json.dumps({**message, "ok": known}), 0.001)

    profile = (
        "start: [ { send: { json: { id: '{{ id }}' }, "
        "reply: { match: { $.id: '{{ id }}' }, expect: { $.ok: true } } } } ]"
    )
    transport = FakeTransport(dropping(1, 0.2, forgetful))
    snapshots = live(profile, transport)

    assert stored(snapshots).counter("reconnect.failed") == 1
    assert len(transport.connections) == 2
    assert causes(snapshots) == {"reply-unexpected": 1}


def test_who_waits_for_the_next_try_leaves_at_once() -> None:
    """The drain does not wait for a backoff of an hour; nothing more is tried, and nothing failed."""
    slow = "{ backoff: { from: 1h, to: 1h } }"
    transport = FakeTransport(dropping(1, 0.2))
    snapshots = live("start: [ { send: hello } ]", transport, reconnect=slow)

    assert snapshots[-1].end < 6
    assert len(transport.connections) == 1
    assert stored(snapshots).counter("reconnect.failed") == 0


def test_jitter_is_each_clients_own_and_the_seeds() -> None:
    """Lost together, clients come back apart; the same seed gives the same times."""

    def returns() -> list[float]:
        transport = FakeTransport(dropping(20, 0.2))
        live("start: [ { send: hello } ]", transport, reconnect="{ backoff: { from: 1s } }", clients=20)
        return [one.sent[0][0] for one in transport.connections[20:]]

    times = returns()
    assert len(set(times)) == 20
    assert all(0.7 <= time <= 1.21 for time in times)
    assert times == returns()


SEQUENCE = "sequence: [ { where: { $.n: { exists: true } }, value: $.n } ], tolerate: { closes: [ 1006 ] }"


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ([1, 2, 3], [6, 7], {"reconnect.missed": 2}),
        ([1, 2, 3], [4, 5], {}),
        ([1, 2, 3], [1, 2], {}),
        ([4, 5, 6], [5, 6, 7], {"sequence.duplicated": 2}),
        ([1, 2, 3], [6, 8], {"reconnect.missed": 2, "sequence.lost": 1}),
        ([1, 2, 3], [6, 4, 5], {"reconnect.missed": 0, "sequence.reordered": 2}),
        ([1, 3], [2, 4], {"sequence.lost": 0, "sequence.reordered": 1}),
    ],
)
def test_a_gap_over_a_reconnect_is_told_from_a_loss(
    before: list[int], after: list[int], wanted: dict[str, int]
) -> None:
    """Numbers go on over a reconnect, or begin anew with it; what is replayed was not missed."""

    def push(connection: FakeConnection, payload: bytes) -> None:
        echo(connection, payload)
        is_first = connection is connection.transport.connections[0]
        for place, number in enumerate(before if is_first else after):
            connection.reply(json.dumps({"n": number}), 0.01 + place / 100)

    store = stored(live("start: [ { send: hello } ]", FakeTransport(dropping(1, 0.2, push)), group=SEQUENCE))

    names = ("reconnect.missed", "sequence.lost", "sequence.reordered", "sequence.duplicated")
    assert {name: store.counter(name) for name in names if store.counter(name)} == {
        name: number for name, number in wanted.items() if number
    }
