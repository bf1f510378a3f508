"""Whole runs in virtual time: schedules, think times, populations, replies and their ends."""

from __future__ import annotations

import asyncio
import itertools
import json

import pytest
from echoing import PING, echo, ledger, perform, plan_of, sent_times
from tests.fakes import FakeConnection, FakeTransport

from wsrun.transports import ConnectFailure


def test_a_rate_is_a_schedule_that_does_not_wait_for_replies() -> None:
    """Ten messages a second for two seconds are twenty, none early, though replies take half a second."""
    plan = plan_of(f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 2s, clients: 3, rate: 10/s }} ]\n")
    transport = FakeTransport(echo(0.5))

    store = perform(plan, transport)

    times = sent_times(transport)
    assert [round(at, 6) for at in times] == [round(0.05 + number / 10, 6) for number in range(20)]
    assert ledger(store)["answered"] == 20
    histogram = store.distribution("round_trip")
    assert histogram.minimum == pytest.approx(0.5) and histogram.maximum == pytest.approx(0.5)


def test_the_clients_take_scheduled_messages_in_turn() -> None:
    """Message k belongs to client k modulo their number."""
    plan = plan_of(f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 3s, clients: 4, rate: 4/s }} ]\n")
    transport = FakeTransport(echo())

    perform(plan, transport)

    assert [len(connection.sent) for connection in transport.connections] == [3, 3, 3, 3]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_any_number_of_workers_sends_the_same_messages(workers: int) -> None:
    """Times, choice of messages and made-up values do not depend on how the clients are divided."""
    plan = plan_of(
        'messages:\n  a: { json: { m: a, v: "{{ random.int(1, 1000000) }}", c: "{{ client.id }}" } }\n'
        '  b: { json: { m: b, c: "{{ client.id }}" } }\n'
        "phases: [ { duration: 5s, clients: 6, rate: 12/s, poisson: true } ]\n"
    )

    def seen(number: int) -> list[tuple[float, bytes]]:
        found = []
        for worker in range(number):
            transport = FakeTransport(lambda connection, payload: None)
            perform(plan, transport, worker=worker, workers=number)
            found += [entry for connection in transport.connections for entry in connection.sent]
        return sorted((round(at, 6), payload) for at, payload in found)

    assert seen(workers) == seen(1)
    assert len(seen(1)) > 40


def test_nobody_open_drops_scheduled_messages_visibly() -> None:
    """While every connection is refused, each scheduled message is counted as dropped."""
    plan = plan_of(f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 2s, clients: 2, rate: 10/s }} ]\n")
    refuse = ConnectFailure("refused", "refused-503", "the server refused", 503)
    transport = FakeTransport(echo(), refuse=lambda number: refuse)

    store = perform(plan, transport)

    assert store.by_label("messages.dropped", "cause") == {"nobody-open": 20}
    assert store.counter("messages.sent") == 0
    assert store.counter("connect.refused", status="503") == 2
    assert store.counter("errors", cause="refused-503") == 2


def test_clients_that_leave_before_their_handshake_are_counted_apart() -> None:
    """One handshake at a time, of 2 s: of four clients, who are gone after 1 s, three never began one."""
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 1s, clients: 4, handshakes: 1 }}, "
        "{ duration: 3s, clients: 0 } ]\n"
    )
    store = perform(plan, FakeTransport(echo(), latency=2.0))

    assert store.counter("connect.attempted") == store.counter("connect.established") == 1
    assert store.counter("connect.withdrawn") == 3
    assert store.counter("errors") == 0


def test_who_was_refused_before_has_not_left_without_an_attempt() -> None:
    """Of three who wait for their turn when they are told to leave, one was refused: two had no attempt."""
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\n"
        "clients: { all: { reconnect: { backoff: { from: 100ms, jitter: 0% }, attempts: 99 } } }\n"
        "phases: [ { duration: 1500ms, clients: 4, handshakes: 1 }, { duration: 3s, clients: 0 } ]\n"
    )
    refused = ConnectFailure("refused", "refused-503", "full", 503)
    transport = FakeTransport(echo(), latency=1.0, refuse=lambda number: refused if number == 0 else None)
    store = perform(plan, transport)

    assert store.counter("connect.refused") == store.counter("connect.established") == 1
    assert store.counter("connect.attempted") == 2
    assert store.counter("connect.withdrawn") == 2


