"""Fan-out: who had to see a message, who saw it, who must not have; the same over any number of workers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fanout_runs import MESSAGES, PROFILES, Chat, chat, collected, counts, to_the_others
from tests.fakes import FakeConnection

from wsrun.compiler import compile_plan
from wsrun.source import parse

PHASES = "phases: [ { duration: 3s, clients: 10 } ]\n"
WORKERS = pytest.mark.parametrize("workers", [1, 2, 3])

Reached = list[tuple[FakeConnection, float]]


class Once:
    """A server that does something else with one message, the fiftieth, and keeps whom it concerned."""

    def __init__(self, change: Any) -> None:
        self.change = change
        self.id = ""

    def __call__(self, server: Chat, sender: FakeConnection, message: dict[str, Any]) -> Reached:
        """Reach the others, but once."""
        usual = to_the_others(server, sender, message)
        if server.said != 50:
            return usual
        self.id = message["id"]
        return self.change(server, sender, message, usual)


@WORKERS
def test_what_everybody_sees_in_time_is_all_received(workers: int) -> None:
    """Of ten clients in two rooms each message reaches four; those who leave right after are not expected."""
    server = Chat()
    collector = chat(MESSAGES + PROFILES + PHASES, server, workers=workers)

    assert counts(collector) == {"expected": 1120, "received": 1120}
    # All leave at the end: the messages of the last 200 ms are expected by nobody.
    assert server.sent == 1120 + 2 * 10 * 4
    assert collector.store.counter("messages.unmatched") == 0
    assert not collector.errors


@WORKERS
def test_delivery_is_timed_from_the_send_to_each_arrival(workers: int) -> None:
    """The four are reached 10, 20, 30 and 40 ms after the send, so that they are 30 ms apart."""

    def one_by_one(server: Chat, sender: FakeConnection, message: dict[str, Any]) -> Reached:
        others = to_the_others(server, sender, message)
        return [(one, 0.01 * number) for number, (one, _) in enumerate(others, start=1)]

    store = chat(MESSAGES + PROFILES + PHASES, Chat(one_by_one), workers=workers).store

    time, spread = store.distribution("delivery.time"), store.distribution("delivery.spread")
    assert time.count == 1120
    assert time.average == pytest.approx(0.025)
    assert (time.minimum, time.maximum) == (pytest.approx(0.01), pytest.approx(0.04))
    assert spread.count == 280
    assert spread.average == pytest.approx(0.03)


@WORKERS
def test_a_lost_delivery_is_found_and_named(workers: int) -> None:
    """Once in a thousand it does not come: who missed what of whom."""
    server = Chat(Once(lambda server, sender, message, usual: usual[1:]))
    collector = chat(MESSAGES + PROFILES + PHASES, server, workers=workers)

    assert counts(collector) == {"expected": 1120, "received": 1119}
    ((at, client, text),) = collector.notes["delivery.reach"]
    assert at == pytest.approx(0.5, abs=0.4)
    assert client.startswith("people/000")
    assert f"say {server.reach.id} of people/000" in text
    assert text.endswith("did not come within 200ms")


@WORKERS
def test_a_late_delivery_is_neither_lost_nor_in_time(workers: int) -> None:
    """It counts as expected and as late, and its time counts, whether it comes soon after or much later."""
    for after in (0.3, 1.5):

        def late(server: Chat, sender: Any, message: Any, usual: Reached, after: float = after) -> Reached:
            return [(usual[0][0], after), *usual[1:]]

        collector = chat(MESSAGES + PROFILES + PHASES, Chat(Once(late)), workers=workers)

        assert counts(collector) == {"expected": 1120, "received": 1119, "late": 1}
        assert collector.store.distribution("delivery.time").maximum == pytest.approx(after)


@WORKERS
def test_a_message_that_comes_twice_is_a_duplicate(workers: int) -> None:
    """At once, or long after it was settled."""
    for after in (0.01, 1.5):

        def again(server: Chat, sender: Any, message: Any, usual: Reached, after: float = after) -> Reached:
            return [*usual, (usual[0][0], after)]

        collector = chat(MESSAGES + PROFILES + PHASES, Chat(Once(again)), workers=workers)

        assert counts(collector) == {"expected": 1120, "received": 1120, "duplicates": 1}
        ((_, _, text),) = collector.notes["delivery.duplicates"]
        assert text.endswith("came once more")


@WORKERS
def test_a_leak_names_both_clients(workers: int) -> None:
    """Somebody in the other room sees a message: an error, told with sender, receiver and room."""
    for after in (0.01, 1.5):

        def leak(server: Chat, sender: Any, message: Any, usual: Reached, after: float = after) -> Reached:
            other = "r1" if message["room"] == "r0" else "r0"
            return [*usual, (server.rooms[other][0], after), (server.rooms[other][0], after + 0.01)]

        server = Chat(Once(leak))
        collector = chat(MESSAGES + PROFILES + PHASES, server, workers=workers)

        assert counts(collector) == {"expected": 1120, "received": 1120, "leaks": 1}
        assert collector.store.counter("errors", cause="leak", message="say") == 1
        ((_, client, text),) = collector.errors["leak"].samples
        assert text.startswith(f"seen by {client}: say {server.reach.id} of people/000")
        assert text.count(client) == 1
        assert "for room r" in text


@WORKERS
def test_the_sender_sees_it_only_with_self(workers: int) -> None:
    """An echo to the sender is nobody's business without it, and expected with it."""

    def to_all(server: Chat, sender: FakeConnection, message: dict[str, Any]) -> Reached:
        return [(one, 0.01) for one in server.rooms[message["room"]]]

    without = chat(MESSAGES + PROFILES + PHASES, Chat(to_all), workers=workers)
    text = MESSAGES.replace("within: 200ms", "within: 200ms, self: true")
    with_it = chat(text + PROFILES + PHASES, Chat(to_all), workers=workers)

    assert counts(without) == {"expected": 1120, "received": 1120}
    assert counts(with_it) == {"expected": 1400, "received": 1400}


