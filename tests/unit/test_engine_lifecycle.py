"""Clients that come and go, and clients that are busy and idle in turn."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from performing import causes, perform, plan_of
from tests.fakes import Answer, FakeConnection, FakeTransport

from wsrun.metrics.snapshot import Snapshot
from wsrun.metrics.store import stored
from wsrun.transports import ConnectFailure

ASK = "ask: { json: { id: '{{ id }}' }, reply: { match: { $.id: '{{ id }}' } } }"
TURNS = "lifecycle: { kind: intermittent, online: 2s, offline: 1s }"
BURSTS = "lifecycle: { kind: bursty, active: 2s, idle: 3s }"

BODIES = ["mix: { ask: 1 }, think: 100ms", "flow: [ { send: ask }, { think: 100ms } ]"]


def echo(connection: FakeConnection, payload: bytes) -> None:
    """Answer everything."""
    connection.reply(payload.decode(), 0.001)


def cutting_the_second(after: float) -> Answer:
    """A server that ends the second connection a while after its first message."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        if len(connection.transport.connections) == 2:
            connection.drop(after)

    return answer


def live(
    profile: str, transport: FakeTransport, *, group: str = "", phase: str = "clients: 1", length: str = "30s"
) -> list[Snapshot]:
    """Let clients of one profile live for half a minute."""
    text = (
        f"messages: {{ {ASK} }}\n"
        f"profiles: {{ guest: {{ {profile} }} }}\n"
        f"clients: {{ all: {{ {group} }} }}\n"
        f"phases: [ {{ duration: {length}, {phase} }} ]\n"
    )
    return perform(plan_of(text), transport)


def times(transport: FakeTransport) -> list[float]:
    """Return when messages were sent, over all connections."""
    return sorted(at for connection in transport.connections for at, _ in connection.sent)


def test_an_intermittent_client_has_one_session_after_the_other() -> None:
    """Each with start and end, two seconds long with a second between; the first is cut to a part of that."""
    transport = FakeTransport(echo)
    profile = f"{TURNS}, start: [ {{ send: {{ text: hi }} }} ], end: [ {{ send: {{ text: bye }} }} ]"
    snapshots = live(profile, transport)
    store = stored(snapshots)

    said = [[payload for _, payload in connection.sent] for connection in transport.connections]
    assert said == [[b"hi", b"bye"]] * len(said)
    assert len(said) in (10, 11)
    begins = [connection.sent[0][0] for connection in transport.connections]
    assert all(later - sooner == pytest.approx(3.0, abs=0.05) for sooner, later in pairwise(begins[1:]))
    assert begins[1] <= 3.05
    assert store.counter("connect.established") == store.counter("closed", code="1000") == len(said)
    assert causes(snapshots) == {}


def test_variables_live_on_between_sessions() -> None:
    """A count that each start raises goes on over the time away."""
    transport = FakeTransport(echo)
    count = "{ set: { n: '{{ n | default(0) + 1 }}' } }, { send: { json: { n: '{{ n }}' } } }"
    profile = f"{TURNS}, start: [ {count} ]"
    live(profile, transport)

    counts = [json.loads(connection.sent[0][1])["n"] for connection in transport.connections]
    assert counts == list(range(1, len(counts) + 1))


def test_who_comes_together_does_not_go_on_in_step() -> None:
    """The first online time of each is another part of the whole."""
    transport = FakeTransport(echo)
    live(f"{TURNS}, start: [ {{ send: ask }} ]", transport, phase="clients: 20", length="3s")

    again = [connection.sent[0][0] for connection in transport.connections[20:]]
    assert len(again) >= 15
    assert len({round(moment, 3) for moment in again}) == len(again)


@pytest.mark.parametrize(
    "body", ["mix: { ask: 1 }, think: 100ms", "flow: [ { send: ask }, { think: 100ms } ]"]
)
def test_an_intermittent_client_is_busy_while_it_is_online(body: str) -> None:
    """About twenty messages in each two seconds, none in the second between."""
    transport = FakeTransport(echo)
    live(f"{TURNS}, {body}", transport)

    for connection in transport.connections[1:-1]:
        moments = [at for at, _ in connection.sent]
        assert 15 <= len(moments) <= 21
        assert moments[-1] - moments[0] <= 2.0


