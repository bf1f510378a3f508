"""Of messages that are due at once the one with the higher priority leaves first."""

from __future__ import annotations

from typing import Any

from tests.clock import VirtualLoop
from tests.fakes import FakeConnection, FakeTransport
from tests.unit.performing import perform, plan_of

from wsrun.metrics.store import Store, stored

MESSAGES = """\
messages:
  low: { text: low, priority: low }
  plain: { text: plain }
  high: { text: high, priority: high }
"""
MIXED = MESSAGES + "profiles: { p: { mix: { low: 1, plain: 1, high: 1 } } }\n"


def run(text: str, answer: Any = lambda connection, payload: None) -> tuple[list[str], Store]:
    """Perform a scenario; return what was sent, in the order of sending, and the numbers."""
    said: list[str] = []

    def hear(connection: FakeConnection, payload: bytes) -> None:
        said.append(payload.decode())
        answer(connection, payload)

    store = stored(perform(plan_of(text), FakeTransport(hear)))
    return said, store


def stall(connection: FakeConnection, payload: bytes) -> None:
    """Hold the generator up for a second, once, as a busy machine does."""
    loop = connection.loop
    assert isinstance(loop, VirtualLoop)
    if len(connection.sent) == 1 and len(connection.transport.connections) == 1:
        loop._jumping.now += 1.0


def is_in_order(said: list[str]) -> bool:
    """Whether no message left before one of a higher priority."""
    return said == sorted(said, key=["high", "plain", "low"].index)


def test_a_batch_leaves_by_priority_and_else_as_written() -> None:
    """Of ``send: [ … ]`` the high ones go first, whatever their place in the list."""
    flow = "profiles: { p: { start: [ { send: [ low, plain, high, plain ], times: 2 } ] } }\n"
    said, _ = run(MESSAGES + flow + "phases: [ { duration: 1s, clients: 1 } ]")
    assert said == ["high"] * 2 + ["plain"] * 4 + ["low"] * 2


def test_without_priorities_a_batch_leaves_as_written() -> None:
    """A list is not put in another order for nothing."""
    messages = "messages: { a: { text: a }, b: { text: b } }\n"
    flow = "profiles: { p: { start: [ { send: [ b, a, b ] } ] } }\n"
    said, store = run(messages + flow + "phases: [ { duration: 1s, clients: 1 } ]")
    assert said == ["b", "a", "b"]
    assert store.values("messages.sent", "priority") == []


def test_what_a_schedule_owes_leaves_by_priority() -> None:
    """After a stall of a second, thirty messages are due at once, and the high ones of them leave first."""
    said, store = run(MIXED + "phases: [ { duration: 2s, clients: 1, rate: 30/s } ]", stall)
    behind = said[1:31]
    assert len(set(behind)) == 3
    assert is_in_order(behind)
    assert not is_in_order(said)
    assert len(said) == 60 == store.counter("messages.sent")
    assert store.counter("messages.dropped") == 0
    assert store.distribution("generator.lateness").count == 60


def test_messages_are_drawn_alike_with_and_without_a_stall() -> None:
    """The order of sending changes, and what is sent does not."""
    text = MIXED + "phases: [ { duration: 2s, clients: 1, rate: 30/s } ]"
    assert sorted(run(text, stall)[0]) == sorted(run(text)[0])


def test_what_was_drawn_by_a_client_that_is_gone_is_sent_by_another() -> None:
    """A message that is due is not lost with the client whose turn it was, while somebody is there."""

    def leave(connection: FakeConnection, payload: bytes) -> None:
        stall(connection, payload)
        if len(connection.sent) == 1 and connection is connection.transport.connections[0]:
            connection.drop()

    head = MIXED + "clients: { all: { tolerate: { closes: [ 1006 ] } } }\n"
    said, store = run(head + "phases: [ { duration: 2s, clients: 2, rate: 30/s } ]", leave)
    assert len(said) == 60
    assert store.counter("errors") == store.counter("messages.dropped") == 0


def test_what_nobody_can_send_is_dropped() -> None:
    """Messages that were drawn, and whose clients are all gone, show as not sent."""

    def leave(connection: FakeConnection, payload: bytes) -> None:
        stall(connection, payload)
        connection.drop()

    head = MIXED + "clients: { all: { tolerate: { closes: [ 1006 ] } } }\n"
    said, store = run(head + "phases: [ { duration: 2s, clients: 1, rate: 300/s } ]", leave)
    assert len(said) + store.counter("messages.dropped") == 600
    assert store.counter("messages.dropped") > 200


def test_every_message_has_its_priority_as_a_label_where_one_has() -> None:
    """``priority=normal`` finds the messages that say nothing of it."""
    _, store = run(MIXED + "phases: [ { duration: 2s, clients: 1, rate: 30/s } ]")
    assert sorted(store.values("messages.sent", "priority")) == ["high", "low", "normal"]
    assert store.counter("messages.sent", priority="normal") > 0


def test_what_a_rule_sends_leaves_by_priority() -> None:
    """The answers of one rule are a batch too."""

    def push(connection: FakeConnection, payload: bytes) -> None:
        if payload == b"plain":
            connection.reply("go")

    text = MESSAGES + "profiles: { p: { start: [ { send: plain } ] } }\n"
    text += "clients: { all: { react: [ { where: { text: go }, send: [ low, high ] } ] } }\n"
    said, _ = run(text + "phases: [ { duration: 1s, clients: 1 } ]", push)
    assert said == ["plain", "high", "low"]
