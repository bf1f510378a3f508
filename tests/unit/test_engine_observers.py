"""Rules for what is received: what must not come, what is numbered, and what is answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from performing import causes, perform, plan_of, sentences
from tests.fakes import FakeConnection, FakeTransport

from wsrun.engine import room
from wsrun.metrics.snapshot import Snapshot
from wsrun.metrics.store import stored

Says = Callable[[FakeConnection], None]

HELLO = 'hello: { json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, timeout: 200ms } }'


def talk(rules: str, frames: Sequence[Any], *, clients: int = 1) -> tuple[list[Snapshot], FakeTransport]:
    """Let each client say hello once; the server sends ``frames`` before its answer."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        message = json.loads(payload)
        if "id" in message:
            for number, frame in enumerate(frames):
                connection.reply(frame if isinstance(frame, str) else json.dumps(frame), number / 1000)
            connection.reply(payload.decode(), len(frames) / 1000)

    transport = FakeTransport(answer)
    text = (
        f"messages: {{ {HELLO}, note: {{ json: {{ noted: '{{{{ heard | default(0) }}}}' }} }} }}\n"
        "profiles: { guest: { start: [ { send: hello } ] } }\n"
        f"clients: {{ all: {{ assign: {{ room: 'r{{{{ client.index }}}}' }}, {rules} }} }}\n"
        f"phases: [ {{ duration: 1s, clients: {clients} }} ]\n"
    )
    return perform(plan_of(text), transport), transport


def said(transport: FakeTransport) -> list[Any]:
    """Return what the clients sent without an id."""
    messages = [json.loads(payload) for one in transport.connections for _, payload in one.sent]
    return [message for message in messages if "id" not in message]


def numbers(rule: str, frames: Sequence[Any]) -> tuple[int, int, int]:
    """Return what a sequence rule counted: lost, reordered, duplicated."""
    store = stored(talk(f"sequence: [ {rule} ]", frames)[0])
    return (
        store.counter("sequence.lost"),
        store.counter("sequence.reordered"),
        store.counter("sequence.duplicated"),
    )


def test_a_forbidden_message_is_counted_and_told_by_its_reason() -> None:
    """Only what fits, and in the words of the scenario."""
    rule = "never: [ { where: { $.error: { exists: true } }, because: it said so }, { where: { $.n: 3 } } ]"
    snapshots, _ = talk(rule, [{"error": 1}, {"n": 2}, {"n": 3}])

    assert stored(snapshots).counter("forbidden") == 2
    assert causes(snapshots) == {"forbidden": 2}
    assert sentences(snapshots) == ['it said so: {"error": 1}', 'it fits never rule 2: {"n": 3}']


def test_a_forbidden_message_may_be_a_reply_too() -> None:
    """The rules look on before anybody takes a message, and take none away."""
    store = stored(talk("never: [ { where: { $.id: { exists: true } } } ]", [])[0])

    assert store.counter("forbidden") == 1
    assert store.counter("replies.answered") == 1


def test_a_rule_sees_the_variables_of_its_client() -> None:
    """Of three clients, two hear of a room that is not theirs."""
    rule = "never: [ { where: { $.room: { not: '{{ room }}' } } } ]"
    snapshots, _ = talk(rule, [{"room": "r1"}], clients=3)

    assert stored(snapshots).counter("forbidden") == 2


def test_a_rule_sees_a_variable_that_has_changed() -> None:
    """The pattern is bound again when a capture has written what it names."""
    rules = (
        "never: [ { where: { $.room: { not: '{{ room }}' } } } ], "
        "react: [ { where: { $.move: { exists: true } }, capture: { room: $.move } } ]"
    )
    frames = [{"room": "r0"}, {"room": "r9"}, {"move": "r9", "room": "r0"}, {"room": "r9"}, {"room": "r0"}]
    snapshots, _ = talk(rules, frames)

    assert stored(snapshots).counter("forbidden") == 2


def test_a_rule_with_a_function_is_bound_for_each_message() -> None:
    """``counter`` gives another number each time: 1, 2, 3."""
    rule = "never: [ { where: { $.n: \"{{ counter('seen') }}\" } } ]"
    snapshots, _ = talk(rule, [{"n": 1}, {"n": 1}, {"n": 3}])

    assert stored(snapshots).counter("forbidden") == 2


@pytest.mark.parametrize(
    ("came", "wanted"),
    [
        ([1, 2, 3], (0, 0, 0)),
        ([7, 8], (0, 0, 0)),
        ([1, 2, 5, 6], (2, 0, 0)),
        ([1, 3, 2, 4], (0, 1, 0)),
        ([1, 4, 2], (1, 1, 0)),
        ([1, 2, 2, 3], (0, 0, 1)),
        ([1, 3, 2, 2], (0, 1, 1)),
        ([5, 3, 6, 4, 4], (0, 2, 1)),
        ([1, True, None, "x", 2.5, "2", 3.0], (0, 0, 0)),
    ],
)
def test_gaps_repeats_and_wrong_order_are_told_apart(came: list[Any], wanted: tuple[int, int, int]) -> None:
    """What was missing and comes after all is no longer lost; a number in digits is a number."""
    assert numbers("{ value: $.n }", [{"n": number} for number in came]) == wanted


