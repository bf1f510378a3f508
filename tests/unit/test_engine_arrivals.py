"""Clients that arrive at a rate: when they come, how long they stay, and how workers share them."""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from echoing import echo, perform
from tests.clock import VirtualLoop
from tests.fakes import FakeConnection, FakeTransport
from tests.unit.performing import plan_of

from wsrun.compiler import compile_plan
from wsrun.expressions import parse_id
from wsrun.source import parse
from wsrun.transports import ConnectFailure

PING = (
    'messages: { ping: { json: { id: "{{ id }}", n: "{{ client.index }}", who: "{{ client.id }}" }, '
    'reply: { match: { $.id: "{{ id }}" }, timeout: 1s } } }\n'
)
VISIT = PING + "profiles: { p: { flow: [ { send: ping }, { think: 1s }, { send: ping } ] } }\n"
STAY = PING + "profiles: { p: { mix: { ping: 1 }, think: 100ms } }\n"


class Watched(FakeTransport):
    """A transport that knows when connections were opened and closed, and how many there were at once."""

    def __init__(self, **more: Any) -> None:
        super().__init__(more.pop("answer", echo()), **more)
        self.opened: list[float] = []
        self.urls: list[str] = []
        self.open_now = 0
        self.most = 0

    async def open(self, endpoint: Any, sink: Any) -> FakeConnection:
        """Connect, and count."""
        self.opened.append(asyncio.get_running_loop().time())
        connection = await super().open(endpoint, sink)
        self.open_now += 1
        self.most = max(self.most, self.open_now)
        end = connection._end

        def ended(closing: Any) -> None:
            self.open_now -= 1
            end(closing)

        connection._end = ended  # type: ignore[method-assign]
        return connection

    @property
    def said(self) -> list[dict[str, Any]]:
        """Everything that was sent, by connection."""
        return [json.loads(payload) for connection in self.connections for _, payload in connection.sent]


def lives(transport: Watched) -> list[int]:
    """Return how many messages each connection sent."""
    return [len(connection.sent) for connection in transport.connections]


def test_clients_come_evenly_and_never_early() -> None:
    """Arrival n is due when the integral of the rate reaches n + 1/2."""
    transport = Watched()
    perform(plan_of(VISIT + "phases: [ { duration: 5s, arrivals: 2/s } ]"), transport)
    assert transport.opened == pytest.approx([0.25 + n / 2 for n in range(10)], abs=1e-6)
    assert all(at >= 0.25 + n / 2 - 1e-9 for n, at in enumerate(transport.opened))


def test_a_flow_is_done_once_and_then_the_client_leaves() -> None:
    """Two messages a visit, a clean close by us, and nobody left."""
    transport = Watched()
    store = perform(plan_of(VISIT + "phases: [ { duration: 5s, arrivals: 2/s } ]"), transport)
    # The last ones are cut by the end of the run, after their first message.
    assert lives(transport)[:7] == [2] * 7
    assert store.counter("closed", side="client", code="1000") == 10
    assert store.counter("connect.attempted") == store.counter("connect.established") == 10
    assert store.counter("errors") == store.counter("connect.dropped") == store.counter("connect.late") == 0


def test_a_mix_goes_on_for_the_stay() -> None:
    """With a stay of 900 ms and pauses of 100 ms, about nine messages, and nobody meets the next one."""
    transport = Watched()
    perform(plan_of(STAY + "phases: [ { duration: 6s, arrivals: 1/s, stay: 900ms } ]"), transport)
    assert all(8 <= number <= 10 for number in lives(transport)[:5])
    assert transport.most == 1


def test_who_listens_stays_too() -> None:
    """A profile without a mix or a flow is there for its stay."""
    transport = Watched()
    text = "profiles: { p: }\nphases: [ { duration: 10s, arrivals: 1/s, stay: 3s } ]"
    store = perform(plan_of(text), transport)
    assert transport.most == 3
    assert store.counter("closed", side="client") == 10


def test_start_and_end_are_done_by_those_who_arrive() -> None:
    """A visit is a whole session; the stay begins after the start."""
    steps = "start: [ { send: ping }, { think: 1s } ], end: [ { send: ping } ]"
    transport = Watched()
    text = PING + f"profiles: {{ p: {{ {steps} }} }}\nphases: [ {{ duration: 9s, arrivals: 1/s, stay: 2s }} ]"
    perform(plan_of(text), transport)
    first = transport.connections[0]
    assert [round(at, 2) for at, _ in first.sent[::2]] == [0.5]
    assert len(first.sent) == 2
    # The pause of a start is spread for nobody: 1 s, and then 2 s of stay.
    assert first.sent[1][0] == pytest.approx(3.5, abs=0.01)


