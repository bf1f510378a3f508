"""What is judged of every interval by itself, added up before intervals are merged."""

from __future__ import annotations

import copy
from collections.abc import Iterable

from wsrun.plan import Plan
from wsrun.result.attendance import Attendance, Roll
from wsrun.result.generator import BACKLOG_SPAN, CPU_SPAN, Sustained
from wsrun.result.timeline import Interval


class Aged:
    """The sums over intervals, which come in their order.

    ``cpu`` is the share of a core that the busiest worker used for ``CPU_SPAN`` seconds on end, ``backlog``
    the bytes that waited in a worker for ``BACKLOG_SPAN`` seconds on end, ``breaker_seconds`` for how long a
    breaker was open.
    """

    def __init__(self, plan: Plan) -> None:
        self.attendance = Attendance()
        self.cpu = Sustained(CPU_SPAN)
        self.backlog = Sustained(BACKLOG_SPAN)
        self.breaker_seconds = 0.0
        self._roll = Roll(plan)

    def follow(self, plan: Plan) -> None:
        """Judge by an amended plan from now on."""
        self._roll = Roll(plan)

    def add(self, interval: Interval, until: float) -> None:
        """Add an interval of the timeline; ``until`` is when everybody is told to leave."""
        row = interval.row
        self.cpu.add(row["length"], row["cpu"])
        self.backlog.add(row["length"], row["backlog"])
        if row["breakers_open"]:
            self.breaker_seconds += row["length"]
        self._roll.call(row, until, self.attendance, interval.present)

    def followed_by(self, intervals: Iterable[Interval], until: float) -> Aged:
        """Return the sums of these intervals too; this one stays as it is."""
        whole = copy.copy(self)
        whole.attendance = copy.deepcopy(self.attendance)
        whole.cpu, whole.backlog = copy.deepcopy(self.cpu), copy.deepcopy(self.backlog)
        for interval in intervals:
            whole.add(interval, until)
        return whole
