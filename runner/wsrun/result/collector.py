"""What a run adds up to while it goes: totals, timeline, error details. Fed with snapshots, in any order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wsrun.measure import watched
from wsrun.metrics.connections import ConnectionBudget, ConnectionRows
from wsrun.metrics.snapshot import ErrorDetail, Sample, Snapshot, StepRecord
from wsrun.metrics.store import Store
from wsrun.plan import Plan
from wsrun.result import generator, pools
from wsrun.result.aged import Aged
from wsrun.result.fanout import JOINER, FanOut
from wsrun.result.folding import Timeline, Watched
from wsrun.result.recent import Recent
from wsrun.result.timeline import Interval, IntervalReader

if TYPE_CHECKING:
    from wsrun.result.searches import SearchRecord

STEPS_KEPT = 10_000
"""Steps of a functional test that are kept."""

CLIENTS_KEPT = 10_000
"""How many clients are told apart for one cause of errors over the run."""

Clean = Callable[[Snapshot], Snapshot]

SAMPLES_KEPT = 5
"""How many sentences are kept for one cause of errors, or one metric, over the run."""


@dataclass(slots=True)
class ErrorRecord:
    """One cause of errors over the run."""

    cause: str
    count: int = 0
    first: float = float("inf")
    last: float = 0.0
    clients: dict[str, int] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)

    def add(self, detail: ErrorDetail) -> None:
        """Add what one worker saw in an interval."""
        self.count += detail.count
        self.first = min(self.first, detail.first)
        self.last = max(self.last, detail.last)
        for client, number in detail.clients.items():
            if client in self.clients or len(self.clients) < CLIENTS_KEPT:
                self.clients[client] = self.clients.get(client, 0) + number
        self.samples = sorted([*self.samples, *detail.samples])[:SAMPLES_KEPT]


class Collector:
    """Collects snapshots; an interval is read once every worker has reported it.

    ``notes`` are samples of what a metric counts, the first of the run. ``joined`` are the numbers of
    deliveries, which no worker has alone, for whoever writes them down and takes them out. ``recent`` are the
    snapshots of the last seconds, as many as a criterion with ``abort`` looks back. ``heard``
    is until when every worker has told everything, in seconds since the start of the run. ``searches`` are
    those begun, by their time.

    What is kept does not grow with the length of the run: the intervals of the timeline are merged as they
    age, and what is judged of each of them is added up before, in ``judged``.
    """

    def __init__(self, plan: Plan, workers: int, clean: Clean = lambda snapshot: snapshot) -> None:
        """``clean`` returns a snapshot without what nobody may read."""
        self._watched = {*watched(plan), *generator.WATCHED, *pools.watched(plan)}
        self.timeline = Timeline(plan)
        self.store = Store(Watched(self.timeline, self._watched))
        self._aged = Aged(plan)
        self.errors: dict[str, ErrorRecord] = {}
        self.notes: dict[str, list[Sample]] = {}
        self.steps: list[StepRecord] = []
        self.connections = ConnectionRows()
        self._budget = ConnectionBudget()
        self.joined: deque[Snapshot] = deque()
        self.recent = Recent(max((c.abort[1] for c in plan.criteria if c.abort is not None), default=0.0))
        self.searches: list[SearchRecord] = []
        self.heard = 0.0
        self._plan = plan
        self._stopped = float("inf")
        self._kept_from = float("inf")
        self._reader = IntervalReader(plan, self._watched)
        self._workers = workers
        self._clean = clean
        has_audiences = any(message.deliver is not None for message in plan.messages)
        self._fanout = FanOut(plan) if has_audiences else None
        self._waiting: dict[int, list[Snapshot]] = {}
        self._last = 0

    def amend(self, plan: Plan) -> None:
        """Read the intervals that come by a plan that has been amended."""
        self._plan = plan
        self._reader = IntervalReader(plan, self._watched)
        self.timeline.follow(plan)
        self._aged.follow(plan)

    def keep_from(self, at: float) -> None:
        """Merge no intervals that end later than ``at`` (seconds since the start of the run) until told
        otherwise: they are still to be judged, each for itself."""
        self._kept_from = at

    def stop(self, at: float) -> None:
        """Take note that the phases of the run ended ``at`` a moment before their time."""
        self._stopped = at
        self.timeline.divide(at, self._plan)

    def judged(self, until: float) -> Aged:
        """Return what is judged of each interval, over the whole run; ``until`` is when everybody was told to
        leave, in seconds since the start of the run."""
        return self._aged.followed_by(self.timeline.newest, until)

    def add(self, snapshot: Snapshot) -> Interval | None:
        """Add a snapshot; the interval that it completes, if it does.

        One that was ``joined`` before, and is read again from a journal, completes nothing.
        """
        self._keep(snapshot)
        if snapshot.worker == JOINER:
            self._take_told(snapshot, snapshot.start)
            return None
        if self._fanout is not None and snapshot.facts is not None:
            self._fanout.add(snapshot.facts)
            snapshot.facts = None
        together = self._waiting.setdefault(snapshot.index, [])
        together.append(snapshot)
        if len(together) < self._workers:
            return None
        self.heard = max(self.heard, min(one.end for one in together))
        return self._complete(snapshot.index)

    def finish(self) -> None:
        """Read the intervals that not every worker reported."""
        for index in sorted(self._waiting):
            self._complete(index)
        last = self.timeline.last
        if self._fanout is not None and last is not None:
            self._fanout.settle(float("inf"))
            self._join(self._last, last.start, last.end)

    def _keep(self, snapshot: Snapshot) -> None:
        self.store.add(snapshot)
        self.steps += snapshot.steps[: STEPS_KEPT - len(self.steps)]
        self.connections.extend(filter(self._budget.admits, snapshot.connections))
        self.recent.add(snapshot)

    def _join(self, index: int, start: float, end: float) -> None:
        """Keep what has been settled of deliveries, as the numbers of an interval."""
        assert self._fanout is not None
        joined = self._clean(self._fanout.snapshot(index, start, end))
        self._keep(joined)
        self._take_told(joined, start)
        self.joined.append(joined)

    def _complete(self, index: int) -> Interval:
        together = self._waiting.pop(index)
        interval = self._reader.read(together)
        self.timeline.add(interval)
        for snapshot in together:
            self._take_told(snapshot, interval.start)
        self._last = index
        if self._fanout is not None:
            self._fanout.settle(min(snapshot.end for snapshot in together))
            self._join(index, interval.start, interval.end)
        until = min(self._plan.duration, self._stopped)
        for old in self.timeline.age(self._kept_from):
            self._aged.add(old, until)
        return interval

    def _take_told(self, snapshot: Snapshot, at: float) -> None:
        for cause, detail in snapshot.errors.items():
            self.errors.setdefault(cause, ErrorRecord(cause)).add(detail)
            self.timeline.count_error(at, cause, detail.count)
        for metric, samples in snapshot.notes.items():
            self.notes[metric] = sorted([*self.notes.get(metric, []), *samples])[:SAMPLES_KEPT]

    def rows(self) -> list[dict[str, Any]]:
        """Return the timeline so far."""
        return [interval.row for interval in self.timeline]