def test_the_index_counts_on_and_names_nobody_twice() -> None:
    """``client.index`` is running: 0, 1, 2 … over all phases, and ids are unique."""
    transport = Watched()
    text = VISIT + "phases: [ { duration: 3s, arrivals: 2/s }, { duration: 3s, arrivals: 1/s } ]"
    perform(plan_of(text), transport)
    firsts = [json.loads(connection.sent[0][1]) for connection in transport.connections]
    assert [one["n"] for one in firsts] == list(range(9))
    assert len({one["who"] for one in firsts}) == 9


def test_those_who_arrive_are_numbered_behind_the_slots_of_their_group() -> None:
    """A group may have both; no two clients of it have one index or one number of birth."""
    transport = Watched()
    text = STAY + "phases: [ { duration: 3s, clients: 3, arrivals: 1/s, stay: 500ms } ]"
    perform(plan_of(text), transport)
    assert {one["n"] for one in transport.said} == set(range(6))
    births = {parsed[0] for one in transport.said if (parsed := parse_id(one["id"]))}
    assert births == set(range(6))


def test_a_poisson_process_is_that_of_its_seed() -> None:
    """The same times again, not even ones, about as many as the rate says, and others for another seed."""

    def times(seed: int) -> list[float]:
        transport = Watched()
        text = VISIT + "phases: [ { duration: 20s, arrivals: 5/s, poisson: true } ]"
        head = "wsrun: 1\ntarget: { url: ws://127.0.0.1:1/ }\n"
        perform(compile_plan(parse(head + text, "t.yaml", environ={}), seed=seed), transport)
        return transport.opened

    first = times(1)
    assert first == times(1) != times(2)
    assert 60 <= len(first) <= 140
    gaps = {round(after - before, 6) for before, after in itertools.pairwise(first)}
    assert len(gaps) > 10


def test_a_ramp_and_stairs_of_arrivals() -> None:
    """Levels of rates as everywhere: the number that came is the integral of the rate."""
    transport = Watched()
    text = VISIT + "phases: [ { duration: 10s, arrivals: { from: 0/s, to: 10/s } }"
    perform(
        plan_of(text + ", { duration: 4s, arrivals: { from: 1/s, to: 4/s, step: 1/s, every: 1s } } ]"),
        transport,
    )
    assert sum(at < 10 for at in transport.opened) == 50
    assert sum(at >= 10 for at in transport.opened) == 10


def test_who_comes_beyond_the_limit_is_dropped_and_counted() -> None:
    """Three may be there; each stays for two seconds, so that of ten a second few get in."""
    transport = Watched()
    text = STAY + "phases: [ { duration: 4s, arrivals: 10/s, stay: 2s, at_most: 3 } ]"
    store = perform(plan_of(text), transport)
    assert transport.most == 3
    attempted, dropped = store.counter("connect.attempted"), store.counter("connect.dropped")
    assert attempted + dropped == store.counter("arrivals") == 40
    assert attempted in (6, 7)
    # An index that was dropped is nobody's: the number of a client does not depend on who was there.
    assert {one["n"] for one in transport.said} >= {0, 1, 2}
    assert max(one["n"] for one in transport.said) > 6


def test_living_on_beyond_the_phase() -> None:
    """Those who came finish their stay in a phase without arrivals; nobody else comes."""
    transport = Watched()
    text = STAY + "phases: [ { duration: 2s, arrivals: 1/s, stay: 3s }, { duration: 4s } ]"
    store = perform(plan_of(text), transport)
    assert len(transport.opened) == 2
    assert [connection.sent[-1][0] > 3 for connection in transport.connections] == [True, True]
    assert store.counter("closed", phase="phase-2", side="client") == 2


def test_the_end_of_the_run_ends_every_visit() -> None:
    """What is left leaves in the drain, with everything accounted for."""
    transport = Watched()
    store = perform(plan_of(STAY + "phases: [ { duration: 2s, arrivals: 5/s, stay: 1m } ]"), transport)
    assert store.counter("closed", side="client") == store.counter("connect.established") == 10
    assert store.counter("replies.expected") == store.counter("replies.answered")


@pytest.mark.parametrize("workers", [2, 3])
@pytest.mark.parametrize("limit", ["", ", at_most: 100", ", at_most: 5"])
def test_any_number_of_workers_admits_the_same_clients(workers: int, limit: str) -> None:
    """Together they make the same arrivals at the same times, with the same numbers; none twice."""
    stay = "1s" if "100" in limit or not limit else "100ms"
    plan = plan_of(
        STAY + f"phases: [ {{ duration: 5s, arrivals: 7/s, poisson: true, stay: {stay}{limit} }} ]"
    )
    alone = Watched()
    perform(plan, alone)
    shared = []
    for worker in range(workers):
        transport = Watched()
        perform(plan, transport, worker=worker, workers=workers)
        shared.append(transport)
    together = sorted(at for transport in shared for at in transport.opened)
    indexes = sorted({one["n"] for transport in shared for one in transport.said})
    if limit != ", at_most: 5":
        assert together == pytest.approx(sorted(alone.opened))
        assert indexes == sorted({one["n"] for one in alone.said})
    assert sum(len({one["n"] for one in transport.said}) for transport in shared) == len(indexes)
    assert all(transport.opened for transport in shared)


