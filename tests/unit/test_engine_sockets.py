"""Clients with several sockets, in virtual time."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from performing import Answer, causes, perform, plan_of, sentences
from tests.fakes import FakeConnection, FakeTransport

from wsrun.compiler import compile_plan
from wsrun.metrics.snapshot import Snapshot
from wsrun.metrics.store import Store, stored
from wsrun.plan import Plan
from wsrun.source import parse
from wsrun.transports import ConnectFailure

HEAD = """
wsrun: 1
target:
  url: ws://127.0.0.1:1/main
  close_timeout: 1s
  sockets: { feed: { url: "ws://127.0.0.1:2/feed/{{ client.index }}" }, bell: {} }
messages:
  ask: { json: { id: "{{ id }}", n: "{{ seq }}" }, reply: { match: { $.id: "{{ id }}" }, timeout: 1s } }
  tap:
    json: { id: "{{ id }}", n: "{{ seq }}" }
    socket: feed
    reply: { match: { $.id: "{{ id }}" }, timeout: 1s }
"""


def planned(text: str) -> Plan:
    """Compile a scenario with the sockets main, feed and bell."""
    return compile_plan(parse(HEAD + text, "test.yaml", environ={}), seed=1)


def path(connection: FakeConnection) -> str:
    """Return where a connection leads to."""
    return connection.endpoint.url.partition("/127.0.0.1:")[2].partition("/")[2]


def echo(connection: FakeConnection, payload: bytes) -> None:
    """Answer with the message itself."""
    connection.reply(payload.decode(), 0.01)


def ran(text: str, answer: Answer = echo) -> tuple[FakeTransport, list[Snapshot], Store]:
    """Perform a scenario."""
    transport = FakeTransport(answer)
    snapshots = perform(planned(text), transport)
    return transport, snapshots, stored(snapshots)


CONNECTED = "[ { connect: main }, { connect: feed } ]"


def flow(steps: str, *, start: str = CONNECTED, more: str = "") -> str:
    """Write one pass of a flow: its client leaves before the second."""
    return (
        f"profiles: {{ p: {{ start: {start}, flow: [ {steps}, {{ think: 9s }} ] }} }}\n{more}\n"
        "phases: [ { duration: 2s, clients: 1 } ]"
    )


def test_only_main_is_connected_where_no_step_connects() -> None:
    """Sockets that nobody asks for cost the server nothing."""
    transport, snapshots, _ = ran(
        "phases: [ { duration: 2s, clients: 1 } ]\nprofiles: { p: { mix: { ask: 1 } } }"
    )
    assert [path(one) for one in transport.connections] == ["main"]
    assert causes(snapshots) == {}


def test_only_what_steps_connect_is_connected() -> None:
    """A client may have no main at all."""
    transport, snapshots, _ = ran(flow("{ send: tap }", start="[ { connect: feed } ]"))
    assert [path(one) for one in transport.connections] == ["feed/0"]
    assert causes(snapshots) == {}


def test_each_message_goes_over_its_socket_and_is_counted_there() -> None:
    """Cells, connections and bytes are told apart by the name of the socket."""
    transport, snapshots, store = ran(flow("{ send: ask }, { send: [ tap, tap ] }"))
    assert {path(one): len(one.sent) for one in transport.connections} == {"main": 1, "feed/0": 2}
    for name, sent in (("main", 1), ("feed", 2)):
        assert store.counter("messages.sent", socket=name) == sent
        assert store.counter("messages.received", socket=name) == sent
        assert store.distribution("round_trip", socket=name).count == sent
        assert store.counter("connect.established", socket=name) == 1
        assert store.counter("closed", socket=name, code="1000") == 1
    assert causes(snapshots) == {}


def test_seq_counts_per_socket_and_ids_are_unique() -> None:
    """Two sockets have a message number 1 each, and no id in common."""
    transport, _, _ = ran(flow("{ send: ask }, { send: [ tap, tap ] }, { send: ask }"))
    said = [[orjson.loads(payload) for _, payload in one.sent] for one in transport.connections]
    assert [[message["n"] for message in one] for one in said] == [[1, 2], [1, 2]]
    assert len({message["id"] for one in said for message in one}) == 4


def test_a_mix_speaks_over_several_sockets() -> None:
    """Thinking clients too, each message over its own."""
    text = """
