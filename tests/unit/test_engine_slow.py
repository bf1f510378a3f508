"""Slow consumers: how fast they read, on average, and that they close all the same."""

from __future__ import annotations

import pytest
from performing import causes, perform, plan_of
from tests.fakes import FakeConnection, FakeTransport

from wsrun.metrics.snapshot import Snapshot
from wsrun.metrics.store import stored
from wsrun.units import UnitError, parse_pace


def pushing(every: float, size: int, number: int) -> FakeTransport:
    """A server that pushes texts of a size at intervals, once it is greeted."""

    def answer(connection: FakeConnection, payload: bytes) -> None:
        for place in range(number):
            connection.reply("x" * size, (place + 1) * every)

    return FakeTransport(answer)


def listen(read: str, transport: FakeTransport) -> list[Snapshot]:
    """Let a client listen for ten seconds."""
    text = (
        f"profiles: {{ slow: {{ start: [ {{ send: {{ text: hi }} }} ], {read} }} }}\n"
        "phases: [ { duration: 9900ms, clients: 1 } ]\n"
    )
    return perform(plan_of(text), transport)


@pytest.mark.parametrize(
    ("read", "wanted"), [("read: 5/s", 50), ("read: 500B/s", 50), ("read: 1/2s", 5), ("", 990)]
)
def test_a_slow_consumer_reads_so_much_a_second(read: str, wanted: int) -> None:
    """A hundred messages of a hundred bytes come a second, and so many are read until the end."""
    store = stored(listen(read, pushing(0.01, 100, 2000)))

    # What lay unread is read when the client closes, which is in the drain.
    number = store.counter("messages.received", phase="phase-1")
    assert wanted * 0.9 <= number <= wanted * 1.1 + 100


def test_a_consumer_that_keeps_up_loses_nothing_and_waits_for_nothing() -> None:
    """One message a second is less than five."""
    transport = pushing(1.0, 100, 9)
    snapshots = listen("read: 5/s", transport)

    assert stored(snapshots).counter("messages.received", phase="phase-1") == 9
    assert causes(snapshots) == {}


def test_who_closes_reads_what_is_left() -> None:
    """Everything that came is counted in the end, and the close is a good one."""
    snapshots = listen("read: 5/s", pushing(0.01, 100, 900))
    store = stored(snapshots)

    assert store.counter("messages.received") == 900
    assert store.counter("closed", code="1000", side="client") == 1


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("20/s", (20.0, False)),
        ("64KiB/s", (65536.0, True)),
        ("1B/100ms", (10.0, True)),
        ("3/m", (0.05, False)),
    ],
)
def test_a_pace_is_messages_or_bytes_in_a_time(text: str, wanted: tuple[float, bool]) -> None:
    """A size before the slash makes it bytes."""
    assert parse_pace(text) == pytest.approx(wanted)


@pytest.mark.parametrize("text", ["fast", "10", "64KiB", "KiB/s", "10/", "1.5B/s", 10, "5 KB/s"])
def test_what_is_no_pace_is_refused(text: str) -> None:
    """With what to write instead."""
    with pytest.raises(UnitError):
        parse_pace(text)
