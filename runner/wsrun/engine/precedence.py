"""Which of several messages that are due goes first: by priority, and of equals by their times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from wsrun.engine.programs import MessageProgram
    from wsrun.engine.session import Session

RANKS: Final[Mapping[str, int]] = {"high": 0, "normal": 1, "low": 2}
"""The rank of each priority; a lower one goes first."""


def by_priority(programs: Iterable[MessageProgram]) -> list[MessageProgram]:
    """Return messages that are sent at once, in the order in which they leave; equals stay as written."""
    return sorted(programs, key=lambda program: RANKS[program.plan.priority])


class DueMessages:
    """Messages of a schedule whose time has come, each with the client that drew it."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, float, int, Session, MessageProgram]] = []
        self._order = 0

    def __len__(self) -> int:
        """How many wait to be sent."""
        return len(self._heap)

    def add(self, due: float, session: Session, program: MessageProgram) -> None:
        """Add a message that was due at ``due``."""
        self._order += 1
        heappush(self._heap, (RANKS[program.plan.priority], due, self._order, session, program))

    def pop(self) -> tuple[float, Session, MessageProgram]:
        """Take out the one that goes first; there must be one."""
        _, due, _, session, program = heappop(self._heap)
        return due, session, program
