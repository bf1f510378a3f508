"""What a failure says of what came instead."""

from __future__ import annotations

import json
from typing import Any

import pytest
from performing import Answer, causes, perform, plan_of, sentences
from tests.fakes import FakeConnection, FakeTransport

from wsrun.engine import leftovers
from wsrun.metrics.snapshot import Snapshot
from wsrun.metrics.store import stored

ID = '"{{ id }}"'


def talk(scenario: str, answer: Answer) -> list[Snapshot]:
    """Perform a scenario of one client for a second."""
    return perform(plan_of(scenario + "phases: [ { duration: 1s, clients: 1 } ]\n"), FakeTransport(answer))


def asking(reply: str, *answers: Any) -> list[Snapshot]:
    """Let one client ask once; the server answers each of these, with ID for the id that came."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        told = json.loads(payload)["id"]
        for number, one in enumerate(answers):
            content = one if isinstance(one, bytes) else json.dumps(one).replace("ID", told)
            connection.reply(content, 0.01 * (number + 1))

    scenario = (
        f"messages: {{ ask: {{ json: {{ id: {ID} }}, reply: {{ timeout: 200ms, {reply} }} }} }}\n"
        "profiles: { p: { start: [ { send: ask } ] } }\n"
    )
    return talk(scenario, answer)


def only(snapshots: list[Snapshot]) -> str:
    """Return the one sentence, with ID for what looks like one."""
    (text,) = sentences(snapshots)
    words = [word for word in text.replace('"', " ").split() if len(word) == 20 and word.isalnum()]
    for word in words:
        text = text.replace(word, "ID")
    return text


def notes(snapshots: list[Snapshot]) -> list[str]:
    """Return the unmatched messages that were kept."""
    return [text for one in snapshots for _, _, text in one.notes.get("messages.unmatched", [])]


MATCH = f"match: {{ $.id: {ID} }}"


def test_a_timeout_shows_what_came_instead_and_where_its_id_stands() -> None:
    """A path that misses by a name is seen at a glance."""
    snapshots = asking(MATCH, {"ref": "ID"})

    assert causes(snapshots) == {"reply-timeout": 1}
    assert only(snapshots) == (
        "ask: no reply within 0.2 s; what came meanwhile is no reply "
        '($.id is absent, wanted "ID" (which is at $.ref)): {"ref": "ID"}'
    )
    assert len(notes(snapshots)) == 1


def test_a_timeout_says_when_nothing_came() -> None:
    """A silent server is another fault than one that is not understood."""
    text = "ask: no reply within 0.2 s, and nothing came that could be one"
    assert only(asking(MATCH)) == text


def test_a_timeout_shows_only_what_came_after_its_send() -> None:
    """A greeting from before is no wrong reply."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        if payload == b"hello":
            connection.reply("greeting", 0.01)

    snapshots = talk(
        "messages:\n  hello: { text: hello }\n"
        f"  ask: {{ json: {{ id: {ID} }}, reply: {{ {MATCH}, timeout: 200ms }} }}\n"
        "profiles: { p: { start: [ { send: hello }, { think: 100ms }, { send: ask } ] } }\n",
        answer,
    )

    assert "nothing came that could be one" in only(snapshots)
    assert notes(snapshots) == ["greeting"]


def test_binary_is_shown_in_hexadecimal_digits() -> None:
    """A reader of a binary protocol compares bytes."""
    snapshots = asking("match: { hex: 01 .. }", b"\x02\xff")

    assert only(snapshots).endswith('(hex is "02ff", wanted "01 .."): hex 02ff')
    assert notes(snapshots) == ["hex 02ff"]


def test_a_reply_that_is_not_complete_says_how_far_it_came() -> None:
    """What belonged to the request is counted, and what was missing is named."""
    until = asking(f"{MATCH}, until: {{ $.last: true }}", {"id": "ID"}, {"id": "ID"})
    count = asking(f"{MATCH}, count: 3", {"id": "ID"})

    assert only(until) == "ask: no reply within 0.2 s that is complete: 2 messages of it came, short of until"
    assert only(count) == (
        "ask: no reply within 0.2 s that is complete: 1 message of it came, short of count, which is 3"
    )


