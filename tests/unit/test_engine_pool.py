"""Many clients over few connections: borrowing, waiting, growing, idling, checking, and what is counted."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from tests.fakes import FakeConnection
from tests.unit.performing import plan_of
from tests.unit.test_engine_arrivals import Watched, perform

from wsrun.compiler import compile_plan
from wsrun.metrics.store import Store
from wsrun.source import parse
from wsrun.transports import ConnectFailure

MATCH = 'match: { $.id: "{{ id }}" }'
ASK = 'ask: { json: { id: "{{ id }}", who: "{{ client.id }}" }, reply: { ' + MATCH + ", timeout: 1s } }"
PING = (
    'ping: { json: { id: "{{ id }}", ping: true }, reply: { match: { $.id: "{{ id }}" }, timeout: 500ms } }'
)


def answering(after: float) -> Any:
    """A server that answers each message after a while."""
    return lambda connection, payload: connection.reply(payload.decode(), after)


def run(pool: str, rest: str, *, messages: str = ASK, **more: Any) -> tuple[Watched, Store]:
    """Perform a scenario whose clients share a pool; profiles may be part of ``rest``."""
    workers = {key: more.pop(key) for key in ("worker", "workers", "stop_at") if key in more}
    transport = Watched(**{"answer": answering(0.1), **more})
    text = f"messages: {{ {messages} }}\n{rest}\n"
    if "clients: { all" not in rest:
        text += f"clients: {{ all: {{ pool: {pool} }} }}\n"
    return transport, perform(plan_of(text), transport, **workers)


def said(transport: Watched) -> list[dict[str, Any]]:
    """Everything that was sent, in the order of sending."""
    sent = [entry for connection in transport.connections for entry in connection.sent]
    return [json.loads(payload) for _, payload in sorted(sent, key=lambda entry: entry[0])]


BUSY = "profiles: { p: { mix: { ask: 1 }, think: 0s } }"


def test_clients_share_the_connections_that_there_are() -> None:
    """Ten clients over three connections of 10 messages a second each: thirty a second, by all ten alike."""
    transport, store = run("{ max: 3 }", BUSY + "\nphases: [ { duration: 10s, clients: 10 } ]")
    assert (len(transport.connections), transport.most) == (3, 3)
    assert 295 <= store.counter("messages.sent") <= 310
    by_client = {one["who"] for one in said(transport)}
    assert by_client == {f"all/{number:04d}" for number in range(10)}
    assert store.counter("replies.expected") == store.counter("replies.answered")
    assert store.counter("connect.established") == store.counter("closed", side="client", code="1000") == 3
    assert store.counter("errors") == store.counter("pool.timeouts") == 0


def test_a_connection_is_lent_until_the_reply() -> None:
    """No second message is on it meanwhile."""
    transport, _ = run("{ max: 2 }", BUSY + "\nphases: [ { duration: 3s, clients: 8 } ]")
    for connection in transport.connections:
        times = [at for at, _ in connection.sent]
        assert all(after - before >= 0.1 - 1e-9 for before, after in itertools.pairwise(times))


def test_the_wait_is_part_of_the_round_trip_and_not_of_the_service() -> None:
    """Nine clients over three connections: two waits of 100 ms before each service of 100 ms."""
    _, store = run("{ max: 3 }", BUSY + "\nphases: [ { duration: 10s, clients: 9 } ]")
    wait, whole = store.distribution("pool.wait"), store.distribution("round_trip")
    assert wait.quantile(0.5) == pytest.approx(0.2, rel=0.01)
    assert whole.quantile(0.5) == pytest.approx(0.3, rel=0.01)
    assert store.distribution("service_time").quantile(0.5) == pytest.approx(0.1, rel=0.01)
    assert wait.count == store.counter("messages.sent")


def test_waiting_for_the_pool_is_no_lateness_of_the_generator() -> None:
    """A schedule that the pool cannot keep up with is sent late by nobody's fault but the pool's."""
    text = "profiles: { p: { mix: { ask: 1 } } }\nphases: [ { duration: 5s, clients: 5, rate: 20/s } ]"
    _, store = run("{ max: 1, acquire_timeout: 10s }", text)
    assert store.counter("messages.late") == store.counter("messages.dropped") == 0
    lag = store.distribution("generator.lateness")
    assert lag.count == 100
    assert (lag.maximum or 0) < 0.001
    assert (store.distribution("round_trip").maximum or 0) > 4


def test_a_message_that_gets_no_connection_in_time_fails() -> None:
    """It is counted, with its cause and its message, fails its step, and was never sent."""
    text = (
        "profiles: { p: { flow: [ { send: ask }, { set: { done: 1 } }, { think: 1s } ] } }\n"
        "phases: [ { duration: 3s, clients: 3 } ]"
    )
    transport, store = run("{ max: 1, acquire_timeout: 300ms }", text, answer=answering(0.9))
    timeouts = store.counter("pool.timeouts")
    assert timeouts > 3
    assert store.counter("errors", cause="pool-timeout", message="ask") == timeouts
    assert store.counter("errors") == timeouts
    assert store.counter("messages.sent") == len(said(transport))
    assert store.distribution("pool.wait").maximum == pytest.approx(0.3, rel=0.01)


def test_the_pool_grows_as_needed_and_shrinks_to_its_least() -> None:
    """One client needs one connection; eight at once need four more; two seconds later one is left again."""
    text = (
        "profiles: { p: { mix: { ask: 1 }, think: 50ms } }\n"
        "phases: [ { duration: 2s, clients: 1 }, { duration: 2s, clients: 8 }, { duration: 5s, clients: 1 } ]"
    )
    transport, store = run("{ min: 1, max: 5, idle: 2s }", text)
    assert len(transport.opened) == transport.most == 5
    assert store.counter("closed", phase="phase-3") == 4
    assert store.counter("closed", phase="drain") == 1
    sizes = [gauge.last for _, gauge in store.gauge_series("pool.size")]
    assert sizes[0] == 1
    assert max(sizes) == 5
    assert sizes[-2] == 1


def test_the_least_connections_are_open_from_the_start() -> None:
    """Whoever needs them, and they do not fall idle."""
    transport, store = run(
        "{ min: 3, max: 5, idle: 1s }", BUSY + "\nphases: [ { duration: 5s, clients: 0 } ]"
    )
    assert transport.opened == [0.0] * 3
    assert store.counter("closed", phase="phase-1") == 0


def test_idle_connections_are_checked() -> None:
    """Each second a message on each of them; the check has numbers of its own, and keeps nothing open."""
    rest = "profiles: { p: }\nphases: [ { duration: 4500ms, clients: 1 } ]"
    transport, store = run("{ min: 2, max: 2, check: ping, every: 1s }", rest, messages=f"{ASK}, {PING}")
    assert [len(connection.sent) for connection in transport.connections] == [4, 4]
    assert store.counter("replies.answered", message="ping") == 8
    assert store.values("messages.sent", "profile") == []


def test_a_connection_that_fails_its_check_is_replaced() -> None:
    """A server that says nothing any more on the first one: it is closed, and a new one is there."""

    def mute(connection: FakeConnection, payload: bytes) -> None:
        if connection is not connection.transport.connections[0]:
            connection.reply(payload.decode())

    rest = "profiles: { p: }\nphases: [ { duration: 5s, clients: 1 } ]"
    transport, store = run("{ min: 1, max: 1, check: ping, every: 1s }", rest, messages=PING, answer=mute)
    assert len(transport.connections) == 2
    assert store.counter("errors", cause="reply-timeout", message="ping") == 1
    assert store.counter("closed", side="client") == 2
    assert not transport.connections[0].is_open


def test_a_lost_connection_loses_its_request_and_is_replaced() -> None:
    """The client whose message was on it is told; the others go on over a new one."""

    def drop(connection: FakeConnection, payload: bytes) -> None:
        if len(connection.transport.connections) == 1 and len(connection.sent) == 5:
            connection.drop(0.05)
        else:
            connection.reply(payload.decode(), 0.1)

    transport, store = run("{ max: 1 }", BUSY + "\nphases: [ { duration: 3s, clients: 3 } ]", answer=drop)
    assert len(transport.connections) == 2
    assert store.counter("replies.lost") == 1 == store.counter("errors", cause="reply-lost", profile="p")
    assert store.counter("closed", code="1006") == 1 == store.counter("errors", cause="eof")
    assert store.counter("messages.sent") > 20


def test_a_target_that_refuses_is_not_stormed() -> None:
    """One attempt, then one a second, however many wait."""
    transport, store = run(
        "{ max: 5, acquire_timeout: 500ms }",
        BUSY + "\nphases: [ { duration: 5s, clients: 20 } ]",
        refuse=lambda number: ConnectFailure("refused", "refused-503", "full", 503),
    )
    assert 5 <= transport.attempts <= 30
    assert store.counter("connect.refused") == transport.attempts == store.counter("connect.attempted")
    assert store.counter("messages.sent") == 0
    assert store.counter("pool.timeouts") >= 20 * 9


def test_captures_and_variables_are_those_of_the_borrower() -> None:
    """Over one connection each client keeps what its own replies said."""

    def count(connection: FakeConnection, payload: bytes) -> None:
        body = json.loads(payload)
        connection.reply(json.dumps({**body, "name": f"you are {body['who']}"}))

    messages = (
        'ask: { json: { id: "{{ id }}", who: "{{ client.id }}", known: "{{ name | default(\'\') }}" }, '
        'reply: { match: { $.id: "{{ id }}" }, capture: { name: $.name } } }'
    )
    text = "profiles: { p: { mix: { ask: 1 }, think: 100ms } }\nphases: [ { duration: 2s, clients: 4 } ]"
    transport, store = run("{ max: 1 }", text, messages=messages, answer=count)
    later = [one for one in said(transport) if one["known"]]
    assert len(later) > 20
    assert all(one["known"] == f"you are {one['who']}" for one in later)
    assert store.counter("errors") == 0


def test_a_push_is_nobodys() -> None:
    """It is received, unmatched, and disturbs no reply."""

    def push(connection: FakeConnection, payload: bytes) -> None:
        connection.reply('{"news": 1}', 0.01)
        connection.reply(payload.decode(), 0.02)
        connection.reply('{"news": 2}', 0.5)

    text = "profiles: { p: { mix: { ask: 1 }, think: 1s } }\nphases: [ { duration: 5s, clients: 1 } ]"
    _, store = run("{ max: 1 }", text, answer=push)
    sent = store.counter("messages.sent")
    assert store.counter("replies.answered") == sent
    assert 2 * sent - 1 <= store.counter("messages.unmatched") <= 2 * sent
    assert store.counter("messages.received") == sent + store.counter("messages.unmatched")


def test_a_late_reply_is_not_that_of_the_next_borrower() -> None:
    """It is late, whoever has the connection then."""
    messages = 'ask: { json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, timeout: 200ms } }'
    text = BUSY + "\nphases: [ { duration: 2s, clients: 2 } ]"
    _, store = run("{ max: 1 }", text, messages=messages, answer=answering(0.3))
    assert store.counter("replies.answered") == 0
    assert store.counter("replies.timed_out") >= 8
    assert store.counter("replies.late") >= store.counter("replies.timed_out") - 2
    assert store.counter("messages.unmatched") == 0


def test_messages_without_a_reply_give_their_connection_back_at_once() -> None:
    """A thousand of them over one connection, all in their turn."""
    profiles = "profiles: { p: { start: [ { send: note, times: 100 } ] } }"
    text = profiles + "\nphases: [ { duration: 1s, clients: 10 } ]"
    transport, store = run("{ max: 1 }", text, messages="note: { json: { note: 1 } }", latency=0.1)
    assert len(transport.connections) == 1
    assert store.counter("messages.sent") == 1000


def test_the_urgent_go_first() -> None:
    """Of those who wait for a connection, the higher priority is served first."""
    messages = ", ".join(
        f'{name}: {{ json: {{ id: "{{{{ id }}}}", kind: {name} }}, priority: {name}, '
        f'reply: {{ match: {{ $.id: "{{{{ id }}}}" }} }} }}'
        for name in ("low", "high")
    )
    profiles = "profiles: { l: { start: [ { send: low } ] }, h: { start: [ { send: high } ] } }"
    text = (
        profiles
        + "\nclients: { all: { pool: { max: 1 }, profiles: { l: 1, h: 1 } } }"
        + "\nphases: [ { duration: 3s, clients: 8 } ]"
    )
    transport, _ = run("", text, messages=messages)
    # All wait for the first connection to be made.
    assert [one["kind"] for one in said(transport)] == ["high"] * 4 + ["low"] * 4


@pytest.mark.parametrize("workers", [2, 3])
def test_workers_share_a_pool_exactly(workers: int) -> None:
    """Seven connections and three that stay, in all workers together, each with a number of its own."""
    opened, least, numbers = 0, 0, []
    for worker in range(workers):
        transport = Watched(answer=answering(0.1))
        text = (
            f"messages: {{ {ASK} }}\n{BUSY}\nclients: {{ all: {{ pool: {{ min: 3, max: 7 }} }} }}\n"
            "phases: [ { duration: 3s, clients: 60 } ]"
        )
        store = perform(plan_of(text), transport, worker=worker, workers=workers)
        opened += transport.most
        least += sum(at == 0.0 for at in transport.opened)
        numbers.append(store.counter("connect.established"))
    assert opened == 7 == sum(numbers)
    assert least >= 3


def test_the_connection_is_the_scope_of_its_url() -> None:
    """``client.index`` there is the number of the connection; what it cannot know is a failure that shows."""
    text = (
        "wsrun: 1\ntarget: { url: 'ws://127.0.0.1:1/{{ client.group }}/{{ client.index }}' }\n"
        f"messages: {{ {ASK} }}\n{BUSY}\nclients: {{ all: {{ pool: {{ max: 3 }} }} }}\n"
        "phases: [ { duration: 2s, clients: 9 } ]"
    )
    transport = Watched(answer=answering(0.1))
    perform(compile_plan(parse(text, "t.yaml", environ={}), seed=1), transport)
    urls = sorted(connection.endpoint.url for connection in transport.connections)
    assert urls == [f"ws://127.0.0.1:1/all/{number}" for number in range(3)]


def test_a_run_that_ends_leaves_nothing_open_and_everything_counted() -> None:
    """Who still waits when the drain is over has got no connection; what is on its way is pending."""
    text = BUSY + "\ndrain: 500ms\nphases: [ { duration: 2s, clients: 5 } ]"
    transport, store = run("{ max: 1, acquire_timeout: 30s }", text, answer=lambda connection, payload: None)
    expected = store.counter("replies.expected")
    outcomes = sum(
        store.counter(f"replies.{name}") for name in ("answered", "failed", "timed_out", "lost", "pending")
    )
    assert expected == outcomes > 0
    assert store.counter("pool.timeouts") >= 3
    assert not any(connection.is_open for connection in transport.connections)
    assert store.counter("connect.established") == store.counter("closed")


def test_those_who_arrive_may_share_a_pool() -> None:
    """A visit borrows for each of its messages, and leaves the connection behind."""
    text = (
        "profiles: { p: { flow: [ { send: ask }, { think: 200ms }, { send: ask } ] } }\n"
        "phases: [ { duration: 5s, arrivals: 4/s } ]"
    )
    transport, store = run("{ max: 2 }", text)
    assert len(transport.connections) <= 2
    assert 38 <= store.counter("messages.sent") <= 40
    assert store.counter("connect.late") == store.counter("errors") == 0


def test_a_new_phase_changes_the_numbers_of_the_borrowers() -> None:
    """Messages of a new profile in a new phase are counted there, and open connections once."""
    text = (
        "profiles: { a: { mix: { ask: 1 }, think: 100ms }, b: { mix: { ask: 1 }, think: 100ms } }\n"
        "clients: { all: { pool: { max: 2 }, profiles: { a: 1 } } }\n"
        "phases: [ { duration: 2s, clients: 4 }, { duration: 2s, profiles: { b: 1 } } ]"
    )
    _, store = run("", text)
    assert store.counter("messages.sent", profile="a", phase="phase-1") > 20
    assert store.counter("messages.sent", profile="b", phase="phase-2") > 20
    assert store.counter("messages.sent", profile="a", phase="phase-2") == 0
    assert all(gauge.minimum >= 0 for _, gauge in store.gauge_series("open"))
    assert max(gauge.maximum for _, gauge in store.gauge_series("open")) == 2
