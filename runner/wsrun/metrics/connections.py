"""What is kept of single connections, beside the sums: a bounded number of rows, those with trouble first."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from wsrun.metrics.small import compressed

State = Literal["connecting", "open", "closing", "closed", "failed"]
"""How far a connection has come; the last two are final."""

ROWS_KEPT = 2_000
"""Rows that a run keeps of connections without trouble."""

TROUBLED_KEPT = 1_000
"""Rows that a run keeps of connections that were not made, or that ended by something else than a wish."""


class ConnectionRecord(NamedTuple):
    """One connection of one client, at its end or at the end of the run.

    ``begun`` is seconds since the start of the run, ``connect`` how long it took to make it, ``lasted`` how
    long it was open, seconds; None where it did not come to that. ``expected`` are the replies that were
    waited for, ``received`` payload bytes. ``socket`` and ``server`` are None where there is one only.
    ``cause`` is one of ``wsrun.causes``, or None.
    """

    begun: float
    client: str
    group: str
    socket: str | None
    server: str | None
    state: State
    connect: float | None = None
    lasted: float | None = None
    sent: int = 0
    expected: int = 0
    received: int = 0
    code: int | None = None
    side: str | None = None
    cause: str | None = None

    @property
    def is_troubled(self) -> bool:
        """Whether something went wrong with it."""
        return self.cause is not None


PACKED = 100
"""Rows that are made small together."""


class ConnectionRows:
    """Rows in the order in which they were added, in about 50 bytes each, where tuples take 500."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._newest: list[ConnectionRecord] = []

    def __iter__(self) -> Iterator[ConnectionRecord]:
        """Yield all rows, new ones each time."""
        for packed in self._packed:
            yield from map(ConnectionRecord, *pickle.loads(zlib.decompress(packed)))
        yield from self._newest

    def __len__(self) -> int:
        """Return how many rows there are."""
        return PACKED * len(self._packed) + len(self._newest)

    @property
    def size(self) -> int:
        """How many bytes the rows take that were made small."""
        return sum(map(len, self._packed))

    def extend(self, rows: Iterable[ConnectionRecord]) -> None:
        """Add rows."""
        newest = self._newest
        newest += rows
        while len(newest) >= PACKED:
            # By columns, as neighbours are alike in those.
            columns = list(zip(*newest[:PACKED], strict=True))
            self._packed.append(compressed(pickle.dumps(columns)))
            del newest[:PACKED]


class ConnectionBudget:
    """Says which rows are kept: the first ones, and apart from them the first with trouble."""

    def __init__(self, parts: int = 1) -> None:
        """``parts``: how many share what a run keeps."""
        self._left = -(-ROWS_KEPT // parts)
        self._left_troubled = -(-TROUBLED_KEPT // parts)

    def admits(self, row: ConnectionRecord) -> bool:
        """Take a row into account; False when there is no room for it."""
        if row.is_troubled:
            self._left_troubled -= 1
            return self._left_troubled >= 0
        self._left -= 1
        return self._left >= 0
