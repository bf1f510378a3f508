"""What a server does not read waits in the generator's memory: how much of it may, and who waits for it.

A client whose messages follow its own pace waits until the server reads again. A schedule does not wait, and
nor does a reaction: what would only be added to a full connection is dropped, and counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsrun.engine.lines import backlog_of
from wsrun.metrics.snapshot import labels_of

if TYPE_CHECKING:
    from wsrun.engine.http_line import Speaker
    from wsrun.engine.line import Line
    from wsrun.engine.lines import Lines
    from wsrun.engine.session import Session
    from wsrun.engine.world import World

MOST_UNSENT = 1 << 20
"""Bytes that may wait in one connection before nothing is added to them."""

LEAST_UNSENT = 1 << 16
"""Bytes that may wait in each of however many connections."""

MOST_IN_ALL = 1 << 28
"""Bytes that may wait in all connections of a worker, as long as that leaves each ``LEAST_UNSENT``."""

LOOK_EVERY = 16
"""A schedule looks at a connection once in so many messages, as a look takes a tenth of a microsecond.

A power of two. A connection that is full is looked at for each message, as its number stays the same.
"""

LATE_KEPT = 1000
"""Keys of timed-out requests that a connection remembers, to know a late reply from a stray frame."""

LATE_IN_ALL = 200_000
"""Those of all connections of a worker, as long as that leaves each ``LEAST_LATE``; each takes 0.2 KiB."""

LEAST_LATE = 10

PAUSE = 0.02
"""Seconds between two looks of a client that waits."""


def most_unsent(clients: int) -> int:
    """Return the bytes that may wait in each connection of a worker with so many clients."""
    return max(LEAST_UNSENT, min(MOST_UNSENT, MOST_IN_ALL // max(clients, 1)))


def late_kept(clients: int) -> int:
    """Return how many timed-out requests each connection remembers, of a worker with so many clients."""
    return max(LEAST_LATE, min(LATE_KEPT, LATE_IN_ALL // max(clients, 1)))


def is_full(line: Line) -> bool:
    """Whether the server of a connection does not read, so that a message must not be added."""
    return not line.seq % LOOK_EVERY and backlog_of(line) > line.world.most_unsent


def drop(world: World, group: int, due: float, cause: str) -> None:
    """Count a message of a group that was due and is not sent."""
    labels = {"group": world.plan.groups[group].name, **world.stretch_at(due).labels, "cause": cause}
    world.recorder.count("messages.dropped", labels_of(labels))


async def drained(session: Session, line: Line | Lines | Speaker) -> None:
    """Wait until the server has read enough for another message, or there is no reason to wait any more."""
    world, connection = session.world, line.connection
    if connection is None:
        return
    while connection.is_open and connection.write_backlog > world.most_unsent:
        if session.hurried or (session.leaving and not session.is_ending):
            return
        await session.sleep(world.clock() + PAUSE)
