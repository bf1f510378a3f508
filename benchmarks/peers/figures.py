"""Samples, what is made of them, and the file that keeps them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

KEPT = Path(__file__).resolve().parents[1] / "results" / "peers.json"


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen in one window: messages by the server's count, and seconds of CPU and of wall-clock time.

    ``others`` is the CPU that neither the client nor the server used: on a quiet machine next to nothing.
    """

    messages: int
    cpu: float
    wall: float
    server: float
    others: float

    @property
    def cost(self) -> float:
        """CPU of the client per message, in microseconds."""
        return self.cpu / self.messages * 1e6


class Figure(NamedTuple):
    """CPU per message over the rounds, in microseconds."""

    best: float
    median: float
    worst: float

    def __str__(self) -> str:
        return f"{_short(self.median)} ({_short(self.best)}–{_short(self.worst)})"


def figure(samples: Sequence[Sample]) -> Figure | None:
    """Summarise samples; None without any."""
    if not samples:
        return None
    costs = [sample.cost for sample in samples]
    return Figure(min(costs), median(costs), max(costs))


def _short(value: float) -> str:
    """A figure with three digits."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


@dataclass(slots=True)
class Kept:
    """All samples by row and client, with what they were made on.

    ``missing`` says by client why it has none; ``failed`` by row and client why there is no sample.
    """

    machine: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    failed: dict[str, dict[str, str]] = field(default_factory=dict)
    samples: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)

    def of(self, row: str, peer: str) -> list[Sample]:
        """The samples of one cell."""
        return self.samples.get(row, {}).get(peer, [])

    def figure(self, row: str, peer: str) -> Figure | None:
        """The figure of one cell."""
        return figure(self.of(row, peer))

    def forget(self, row: str, peer: str) -> None:
        """Drop what is kept of one cell."""
        for kept in (self.samples, self.failed):
            kept.get(row, {}).pop(peer, None)

    def add(self, row: str, peer: str, sample: Sample) -> None:
        """Keep a sample."""
        self.samples.setdefault(row, {}).setdefault(peer, []).append(sample)

    def fail(self, row: str, peer: str, why: str) -> None:
        """Keep why there is none."""
        self.failed.setdefault(row, {})[peer] = why


def load(path: Path = KEPT) -> Kept:
    """Return what is kept; nothing if there is no file."""
    if not path.exists():
        return Kept()
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    read["samples"] = {
        row: {peer: [Sample(**sample) for sample in samples] for peer, samples in peers.items()}
        for row, peers in read["samples"].items()
    }
    return Kept(**read)


def save(kept: Kept, path: Path = KEPT) -> None:
    """Write it, one line a sample."""
    path.parent.mkdir(exist_ok=True)
    text = json.dumps(asdict(kept), indent=1, ensure_ascii=False)
    # A sample is one line, so that the difference between two files can be read.
    text = re.sub(r"\{\s*(\"messages\"[^{}]*?)\s*\}", lambda one: "{" + " ".join(one[1].split()) + "}", text)
    path.write_text(text + "\n", encoding="utf-8")
