"""Whole runs in virtual time: schedules, think times, populations, replies and their ends."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.clock import run_virtual
from tests.fakes import FakeConnection, FakeTransport

from wsrun.compiler import compile_plan
from wsrun.engine.performance import Performance
from wsrun.engine.world import Surroundings, World
from wsrun.metrics.store import Store, stored
from wsrun.plan import Plan
from wsrun.source import parse
from wsrun.transports import ConnectFailure

PING = '{ json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, timeout: 1s } }'


def plan_of(text: str) -> Plan:
    """Compile a scenario; the checks of the scenario are tested elsewhere."""
    document = parse("wsrun: 1\ntarget: { url: ws://127.0.0.1:1/ }\n" + text, "test.yaml", environ={})
    return compile_plan(document, seed=1)


def echo(after: float = 0.0) -> Callable[[FakeConnection, bytes], None]:
    """A server that sends every message back."""
    return lambda connection, payload: connection.reply(payload.decode(), after)


def perform(
    plan: Plan, transport: FakeTransport, *, worker: int = 0, workers: int = 1, stop_at: float | None = None
) -> Store:
    """Run one worker's share in virtual time and add its snapshots up."""
    snapshots: list[Any] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        around = Surroundings(clock=loop.time, unix_offset=1.7e9, real_time=False)
        world = World(plan, transport, loop, worker=worker, workers=workers, surroundings=around)
        world.begin(loop.time())
        performance = Performance(world, snapshots.append)
        if stop_at is not None:
            loop.call_later(stop_at, performance.stop)
        await performance.run()

    run_virtual(main())
    return stored(snapshots)


def sent_times(transport: FakeTransport) -> list[float]:
    """Return when each message was sent, over all connections."""
    return sorted(at for connection in transport.connections for at, _ in connection.sent)


def ledger(store: Store) -> dict[str, int]:
    """Return the counters that must add up."""
    names = (
        "messages.sent",
        "replies.expected",
        "replies.answered",
        "replies.failed",
        "replies.timed_out",
        "replies.lost",
        "replies.pending",
    )
    return {name.split(".")[1]: store.counter(name) for name in names}


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


def test_a_start_greets_captures_and_expects() -> None:
    """A greeting that comes with the handshake is found by a later expect, and captured."""
    plan = plan_of(
        'messages:\n  hello: { json: { hi: "{{ name }}", id: "{{ id }}" }, reply: { match: '
        '{ $.id: "{{ id }}" }, '
        "capture: { room: $.room } } }\n"
        '  say: { text: "in {{ room }}" }\n'
        "profiles:\n  p:\n"
        "    start: [ { expect: { $.type: welcome }, capture: { name: $.name } }, { send: hello } ]\n"
        "    mix: { say: 1 }\n    end: [ { send: say } ]\n"
        "phases: [ { duration: 2s, clients: 1, rate: 1/s } ]\n"
    )

    class Greeting(FakeTransport):
        async def open(self, endpoint: Any, sink: Any) -> FakeConnection:
            connection = await super().open(endpoint, sink)
            connection.reply('{"type": "noise"}', 0.0)
            connection.reply('{"type": "welcome", "name": "Ada"}', 0.0)
            return connection

    def answer(connection: FakeConnection, payload: bytes) -> None:
        if payload.startswith(b"{"):
            said = json.loads(payload)
            connection.reply(json.dumps({"id": said["id"], "room": f"of {said['hi']}"}), 0.1)

    transport = Greeting(answer)
    store = perform(plan, transport)

    payloads = [payload for _, payload in transport.connections[0].sent]
    assert payloads[1:] == [b"in of Ada"] * 3
    assert store.counter("expect.passed") == 1
    assert store.counter("messages.unmatched") == 1
    assert store.counter("errors") == 0