@WORKERS
def test_a_close_by_the_server_excuses_nobody(workers: int) -> None:
    """Who is cut off before a message comes has missed it; what is sent later is not for who is gone."""

    def drop(server: Chat, sender: FakeConnection, message: dict[str, Any], usual: Reached) -> Reached:
        gone = usual[0][0]
        server.rooms[message["room"]].remove(gone)
        gone.drop()
        return usual[1:]

    collector = chat(MESSAGES + PROFILES + PHASES, Chat(Once(drop)), workers=workers)

    found = counts(collector)
    assert found["expected"] == found["received"] + 1
    assert 900 < found["received"] < 1119


@WORKERS
def test_who_comes_later_need_not_have_seen_it(workers: int) -> None:
    """Those who join get the last messages of the room again, as many servers send them: no finding."""
    history: list[dict[str, Any]] = []

    class Replaying(Chat):
        def answer(self, connection: FakeConnection, payload: bytes) -> None:
            super().answer(connection, payload)
            for message in history if b'"join"' in payload else ():
                if message["room"].encode() in payload:
                    connection.reply(json.dumps({**message, "type": "said"}), 0.0005)

    def kept(server: Chat, sender: FakeConnection, message: dict[str, Any]) -> Reached:
        history.append(message)
        return to_the_others(server, sender, message)

    phases = "phases: [ { duration: 2s, clients: { from: 2, to: 10 } } ]\n"
    collector = chat(MESSAGES + PROFILES + phases, Replaying(kept), workers=workers)

    found = counts(collector)
    assert found == {"expected": found["received"], "received": found["received"]}


MOVERS = """
profiles:
  talker: { start: [ { send: join } ], mix: { say: 1 }, think: 100ms }
  mover:
    start: [ { send: join } ]
    flow:
      - { think: 700ms }
      - { send: leave }
      - { set: { room: "{{ 'r1' if room == 'r0' else 'r0' }}" } }
      - { send: join }
clients: { people: { profiles: { talker: 4, mover: 1 }, assign: { room: "r{{ client.index % 2 }}" } } }
"""
LEAVE = MESSAGES[MESSAGES.index("  join") : MESSAGES.index("  say")].replace("join", "leave")


@WORKERS
def test_a_change_of_audience_is_set_aside(workers: int) -> None:
    """Clients that go from room to room make deliveries unsure around it, and neither missed nor leaked."""
    server = Chat()
    collector = chat(MESSAGES + LEAVE + MOVERS + PHASES, server, workers=workers)

    found = counts(collector)
    assert found == {"expected": 768, "received": 768, "unsure": 128}


AUDIENCES = {
    "everyone": 9,
    "{ group: people }": 5.5,
    "{ profile: talker }": 9,
    "{ rooms: r1 }": 5,
    "{ number: 1 }": 1,
}


@WORKERS
@pytest.mark.parametrize("to", AUDIENCES)
def test_an_audience_may_be_told_in_several_ways(to: str, workers: int) -> None:
    """By nothing, by group, by profile, by one of the values in a list, by a value of any type."""

    def to_whom(server: Chat, sender: FakeConnection, message: dict[str, Any]) -> Reached:
        everybody = [one for room in server.rooms.values() for one in room]
        return [(one, 0.01) for one in everybody if one is not sender]

    text = MESSAGES.replace('{ room: "{{ room }}" }, where', f"{to}, where")
    groups = """
profiles: { talker: { start: [ { send: join } ], mix: { say: 1 }, think: 100ms } }
clients:
  people:
    assign:
      room: "r{{ client.index % 2 }}"
      rooms: [ "r{{ client.index }}", r1 ]
      number: "{{ client.index }}"
  others: { assign: { room: "r1" } }
"""
    phases = "phases: [ { duration: 2s, clients: { people: 6, others: 4 } } ]\n"
    collector = chat(text + groups + phases, Chat(to_whom), workers=workers)

    found = counts(collector)
    sends = collector.store.counter("messages.sent", message="say")
    assert found["expected"] == found["received"]
    assert found["received"] == pytest.approx(sends * AUDIENCES[to], rel=0.2)
    assert ("leaks" in found) == (to not in ("everyone", "{ profile: talker }"))