profiles: { p: { start: [ { connect: main }, { connect: feed } ], mix: { ask: 1, tap: 1 }, think: 50ms } }
phases: [ { duration: 4s, clients: 2 } ]
"""
    _, snapshots, store = ran(text)
    assert store.counter("messages.sent", socket="main") > 10
    assert store.counter("messages.sent", socket="feed") > 10
    assert store.counter("replies.answered") == store.counter("messages.sent")
    assert causes(snapshots) == {}


def test_a_mix_without_pauses_speaks_over_several_sockets() -> None:
    """The fast loop finds the socket of each message too."""
    text = """
profiles: { p: { start: [ { connect: main }, { connect: feed } ], mix: { ask: 1, tap: 1 }, think: 0s } }
phases: [ { duration: 500ms, clients: 1 } ]
"""
    _, snapshots, store = ran(text)
    assert store.counter("messages.sent", socket="main") > 10
    assert store.counter("messages.sent", socket="feed") > 10
    assert causes(snapshots) == {}


def test_a_schedule_sends_over_the_socket_of_the_message() -> None:
    """Under a rate the client's own socket carries it."""
    text = """
profiles: { p: { start: [ { connect: feed } ], mix: { tap: 1 } } }
phases: [ { duration: 2s, clients: 2, rate: 20/s } ]
"""
    _, snapshots, store = ran(text)
    assert store.counter("messages.sent", socket="feed") + store.counter("messages.dropped") == 40
    assert store.counter("messages.sent", socket="feed") > 30
    assert causes(snapshots) == {}


def pushing(connection: FakeConnection, payload: bytes) -> None:
    """Answer, and push on every socket of the client: first over feed, then over main."""
    echo(connection, payload)
    for number, one in enumerate(reversed(connection.transport.connections)):
        one.reply(f'{{"push":"{path(one)}"}}', 0.02 + number / 1000)


def test_expect_reads_the_frames_of_all_sockets_oldest_first() -> None:
    """What came first is found first, over whichever socket; the pattern narrows it."""
    steps = (
        "{ send: ask }, { think: 1s }, { expect: { $.push: { exists: true } }, capture: { a: $.push } },"
        " { expect: { $.push: { exists: true } }, capture: { b: socket } },"
        " { send: { text: '{{ a }} {{ b }}' } }"
    )
    transport, snapshots, store = ran(flow(steps), pushing)
    assert transport.connections[0].sent[-1][1] == b"feed/0 main"
    assert store.counter("expect.passed") == 2
    assert causes(snapshots) == {}


@pytest.mark.parametrize(("name", "passed"), [("feed", True), ("main", True), ("bell", False)])
def test_the_source_socket_narrows_an_expect(name: str, passed: bool) -> None:
    """Frames of other sockets stay in their mailboxes."""
    steps = f"{{ send: ask }}, {{ expect: {{ socket: {name} }}, timeout: 500ms }}"
    _, _, store = ran(flow(steps), pushing)
    assert store.counter("expect.passed") == passed
    assert bool(store.counter("expect.failed")) is not passed


def test_rules_look_at_all_sockets_and_sequences_count_per_socket() -> None:
    """``never`` finds what came over feed; each socket has its own numbers."""
    more = (
        "clients: { all: { never: [ { where: { socket: feed, $.n: 2 } } ], sequence: [ { value: $.n } ] } }"
    )
    steps = "{ send: ask }, { send: tap }, { send: tap }, { send: ask }"
    _, snapshots, store = ran(flow(steps, more=more))
    assert store.counter("forbidden") == 1
    assert causes(snapshots) == {"forbidden": 1}
    assert store.counter("sequence.lost") == store.counter("sequence.duplicated") == 0


def test_a_reaction_sends_over_the_socket_of_its_message() -> None:
    """What comes over main may be answered over feed."""
    more = "clients: { all: { react: [ { where: { $.push: main }, send: { text: seen, socket: feed } } ] } }"
    transport, snapshots, _ = ran(flow("{ send: ask }, { think: 500ms }", more=more), pushing)
    assert transport.connections[1].sent[-1][1] == b"seen"
    assert causes(snapshots) == {}