def test_a_start_that_fails_ends_the_session() -> None:
    """What was expected does not come: one failed expectation, an orderly close, no message of the mix."""
    plan = plan_of(
        "messages: { say: { text: hi } }\n"
        "profiles: { p: { start: [ { expect: { $.type: welcome }, timeout: 500ms } ], mix: { say: 1 } } }\n"
        "phases: [ { duration: 3s, clients: 1 } ]\n"
    )
    transport = FakeTransport(lambda connection, payload: None)

    store = perform(plan, transport)

    assert store.counter("expect.failed") == 1
    assert store.counter("errors", cause="expect-failed") == 1
    assert store.counter("messages.sent") == 0
    assert store.counter("closed", code="1000", side="client") == 1


def test_the_end_runs_when_a_client_leaves() -> None:
    """`end` is sent once by each client, before the connection closes."""
    plan = plan_of(
        "messages: { bye: { text: bye } }\nprofiles: { p: { end: [ { send: bye } ] } }\n"
        "phases: [ { duration: 1s, clients: 3 } ]\n"
    )
    transport = FakeTransport(lambda connection, payload: None)

    perform(plan, transport)

    assert [[payload for _, payload in connection.sent] for connection in transport.connections] == [
        [b"bye"]
    ] * 3


@pytest.mark.parametrize(
    ("reply", "outcome", "cause"),
    [
        ('{"id": "ID", "ok": true}', "answered", None),
        ('{"id": "ID", "ok": false}', "failed", "reply-unexpected"),
        ('{"id": "ID", "error": "no"}', "failed", "reply-error"),
        ('{"id": "other", "ok": true}', "timed_out", "reply-timeout"),
        ("not json", "timed_out", "reply-timeout"),
    ],
)
def test_a_reply_is_judged_by_what_the_scenario_says(reply: str, outcome: str, cause: str | None) -> None:
    """`expect` must fit, `error` fails, and a frame of somebody else is no reply."""
    plan = plan_of(
        'messages: { ask: { json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, '
        "expect: { $.ok: true }, error: { $.error: { exists: true } }, timeout: 1s } } }\n"
        "phases: [ { duration: 1s, clients: 1, rate: 1/s } ]\n"
    )

    def answer(connection: FakeConnection, payload: bytes) -> None:
        connection.reply(reply.replace("ID", json.loads(payload)["id"]), 0.1)

    store = perform(plan, FakeTransport(answer))

    assert ledger(store)[outcome] == 1
    assert store.by_label("errors", "cause") == ({} if cause is None else {cause: 1})


def test_until_waits_for_the_last_of_several_frames() -> None:
    """The first frame is `reply.first`, the completing one the round trip."""
    plan = plan_of(
        'messages: { ask: { json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, '
        "until: { $.done: true } } } }\n"
        "phases: [ { duration: 1s, clients: 1, rate: 1/s } ]\n"
    )

    def answer(connection: FakeConnection, payload: bytes) -> None:
        told = json.loads(payload)["id"]
        for after, done in ((0.1, False), (0.2, False), (0.5, True)):
            connection.reply(json.dumps({"id": told, "done": done}), after)

    store = perform(plan, FakeTransport(answer))

    assert store.distribution("reply.first").maximum == pytest.approx(0.1)
    assert store.distribution("round_trip").maximum == pytest.approx(0.5)
    assert ledger(store)["answered"] == 1


def test_replies_without_an_id_go_to_the_oldest_request() -> None:
    """Two equal answers complete two requests, first come first served."""
    plan = plan_of(
        "messages: { ping: { text: ping, reply: { match: { text: pong } } } }\n"
        "phases: [ { duration: 2s, clients: 1, rate: 1/s } ]\n"
    )

    store = perform(plan, FakeTransport(lambda connection, payload: connection.reply("pong", 1.2)))

    histogram = store.distribution("round_trip")
    assert histogram.count == 2
    assert [histogram.minimum, histogram.maximum] == pytest.approx([1.2, 1.2])


