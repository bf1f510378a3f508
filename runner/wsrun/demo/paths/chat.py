"""``/chat``: people in rooms. Who has joined no room is answered, but heard by nobody and hears nobody.

``?numbers=1`` numbers what each person gets, ``?stamps=1`` keeps the times of deliveries for
``/monitoring/chat``, ``?mistake=lose&at=1000`` makes one mistake.
"""

from __future__ import annotations

from typing import Any

import orjson

from wsrun.demo.http import Request, RequestError
from wsrun.demo.json_connection import JsonConnection
from wsrun.demo.paths.deliveries import MISTAKES, Deliveries, Manner
from wsrun.demo.query import read_count, read_query
from wsrun.demo.service import Service

LOBBY = "lobby"
"""The room that is joined when none is named."""


class Rooms:
    """Who is connected, and who is in which room."""

    def __init__(self) -> None:
        self.people: set[Chat] = set()
        self.members: dict[str, set[Chat]] = {}

    def join(self, person: Chat, room: str) -> None:
        """Let somebody into a room; nothing happens if they are in it."""
        self.members.setdefault(room, set()).add(person)

    def leave(self, person: Chat, room: str) -> None:
        """Take somebody out of a room; an empty room is no more."""
        members = self.members.get(room)
        if members is not None:
            members.discard(person)
            if not members:
                del self.members[room]


class Chat(JsonConnection):
    """One person. They may be in several rooms; the one they joined last is meant when none is named."""

    __slots__ = ("_counts", "_manner", "_rooms", "_shared", "held", "name", "numbered")

    def __init__(self, service: Service, request: Request) -> None:
        super().__init__(service, request)
        self._shared = service.part(Rooms)
        self._counts = service.part(Deliveries)
        self._manner = _manner(request, self._counts)
        self._rooms: list[str] = []
        self.numbered = 0
        self.held: bytes | None = None
        self.name: str | None = None

    def opened(self) -> None:
        """Be one of the people."""
        self._shared.people.add(self)

    def is_elsewhere(self, room: str) -> bool:
        """Whether this person is in some room, and not in this one."""
        return bool(self._rooms) and room not in self._rooms

    def gone(self) -> None:
        """Leave everything."""
        self._shared.people.discard(self)
        for room in self._rooms:
            self._shared.leave(self, room)

    def take(self, message: dict[str, Any]) -> None:
        """Do what a message says and answer it, if it has an id to answer to."""
        actions = {"join": self._join, "say": self._say, "who": self._who, "leave": self._leave}
        kind = message.get("type")
        action = actions.get(kind) if isinstance(kind, str) else None
        room = message.get("room")
        if action is None:
            answer: dict[str, Any] = {"ok": False, "error": f"the type is one of {', '.join(actions)}"}
        elif not (room is None or isinstance(room, str)):
            answer = {"ok": False, "error": "a room is named by a text"}
        else:
            answer = {"ok": True} | action(message, room)
        if "id" in message:
            self.send_json({"reply_to": message["id"]} | answer)

    def _join(self, message: dict[str, Any], room: str | None) -> dict[str, Any]:
        room = LOBBY if room is None else room
        if room in self._rooms:
            self._rooms.remove(room)
        self._rooms.append(room)
        self._shared.join(self, room)
        return {"type": "joined", "room": room}

    def _say(self, message: dict[str, Any], room: str | None) -> dict[str, Any]:
        room = self._meant(room)
        if room in self._rooms:
            said = {
                "type": "said",
                "id": message.get("id"),
                "room": room,
                "text": message.get("text"),
                "from": self.name or f"person-{self.number}",
            }
            payload = orjson.dumps(said)
            others = [person for person in self._shared.members[room] if person is not self]
            self._counts.said += 1
            if self._manner is not None:
                self._manner.deliver(said, payload, others, self._shared.people, self._counts)
                return {}
            for person in others:
                person.send(payload)
            self._counts.delivered += len(others)
        return {}

    def _who(self, message: dict[str, Any], room: str | None) -> dict[str, Any]:
        room = self._meant(room)
        people = self._shared.people if room is None else self._shared.members.get(room, ())
        return {"people": len(people)}

    def _leave(self, message: dict[str, Any], room: str | None) -> dict[str, Any]:
        room = self._meant(room)
        if room in self._rooms:
            self._rooms.remove(room)
            self._shared.leave(self, room)
        return {}

    def _meant(self, room: str | None) -> str | None:
        """Return the room that a message is about, or None if its sender is in none."""
        if room is not None:
            return room
        return self._rooms[-1] if self._rooms else None


def _manner(request: Request, counts: Deliveries) -> Manner | None:
    """Read how what is said is to be passed on; None: as it is."""
    kind = request.query.get("mistake")
    if kind is not None and kind not in MISTAKES:
        raise RequestError(400, f"mistake is one of {', '.join(MISTAKES)}")
    numbered, stamped = (read_query(request, name, read_count, 0) > 0 for name in ("numbers", "stamps"))
    at = read_query(request, "at", read_count, 1)
    if not (numbered or stamped or kind):
        return None
    return Manner(numbered, stamped, None if kind is None else counts.mistake(kind, at))
