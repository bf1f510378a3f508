"""Where a worker writes down what happens; folded into a ``Snapshot`` once an interval.

The per-message path touches only ``Cell`` and ``Traffic``: plain attribute increments and additions to typed
arrays, found once per client and phase and kept. Everything rarer goes through ``count``,
``sample`` and ``error``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from wsrun.metrics.connections import ConnectionRecord
from wsrun.metrics.histogram import Histogram
from wsrun.metrics.samples import Samples
from wsrun.metrics.snapshot import LEVEL, ErrorDetail, Gauge, Labels, Sample, Series, Snapshot, labels_of

if TYPE_CHECKING:
    from array import array

DRAIN = "drain"
"""The name of what follows the last phase."""

Told = Callable[[], str]
"""Makes a sentence; called only for the few that are kept."""

ARRIVALS = "arrivals"
"""The counter of those who arrived, or should have: what ``connect.dropped`` and ``.late`` are parts of."""

CLIENTS_KEPT = 1000
"""How many clients are told apart for one cause of errors in one interval."""

SAMPLES_KEPT = 3
"""How many sentences are kept for one cause of errors, or one metric, in one interval."""

_COUNTERS = (
    ("messages.sent", "sent"),
    ("messages.late", "late"),
    ("bytes.sent", "bytes_sent"),
    ("replies.failed", "failed"),
    ("replies.timed_out", "timed_out"),
    ("replies.lost", "lost"),
    ("replies.pending", "pending"),
    ("replies.late", "late_replies"),
    ("replies.extra", "extra_replies"),
)
_ARRAYS = (
    ("round_trip", "round_trip"),
    ("service_time", "service_time"),
    ("reply.first", "first"),
    ("reply.gap", "gaps"),
)
_TRAFFIC = (
    ("messages.received", "received"),
    ("bytes.received", "bytes_received"),
    ("messages.unmatched", "unmatched"),
    ("mailbox.dropped", "mailbox_dropped"),
)


class Stretch:
    """A part of the run whose numbers are kept apart: a phase, its warm-up, a search's level, the drain.

    ``start`` and ``end`` are absolute seconds of the clock; the end of the newest is not known while a search
    goes on, and set when it is. ``phase`` is the index of the phase, and for the drain one beyond the last.
    ``level`` is the number of a level in its search.
    """

    __slots__ = ("end", "index", "level", "name", "phase", "start", "warm_up")

    def __init__(
        self,
        index: int,
        phase: int,
        name: str,
        warm_up: bool,
        start: float,
        end: float,
        level: int | None = None,
    ) -> None:
        self.index = index
        self.phase = phase
        self.name = name
        self.warm_up = warm_up
        self.start = start
        self.end = end
        self.level = level

    @property
    def labels(self) -> dict[str, str | None]:
        """The labels of everything that belongs here."""
        return {"phase": self.name, "part": "warm-up" if self.warm_up else None, LEVEL: self._level}

    @property
    def connect_labels(self) -> dict[str, str | None]:
        """The labels of connections that are begun here.

        A level of a search is judged with the connections that it took to reach it, which are begun while it
        settles.
        """
        return self.labels if self.level is None else {**self.labels, "part": None}

    @property
    def _level(self) -> str | None:
        return None if self.level is None else str(self.level)


class Cell:
    """The numbers of one message in one group, profile and stretch.

    What follows from others is not counted beside them: a reply is expected to each message sent that
    ``has_reply``, and as many were good as there are samples of ``service_time``.
    """

    __slots__ = (
        "bytes_sent",
        "extra_replies",
        "failed",
        "first",
        "gaps",
        "has_reply",
        "labels",
        "late",
        "late_replies",
        "lost",
        "pending",
        "round_trip",
        "sent",
        "service_time",
        "timed_out",
    )

    def __init__(self, labels: Labels, *, has_reply: bool) -> None:
        self.labels = labels
        self.has_reply = has_reply
        self.round_trip = Samples()
        self.service_time = Samples()
        self.first = Samples()
        self.gaps = Samples()
        self.sent = self.late = self.bytes_sent = self.failed = 0
        self.timed_out = self.lost = self.pending = self.late_replies = self.extra_replies = 0


class Traffic:
    """What came in for one group and profile in one stretch."""

    __slots__ = ("bytes_received", "labels", "mailbox_dropped", "received", "unmatched")

    def __init__(self, labels: Labels) -> None:
        self.labels = labels
        self.received = self.bytes_received = self.unmatched = self.mailbox_dropped = 0


class Recorder:
    """Collects one worker's numbers."""

    def __init__(self, worker: int) -> None:
        self.worker = worker
        self._cells: list[Cell] = []
        self._traffic: list[Traffic] = []
        self._counts: dict[Series, int] = {}
        self._samples: dict[Series, Samples] = {}
        self._errors: dict[str, ErrorDetail] = {}
        self._notes: dict[str, list[Sample]] = {}
        self.connections: list[ConnectionRecord] = []
        self._part: dict[str, str | None] = {}
        self.own_labels: Labels
        self.loop_lag: Samples
        self.send_lag: Samples
        self.enter({})

    def enter(self, part: dict[str, str | None]) -> None:
        """Write lags under the labels of another part of the run from now on."""
        self._part = part
        self.own_labels = labels_of({**part, "worker": str(self.worker)})
        self.loop_lag = self._samples.setdefault(("generator.lag", self.own_labels), Samples())
        self.send_lag = self._samples.setdefault(("generator.lateness", self.own_labels), Samples())

    def cell(self, *, has_reply: bool, **labels: str | None) -> Cell:
        """Return a new cell; the caller keeps it."""
        cell = Cell(labels_of(labels), has_reply=has_reply)
        self._cells.append(cell)
        return cell

    def traffic(self, **labels: str | None) -> Traffic:
        """Return a new traffic cell; the caller keeps it."""
        traffic = Traffic(labels_of(labels))
        self._traffic.append(traffic)
        return traffic

    def count(self, name: str, labels: Labels, number: int = 1) -> None:
        """Add to a counter."""
        key = (name, labels)
        self._counts[key] = self._counts.get(key, 0) + number

    def sample(self, name: str, labels: Labels, value: float) -> None:
        """Add a value (seconds) to a distribution."""
        key = (name, labels)
        values = self._samples.get(key)
        if values is None:
            values = self._samples[key] = Samples()
        values.add(value)

    def samples(self, name: str, labels: Labels, values: array[float]) -> None:
        """Add values (seconds) to a distribution."""
        self._samples.setdefault((name, labels), Samples()).extend(values)

    def error(
        self, cause: str, client: str, at: float, text: str | Told, labels: dict[str, str | None]
    ) -> None:
        """Count an error; ``at`` is seconds since the start of the run, ``text`` one plain sentence."""
        self.count("errors", labels_of({**labels, "cause": cause}))
        detail = self._errors.get(cause)
        if detail is None:
            detail = self._errors[cause] = ErrorDetail(first=at, last=at)
        detail.last = at
        detail.count += 1
        if client in detail.clients or len(detail.clients) < CLIENTS_KEPT:
            detail.clients[client] = detail.clients.get(client, 0) + 1
        if len(detail.samples) < SAMPLES_KEPT:
            detail.samples.append((at, client, text if isinstance(text, str) else text()))

    def note(self, metric: str, client: str, at: float, text: Told) -> None:
        """Keep what one of those looked like that a metric counts; arguments as of ``error``."""
        kept = self._notes.setdefault(metric, [])
        if len(kept) < SAMPLES_KEPT:
            kept.append((at, client, text()))

    def snapshot(self, index: int, start: float, end: float, gauges: dict[Series, Gauge]) -> Snapshot:
        """Fold everything since the last snapshot and start anew."""
        made = Snapshot(worker=self.worker, index=index, start=start, end=end, gauges=gauges)
        counters, distributions = made.counters, made.distributions

        def add(name: str, labels: Labels, value: int) -> None:
            if value:
                counters[name, labels] = counters.get((name, labels), 0) + value

        for cell in self._cells:
            add("replies.expected", cell.labels, cell.sent if cell.has_reply else 0)
            add("replies.answered", cell.labels, len(cell.service_time))
            for name, slot in _COUNTERS:
                add(name, cell.labels, getattr(cell, slot))
                setattr(cell, slot, 0)
            for name, slot in _ARRAYS:
                values = getattr(cell, slot)
                if values:
                    _fold(distributions, (name, cell.labels), values)
                    setattr(cell, slot, Samples())
                    # The hot path keeps the cell and not the samples, so that new ones are seen at once.
        for traffic in self._traffic:
            for name, slot in _TRAFFIC:
                add(name, traffic.labels, getattr(traffic, slot))
                setattr(traffic, slot, 0)
        for key, value in self._counts.items():
            # Zeros too: they tell that something was looked at.
            counters[key] = counters.get(key, 0) + value
        for key, values in self._samples.items():
            if values:
                _fold(distributions, key, values)
        made.errors = self._errors
        made.notes = self._notes
        made.connections, self.connections = self.connections, []
        self._counts, self._samples, self._errors, self._notes = {}, {}, {}, {}
        self.enter(self._part)
        return made


def _fold(distributions: dict[Series, Histogram], key: Series, values: Samples) -> None:
    histogram = distributions.get(key)
    if histogram is None:
        histogram = distributions[key] = Histogram()
    histogram.add_array(values)
