"""From the start of the workers to the end of the last one: what is heard is kept, what goes wrong is told.

Every wait has a limit. Limits count the time in which the coordinator itself was awake, so that a run whose
processes were all suspended for a while is not taken for one whose workers have died.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal

from wsrun.coordinator.aborts import Aborts
from wsrun.coordinator.crew import Crew
from wsrun.coordinator.journal import Journal
from wsrun.coordinator.progress import Progress, progress
from wsrun.coordinator.search import Searches
from wsrun.metrics.snapshot import Snapshot
from wsrun.plan import Plan
from wsrun.result.collector import Collector
from wsrun.result.secrets import Secrets
from wsrun.verdict import State

LOOK = 0.25
"""Seconds between looks at signals and clocks, and between updates of whoever watches."""

GRACE = 15.0
"""Seconds beyond drain and closing after which a worker that is still at work is lost."""

SILENCE = 30.0
"""Seconds beyond an interval in which a worker may say nothing before it is lost."""

TERM_LIMIT = 5.0
"""Seconds that workers get to end in good order after SIGTERM."""

_LONGEST_STEP = 1.0
"""Seconds between two looks that count as awake: what is more was a suspension."""

SignalName = Literal["SIGINT", "SIGTERM"]


class Conduct:
    """One run while it goes, and how it went.

    ``stopped`` is when and why it ended before its time, None when it did not. ``ran`` is seconds from its
    start to its end. ``signal`` is the first signal that was heard while it went.
    """

    def __init__(
        self, plan: Plan, workers: int, journal: Journal, secrets: Secrets, heard: list[SignalName]
    ) -> None:
        """``heard`` is where signals appear, from now on or before."""
        self.collector = Collector(plan, workers, secrets.clean)
        self.state: State = "completed"
        self.stopped: dict[str, Any] | None = None
        self.signal: SignalName | None = None
        self.ran = 0.0
        self._secrets = secrets
        self._plan = plan
        self._journal = journal
        self._heard = heard
        self._seen = 0
        self._aborts = Aborts(plan)
        self._waited = 0.0
        self._closing = plan.drain + plan.close_timeout + GRACE
        self._searches = Searches(plan, self.collector)
        self._limit = self._latest_end()
        self._is_dismissal = False
        """Whether the workers are ended on purpose when the limit is reached, and are not lost then."""

    @property
    def plan(self) -> Plan:
        """The plan, amended by what searches came to."""
        return self._searches.plan

    def stop(self, state: State, why: str, at: float | None = None) -> bool:
        """Note why the run ends early (``at``: None is now); False when that is settled already."""
        if self.stopped is not None:
            return False
        moment = self.ran if at is None else at
        self.state, self.stopped = state, {"at": moment, "why": self._secrets.sample(why)}
        self.collector.stop(moment)
        self._journal.stop(moment)
        self._limit = min(self._limit, self._waited + self._closing)
        return True

    def perform(self, crew: Crew, watch: Callable[[Progress], None]) -> None:
        """Start the workers and follow them to their end; all of them have ended when this returns."""
        try:
            start = crew.start(lambda: not self._heard)
            if start is None:
                self._not_started(crew)
            else:
                self._follow(crew, start, watch)
        finally:
            crew.end()
            for snapshot in crew.messages(0.0):
                self._take(snapshot)
            self.collector.finish()
            self._write_joined()

    def hear(self) -> bool:
        """Take note of new signals; True when the run is to end because of the first of them."""
        before, self._seen = self._seen, len(self._heard)
        if self._seen == before:
            return False
        name = self._heard[self._seen - 1]
        self.signal = self.signal or name
        if before == 0 and self._seen == 1 and self._end_by(name):
            if name == "SIGTERM":
                self._limit, self._is_dismissal = min(self._limit, self._waited + TERM_LIMIT), True
            return True
        self._end_by(name)
        self._limit, self._is_dismissal = self._waited, True
        return False

    def _end_by(self, name: SignalName) -> bool:
        return self.stop("interrupted" if name == "SIGINT" else "terminated", name)

    def _not_started(self, crew: Crew) -> None:
        self.hear()
        if crew.lost:
            self.stop("worker_lost", crew.loss(crew.lost[0]))

    def _follow(self, crew: Crew, start: float, watch: Callable[[Progress], None]) -> None:
        last = time.monotonic()
        next_look = 0.0
        while not crew.is_over:
            for snapshot in crew.messages(LOOK):
                why, end = self._take(snapshot), snapshot.end
                # The next one may be an interval away.
                del snapshot
                if why is not None and self.stop("aborted", why, end):
                    crew.stop()
            now = time.monotonic()
            step, last = min(now - last, _LONGEST_STEP), now
            self._waited += step
            self.ran = max(now - start, 0.0)
            if self.hear():
                crew.stop()
            self._decide(crew)
            self._miss(crew, step)
            if self._waited >= self._limit:
                return
            if self.ran >= next_look:
                next_look = self.ran + LOOK
                watch(progress(self.plan, self.collector, self.ran))

    def _decide(self, crew: Crew) -> None:
        """Tell the workers what comes next in a search, when a level of it was judged."""
        told = None if self.stopped is not None else self._searches.decide(self.ran)
        if told is not None:
            self._journal.decision(self.ran)
            crew.tell(told)
            self._limit = self._latest_end()

    def _latest_end(self) -> float:
        """When the run is over at the latest, in seconds in which the coordinator was awake."""
        return self.plan.duration + self._searches.slack + self._closing

    def _take(self, snapshot: Snapshot) -> str | None:
        """Keep what a worker told; why the run must stop, if it must."""
        snapshot = self._secrets.clean(snapshot)
        self._journal.snapshot(snapshot)
        interval = self.collector.add(snapshot)
        self._write_joined()
        return None if interval is None else self._aborts.check(self.plan, self.collector, snapshot.end)

    def _write_joined(self) -> None:
        while self.collector.joined:
            self._journal.snapshot(self.collector.joined.popleft())

    def _miss(self, crew: Crew, step: float) -> None:
        """Notice the workers that are lost; the others end their phases and drain."""
        crew.waited(step)
        silence = self._plan.interval + SILENCE
        crew.give_up(f"said nothing for {silence:g} s", lambda member: member.silent > silence)
        if self._waited >= self._limit and not self._is_dismissal:
            crew.give_up("did not end in time", lambda member: True)
        if crew.lost and self.stop("worker_lost", crew.loss(crew.lost[0])):
            crew.stop()
