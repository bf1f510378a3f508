"""What clients may have, all at once: reconnects, breakers, lifecycles, pools, sockets and phases."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from performing import causes, perform, plan_of
from tests.clock import run_virtual
from tests.fakes import FakeConnection, FakeHttp, FakeTransport

from wsrun.compiler import compile_plan
from wsrun.engine.performance import Performance
from wsrun.engine.sources import Sources, port_count
from wsrun.engine.world import Surroundings, World
from wsrun.metrics.store import stored
from wsrun.source import parse
from wsrun.transports import ConnectFailure, Endpoint, Sink

ASK = "ask: { json: { id: '{{ id }}', say: ask }, reply: { match: { $.id: '{{ id }}' }, timeout: 100ms } }"
JOIN = "join: { json: { id: '{{ id }}', say: join }, reply: { match: { $.id: '{{ id }}' }, timeout: 3s } }"
BACK = "reconnect: { backoff: { from: 100ms, to: 1s, jitter: 0% } }"


def echo(connection: FakeConnection, payload: bytes) -> None:
    """Answer everything after 10 ms."""
    connection.reply(payload.decode(), 0.01)


def refused(number: int) -> ConnectFailure:
    """Refuse everybody."""
    return ConnectFailure("refused", "refused-503", "the server is busy", 503)


def written(folder: Path, code: str, text: str) -> Any:
    """Compile a scenario beside its extensions."""
    (folder / f"{folder.name}.py").write_text(code)
    text = text.replace("MODULE", folder.name)
    document = parse(
        f"wsrun: 1\ntarget: {{ url: ws://127.0.0.1:1/ }}\n{text}", str(folder / "a.yaml"), environ={}
    )
    return compile_plan(document, seed=1)


def test_a_pool_without_connections_keeps_no_orders_that_are_over() -> None:
    """A hundred messages a second that get none within 100 ms: at most a few dozen are remembered."""
    text = (
        f"messages: {{ {ASK} }}\nprofiles: {{ p: {{ mix: {{ ask: 1 }} }} }}\n"
        "clients: { all: { pool: { max: 1, acquire_timeout: 100ms } } }\n"
        "phases: [ { duration: 10s, clients: 5, rate: 100/s } ]\n"
    )
    kept = []
    snapshots: list[Any] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        around = Surroundings(clock=loop.time, unix_offset=1.7e9, real_time=False)
        world = World(plan_of(text), FakeTransport(echo, refuse=refused), loop, surroundings=around)
        world.begin(loop.time())
        world.agenda.call_at(world.start + 9.5, lambda _: kept.append(len(world.pools[0]._waiting)))
        await Performance(world, snapshots.append).run()

    run_virtual(main())
    assert stored(snapshots).counter("pool.timeouts") == 1000
    assert kept[0] < 150


class Sockets(FakeTransport):
    """The server of /side is busy at its first request."""

    busy = True

    async def open(self, endpoint: Endpoint, sink: Sink) -> FakeConnection:
        """Connect, but to the busy one."""
        if endpoint.url.endswith("/side") and self.busy:
            self.busy = False
            raise ConnectFailure("refused", "refused-503", "busy", 503)
        return await super().open(endpoint, sink)


def test_a_refused_socket_is_connected_again_and_no_other() -> None:
    """The connection to main is there all the time: a second one would be nobody's."""
    text = (
        f"messages: {{ {ASK} }}\n"
        "profiles: { p: { start: [ { connect: main } ], resume: [ { send: ask } ], "
        "flow: [ { connect: side }, { send: ask }, { close: side }, { think: 1s } ] } }\n"
        f"clients: {{ all: {{ {BACK} }} }}\n"
        "phases: [ { duration: 5s, clients: 1 } ]\n"
    )
    transport = Sockets(echo)
    sockets = ", sockets: { side: { url: 'ws://127.0.0.1:2/side' } }"
    store = stored(perform(plan_of(text, target=sockets), transport))
    assert store.counter("connect.established", socket="main") == 1
    assert store.counter("connect.established") == store.counter("closed")


