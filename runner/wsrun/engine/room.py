"""How much a worker keeps of what it received, shared by its connections: the more, the less each."""

from __future__ import annotations

MOST_MAIL = 1 << 20
"""Bytes (characters, of text) that the mailbox of one connection keeps."""

LEAST_MAIL = 1 << 16
"""Those of each of however many connections."""

MAIL_IN_ALL = 1 << 30
"""Those of all connections of a worker, as long as that leaves each ``LEAST_MAIL``."""

MOST_NUMBERS = 20_000
"""Missing numbers that one ``sequence`` remembers on one connection; each takes 0.1 KiB."""

LEAST_NUMBERS = 1_000
"""Those on each of however many connections."""

NUMBERS_IN_ALL = 5_000_000
"""Those of all connections of a worker, as long as that leaves each ``LEAST_NUMBERS``."""


class Room:
    """What each connection may keep now: bytes of ``mail``, and ``numbers`` that are missing."""

    __slots__ = ("mail", "numbers")

    def __init__(self) -> None:
        self.share(1)

    def share(self, connections: int) -> None:
        """Divide what there is among so many connections."""
        each = max(connections, 1)
        self.mail = max(LEAST_MAIL, min(MOST_MAIL, MAIL_IN_ALL // each))
        self.numbers = max(LEAST_NUMBERS, min(MOST_NUMBERS, NUMBERS_IN_ALL // each))