def test_numbers_may_count_up_by_more_than_one() -> None:
    """With a step of ten, 10 and 40 leave two out."""
    assert numbers("{ value: $.n, step: 10 }", [{"n": 10}, {"n": 20}, {"n": 50}]) == (2, 0, 0)


def test_each_value_of_per_has_its_own_numbers() -> None:
    """Two symbols with a gap in one; the text "1" is not the number 1."""
    frames = [{"s": "1", "n": 1}, {"s": 1, "n": 5}, {"s": "1", "n": 2}, {"s": 1, "n": 7}, {"n": 40}]
    assert numbers("{ value: $.n, per: $.s }", frames) == (1, 0, 0)


def test_only_what_fits_where_is_numbered() -> None:
    """Other messages may have any numbers."""
    frames = [{"t": "a", "n": 1}, {"t": "b", "n": 9}, {"t": "a", "n": 2}]
    assert numbers("{ where: { $.t: a }, value: $.n }", frames) == (0, 0, 0)


def test_a_number_beyond_all_measure_leaves_sums_that_can_be_written() -> None:
    """A gap of 2⁶⁴ counts as 2⁴⁰, and takes no time."""
    assert numbers("{ value: $.n }", [{"n": 1}, {"n": (1 << 64) - 1}]) == (1 << 40, 0, 0)


def test_what_is_numbered_is_not_unmatched() -> None:
    """Of four messages that nobody takes, the two without a number are unmatched."""
    snapshots, _ = talk("sequence: [ { value: $.n } ]", [{"n": 1}, {"n": 2}, {"m": 1}, "text"])

    assert stored(snapshots).counter("messages.unmatched") == 2


def test_the_first_rule_that_fits_takes_a_message_and_answers() -> None:
    """It captures first, so that its own message can hold what came."""
    rules = (
        "react: [ { where: { $.n: { exists: true } }, capture: { heard: $.n }, send: note }, "
        "{ where: {}, send: [ { json: { other: 1 } }, { json: { other: 2 } } ] } ]"
    )
    snapshots, transport = talk(rules, [{"n": 4}, {"m": 1}])

    assert said(transport) == [{"noted": 4}, {"other": 1}, {"other": 2}]
    assert stored(snapshots).counter("messages.unmatched") == 0


def test_a_waiting_reply_goes_before_a_rule_that_fits_everything() -> None:
    """The answer to hello is its reply, and no rule gets it."""
    snapshots, transport = talk("react: [ { where: {}, send: note } ]", [])

    assert stored(snapshots).counter("replies.answered") == 1
    assert said(transport) == []


def test_a_rule_can_close() -> None:
    """With its code, in good order: no error, and the client is gone."""
    text = (
        f"messages: {{ {HELLO} }}\n"
        "profiles: { guest: { start: [ { send: hello } ] } }\n"
        "clients: { all: { react: [ { where: { $.n: 1 }, close: 4000 } ] } }\n"
        "phases: [ { duration: 2s, clients: 1 } ]\n"
    )

    def answer(connection: FakeConnection, payload: bytes) -> None:
        connection.reply(payload.decode())
        connection.reply('{"n": 1}', 0.5)
        connection.reply('{"n": 1}', 0.6)

    store = stored(perform(plan_of(text), FakeTransport(answer)))
    assert store.counter("closed", code="4000", side="client") == 1
    assert store.counter("errors") == 0


def test_what_all_streams_remember_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest streams forget which numbers they lack; what was lost stays counted."""
    monkeypatch.setattr(room, "MOST_NUMBERS", 40)
    monkeypatch.setattr(room, "LEAST_NUMBERS", 10)
    frames = [{"s": s, "n": n} for s in "abcdef" for n in (1, 12)]
    late = [{"s": "f", "n": 5}, {"s": "a", "n": 5}]
    store = stored(talk("sequence: [ { value: $.n, per: $.s } ]", frames + late)[0])

    assert store.counter("sequence.lost") == 59
    assert store.counter("sequence.reordered") == 1
    assert store.counter("sequence.duplicated") == 1


def test_what_is_wrong_with_a_sequence_is_named() -> None:
    """Which number, of what, at which client."""
    frames = [{"s": "a", "n": n} for n in (1, 2, 4, 4, 3, 9)]
    snapshots, _ = talk("sequence: [ { value: $.n, per: $.s } ]", frames)

    notes = [(metric, told) for one in snapshots for metric, kept in one.notes.items() for _, *told in kept]
    assert notes[:4] == [
        ("sequence.lost", ["all/0000", "number of a 4 came after 2"]),
        ("sequence.lost", ["all/0000", "number of a 9 came after 4"]),
        ("sequence.duplicated", ["all/0000", "number of a 4 came again"]),
        ("sequence.reordered", ["all/0000", "number of a 3 came after 4"]),
    ]