def test_an_answer_of_http_ends_the_trial_of_a_breaker() -> None:
    """The WebSocket answers nothing; the breaker opens, and HTTP is what closes it again."""
    text = (
        "messages: { ask: { json: { id: '{{ id }}' }, "
        "reply: { match: { $.id: '{{ id }}' }, timeout: 100ms } }, get: { http: { get: /a } } }\n"
        "profiles: { p: { mix: { ask: 1 } } }\n"
        "clients: { all: { breaker: { failures: 3, within: 10s, cool_down: 1s } } }\n"
        "phases: [ { duration: 2s, clients: 1, rate: 10/s }, "
        "{ duration: 8s, rate: 10/s, mix: { p: { get: 1 } } } ]\n"
    )
    http = FakeHttp(lambda request: (200, (), b"{}"), latency=0.01)
    plan = plan_of(text, target=", http: http://127.0.0.1:2/")
    perform(plan, FakeTransport(lambda connection, payload: None), http)
    assert len(http.asked) > 50


def test_a_client_that_is_idle_reconnects_when_its_breaker_has_cooled() -> None:
    """It is lost at 2 s, idle for a minute: it is back after the cool-down of a second all the same."""

    def losing(connection: FakeConnection, payload: bytes) -> None:
        echo(connection, payload)
        connection.drop(2.0)

    text = (
        f"messages: {{ {ASK} }}\n"
        "profiles: { p: { start: [ { send: ask } ], mix: { ask: 1 }, think: 10s, "
        "resume: [ ], lifecycle: { kind: bursty, active: 1s, idle: 1m } } }\n"
        "clients: { all: { breaker: { failures: 1, cool_down: 1s }, tolerate: { closes: [ 1006 ] }, "
        f"{BACK} }} }}\nphases: [ {{ duration: 20s, clients: 1 }} ]\n"
    )
    store = stored(perform(plan_of(text), FakeTransport(losing)))
    assert store.counter("reconnect.done") == 1
    assert (store.distribution("reconnect.time").maximum or 0) < 1.5


def test_no_scheduled_message_comes_before_a_client_has_resumed() -> None:
    """Its idle time ends while it joins again, which takes two seconds."""
    times: dict[FakeConnection, list[str]] = {}

    def slowly(connection: FakeConnection, payload: bytes) -> None:
        said = times.setdefault(connection, [])
        said.append(json.loads(payload)["say"])
        connection.reply(payload.decode(), 0.01 if len(times) == 1 else 2.0)
        if len(said) == 1 and len(times) == 1:
            connection.drop(2.0)

    text = (
        f"messages: {{ {ASK}, {JOIN} }}\n"
        "profiles: { p: { start: [ { send: join } ], mix: { ask: 1 }, "
        "lifecycle: { kind: bursty, active: 1s, idle: 2s } } }\n"
        f"clients: {{ all: {{ tolerate: {{ closes: [ 1006 ] }}, {BACK} }} }}\n"
        "phases: [ { duration: 8s, clients: 1, rate: 20/s } ]\n"
    )
    transport = FakeTransport(slowly)
    perform(plan_of(text), transport)
    second = transport.connections[1]
    joined = second.sent[0][0]
    assert json.loads(second.sent[0][1])["say"] == "join"
    assert second.sent[1][0] >= joined + 2.0


def test_a_phase_that_makes_clients_idle_gives_them_no_message(tmp_path: Path) -> None:
    """More clients than are told at once, all idle in the second phase: nobody is there to send."""
    text = (
        'extensions: { life: "MODULE:life" }\n'
        "messages: { ask: { text: ask } }\n"
        "profiles: { a: { mix: { ask: 1 } }, b: { mix: { ask: 1 }, lifecycle: { kind: life } } }\n"
        "clients: { all: { profiles: { a: 1 } } }\n"
        "phases: [ { duration: 2s, clients: 500, rate: 1000/s }, "
        "{ duration: 2s, profiles: { b: 1 }, rate: 1000/s } ]\n"
    )
    # To ask the function takes a while, in which messages fall due.
    code = (
        "import asyncio\n"
        "def life(client):\n"
        "    asyncio.get_running_loop()._jumping.now += 0.001\n"
        "    return [('idle', 60)]\n"
    )
    plan = written(tmp_path, code, text)
    transport = FakeTransport(lambda connection, payload: None)
    perform(plan, transport)
    assert not [at for connection in transport.connections for at, _ in connection.sent if at >= 2.0]