def test_a_session_that_is_lost_or_not_to_be_had_is_followed_by_the_next() -> None:
    """The second connection is refused and the third is cut; the client comes again a second later."""
    transport = FakeTransport(
        lambda connection, payload: (
            connection.drop(0.1) if len(connection.transport.connections) == 2 else None
        ),
        refuse=lambda number: ConnectFailure("refused", "refused-503", "busy", 503) if number == 1 else None,
    )
    snapshots = live(f"{TURNS}, start: [ {{ send: {{ text: hi }} }} ]", transport)
    begins = [connection.sent[0][0] for connection in transport.connections]

    assert begins[1] - begins[0] < 2.0 + 1.0 + 1.0 + 0.1
    assert begins[2] - begins[1] == pytest.approx(1.1, abs=0.05)
    assert causes(snapshots) == {"refused-503": 1, "eof": 1}


def test_who_is_away_leaves_at_once() -> None:
    """An hour of being away does not hold up the end of the run, and nobody comes any more."""
    transport = FakeTransport(echo)
    profile = "lifecycle: { kind: intermittent, online: 1s, offline: 1h }"
    snapshots = live(profile, transport, phase="clients: 3", length="5s")

    assert snapshots[-1].end < 7
    assert len(transport.connections) == 3


def test_an_intermittent_client_reconnects_within_its_session() -> None:
    """A loss is made good while it is online; the session still ends at its time."""
    transport = FakeTransport(
        lambda connection, payload: (
            connection.drop(0.5) if len(connection.transport.connections) == 2 else None
        )
    )
    group = "reconnect: { backoff: { from: 100ms, to: 100ms, jitter: 0% } }, tolerate: { closes: [ 1006 ] }"
    profile = f"{TURNS}, start: [ {{ send: {{ text: hi }} }} ]"
    store = stored(live(profile, transport, group=group))
    begins = [connection.sent[0][0] for connection in transport.connections]

    assert store.counter("reconnect.done") == 1
    assert begins[2] - begins[1] == pytest.approx(0.6, abs=0.02)
    assert begins[3] - begins[1] == pytest.approx(3.0, abs=0.05)


@pytest.mark.parametrize(
    "body", ["mix: { ask: 1 }, think: 100ms", "flow: [ { send: ask }, { think: 100ms } ]"]
)
def test_a_bursty_client_stays_connected_and_is_busy_in_turns(body: str) -> None:
    """Bursts of two seconds, with three seconds of silence between them, over one connection."""
    transport = FakeTransport(echo)
    live(f"{BURSTS}, {body}", transport)
    moments = times(transport)

    assert len(transport.connections) == 1
    gaps = [later - sooner for sooner, later in pairwise(moments) if later - sooner > 1]
    assert len(gaps) == 6
    assert all(2.9 <= gap <= 3.3 for gap in gaps)
    assert len(moments) > 5 * 15


def test_a_schedule_passes_over_who_is_idle() -> None:
    """Every message finds one of ten bursty clients that is active, and idle ones get none."""
    transport = FakeTransport(echo)
    store = stored(live(f"{BURSTS}, mix: {{ ask: 1 }}", transport, phase="clients: 20, rate: 50/s"))

    assert store.counter("messages.sent") + store.counter("messages.dropped") == 1500
    for connection in transport.connections:
        gaps = [later - sooner for (sooner, _), (later, _) in pairwise(connection.sent)]
        assert max(gaps) >= 2.9


def test_a_phase_that_changes_the_profile_changes_the_lifecycle() -> None:
    """Bursty in the first phase, busy all the time in the second."""
    text = (
        f"messages: {{ {ASK} }}\n"
        f"profiles:\n  a: {{ {BURSTS}, mix: {{ ask: 1 }}, think: 100ms }}\n"
        "  b: { mix: { ask: 1 }, think: 100ms }\n"
        "clients: { all: { profiles: { a: 1 } } }\n"
        "phases: [ { duration: 20s, clients: 1 }, { duration: 20s, profiles: { b: 1 } } ]\n"
    )
    transport = FakeTransport(echo)
    perform(plan_of(text), transport)
    gaps = [(sooner, later - sooner) for sooner, later in pairwise(times(transport)) if later - sooner > 1]

    assert len(gaps) in (3, 4)
    assert all(sooner < 20 for sooner, _ in gaps)


def test_who_arrived_with_a_flow_comes_once() -> None:
    """One session an arrival, though its profile is one that comes and goes."""
    transport = FakeTransport(echo)
    profile = f"{TURNS}, flow: [ {{ send: ask }} ]"
    live(profile, transport, phase="arrivals: 1/s", length="9500ms")

    assert [len(connection.sent) for connection in transport.connections] == [1] * len(transport.connections)
    assert len(transport.connections) in (9, 10)
