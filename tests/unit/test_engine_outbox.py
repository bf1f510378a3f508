"""A worker's messages: whole and in their order, from memory that does not grow with their number."""

from __future__ import annotations

import sys
from multiprocessing import Pipe
from random import Random

from wsrun.engine.control import Done, Failed, Ready, Told
from wsrun.engine.outbox import ROOM, Outbox, Packer
from wsrun.metrics.histogram import Histogram
from wsrun.metrics.snapshot import Snapshot, series


def snapshot(index: int, buckets: int = 300) -> Snapshot:
    """What a worker saw in a second; the more buckets, the longer its message."""
    random = Random(index)
    made = Snapshot(worker=0, index=index, start=float(index), end=index + 1.0)
    trips = Histogram()
    for _ in range(buckets):
        trips.add(random.lognormvariate(-7.0, 2.0))
    # The same labels twice: a pickle refers back to what it has had.
    made.distributions = {
        series("round_trip", phase="work"): trips,
        series("service_time", phase="work"): trips,
    }
    made.counters = {series("messages.sent", phase="work"): buckets}
    return made


def test_messages_arrive_whole_and_in_their_order() -> None:
    """Longer and shorter ones, what two of them share, and the last one before the end."""
    ours, theirs = Pipe()
    shared = snapshot(7)
    told = [
        Ready(),
        *(Told(snapshot(index, index * 97 % 1000)) for index in range(40)),
        Told(shared),
        Told(shared),
        Failed("x" * 3 * ROOM),
        Told(snapshot(40)),
        Done(),
    ]
    with ours, theirs:
        outbox = Outbox(theirs)
        for message in told:
            outbox.put(message)
        came = [ours.recv() for _ in told]
        outbox.close()
        assert came == told
        assert not ours.poll()


def test_the_next_message_is_not_a_reference_to_the_last_one() -> None:
    """Each is pickled for itself, though by the same pickler: what changed meanwhile is told."""
    ours, theirs = Pipe()
    packer, told = Packer(), Told(snapshot(1))
    with ours, theirs:
        packer.send(told, theirs)
        told.snapshot.index = 2
        packer.send(told, theirs)
        assert [ours.recv().snapshot.index for _ in range(2)] == [1, 2]


def test_memory_for_messages_is_there_from_the_start() -> None:
    """Thousands of messages of any usual length need no more room than the first."""
    ours, theirs = Pipe()
    packer = Packer()
    room = packer.room
    assert room >= ROOM
    with ours, theirs:
        for index in range(2000):
            packer.send(Told(snapshot(index, 1 + index % 50)), theirs)
            ours.recv_bytes()
    assert packer.room == room


def test_what_was_sent_is_let_go_of() -> None:
    """The pickler does not hold on to a message until the next one comes."""
    ours, theirs = Pipe()
    with ours, theirs:
        packer, held = Packer(), snapshot(1)
        before = sys.getrefcount(held)
        packer.send(Told(held), theirs)
        assert sys.getrefcount(held) == before