def test_an_unexpected_reply_says_which_test_failed() -> None:
    """The value that came stands beside the wanted one, with the whole message."""
    reply = f"{MATCH}, expect: {{ $.status: ok, $.n: {{ min: 3 }} }}"
    assert only(asking(reply, {"id": "ID", "status": "bad", "n": 4})) == (
        'ask: $.status is "bad", wanted "ok", in {"id": "ID", "status": "bad", "n": 4}'
    )


def test_a_named_error_and_a_wrong_count_are_shown() -> None:
    """What the server sent is the first thing to look at."""
    error = asking(f"{MATCH}, error: {{ $.error: {{ exists: true }} }}", {"id": "ID", "error": "no"})
    count = asking(f"{MATCH}, until: {{ $.last: true }}, count: 2", {"id": "ID", "last": True})

    assert only(error) == (
        'ask: the reply was one of the errors that the scenario names: {"id": "ID", "error": "no"}'
    )
    assert only(count).endswith('and count is 2; the last: {"id": "ID", "last": true}')


def expecting(step: str, *greetings: str) -> list[Snapshot]:
    """Let the server say these once it was greeted, and the client go through a step."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        for greeting in greetings:
            connection.reply(greeting, 0.01)

    return talk(
        "messages: { hello: { text: hello } }\n"
        f"profiles: {{ p: {{ start: [ {{ send: hello }}, {step} ] }} }}\n",
        answer,
    )


@pytest.mark.parametrize(
    ("greetings", "end"),
    [
        ((), "and nothing else came"),
        (('{"type": "hi"}',), 'what came does not fit ($.type is "hi", wanted "welcome"): {"type": "hi"}'),
        (
            ("a", "b"),
            "2 others came, the first does not fit "
            '($.type is absent, as this is no JSON, wanted "welcome"): a',
        ),
    ],
)
def test_an_expectation_shows_what_came_instead(greetings: tuple[str, ...], end: str) -> None:
    """The frames in the mailbox say what the server really sends."""
    snapshots = expecting("{ expect: { $.type: welcome }, timeout: 200ms }", *greetings)

    assert causes(snapshots) == {"expect-failed": 1}
    assert only(snapshots) == f"0 of 1 expected messages within 0.2 s; {end}"


def test_an_expectation_shows_what_came_before_the_connection_ended() -> None:
    """The end of a connection empties its mailbox, and not the evidence."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        connection.reply("go away", 0.01)
        connection.drop(0.02)

    snapshots = talk(
        "messages: { hello: { text: hello } }\n"
        "profiles: { p: { start: [ { send: hello }, { expect: { text: welcome }, timeout: 200ms } ] } }\n",
        answer,
    )

    found = next(text for text in sentences(snapshots) if "expected" in text)
    assert found == (
        "0 of 1 expected messages before the connection ended; "
        'what came does not fit (text is "go away", wanted "welcome"): go away'
    )


def test_a_message_that_must_not_come_is_shown() -> None:
    """The step says what it saw."""
    snapshots = expecting("{ expect_none: { $.leak: true }, for: 200ms }", '{"leak": true}')

    assert only(snapshots) == 'a message came that must not come: {"leak": true}'


def test_what_is_kept_to_be_shown_is_bounded() -> None:
    """A huge message is cut, on the connection and in the samples; its length is told."""
    huge = {"ref": "x" * 10 * leftovers.KEPT}
    snapshots = asking(MATCH, huge, *[{"n": number} for number in range(10)])
    size = len(json.dumps(huge))

    assert only(snapshots).startswith(
        'ask: no reply within 0.2 s; what came meanwhile is no reply: {"ref": "xx'
    )
    assert only(snapshots).endswith(f"… ({size} characters)")
    assert len(notes(snapshots)) == 3
    assert max(map(len, notes(snapshots))) < 1100
    assert stored(snapshots).counter("messages.unmatched") == 11
