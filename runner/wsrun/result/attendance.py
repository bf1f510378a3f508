"""How many of the planned clients were there: seconds by the number planned, and by the number missing.

That is enough to know the share of client-seconds without anybody, whatever number of clients is excused,
which is known at the end only; and it does not grow with the length of the run. Groups are kept apart: who is
there too many in one, as sessions that arrive are, is not there for another.
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

ALL = -1
"""The group that stands for all of them, where clients are not counted by group."""


class Attendance:
    """Client-seconds, planned and missed, less warm-ups and searches."""

    def __init__(self) -> None:
        self._planned: defaultdict[tuple[int, int], float] = defaultdict(float)
        self._missing: defaultdict[tuple[int, int], float] = defaultdict(float)

    def add(self, planned: int, clients: int, seconds: float, group: int = ALL) -> None:
        """Add ``seconds`` in which so many clients of a group were planned and there."""
        self._planned[group, planned] += seconds
        if planned > clients:
            self._missing[group, planned - clients] += seconds

    def absent(self, excused: Mapping[int, int] | None = None) -> float | None:
        """Return the missing share of the client-seconds, 0…1; None: none was planned.

        ``excused``: how many clients need not be there, by group, and under ``ALL`` of all of them.
        """
        wanted = _beyond(self._planned, excused or {})
        return _beyond(self._missing, excused or {}) / wanted if wanted else None


class Roll:
    """Says of a row how many clients had to be there at its end, by a plan."""

    def __init__(self, plan: Plan) -> None:
        self._groups = [group.index for group in plan.groups if group.pool is None]
        self._presence = Presence(plan)
        self._unjudged = [
            (phase.start, phase.end if phase.search is not None else phase.start + phase.warm_up)
            for phase in plan.phases
        ]

    def call(
        self,
        row: Mapping[str, Any],
        until: float,
        attendance: Attendance,
        present: Mapping[int, int] | None = None,
    ) -> None:
        """Add a row to an attendance, if it says anything: it ends by ``until``, and is no warm-up.

        ``until`` is when everybody was told to leave, in seconds since the start of the run. ``present`` are
        the clients that were there at its end, by group; None: the row has all of them.
        """
        middle, end = row["t"] + row["length"] / 2, row["t"] + row["length"]
        if end > until + _INSTANT or any(start <= middle < over for start, over in self._unjudged):
            return
        # Those who leave at this very moment may or may not have been counted.
        moments = (end, end + _LEAVING)
        if present is None:
            attendance.add(min(map(self._presence.connected, moments)), row["clients"], row["length"])
            return
        for group in self._groups:
            planned = min(self._presence.present(group, moment) for moment in moments)
            attendance.add(planned, present.get(group, 0), row["length"], group)


def _beyond(seconds: Mapping[tuple[int, int], float], excused: Mapping[int, int]) -> float:
    return sum(
        max(clients - excused.get(group, 0), 0) * length for (group, clients), length in seconds.items()
    )
