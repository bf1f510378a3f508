"""The clients that can be given a scheduled message, by group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsrun.engine.session import Session


class Ready:
    """Clients that are past ``start`` and stay; coming and going costs the same however many there are."""

    def __init__(self) -> None:
        self._by_group: dict[int, list[Session]] = {}
        self._places: dict[Session, int] = {}

    def __contains__(self, session: Session) -> bool:
        """Whether a client takes messages."""
        return session in self._places

    def add(self, session: Session) -> None:
        """Let a client take messages from now on; it must not be there already."""
        there = self._by_group.setdefault(session.group, [])
        self._places[session] = len(there)
        there.append(session)

    def discard(self, session: Session) -> None:
        """Let a client take no more messages, if it does."""
        place = self._places.pop(session, None)
        if place is None:
            return
        there = self._by_group[session.group]
        last = there.pop()
        if last is not session:
            there[place] = last
            self._places[last] = place

    def in_group(self, group: int) -> Sequence[Session]:
        """Return a group's clients that can take messages, in no order that matters."""
        return self._by_group.get(group, ())