def test_a_variable_that_nobody_wrote_fails_the_message_and_not_the_run() -> None:
    """The message is not sent, the failure is counted with its name, and the other message goes on."""
    plan = plan_of(
        'messages:\n  good: { text: fine }\n  bad: { text: "{{ later }}" }\n'
        "phases: [ { duration: 4s, clients: 2, rate: 10/s } ]\n"
    )
    transport = FakeTransport(lambda connection, payload: None)

    store = perform(plan, transport)

    sent = store.counter("messages.sent")
    assert 0 < sent < 40
    assert store.counter("errors", cause="missing-variable") == 40 - sent


def test_a_run_that_is_stopped_drains_and_still_adds_up() -> None:
    """Stopped in the middle: replies under way are awaited, the rest is pending, all is accounted for."""
    plan = plan_of(
        'drain: 500ms\nmessages: { ping: { json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, '
        "timeout: 5s } } }\n"
        "phases: [ { duration: 60s, clients: 4, rate: 20/s } ]\n"
    )
    answers = iter(range(10_000))

    def answer(connection: FakeConnection, payload: bytes) -> None:
        if next(answers) % 10:
            connection.reply(payload.decode(), 0.2)

    store = perform(plan, FakeTransport(answer), stop_at=3.0)

    counts = ledger(store)
    assert counts["sent"] == 60
    assert counts["expected"] == counts["answered"] + counts["pending"]
    assert counts["pending"] == 6
    assert store.counter("closed", code="1000") == 4


def test_data_rows_go_round_the_clients(tmp_path: Path) -> None:
    """Client n has row n of a CSV, going round; a message can take the next row each time."""
    (tmp_path / "people.csv").write_text("name\nAda\nBob\nCy\n")
    text = (
        "wsrun: 1\ntarget: { url: ws://127.0.0.1:1/ }\ndata: { people: { file: people.csv } }\n"
        'messages: { hi: { text: "{{ people.name }}" } }\n'
        "phases: [ { duration: 1s, clients: 4, rate: 4/s } ]\n"
    )
    document = parse(text, str(tmp_path / "test.yaml"), environ={})
    transport = FakeTransport(lambda connection, payload: None)

    perform(compile_plan(document, seed=1), transport)

    first = [connection.sent[0][1].decode() for connection in transport.connections]
    assert first == ["Ada", "Bob", "Cy", "Ada"]


def test_a_token_is_made_at_birth_and_anew_when_it_has_expired() -> None:
    """With a lifetime of 2 s, a client that sends its token each second has three tokens in six seconds."""
    plan = plan_of(
        "auth: { jwt: { secret: a-secret-of-thirty-two-characters, lifetime: 2s, "
        "claims: { sub: '{{ client.id }}' } } }\n"
        'messages: { hello: { text: "{{ token }}" } }\n'
        "phases: [ { duration: 6s, clients: 1, rate: 1/s } ]\n"
    )
    transport = FakeTransport(lambda connection, payload: None)

    perform(plan, transport)

    tokens = [payload for _, payload in transport.connections[0].sent]
    assert len(tokens) == 6
    assert len(set(tokens)) == 3


def test_unique_rows_are_those_of_nobody_alive(tmp_path: Path) -> None:
    """Clients that leave free their rows for those who come later: no row is with two of the living."""
    (tmp_path / "people.csv").write_text("name\n" + "\n".join(f"p{number}" for number in range(4)) + "\n")
    text = (
        "wsrun: 1\ntarget: { url: ws://127.0.0.1:1/ }\n"
        "data: { people: { file: people.csv, take: unique } }\n"
        'messages: { hi: { text: "{{ people.name }}" } }\n'
        "profiles: { p: { start: [ { send: hi } ] } }\nphases:\n"
        "  - { duration: 1s, clients: 4 }\n  - { duration: 1s, clients: 2 }\n"
        "  - { duration: 1s, clients: 4 }\n"
    )
    document = parse(text, str(tmp_path / "test.yaml"), environ={})
    transport = FakeTransport(lambda connection, payload: None)

    perform(compile_plan(document, seed=1), transport)

    names = [connection.sent[0][1].decode() for connection in transport.connections]
    assert names == ["p0", "p1", "p2", "p3", "p2", "p3"]