def test_who_is_not_let_in_has_its_stages_all_the_same(tmp_path: Path) -> None:
    """It is refused at first, passes over its time there, and comes after its time offline."""
    text = (
        'extensions: { life: "MODULE:life" }\n'
        "profiles: { p: { lifecycle: { kind: life } } }\n"
        "clients: { all: { tolerate: { refusals: [ 503 ] } } }\n"
        "phases: [ { duration: 9s, clients: 1 } ]\n"
    )
    plan = written(tmp_path, "def life(client):\n    return [('active', 1), ('offline', 2)]\n", text)
    transport = FakeTransport(echo, refuse=lambda number: None if number else refused(number))
    perform(plan, transport)
    assert len(transport.connections) == 1


def test_another_profile_brings_its_own_stages(tmp_path: Path) -> None:
    """Idle by the first, busy by the second."""
    text = (
        'extensions: { rest: "MODULE:rest", work: "MODULE:work" }\n'
        "messages: { tell: { text: x } }\n"
        "profiles: { a: { mix: { tell: 1 }, think: 100ms, lifecycle: { kind: rest } }, "
        "b: { mix: { tell: 1 }, think: 100ms, lifecycle: { kind: work } } }\n"
        "clients: { all: { profiles: { a: 1 } } }\n"
        "phases: [ { duration: 2s, clients: 1 }, { duration: 2s, profiles: { b: 1 } } ]\n"
    )
    code = (
        "def rest(client):\n    return [('idle', 60), ('idle', 60)]\n"
        "def work(client):\n    return [('active', 60)]\n"
    )
    plan = written(tmp_path, code, text)
    transport = FakeTransport(lambda connection, payload: None)
    perform(plan, transport)
    (connection,) = transport.connections
    assert {int(at) for at, _ in connection.sent} == {2, 3}


def test_nobody_waits_for_a_client_that_is_away() -> None:
    """One of two is refused, and away for a minute: the other has no one to wait for."""
    text = (
        "messages: { tell: { text: x } }\n"
        "profiles: { p: { flow: [ { sync: here, timeout: 3s }, { send: tell }, { think: 1s } ], "
        "lifecycle: { kind: intermittent, online: 1h, offline: 1h } } }\n"
        "clients: { all: { tolerate: { refusals: [ 503 ] } } }\n"
        "phases: [ { duration: 5s, clients: 2 } ]\n"
    )
    transport = FakeTransport(
        lambda connection, payload: None, refuse=lambda number: None if number else refused(number)
    )
    snapshots = perform(plan_of(text), transport)
    assert causes(snapshots) == {}


def test_a_client_between_two_connections_of_its_own_gets_one_for_its_new_profile() -> None:
    """Its flow has closed the connection when the phase turns; its mix needs one."""
    text = (
        "messages: { tell: { text: x } }\n"
        "profiles: { hop: { flow: [ { connect: main }, { close: main }, { think: 3s } ] }, "
        "stay: { mix: { tell: 1 }, think: 100ms } }\n"
        "clients: { all: { profiles: { hop: 1 } } }\n"
        "phases: [ { duration: 2s, clients: 1 }, { duration: 5s, profiles: { stay: 1 } } ]\n"
    )
    transport = FakeTransport(lambda connection, payload: None)
    perform(plan_of(text), transport)
    assert len(transport.connections[-1].sent) > 20


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (
            "",
            "messages: { tell: { text: x } }\nprofiles: { p: { mix: { tell: 1 } } }\n"
            "phases: [ { duration: 5m, arrivals: 1000/s, stay: 1m } ]\n",
        ),
        (
            ", sockets: { side: { url: 'ws://127.0.0.1:1/side' } }",
            "profiles: { p: { start: [ { connect: main }, { connect: side } ] } }\n"
            "phases: [ { duration: 1m, clients: 30000 } ]\n",
        ),
    ],
    ids=["arrivals", "sockets"],
)
def test_local_addresses_are_enough_for_all_connections(target: str, text: str) -> None:
    """Sixty thousand at a time, more than one address has ports for."""

    async def needed() -> int:
        loop = asyncio.get_running_loop()
        around = Surroundings(clock=loop.time, unix_offset=1.7e9, real_time=False)
        world = World(plan_of(text, target=target), FakeTransport(echo), loop, surroundings=around)
        return world.sources.needed("127.0.0.1")

    ports = port_count()
    assert run_virtual(needed()) == Sources(60_000, ports).needed("127.0.0.1") > 1 or ports > 60_000
