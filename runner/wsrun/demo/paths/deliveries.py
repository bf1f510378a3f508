"""How ``/chat`` passes on what is said: counted, with numbers and time stamps, and with one mistake if asked.

A mistake is made once in the life of the server, with the delivery of the number that was asked for.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

MISTAKES = ("lose", "duplicate", "leak", "reorder")
"""Not sent at all; sent twice; sent to somebody in another room too; sent after the next one."""

MOST_STAMPS = 5_000_000
"""Deliveries of which the time is kept."""

_ID_TIME = slice(5, 15)
_ID_LENGTH = 20


class Person(Protocol):
    """Somebody who is connected; ``numbered`` is the number of their last delivery."""

    number: int
    numbered: int
    held: bytes | None

    def send(self, payload: bytes, *, is_text: bool = True) -> None:
        """Send a message."""

    def is_elsewhere(self, room: str) -> bool:
        """Whether they are in some room, and not in this one."""


@dataclass(slots=True)
class Mistake:
    """What is done wrong, with which delivery (from 1); ``report`` says with whom, once it is done."""

    kind: str
    at: int
    seen: int = 0
    report: dict[str, Any] | None = None


@dataclass(slots=True)
class Deliveries:
    """What all rooms count. ``times`` are seconds from the time in an id of wsrun's to each delivery."""

    said: int = 0
    delivered: int = 0
    times: array[float] = field(default_factory=lambda: array("d"))
    mistakes: dict[tuple[str, int], Mistake] = field(default_factory=dict)

    def mistake(self, kind: str, at: int) -> Mistake:
        """Return the one mistake of this kind at this number."""
        return self.mistakes.setdefault((kind, at), Mistake(kind, at))

    def totals(self) -> dict[str, object]:
        """Return what ``GET /monitoring/chat`` shows; times in seconds, None without data."""
        times = sorted(self.times)
        count = len(times)

        def quantile(share: float) -> float | None:
            return times[min(int(share * count), count - 1)] if count else None

        return {
            "said": self.said,
            "delivered": self.delivered,
            "mistakes": [one.report for one in self.mistakes.values() if one.report is not None],
            "times": {"count": count, "p50": quantile(0.5), "p99": quantile(0.99), "max": quantile(1.0)},
        }


@dataclass(frozen=True, slots=True)
class Manner:
    """How a connection's words are passed on; without one they are sent as they are, and counted."""

    is_numbered: bool
    is_stamped: bool
    mistake: Mistake | None

    def deliver(
        self,
        said: dict[str, Any],
        payload: bytes,
        people: Iterable[Person],
        everybody: Iterable[Person],
        counts: Deliveries,
    ) -> None:
        """Pass a message on to people; ``everybody`` is where a leak finds its victim."""
        mistake = self.mistake
        sent_at = _time_of(said["id"]) if self.is_stamped else None
        for person in people:
            own = payload
            if self.is_numbered:
                person.numbered += 1
                own = b'%b,"n":%d}' % (payload[:-1], person.numbered)
            if mistake is not None and mistake.report is None:
                mistake.seen += 1
                if mistake.seen >= mistake.at and self._err(
                    mistake, said, payload, own, person, everybody, counts
                ):
                    continue
            _send(person, own, counts)
            if sent_at is not None and len(counts.times) < MOST_STAMPS:
                counts.times.append(time.time() - sent_at)

    def _err(
        self,
        mistake: Mistake,
        said: dict[str, Any],
        payload: bytes,
        own: bytes,
        person: Person,
        everybody: Iterable[Person],
        counts: Deliveries,
    ) -> bool:
        """Make the mistake; True when the delivery itself is not to be made.

        ``own`` is the payload with the number that this person has, which a stranger does not get.
        """
        whom = person
        match mistake.kind:
            case "duplicate":
                _send(person, own, counts)
            case "reorder":
                person.held = own
            case "leak":
                strangers = (one for one in everybody if one.is_elsewhere(said["room"]))
                stranger = next(strangers, None)
                if stranger is None:
                    return False
                whom = stranger
                _send(stranger, payload, counts)
        mistake.report = {
            "mistake": mistake.kind,
            "at": mistake.seen,
            "id": said["id"],
            "room": said["room"],
            "person": f"person-{whom.number}",
        }
        return mistake.kind in ("lose", "reorder")


def _send(person: Person, payload: bytes, counts: Deliveries) -> None:
    person.send(payload)
    counts.delivered += 1
    if person.held is not None:
        held, person.held = person.held, None
        person.send(held)
        counts.delivered += 1


def _time_of(message_id: object) -> float | None:
    """Return the time in an id that wsrun made, in seconds since 1970; None for any other."""
    if isinstance(message_id, str) and len(message_id) == _ID_LENGTH and message_id.isalnum():
        try:
            return int(message_id[_ID_TIME], 36) / 1e6
        except ValueError:
            return None
    return None