def test_a_socket_is_closed_by_a_step_and_the_client_goes_on() -> None:
    """A close that was asked for is no loss, whichever the socket."""
    steps = "{ close: feed, code: 4001 }, { send: ask }, { connect: feed }, { send: tap }"
    transport, snapshots, store = ran(flow(steps))
    assert [path(one) for one in transport.connections] == ["main", "feed/0", "feed/0"]
    assert store.counter("closed", socket="feed", code="4001") == 1
    assert store.counter("replies.answered") == 2
    assert causes(snapshots) == {}


def test_sending_over_a_socket_that_was_never_connected_is_an_error() -> None:
    """The step fails and says why."""
    _, snapshots, _ = ran(flow("{ send: tap }", start="[ { connect: main } ]"))
    assert causes(snapshots)["not-connected"] >= 1
    assert "a step needs a connection" in sentences(snapshots)[0]


def test_a_lost_socket_ends_the_client_and_is_an_error_of_that_socket() -> None:
    """As the loss of the only one does; the others are closed in good order."""

    def dropping(connection: FakeConnection, payload: bytes) -> None:
        echo(connection, payload)
        if path(connection) == "feed/0":
            connection.drop(0.1)

    transport, snapshots, store = ran(flow("{ send: tap }, { think: 1s }, { send: ask }"), dropping)
    assert causes(snapshots) == {"eof": 1}
    assert store.counter("errors", socket="feed", cause="eof") == 1
    assert store.counter("closed", socket="main", code="1000", side="client") == 1
    assert transport.connections[0].sent == []  # main is there, and the client is leaving


@pytest.mark.parametrize(
    ("socket", "expected"), [("feed", {}), ("main", {"close-unexpected": 1, "closed-4000": 1})]
)
def test_expect_close_means_its_socket(socket: str, expected: dict[str, int]) -> None:
    """The close of another one is not what was expected."""

    def closing(connection: FakeConnection, payload: bytes) -> None:
        echo(connection, payload)
        connection.drop(0.1, 4000)

    steps = f"{{ send: tap }}, {{ expect_close: [ 4000 ], socket: {socket}, timeout: 500ms }}"
    _, snapshots, _ = ran(flow(steps), closing)
    assert causes(snapshots) == expected


def test_end_does_what_needs_no_lost_socket() -> None:
    """With main gone, what goes over feed is still said."""

    def dropping(connection: FakeConnection, payload: bytes) -> None:
        echo(connection, payload)
        if path(connection) == "main":
            connection.drop(0.1)

    text = (
        f"profiles: {{ p: {{ start: {CONNECTED}, flow: [ {{ send: ask }}, {{ think: 1s }} ],"
        " end: [ { send: ask }, { send: tap } ] } }\nphases: [ { duration: 2s, clients: 1 } ]"
    )
    transport, _, _ = ran(text, dropping)
    assert [len(one.sent) for one in transport.connections] == [1, 1]


def test_clients_are_counted_once_however_many_sockets_they_have() -> None:
    """The load that the plan wants is clients, not connections."""
    _, snapshots, _ = ran(flow("{ think: 1s }"))
    first: dict[Any, Any] = snapshots[0].gauges
    totals: dict[str, float] = {}
    for (name, _), gauge in first.items():
        totals[name] = totals.get(name, 0) + gauge.last
    assert (totals["clients"], totals["open"]) == (1.0, 2.0)


def test_a_socket_that_is_refused_ends_the_start() -> None:
    """The other one is closed, and the refusal counted as that of the socket."""
    transport = FakeTransport(echo)
    transport.refuse = lambda number: ConnectFailure("refused", "refused-503", "no", 503) if number else None
    snapshots = perform(planned(flow("{ send: ask }")), transport)
    store = stored(snapshots)
    assert store.counter("connect.refused", socket="feed") == 1
    assert store.counter("connect.established", socket="main") == 1
    assert causes(snapshots) == {"refused-503": 1}


def test_one_socket_has_no_label() -> None:
    """Numbers of plans with one socket look as they always did."""
    text = "messages: { a: { text: a, reply: { match: {} } } }\nphases: [ { duration: 1s, clients: 1 } ]"
    snapshots = perform(plan_of(text), FakeTransport(echo))
    assert all("socket" not in dict(labels) for snapshot in snapshots for _, labels in snapshot.counters)