def test_a_limit_is_divided_exactly() -> None:
    """Of five seats, three workers have two, two and one; arrivals are dealt out in the same proportion."""
    plan = plan_of("profiles: { p: }\nphases: [ { duration: 5s, arrivals: 10/s, stay: 1m, at_most: 5 } ]")
    most = []
    for worker in range(3):
        transport = Watched()
        store = perform(plan, transport, worker=worker, workers=3)
        most.append((transport.most, store.counter("arrivals")))
    assert most == [(2, 20), (2, 20), (1, 10)]


def test_more_workers_than_seats_leave_nobody_out() -> None:
    """A worker without a seat gets no arrivals, and drops none."""
    plan = plan_of("profiles: { p: }\nphases: [ { duration: 5s, arrivals: 1/s, stay: 500ms, at_most: 1 } ]")
    found = []
    for worker in range(2):
        store = perform(plan, Watched(), worker=worker, workers=2)
        found.append((store.counter("arrivals"), store.counter("connect.dropped")))
    assert found == [(5, 0), (0, 0)]


def test_several_groups_have_rates_of_their_own() -> None:
    """``{ GROUP: level }``; a group that is not named has no arrivals."""
    text = (
        "profiles: { p: }\nclients: { a: , b: , c: }\n"
        "phases: [ { duration: 5s, arrivals: { a: 2/s, b: 1/s }, clients: { c: 1 }, stay: 1s } ]"
    )
    store = perform(plan_of(text), Watched())
    assert [store.counter("connect.established", group=name) for name in "abc"] == [10, 5, 1]


def test_profiles_have_their_shares_of_those_who_arrive() -> None:
    """Of any forty in a row, thirty and ten."""
    text = (
        PING + "profiles: { flowing: { flow: [ { send: ping } ] }, mixing: { mix: { ping: 1 } } }\n"
        "clients: { all: { profiles: { flowing: 0.75, mixing: 0.25 } } }\n"
        "phases: [ { duration: 10s, arrivals: 4/s, stay: 1s } ]"
    )
    store = perform(plan_of(text), Watched())
    assert store.counter("connect.established", profile="flowing") == 30
    assert store.counter("connect.established", profile="mixing") == 10


def test_each_row_is_taken_once_and_then_nobody_comes(tmp_path: Path) -> None:
    """Three rows make three clients, however many should arrive; that is no drop."""
    (tmp_path / "people.csv").write_text("name\nann\nbob\ncyd\n")
    text = (
        "wsrun: 1\ntarget: { url: ws://127.0.0.1:1/ }\ndata: { people: { file: people.csv, take: each } }\n"
        'messages: { hi: { json: { name: "{{ people.name }}" } } }\n'
        "profiles: { p: { flow: [ { send: hi } ] } }\n"
        "phases: [ { duration: 10s, arrivals: 1/s } ]"
    )
    plan = compile_plan(parse(text, str(tmp_path / "t.yaml"), environ={}), seed=1)
    for workers in (1, 2):
        said = []
        for worker in range(workers):
            transport = Watched(answer=lambda connection, payload: None)
            store = perform(plan, transport, worker=worker, workers=workers)
            said += transport.said
            assert store.counter("connect.dropped") == 0
        assert sorted(one["name"] for one in said) == ["ann", "bob", "cyd"]


@pytest.mark.parametrize("workers", [1, 2])
def test_unique_rows_are_those_of_nobody_else_who_is_there(workers: int, tmp_path: Path) -> None:
    """As many rows as may be there at once are enough, for any number of visits and workers."""
    (tmp_path / "people.csv").write_text("name\n" + "".join(f"p{n}\n" for n in range(4)))
    text = (
        "wsrun: 1\ntarget: { url: 'ws://127.0.0.1:1/{{ people.name }}' }\n"
        "data: { people: { file: people.csv, take: unique } }\nprofiles: { p: }\n"
        "phases: [ { duration: 20s, arrivals: 3/s, stay: { uniform: [ 200ms, 1800ms ] }, at_most: 4 } ]"
    )
    plan = compile_plan(parse(text, str(tmp_path / "t.yaml"), environ={}), seed=1)
    times: list[tuple[float, int, str]] = []

    class Named(Watched):
        async def open(self, endpoint: Any, sink: Any) -> FakeConnection:
            connection = await super().open(endpoint, sink)
            name = endpoint.url.rpartition("/")[2]
            times.append((connection.loop.time(), 1, name))
            end = connection._end

            def ended(closing: Any) -> None:
                times.append((connection.loop.time(), 0, name))
                end(closing)

            connection._end = ended  # type: ignore[method-assign]
            return connection

    for worker in range(workers):
        perform(plan, Named(), worker=worker, workers=workers)
    there: set[str] = set()
    for _, comes, name in sorted(times):
        if comes:
            assert name not in there
            there.add(name)
        else:
            there.remove(name)
    assert len(times) > 60


