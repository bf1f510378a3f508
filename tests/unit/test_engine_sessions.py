"""The load engine: what a client says from its start to its end, and what it makes of replies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from echoing import ledger, perform, plan_of
from tests.fakes import FakeConnection, FakeTransport

from wsrun.compiler import compile_plan
from wsrun.source import parse


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