def test_think_times_pace_a_client_and_wait_for_its_reply() -> None:
    """With a pause of 1 s and replies after 0.5 s, messages of a client are 1.5 s apart."""
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\nprofiles: {{ p: {{ mix: {{ ping: 1 }}, think: 1s }} }}\n"
        "phases: [ { duration: 10s, clients: 1 } ]\n"
    )
    transport = FakeTransport(echo(0.5))

    perform(plan, transport)

    times = sent_times(transport)
    assert times[0] < 1.0
    assert [round(b - a, 6) for a, b in itertools.pairwise(times)] == [1.5] * (len(times) - 1)


def test_without_a_pause_the_next_message_follows_the_reply() -> None:
    """Closed loops of 10 ms send a hundred messages a second each."""
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\nprofiles: {{ p: {{ mix: {{ ping: 1 }}, think: 0s }} }}\n"
        "phases: [ { duration: 1s, clients: 2 } ]\n"
    )
    store = perform(plan, FakeTransport(echo(0.010)))

    assert 198 <= ledger(store)["answered"] <= 202


def test_a_reply_that_does_not_come_counts_as_its_timeout() -> None:
    """Every outcome is in the ledger, and the round trip of a timed-out message is its timeout."""
    plan = plan_of(f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 3s, clients: 1, rate: 2/s }} ]\n")

    store = perform(plan, FakeTransport(lambda connection, payload: None))

    assert ledger(store) == {
        "sent": 6,
        "expected": 6,
        "answered": 0,
        "failed": 0,
        "timed_out": 6,
        "lost": 0,
        "pending": 0,
    }
    histogram = store.distribution("round_trip")
    assert histogram.count == 6
    assert histogram.minimum == pytest.approx(1.0, abs=1e-6)
    assert store.distribution("service_time").count == 0
    assert store.counter("errors", cause="reply-timeout", message="ping") == 6


def test_a_late_reply_is_known_and_not_taken_for_another() -> None:
    """A reply after its timeout is late; the same reply twice is extra; neither answers anything."""
    plan = plan_of(f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 6s, clients: 1, rate: 1/s }} ]\n")

    def answer(connection: FakeConnection, payload: bytes) -> None:
        number = len(connection.sent)
        if number == 1:
            connection.reply(payload.decode(), 1.5)
        elif number == 2:
            connection.reply(payload.decode(), 0.1)
            connection.reply(payload.decode(), 0.2)
        else:
            connection.reply(payload.decode(), 0.1)

    store = perform(plan, FakeTransport(answer))

    assert (ledger(store)["answered"], ledger(store)["timed_out"]) == (5, 1)
    assert store.counter("replies.late", message="ping") == 1
    assert store.counter("replies.extra") == 1
    assert store.counter("messages.unmatched") == 0


def test_replies_are_matched_by_their_id_and_not_by_their_order() -> None:
    """Replies that come in reverse go to their own requests, each with its own latency."""
    plan = plan_of(f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 1s, clients: 1, rate: 4/s }} ]\n")
    delays = iter([0.8, 0.6, 0.4, 0.2])

    store = perform(
        plan, FakeTransport(lambda connection, payload: connection.reply(payload.decode(), next(delays)))
    )

    histogram = store.distribution("round_trip")
    assert ledger(store)["answered"] == 4
    assert [histogram.minimum, histogram.maximum] == pytest.approx([0.2, 0.8])


def test_a_connection_that_ends_loses_its_requests() -> None:
    """What waited on a lost connection is lost, the close is an error, and the client is not replaced."""
    plan = plan_of(f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 4s, clients: 2, rate: 4/s }} ]\n")

    def answer(connection: FakeConnection, payload: bytes) -> None:
        if connection is connection.transport.connections[0] and len(connection.sent) == 2:
            connection.drop(0.05)
        else:
            connection.reply(payload.decode(), 0.1)

    transport = FakeTransport(answer)
    store = perform(plan, transport)

    counts = ledger(store)
    assert counts["lost"] == 1
    assert counts["sent"] == counts["answered"] + counts["lost"] == 16
    assert store.counter("closed", code="1006", side="server") == 1
    assert store.counter("errors", cause="eof") == 1
    assert transport.attempts == 2


def test_tolerated_ends_are_counted_but_are_no_errors() -> None:
    """A close with a tolerated code and a tolerated refusal leave errors at zero."""
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\n"
        "clients: { all: { tolerate: { refusals: [503], closes: [1012] } } }\n"
        "phases: [ { duration: 2s, clients: 2 } ]\n"
    )
    refuse = ConnectFailure("refused", "refused-503", "the server refused", 503)
    transport = FakeTransport(
        lambda connection, payload: connection.drop(0.0, 1012),
        refuse=lambda number: refuse if number else None,
    )

    store = perform(plan, transport)

    assert store.counter("connect.refused") == 1
    assert store.counter("closed", code="1012") == 1
    assert store.by_label("errors", "cause") == {"reply-lost": 1}