def test_the_living_take_up_the_mix_of_a_new_phase() -> None:
    """A phase's mix is for whoever is there, those who arrived included."""
    text = (
        "messages: { a: { text: a }, b: { text: b } }\nprofiles: { p: { mix: { a: 1 }, think: 100ms } }\n"
        "phases: [ { duration: 2s, arrivals: 2/s, stay: 1m }, { duration: 2s, mix: { p: { b: 1 } } } ]"
    )
    transport = Watched(answer=lambda connection, payload: None)
    perform(plan_of(text), transport)
    sent = [(at, payload) for connection in transport.connections for at, payload in connection.sent]
    assert {payload for at, payload in sent if at < 2} == {b"a"}
    assert {payload for at, payload in sent if at > 2.1} == {b"b"}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_rate_is_spread_over_those_who_are_there(workers: int) -> None:
    """Nobody plans how many there are: the messages go to whoever is open, in turn, and none is lost."""
    text = STAY + (
        "phases: [ { duration: 2s, arrivals: 5/s, stay: 1m, warm_up: true }, { duration: 4s, rate: 20/s } ]"
    )
    sent, dropped, took = 0, 0, []
    for worker in range(workers):
        transport = Watched()
        store = perform(plan_of(text), transport, worker=worker, workers=workers)
        sent += store.counter("messages.sent", phase="phase-2")
        dropped += store.counter("messages.dropped")
        took += [sum(at >= 2 for at, _ in connection.sent) for connection in transport.connections]
    assert (sent, dropped) == (80, 0)
    assert took == [8] * 10


def test_a_handshake_that_has_to_wait_makes_an_arrival_late() -> None:
    """One at a time, each of 100 ms: of those who come every 50 ms most begin late, and it shows."""
    transport = Watched(latency=0.1)
    text = VISIT + "phases: [ { duration: 2s, arrivals: 20/s, handshakes: 1 }, { duration: 5s } ]"
    store = perform(plan_of(text), transport)
    assert store.counter("connect.attempted") == 40
    assert store.counter("connect.late") >= 38


def test_a_generator_that_is_held_up_counts_late_arrivals() -> None:
    """A stall of a second makes those who should have come in it late, and loses none."""

    def stall(connection: FakeConnection, payload: bytes) -> None:
        assert isinstance(connection.loop, VirtualLoop)
        if len(connection.transport.connections) == 1 and len(connection.sent) == 1:
            connection.loop._jumping.now += 1.0
        echo()(connection, payload)

    transport = Watched(answer=stall)
    store = perform(plan_of(VISIT + "phases: [ { duration: 3s, arrivals: 10/s } ]"), transport)
    assert store.counter("connect.attempted") == 30
    assert store.counter("connect.late") == 9


def test_flows_that_connect_by_themselves_arrive_too() -> None:
    """A ``connect`` step is no arrival: only what comes late to its flow is late."""
    flow = "flow: [ { think: 500ms }, { connect: main }, { send: ping }, { close: main }, { connect: main } ]"
    transport = Watched()
    text = PING + f"profiles: {{ p: {{ {flow} }} }}\nphases: [ {{ duration: 5s, arrivals: 2/s }} ]"
    store = perform(plan_of(text), transport)
    assert store.counter("arrivals") == 10
    assert store.counter("connect.attempted") in range(18, 21)
    assert store.counter("connect.late") == 0


def test_a_visit_that_gets_no_connection_is_over() -> None:
    """It is counted by its cause, frees its seat, and the next one comes."""
    transport = Watched(refuse=lambda number: ConnectFailure("refused", "refused-503", "full", 503))
    text = VISIT + "phases: [ { duration: 5s, arrivals: 2/s, at_most: 1 } ]"
    store = perform(plan_of(text), transport)
    assert store.counter("connect.refused") == 10
    assert store.counter("connect.dropped") == 0


def test_a_run_that_is_stopped_admits_nobody_any_more() -> None:
    """Those who were due are there or dropped; the others never were."""
    transport = Watched()
    store = perform(plan_of(VISIT + "phases: [ { duration: 10s, arrivals: 10/s } ]"), transport, stop_at=2.01)
    assert store.counter("arrivals") == 20 == len(transport.opened)
