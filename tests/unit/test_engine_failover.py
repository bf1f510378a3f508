"""Clients that go to the next server: after a loss, and when they were refused."""

from __future__ import annotations

from performing import perform
from tests.fakes import FakeConnection, FakeTransport

from wsrun.compiler import compile_plan
from wsrun.metrics.snapshot import Snapshot
from wsrun.metrics.store import Store, stored
from wsrun.plan import Plan
from wsrun.source import parse
from wsrun.transports import ConnectFailure, Endpoint, Sink

URLS = ("ws://127.0.0.1/", "ws://127.0.0.2/", "ws://127.0.0.3/")
NAMES = ("127.0.0.1", "127.0.0.2", "127.0.0.3")


class Servers(FakeTransport):
    """Several servers; those whose host is in ``down`` refuse. ``visited`` are the hosts of all attempts."""

    def __init__(self, *down: str) -> None:
        super().__init__(lambda connection, payload: None)
        self.down = down
        self.visited: list[str] = []

    async def open(self, endpoint: Endpoint, sink: Sink) -> FakeConnection:
        """Connect to the server of the URL."""
        host = endpoint.url.removeprefix("ws://").partition("/")[0]
        self.visited.append(host)
        if host in self.down:
            raise ConnectFailure("refused", "refused-503", "busy", 503)
        return await super().open(endpoint, sink)


def plan_of(profile: str, group: str) -> Plan:
    """One client that may go to three servers."""
    first, *more = URLS
    text = (
        "wsrun: 1\n"
        f"target: {{ url: '{first}', failover: [ {', '.join(more)} ] }}\n"
        f"profiles: {{ guest: {{ {profile} }} }}\n"
        f"clients: {{ all: {{ tolerate: {{ closes: [ 1006 ], refusals: [ 503 ] }}, {group} }} }}\n"
        "phases: [ { duration: 5s, clients: 1 } ]\n"
    )
    return compile_plan(parse(text, "test.yaml", environ={}), seed=1)


def visit(transport: Servers, *, profile: str = "", group: str = "") -> list[Snapshot]:
    """Let the client live for five seconds."""
    return perform(plan_of(profile, group), transport)


def served(store: Store, metric: str) -> dict[str, int]:
    """Return a count of connections by server."""
    return store.by_label(metric, "server")


def test_a_refused_client_tries_each_server_once() -> None:
    """Without a reconnect at once, and no server twice."""
    transport = Servers(*NAMES)
    visit(transport)

    assert transport.visited == list(NAMES)


def test_the_first_that_takes_the_client_keeps_it() -> None:
    """What was refused and what was established is told by server."""
    transport = Servers("127.0.0.1")
    store = stored(visit(transport))

    assert transport.visited == ["127.0.0.1", "127.0.0.2"]
    assert served(store, "connect.refused") == {"127.0.0.1": 1}
    assert served(store, "connect.established") == {"127.0.0.2": 1}
    assert served(store, "closed") == {"127.0.0.2": 1}


def test_a_lost_client_goes_to_the_next_server_round() -> None:
    """From the third it comes to the first again."""
    transport = Servers()
    connect = transport.open

    async def drop(endpoint: Endpoint, sink: Sink) -> FakeConnection:
        connection = await connect(endpoint, sink)
        connection.drop(1.0)
        return connection

    transport.open = drop  # type: ignore[method-assign]
    visit(transport, group="reconnect: { backoff: { from: 100ms, to: 100ms, jitter: 0% } }")

    assert transport.visited == [*NAMES, *NAMES][:5]


def test_a_try_that_is_refused_goes_to_the_next_after_the_backoff() -> None:
    """One server a try: the waits lie between the servers."""
    transport = Servers("127.0.0.1", "127.0.0.2")
    store = stored(visit(transport, group="reconnect: {}"))

    assert transport.visited == list(NAMES)
    assert store.counter("connect.attempted") == 3


def test_a_connection_of_a_pool_is_made_again_where_the_one_before_led() -> None:
    """The first server refuses and is asked once; what is lost at one goes to the next."""
    transport = Servers("127.0.0.1")
    connect = transport.open

    async def drop(endpoint: Endpoint, sink: Sink) -> FakeConnection:
        connection = await connect(endpoint, sink)
        connection.drop(1.5)
        return connection

    transport.open = drop  # type: ignore[method-assign]
    visit(transport, group="pool: { min: 1, max: 1 }")

    first, second, third = NAMES
    assert transport.visited == [first, second, third, first, second, third]


def test_a_close_that_was_wanted_moves_nobody() -> None:
    """A flow that closes and connects again stays with its server."""
    transport = Servers()
    visit(transport, profile="flow: [ { connect: main }, { think: 1s }, { close: main } ]")

    assert set(transport.visited) == {"127.0.0.1"}


def test_without_failover_there_is_no_label() -> None:
    """One server needs no name."""
    text = "wsrun: 1\ntarget: { url: 'ws://127.0.0.1/' }\nphases: [ { duration: 1s, clients: 1 } ]\n"
    store = stored(perform(compile_plan(parse(text, "test.yaml", environ={}), seed=1), Servers()))

    assert served(store, "connect.established") == {}