def test_clients_come_and_go_with_the_level() -> None:
    """A staircase up, then down: open clients follow, and the newest leave first."""
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\nphases:\n"
        "  - { duration: 3s, clients: { from: 1, to: 3, step: 1, every: 1s } }\n"
        "  - { duration: 2s, clients: 1 }\n"
    )
    transport = FakeTransport(echo())

    store = perform(plan, transport)

    readings = [gauge.last for _, gauge in store.gauge_series("open")]
    assert readings[:5] == [1, 2, 3, 1, 1]
    assert store.counter("closed", code="1000", side="client") == 3
    assert store.counter("errors") == 0


def test_attempts_are_spaced_by_the_connect_rate() -> None:
    """`connect_rate: 1/100ms` begins one handshake each 100 ms."""
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 2s, clients: 5, connect_rate: 1/100ms }} ]\n"
    )
    starts: list[float] = []

    def refuse(number: int) -> None:
        starts.append(asyncio.get_running_loop().time())

    perform(plan, FakeTransport(echo(), refuse=refuse))

    assert [round(at, 6) for at in starts] == [0.0, 0.1, 0.2, 0.3, 0.4]


def test_only_so_many_handshakes_are_under_way() -> None:
    """With `handshakes: 2` and connects of 1 s, six clients take three seconds."""
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 5s, clients: 6, handshakes: 2 }} ]\n"
    )
    ends: list[float] = []

    def refuse(number: int) -> None:
        ends.append(asyncio.get_running_loop().time())

    perform(plan, FakeTransport(echo(), latency=1.0, refuse=refuse))

    assert [round(at, 6) for at in ends] == [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]


def test_a_warm_up_is_kept_apart() -> None:
    """Messages belong to the part of their scheduled time; judged sums leave the warm-up out."""
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 4s, warm_up: 1s, clients: 1, rate: 10/s }} ]\n"
    )

    store = perform(plan, FakeTransport(echo()))

    assert store.counter("messages.sent") == 40
    assert store.counter("messages.sent", judged=True) == 30


def test_a_phase_can_change_rate_mix_and_profiles_of_living_clients() -> None:
    """No client reconnects, and each phase's messages are of its own kind."""
    plan = plan_of(
        "messages: { a: { text: a }, b: { text: b }, c: { text: c } }\n"
        "profiles: { one: { mix: { a: 1 }, think: 100ms }, two: { mix: { b: 1 }, think: 100ms } }\n"
        "clients: { all: { profiles: { one: 1 } } }\n"
        "phases:\n"
        "  - { name: first, duration: 2s, clients: 2 }\n"
        "  - { name: second, duration: 2s, mix: { one: { c: 1 } } }\n"
        "  - { name: third, duration: 2s, profiles: { two: 1 } }\n"
        "  - { name: fourth, duration: 2s, rate: 5/s }\n"
    )
    transport = FakeTransport(lambda connection, payload: None)

    store = perform(plan, transport)

    by_phase = {
        phase.name: store.by_label("messages.sent", "message", phase=phase.name) for phase in plan.phases
    }
    assert [list(found) for found in by_phase.values()] == [["a"], ["c"], ["b"], ["a"]]
    assert by_phase["fourth"] == {"a": 10}
    assert transport.attempts == 2


def test_bursts_send_and_rest() -> None:
    """Half a second at 10/s each two seconds, and nothing in between."""
    plan = plan_of(
        f"messages: {{ ping: {PING} }}\n"
        "phases: [ { duration: 6s, clients: 2, bursts: { every: 2s, length: 500ms, rate: 10/s } } ]\n"
    )
    transport = FakeTransport(echo())

    perform(plan, transport)

    assert [int(at * 2) for at in sent_times(transport)] == [0] * 5 + [4] * 5 + [8] * 5


def test_profiles_keep_their_shares() -> None:
    """Of ten clients at 0.2, 0.5 and 0.3 two, five and three are of each sort."""
    plan = plan_of(
        'messages: { m: { json: { p: "{{ client.profile }}" } } }\n'
        "profiles: { a: { mix: { m: 1 } }, b: { mix: { m: 1 } }, c: { mix: { m: 1 } } }\n"
        "clients: { all: { profiles: { a: 0.2, b: 0.5, c: 0.3 } } }\n"
        "phases: [ { duration: 2s, clients: 10, rate: 10/s } ]\n"
    )
    transport = FakeTransport(lambda connection, payload: None)

    perform(plan, transport)

    first = [json.loads(connection.sent[0][1])["p"] for connection in transport.connections]
    assert {name: first.count(name) for name in "abc"} == {"a": 2, "b": 5, "c": 3}
