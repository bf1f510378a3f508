"""What wsrun is meant to reach beside the others, and whether it does."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.peers.figures import Kept

WSRUN, RAW = "wsrun, fast", "picows, raw"
Cell = tuple[str, str]
"""A row and a client."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound on wsrun's CPU per message: in microseconds, or as a multiple of another cell's.

    With ``at_least``, the bound is on how many times the messages of the other wsrun does for a second of
    CPU.
    """

    what: str
    row: str
    bound: float
    other: Cell | None = None
    at_least: bool = False

    @property
    def wanted(self) -> str:
        """The bound in words."""
        if self.other is None:
            return f"≤ {self.bound:g} µs"
        return f"{'≥' if self.at_least else '≤'} {self.bound:g} ×"

    def seen(self, kept: Kept) -> tuple[str, str]:
        """Return what was seen, of medians, and a word on it."""
        own = kept.figure(self.row, WSRUN)
        other = kept.figure(*self.other) if self.other else None
        if own is None or (self.other is not None and other is None):
            return "–", "not measured"
        if other is None:
            value, told = own.median, f"{own.median:.2f} µs"
        else:
            value = other.median / own.median if self.at_least else own.median / other.median
            told = f"{value:.2f} ×"
        is_met = value >= self.bound if self.at_least else value <= self.bound
        return told, "met" if is_met else "missed"


def _trips(connections: int) -> str:
    return f"roundtrip-{connections}"


GOALS = (
    Goal("round trip, 100 connections, beside raw picows", _trips(100), 1.5, (_trips(100), RAW)),
    Goal("the same, beside the floor in C", _trips(100), 1.8, (_trips(100), "C floor")),
    Goal("round trips for a CPU second, beside k6", _trips(100), 5, (_trips(100), "k6"), at_least=True),
    Goal("the same, beside Locust", _trips(100), 6, (_trips(100), "Locust"), at_least=True),
    Goal("the same, beside Artillery", _trips(100), 3.8, (_trips(100), "Artillery"), at_least=True),
    Goal("round trip, 2 000 connections, beside raw picows", _trips(2000), 1.5, (_trips(2000), RAW)),
    Goal("round trip, 10 000 connections, beside raw picows", _trips(10_000), 1.5, (_trips(10_000), RAW)),
    Goal("a push, single, 20 000 a second", "pushes-single", 5),
    Goal("a push, single, 100 000 a second", "pushes-dense", 5),
    Goal("a push, in bursts of eight", "pushes-bursts", 5),
    Goal("round trip over wss, beside ws", "wss-100", 1.5, (_trips(100), WSRUN)),
)
