"""Who is in which audience, followed event by event: the clients of all workers, with what they hold."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wsrun.metrics.facts import Audience, Entered, Event, Gone, Held, Left
from wsrun.plan import EVERYONE, OF_GROUP

CHANGES = 32
"""Changes of one variable that are remembered of one client."""

Keys = tuple[Any, ...]


@dataclass(slots=True)
class Client:
    """What is known of a client. Times are seconds since the start of the run, None: it has not happened.

    ``entered`` is when it was past ``start``, ``returned`` when it was there again after it had been away by
    its own will, ``left`` when it last went by itself. ``held`` has, for each name that audiences are told
    by, since when the client had which keys.
    """

    name: str
    group: str
    entered: float | None = None
    returned: float | None = None
    left: float | None = None
    is_present: bool = False
    held: dict[str, list[tuple[float, Keys]]] = field(default_factory=dict)

    def was_in(self, audience: Audience, begin: float, end: float) -> bool | None:
        """Tell whether it had what an audience has in common, at any time of a stretch; None: not known."""
        name, key = audience
        if name == EVERYONE:
            return True
        if name == OF_GROUP:
            return bool(key == self.group)
        held = self.held.get(name, [])
        until = float("inf")
        for since, keys in reversed(held):
            if since <= end and until >= begin and key in keys:
                return True
            if since < begin:
                return False
            until = since
        return None if len(held) == CHANGES else False

    def wavered(self, audience: Audience, begin: float, end: float) -> bool:
        """Tell whether it came into an audience or out of it in a stretch, while it was there."""
        if self.entered is None:
            return False
        if self.returned is not None and begin < self.returned <= end:
            return True
        name, key = audience
        before = False
        for since, keys in self.held.get(name, ()):
            if (key in keys) is not before and max(begin, self.entered) < since <= end:
                return True
            before = key in keys
        return False

    def was_there(self, at: float) -> bool:
        """Tell whether it was past ``start`` at a time, and not gone by itself."""
        if self.entered is None or self.entered > at:
            return False
        if self.left is None or self.left > at:
            return True
        return self.returned is not None and self.left < self.returned <= at

    def went(self, begin: float, end: float) -> bool:
        """Tell whether it last went by itself in a stretch."""
        return self.left is not None and begin < self.left <= end


class Audiences:
    """The audiences as they are after the events so far; clients by number.

    ``restless`` are those who went, or came into or out of an audience, not long ago.
    """

    def __init__(self) -> None:
        self.clients: dict[int, Client] = {}
        self.restless: set[int] = set()
        self._members: dict[Audience, set[int]] = {}
        self._gone: deque[tuple[float, int]] = deque()
        self._moves: deque[tuple[float, int]] = deque()

    def add(self, clients: Mapping[int, tuple[str, str]]) -> None:
        """Take note of new clients."""
        for number, (name, group) in clients.items():
            self.clients[number] = Client(name, group)

    def members(self, audience: Audience) -> set[int]:
        """Return who is there and in an audience: a set of the caller's own."""
        return set(self._members.get(audience, ()))

    def take(self, event: Event) -> None:
        """Follow what happened to a client."""
        client = self.clients.get(event.client)
        if client is None:
            return
        match event:
            case Held(at, number, name, keys):
                self._hold(client, number, at, name, keys)
            case Entered(at, number, again):
                client.is_present = True
                if again:
                    client.returned = at
                    self._move(at, number)
                else:
                    client.entered = at
                for audience in _audiences(client):
                    self._members.setdefault(audience, set()).add(number)
            case Left(at, number):
                client.left = at
                self._move(at, number)
                self._remove(client, number)
            case Gone(at, number):
                self._gone.append((at, number))
                self._remove(client, number)

    def rest(self, before: float) -> None:
        """Count as restless no more who moved before a time."""
        moves = self._moves
        if not moves or moves[0][0] >= before:
            return
        while moves and moves[0][0] < before:
            moves.popleft()
        self.restless = {number for _, number in moves}

    def forget(self, before: float) -> None:
        """Forget who was gone before a time."""
        while self._gone and self._gone[0][0] < before:
            self.clients.pop(self._gone.popleft()[1], None)

    def _hold(self, client: Client, number: int, at: float, name: str, keys: Keys) -> None:
        held = client.held.setdefault(name, [])
        before: Keys = held[-1][1] if held else ()
        held.append((at, keys))
        del held[:-CHANGES]
        if client.is_present:
            self._move(at, number)
            for key in before:
                self._discard((name, key), number)
            for key in keys:
                self._members.setdefault((name, key), set()).add(number)

    def _move(self, at: float, number: int) -> None:
        self._moves.append((at, number))
        self.restless.add(number)

    def _remove(self, client: Client, number: int) -> None:
        if client.is_present:
            client.is_present = False
            for audience in _audiences(client):
                self._discard(audience, number)

    def _discard(self, audience: Audience, number: int) -> None:
        members = self._members.get(audience)
        if members is not None:
            members.discard(number)
            if not members:
                del self._members[audience]


def _audiences(client: Client) -> list[Audience]:
    """Return the audiences that a client is in by what it holds."""
    found: list[Audience] = [(EVERYONE, None), (OF_GROUP, client.group)]
    found += [(name, key) for name, held in client.held.items() for key in held[-1][1]]
    return found
