"""Levels over a phase: constant, line or stairs, as pieces on which the level is a straight line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from wsrun.plan import Bursts, Level


class Piece(NamedTuple):
    """A stretch from ``start`` to ``end`` (seconds from the phase's start) on which the level goes straight
    from ``low`` to ``high``; ``high`` may be the lower of the two."""

    start: float
    end: float
    low: float
    high: float

    @property
    def area(self) -> float:
        """The integral of the level over the piece."""
        return (self.low + self.high) / 2 * (self.end - self.start)


def level_at(level: Level, elapsed: float, duration: float) -> float:
    """Return the level ``elapsed`` seconds into a phase of ``duration`` seconds; outside, that of the
    nearer end.

    Line: start + (end - start) * elapsed / duration. Stairs: start ± step * floor(elapsed / every), until
    end; a stair begins exactly at its time.
    """
    elapsed = min(max(elapsed, 0.0), duration)
    if level.step is not None and level.every is not None:
        return _stair(level, level.step, _whole_times(elapsed, level.every))
    if level.start == level.end or elapsed >= duration:
        return level.end
    return level.start + (level.end - level.start) * (elapsed / duration)


def pieces(level: Level, duration: float) -> Iterator[Piece]:
    """Yield the straight pieces of a level, in order, without gaps, from 0 to ``duration``."""
    if level.step is None or level.every is None:
        yield Piece(0.0, duration, level.start, level.end)
        return
    number, start = 0, 0.0
    while start < duration:
        value = _stair(level, level.step, number)
        number += 1
        end = duration if value == level.end else min(number * level.every, duration)
        yield Piece(start, end, value, value)
        start = end


def pieces_with_bursts(level: Level | None, bursts: Bursts | None, duration: float) -> Iterator[Piece]:
    """Yield the pieces of a rate with bursts: for ``length`` seconds from 0, ``every``, 2 * ``every``, …
    the rate of the burst, and in between that of ``level`` (nothing if None)."""
    base = pieces(level if level is not None else Level(start=0.0, end=0.0), duration)
    if bursts is None:
        yield from base
        return
    number = 0
    for piece in base:
        start = piece.start
        while start < piece.end:
            if (number + 1) * bursts.every <= start:
                number += 1
                continue
            burst_end = min(number * bursts.every + bursts.length, (number + 1) * bursts.every)
            if start < burst_end:
                end = min(burst_end, piece.end)
                yield Piece(start, end, bursts.rate, bursts.rate)
            else:
                end = min((number + 1) * bursts.every, piece.end)
                yield cut(piece, start, end)
            start = end


def cut(piece: Piece, start: float, end: float) -> Piece:
    """Return the part of a piece between two times that lie within it."""
    slope = (piece.high - piece.low) / (piece.end - piece.start)
    return Piece(
        start, end, piece.low + slope * (start - piece.start), piece.low + slope * (end - piece.start)
    )


def area(level: Level, start: float, end: float, duration: float) -> float:
    """Return the integral of a level between two times (seconds from the phase's start), clipped to the
    phase."""
    total = 0.0
    for piece in pieces(level, duration):
        low, high = max(piece.start, start), min(piece.end, end)
        if low < high:
            total += cut(piece, low, high).area
    return total


def _stair(level: Level, step: float, number: int) -> float:
    if level.end >= level.start:
        return min(level.start + step * number, level.end)
    return max(level.start - step * number, level.end)


def _whole_times(elapsed: float, every: float) -> int:
    # 0.3 / 0.1 is 2.9999999999999996: the edge itself, number * every, decides.
    number = int(elapsed / every)
    return number + 1 if (number + 1) * every <= elapsed else number
