"""Searches: each level is judged on what all workers told of it, and then they are told what comes next."""

from __future__ import annotations

from wsrun.engine.control import EndSearch, HoldLevel, ToWorker
from wsrun.pacing.searching import next_value
from wsrun.pacing.stages import amended
from wsrun.plan import Held, Plan
from wsrun.result.collector import Collector
from wsrun.result.searches import SearchRecord, is_settled, judge_level
from wsrun.search_parts import settling

LEAD = 0.1
"""Seconds between telling the workers and what they are told of, so that all do it at the same time."""


HELD_AGAIN = 2
"""How many levels of a search are held again because a miss said nothing: wsrun was not fit, for a moment."""


class Searches:
    """The searches of a run, one after the other. ``plan`` is amended with every decision.

    A level is judged when every worker has told all of its time, and each of its requests, deliveries and
    connections has come to its end; the slowest of a target that is overloaded would be missing otherwise.
    That is waited for as long as the longest timeout, and not longer.
    """

    def __init__(self, plan: Plan, collector: Collector) -> None:
        self.plan = plan
        self._collector = collector
        self._settling = settling(plan.messages)
        self._patience = max(_longest_timeout(plan), self._settling)
        self._index: int | None = None
        self._held: list[Held] = []
        self._begin_after(-1)

    @property
    def slack(self) -> float:
        """Seconds by which a decision may come later than planned."""
        return 0.0 if self._index is None else self._patience + 2 * self.plan.interval

    @property
    def level(self) -> Held | None:
        """The level that is held now, or is the first of the next search; None after the last search."""
        return self._held[-1] if self._held else None

    def decide(self, now: float) -> ToWorker | None:
        """Return what the workers are to be told ``now``, in seconds since the start of the run, if any."""
        index, collector = self._index, self._collector
        if index is None:
            return None
        phase, held = self.plan.phases[index], self._held[-1]
        assert phase.search is not None
        until = held.start + phase.search.hold
        if collector.heard < until + self._settling:
            return None
        is_patient = collector.heard < until + self._patience
        if is_patient and not is_settled(collector.store, phase.name, held.number):
            return None
        record = self._record(index)
        level = judge_level(self.plan, index, held, collector.store, collector.rows(), record.levels)
        record.levels.append(level)
        if level["met"] is None and record.unknown <= HELD_AGAIN:
            return self._go_on(index, held.value, now + LEAD)
        record.problem = None if level["met"] is not None else level["note"]
        value = None if record.problem is not None else next_value(phase.search, record.outcomes)
        if value is not None:
            return self._go_on(index, value, now + LEAD)
        record.is_over = True
        record.found(collector.store)
        return self._end(index, now + LEAD)

    def _go_on(self, index: int, value: float, at: float) -> ToWorker:
        held = Held(len(self._held) + 1, value, at)
        self._held.append(held)
        self._collector.keep_from(held.start)
        self._amend(amended(self.plan, index, self._held))
        return HoldLevel(index, held)

    def _end(self, index: int, at: float) -> ToWorker:
        self._amend(amended(self.plan, index, self._held, at))
        self._begin_after(index)
        return EndSearch(index, at)

    def _amend(self, plan: Plan) -> None:
        self.plan = plan
        self._collector.amend(plan)

    def _record(self, index: int) -> SearchRecord:
        """Return the record of the search of a phase, with the phase as it is now."""
        records = self._collector.searches
        if not records or records[-1].phase.index != index:
            records.append(SearchRecord(self.plan.phases[index]))
        records[-1].phase = self.plan.phases[index]
        return records[-1]

    def _begin_after(self, index: int) -> None:
        """Wait for the first level of the next search, if there is one."""
        following = [phase for phase in self.plan.phases[index + 1 :] if phase.search is not None]
        self._index, self._held = None, []
        if following and following[0].search is not None:
            self._index = following[0].index
            self._held = [following[0].search.held[0]]
        self._collector.keep_from(self._held[0].start if self._held else float("inf"))


def _longest_timeout(plan: Plan) -> float:
    """Return how long the last request or connection of a level may take, in seconds."""
    timeouts = [message.reply.timeout for message in plan.messages if message.reply is not None]
    return max([plan.target.connect_timeout, *timeouts]) + 1.0