def test_a_message_whose_audience_is_not_known_is_not_sent() -> None:
    """A variable without a value fails the message, as it does in the body."""
    text = MESSAGES.replace(
        'deliver: { to: { room: "{{ room }}" }', 'deliver: { to: { room: "{{ nowhere }}" }'
    )
    server = Chat()
    collector = chat(text + PROFILES + PHASES, server)

    assert server.said == 0
    assert "delivery.expected" not in {name for name, _ in collector.store.counters}
    assert set(collector.errors) == {"missing-variable"}


def test_a_delivery_is_known_and_can_be_expected_too() -> None:
    """``deliver`` looks on: a step may take the message, and untaken it is not unmatched."""
    text = (
        MESSAGES
        + """
profiles:
  talker: { start: [ { send: join } ], mix: { say: 1 }, think: 100ms }
  reader: { start: [ { send: join } ], flow: [ { expect: { $.type: said } } ] }
clients: { people: { profiles: { talker: 1, reader: 1 }, assign: { room: r0 } } }
phases: [ { duration: 1s, clients: 2 } ]
"""
    )
    collector = chat(text)

    assert collector.store.counter("expect.passed") > 5
    assert counts(collector)["received"] > 5
    assert collector.store.counter("messages.unmatched") == 0


def test_a_delivery_to_its_sender_is_no_second_reply() -> None:
    """The reply and what everybody sees carry the same id: what is delivered is not an extra reply."""
    text = """
messages:
  say:
    json: { type: say, id: "{{ id }}", room: all }
    reply: { match: { $.id: "{{ id }}", $.type: ok } }
    deliver: { to: everyone, where: { $.type: said }, id: $.id, self: true }
profiles: { talker: { mix: { say: 1 }, think: 100ms } }
phases: [ { duration: 2s, clients: 3 } ]
"""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        made = json.loads(payload)["id"]
        connection.reply(json.dumps({"type": "ok", "id": made}), 0.001)
        for one in server.transport.connections:
            one.reply(json.dumps({"type": "said", "id": made}), 0.01)

    server = Chat()
    server.transport.answer = answer
    collector = chat(text, server)

    found = counts(collector)
    assert found == {"expected": found["received"], "received": found["received"]}
    assert collector.store.counter("replies.extra") == 0
    assert collector.store.counter("replies.answered") == collector.store.counter("messages.sent")


def test_a_pattern_of_each_client_is_asked_of_each_client() -> None:
    """The same frame to several clients fits ``where`` for one of them, and not for the others."""
    text = MESSAGES.replace("where: { $.type: said }", "where: { $.room: '{{ room }}', $.type: said }")

    def to_all(server: Chat, sender: FakeConnection, message: dict[str, Any]) -> Reached:
        return [(one, 0.01) for room in server.rooms.values() for one in room]

    collector = chat(text + PROFILES + PHASES, Chat(to_all))

    assert counts(collector) == {"expected": 1120, "received": 1120}


@WORKERS
def test_who_has_done_its_flow_once_leaves_by_itself(workers: int) -> None:
    """From the first step of ``end`` on it is in no audience, though its connection is still there."""
    text = """
profiles:
  talker: { start: [ { send: join } ], mix: { say: 1 }, think: 50ms }
  visitor:
    start: [ { send: join } ]
    flow: [ { think: 400ms } ]
    end: [ { send: leave }, { think: 300ms } ]
clients:
  hosts: { profiles: { talker: 1 }, assign: { room: r0 } }
  guests: { profiles: { visitor: 1 }, assign: { room: r0 } }
phases: [ { duration: 3s, clients: { hosts: 3 }, arrivals: { guests: 5/s } } ]
"""
    collector = chat(MESSAGES + LEAVE + text, workers=workers)

    found = counts(collector)
    assert found == {"expected": found["received"], "received": found["received"]}
    assert found["received"] > 300


@WORKERS
def test_an_audience_that_a_call_has_written_is_the_one_that_counts(tmp_path: Path, workers: int) -> None:
    """Whoever is sent into a room by an extension is in it, as after a ``set``."""
    (tmp_path / "rooms_of_a_call.py").write_text(
        "def pick(client):\n    return {'room': f'c{client.index % 2}'}\n"
    )
    start = "start: [ { call: pick }, { send: join } ]"
    text = (
        "wsrun: 1\ntarget: { url: ws://127.0.0.1:1/ }\n"
        "extensions: { pick: 'rooms_of_a_call:pick' }\n"
        + MESSAGES
        + PROFILES.replace("start: [ { send: join } ]", start)
        + PHASES
    )
    plan = compile_plan(parse(text, str(tmp_path / "test.yaml"), environ={}), seed=1)

    assert counts(collected(plan, Chat().transport, workers)) == {"expected": 1120, "received": 1120}
