"""Replies of several messages: what completes them, and what makes them good."""

from __future__ import annotations

import json

import pytest
from performing import causes, perform, plan_of, sentences
from tests.fakes import FakeConnection, FakeTransport

from wsrun.metrics.snapshot import Snapshot
from wsrun.metrics.store import stored


def ask(reply: str, *parts: str) -> list[Snapshot]:
    """Let one client ask once a second for two seconds; each time the server sends these ``parts``."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        identity = json.loads(payload)["id"]
        for number, part in enumerate(parts):
            connection.reply(json.dumps({"id": identity, "part": part}), 0.01 * (number + 1))

    text = (
        'messages: { ask: { json: { id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" }, '
        f"timeout: 500ms, {reply} }} }} }}\n"
        "phases: [ { duration: 2s, clients: 1, rate: 1/s } ]\n"
    )
    return perform(plan_of(text), FakeTransport(answer))


IN_ORDER = "in_order: [ { $.part: begun }, { $.part: done } ]"


@pytest.mark.parametrize("parts", [("begun", "done", "end"), ("begun", "half", "done", "more", "end")])
def test_what_came_in_order_with_others_between_is_good(parts: tuple[str, ...]) -> None:
    """The patterns are met one after the other; what else comes does not disturb them."""
    store = stored(ask(f"until: {{ $.part: end }}, {IN_ORDER}", *parts))

    assert store.counter("replies.answered") == 2
    assert store.counter("errors") == 0


@pytest.mark.parametrize(
    ("parts", "number", "name"),
    [(("done", "begun", "end"), 2, "done"), (("begun", "end"), 2, "done"), (("done", "end"), 1, "begun")],
)
def test_what_came_out_of_order_or_not_fails_the_reply(
    parts: tuple[str, ...], number: int, name: str
) -> None:
    """The error says which of the patterns had not come when the reply was complete."""
    snapshots = ask(f"until: {{ $.part: end }}, {IN_ORDER}", *parts)

    assert stored(snapshots).counter("replies.failed") == 2
    assert causes(snapshots) == {"reply-out-of-order": 2}
    turn = f"number {number} of the 2 in in_order did not come in its turn"
    wanted = f"ask: {turn}: {{ $.part: {name} }}; the last: "
    assert all(text.startswith(wanted) and '"part": "end"' in text for text in sentences(snapshots))


def test_the_completing_message_may_be_the_last_in_order() -> None:
    """One message meets one pattern, and may complete the reply too."""
    store = stored(ask(f"until: {{ $.part: done }}, {IN_ORDER}", "begun", "done"))

    assert store.counter("replies.answered") == 2


def test_one_message_meets_only_one_pattern_of_the_order() -> None:
    """Two patterns that fit the same message want two such messages."""
    order = "in_order: [ { $.part: tick }, { $.part: tick } ]"

    assert causes(ask(f"until: {{ $.part: end }}, {order}", "tick", "end")) == {"reply-out-of-order": 2}
    assert causes(ask(f"until: {{ $.part: end }}, {order}", "tick", "tick", "end")) == {}


@pytest.mark.parametrize(("parts", "came"), [(("a", "end"), "2 messages"), (("end",), "1 message")])
def test_another_number_of_messages_than_count_fails_the_reply(parts: tuple[str, ...], came: str) -> None:
    """The completing message counts."""
    snapshots = ask("until: { $.part: end }, count: 3", *parts)

    assert causes(snapshots) == {"reply-count": 2}
    wanted = f"ask: the reply had {came}, and count is 3; the last: {{"
    assert all(text.startswith(wanted) for text in sentences(snapshots))


def test_without_until_the_last_of_count_completes_the_reply() -> None:
    """The round trip ends with the third message, ``reply.first`` with the first."""
    store = stored(ask("count: 3", "a", "b", "c"))

    assert store.counter("replies.answered") == 2
    assert store.distribution("round_trip").minimum == pytest.approx(0.03)
    assert store.distribution("reply.first").maximum == pytest.approx(0.01)


def test_fewer_than_count_without_until_time_out() -> None:
    """Nothing says that no more will come."""
    assert causes(ask("count: 3", "a", "b")) == {"reply-timeout": 2}


def test_the_gaps_of_a_reply_lie_between_its_messages() -> None:
    """Three messages have two gaps; the time before the first is none, nor is that between replies."""
    gaps = stored(ask("count: 3", "a", "b", "c")).distribution("reply.gap")

    assert gaps.count == 2 * 2
    assert gaps.minimum == pytest.approx(0.01)
    assert gaps.maximum == pytest.approx(0.01)


def test_a_reply_of_one_message_has_no_gap() -> None:
    """No data is not zero."""
    assert stored(ask("until: { $.part: end }", "end")).distribution("reply.gap").count == 0
