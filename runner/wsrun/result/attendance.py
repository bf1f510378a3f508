"""How many of the planned clients were there: seconds by the number planned, and by the number missing.

That is enough to know the share of client-seconds without anybody, whatever number of clients is excused,
which is known at the end only; and it does not grow with the length of the run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from wsrun.pacing.presence import Presence
from wsrun.plan import Plan

_LEAVING = 0.05
"""Seconds in which clients that were just told to leave still count, or not any more."""

_INSTANT = 1e-6


class Attendance:
    """Client-seconds, planned and missed, less warm-ups and searches."""

    def __init__(self) -> None:
        self._planned: defaultdict[int, float] = defaultdict(float)
        self._missing: defaultdict[int, float] = defaultdict(float)

    def add(self, planned: int, clients: int, seconds: float) -> None:
        """Add ``seconds`` in which so many clients were planned and there."""
        self._planned[planned] += seconds
        if planned > clients:
            self._missing[planned - clients] += seconds

    def absent(self, excused: int = 0) -> float | None:
        """Return the missing share of the client-seconds, 0…1, when so many clients need not be there; None:
        none was planned."""
        wanted = _beyond(self._planned, excused)
        return _beyond(self._missing, excused) / wanted if wanted else None


class Roll:
    """Says of a row how many clients had to be there at its end, by a plan."""

    def __init__(self, plan: Plan) -> None:
        self._presence = Presence(plan)
        self._unjudged = [
            (phase.start, phase.end if phase.search is not None else phase.start + phase.warm_up)
            for phase in plan.phases
        ]

    def call(self, row: Mapping[str, Any], until: float, attendance: Attendance) -> None:
        """Add a row to an attendance, if it says anything: it ends by ``until``, and is no warm-up.

        ``until`` is when everybody was told to leave, in seconds since the start of the run.
        """
        middle, end = row["t"] + row["length"] / 2, row["t"] + row["length"]
        if end > until + _INSTANT or any(start <= middle < over for start, over in self._unjudged):
            return
        # Those who leave at this very moment may or may not have been counted.
        planned = min(self._presence.connected(end), self._presence.connected(end + _LEAVING))
        attendance.add(planned, row["clients"], row["length"])


def _beyond(seconds: Mapping[int, float], number: int) -> float:
    return sum(max(clients - number, 0) * length for clients, length in seconds.items())
