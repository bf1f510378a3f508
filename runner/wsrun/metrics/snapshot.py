"""One interval of one worker: the only form in which numbers leave a worker.

A series is a metric name with labels. Counters and distributions are deltas of the interval, so that adding
snapshots up is associative and commutative: workers, intervals and machines combine in any order. Gauges are
readings and carry the label of their worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from wsrun.metrics.connections import ConnectionRecord
from wsrun.metrics.facts import Facts
from wsrun.metrics.histogram import Histogram

Labels = tuple[tuple[str, str], ...]
"""Label names and values, sorted by name."""

Series = tuple[str, Labels]
"""A metric name and its labels."""

Sample = tuple[float, str, str]
"""What was seen once: seconds since the start of the run, the client, a sentence or a message."""

LEVEL = "level"
"""The label of what belongs to a level of a search: its number, as text."""


CLIENTS = "clients"
"""A gauge beside the catalogue: clients with a connection, written where a client may have several."""


def labels_of(labels: Mapping[str, str | None]) -> Labels:
    """Return labels as part of a key; those that are None are left out."""
    return tuple(sorted((key, value) for key, value in labels.items() if value is not None))


def series(name: str, **labels: str | None) -> Series:
    """Build a series key; labels that are None are left out."""
    return name, labels_of(labels)


@dataclass(slots=True)
class Gauge:
    """Readings of something that goes up and down, over one interval; ``last`` is the newest reading."""

    minimum: float
    maximum: float
    total: float
    count: int
    last: float

    @classmethod
    def of(cls, value: float) -> Gauge:
        """Return a gauge of one reading."""
        return cls(value, value, value, 1, value)

    @property
    def average(self) -> float:
        """The mean of the readings."""
        return self.total / self.count


@dataclass(slots=True)
class ErrorDetail:
    """What is kept of one cause of errors in one interval, beside its count.

    ``first`` and ``last`` are seconds since the start of the run; ``clients`` counts by client, bounded;
    ``samples`` are (time, client, text), bounded.
    """

    first: float
    last: float
    count: int = 0
    clients: dict[str, int] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)


class StepRecord(NamedTuple):
    """A step that a client did in a functional test.

    ``at`` is when it began, in seconds since the start of the run, ``seconds`` how long it took. ``step`` is
    what it was in a few words, empty for what went wrong between steps.
    """

    at: float
    client: str
    profile: str
    step: str
    good: bool
    seconds: float
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class Snapshot:
    """What one worker saw between ``start`` and ``end`` (seconds since the start of the run).

    ``notes`` are samples of what a metric counts, bounded. ``facts`` are those of deliveries, for whoever
    joins them; they are not written down, as what they come to is, in a snapshot of its own. ``steps`` are
    those of a functional test, ``connections`` those that were over, bounded.
    """

    worker: int
    index: int
    start: float
    end: float
    counters: dict[Series, int] = field(default_factory=dict)
    distributions: dict[Series, Histogram] = field(default_factory=dict)
    gauges: dict[Series, Gauge] = field(default_factory=dict)
    errors: dict[str, ErrorDetail] = field(default_factory=dict)
    notes: dict[str, list[Sample]] = field(default_factory=dict)
    facts: Facts | None = None
    steps: list[StepRecord] = field(default_factory=list)
    connections: list[ConnectionRecord] = field(default_factory=list)

    @property
    def present(self) -> int:
        """How many clients have a connection at the end of the interval."""
        names = {name for name, _ in self.gauges}
        # Where clients may have several connections, or none, they are counted by themselves.
        counted = CLIENTS if CLIENTS in names else "open"
        return round(sum(gauge.last for (name, _), gauge in self.gauges.items() if name == counted))

    def to_json(self) -> dict[str, Any]:
        """Return JSON-like data; ``from_json`` is its inverse."""
        return {
            "worker": self.worker,
            "index": self.index,
            "start": self.start,
            "end": self.end,
            "counters": [[name, labels, value] for (name, labels), value in self.counters.items()],
            "distributions": [
                [name, labels, value.to_json()] for (name, labels), value in self.distributions.items()
            ],
            "gauges": [
                [name, labels, [g.minimum, g.maximum, g.total, g.count, g.last]]
                for (name, labels), g in self.gauges.items()
            ],
            "errors": {
                cause: [e.first, e.last, e.count, e.clients, e.samples] for cause, e in self.errors.items()
            },
            "notes": self.notes,
            # As plain tuples: those with names are not taken for arrays by who encodes them.
            **({"steps": [tuple(step) for step in self.steps]} if self.steps else {}),
            **({"connections": [tuple(row) for row in self.connections]} if self.connections else {}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Snapshot:
        """Rebuild a snapshot from what ``to_json`` made."""

        def key(name: str, labels: list[list[str]]) -> Series:
            return name, tuple((k, v) for k, v in labels)

        return cls(
            worker=data["worker"],
            index=data["index"],
            start=data["start"],
            end=data["end"],
            counters={key(name, labels): value for name, labels, value in data["counters"]},
            distributions={
                key(name, labels): Histogram.from_json(value) for name, labels, value in data["distributions"]
            },
            gauges={key(name, labels): Gauge(*values) for name, labels, values in data["gauges"]},
            errors={
                cause: ErrorDetail(first, last, count, dict(clients), [(t, c, x) for t, c, x in samples])
                for cause, (first, last, count, clients, samples) in data["errors"].items()
            },
            notes={
                name: [(at, client, text) for at, client, text in samples]
                for name, samples in data.get("notes", {}).items()
            },
            steps=[StepRecord._make([*step[:-1], tuple(step[-1])]) for step in data.get("steps", ())],
            connections=[ConnectionRecord._make(row) for row in data.get("connections", ())],
        )
