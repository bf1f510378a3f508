"""Lines laid on a plot: their paths for SVG, and what stands in their way.

x runs from 0 to 1000 whatever the width, y is in pixels.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wsrun.view.series import Line

WIDTH = 1000


def number(value: float) -> str:
    """Write a coordinate to a tenth, without needless zeros."""
    return f"{value:.1f}".removesuffix(".0")


def runs(line: Iterable[tuple[float, float | None]]) -> Iterator[list[tuple[float, float]]]:
    """Yield the stretches of a line between its gaps."""
    held: list[tuple[float, float]] = []
    for t, value in line:
        if value is None:
            if held:
                yield held
            held = []
        else:
            held.append((t, value))
    if held:
        yield held


@dataclass(frozen=True, slots=True)
class Frame:
    """Seconds and a range of values, laid on 1000 units of width and some pixels of height."""

    length: float
    top: float
    height: float

    def x(self, t: float) -> float:
        """Return the horizontal place of a moment."""
        return WIDTH * t / self.length

    def y(self, value: float) -> float:
        """Return the vertical place of a value; what exceeds the top is drawn at it."""
        return self.height - self.height * min(value / self.top, 1.0) if self.top else self.height

    def path(self, line: Iterable[tuple[float, float | None]]) -> str:
        """Return a polyline with its gaps; a lone point is a dot (its cap must be round)."""
        parts = []
        for run in runs(line):
            points = [f"{number(self.x(t))} {number(self.y(value))}" for t, value in run]
            parts.append("M" + "L".join(points) + ("h0" if len(points) == 1 else ""))
        return "".join(parts)

    def area(self, line: Iterable[tuple[float, float]]) -> str:
        """Return the area below a line."""
        points = list(line)
        if not points:
            return ""
        upper = "L".join(f"{number(self.x(t))} {number(self.y(value))}" for t, value in points)
        first, last = number(self.x(points[0][0])), number(self.x(points[-1][0]))
        return f"M{first} {number(self.height)}L{upper}L{last} {number(self.height)}Z"

    def between(self, upper: Line, lower: Line) -> str:
        """Return the area between two lines, wherever both are."""
        parts = []
        for run in runs(upper):
            both = [(t, value, other) for t, value in run if (other := interpolated(lower, t)) is not None]
            if len(both) < 2:
                continue
            there = "L".join(f"{number(self.x(t))} {number(self.y(value))}" for t, value, _ in both)
            back = "L".join(f"{number(self.x(t))} {number(self.y(other))}" for t, _, other in reversed(both))
            parts.append(f"M{there}L{back}Z")
        return "".join(parts)


def interpolated(line: Line, t: float) -> float | None:
    """Return the value of a line at a moment; None in a gap and beyond its ends."""
    for (left, low), (right, high) in itertools.pairwise(line):
        if left <= t <= right:
            if low is None or high is None:
                return low if t == left else high if t == right else None
            return low + (high - low) * (t - left) / (right - left) if right > left else low
    return None


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels; ``top`` is above ``bottom``, and so the smaller number."""

    left: float
    right: float
    top: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        """Tell whether two boxes have any place in common."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


def passes(box: Box, line: Line, frame: Frame, width: float) -> bool:
    """Tell whether a line passes through a box, where the plot is ``width`` pixels wide."""
    seconds = frame.length / width
    first, last = box.left * seconds, box.right * seconds
    for run in runs(line):
        for (left, low), (right, high) in itertools.pairwise(run):
            start, end = max(left, first), min(right, last)
            if start > end or right <= left:
                continue
            slope = (high - low) / (right - left)
            heights = [frame.y(low + slope * (t - left)) for t in (start, end)]
            if min(heights) < box.bottom and max(heights) > box.top:
                return True
    return False
