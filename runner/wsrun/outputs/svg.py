"""Static drawings as numbers for SVG: paths and places, computed once, styled by the templates.

Every drawing is stretched to its place by the browser: x runs from 0 to 1000 whatever the width, y is in
pixels. Text is never inside, because it would be stretched too; it is placed by percentages.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from wsrun.outputs import scales
from wsrun.outputs.scales import Tick
from wsrun.view import formats
from wsrun.view.formats import Figure
from wsrun.view.picture import FailureMark, Limit, Picture
from wsrun.view.series import Line

WIDTH = 1000
HEIGHT = 170
CLIENTS_HEIGHT = 46
SPARK_HEIGHT = 22

LANE = 20
LANES = 3
"""Failure marks stand in so many lanes of so many pixels at most."""

_USUAL_WIDTH = 1152
"""Pixels that the picture is usually wide; decides only where labels fit."""

_LINE = 16
"""Pixels that a line of labels is high."""

_VALUE = 110
"""Pixels that a value takes with its tick."""

_CHARACTER = 6.4
_BEYOND_SCALE = 4.0
"""A limit is drawn up to so many times the highest value; one further away would flatten the lines."""


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
class Label:
    """A tick at ``x`` per cent and ``y`` pixels with its text on one ``side``, moved by ``shift`` pixels."""

    x: float
    y: float
    shift: float
    text: Figure
    side: str
    kind: str


@dataclass(frozen=True, slots=True)
class LimitLine:
    """A horizontal line from ``left`` to ``right`` per cent at ``y`` pixels, with its label."""

    left: float
    right: float
    y: float
    label: str
    label_side: str
    warns: bool


@dataclass(frozen=True, slots=True)
class PlacedMark:
    """A failure mark: a bar from ``left`` of ``width`` per cent in a lane; ``label`` only where it fits."""

    left: float
    width: float
    lane: int
    label: str
    side: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """The run in one picture, ready to be placed."""

    schedule: str
    send: str
    between: str
    rows: tuple[Tick, ...]
    clients: str
    clients_band: str
    planned: str
    most_clients: str
    limits: tuple[LimitLine, ...]
    beyond: tuple[str, ...]
    ticks: tuple[Label, ...]
    marks: tuple[PlacedMark, ...]
    lanes: int
    times: tuple[Tick, ...]


def draw(picture: Picture) -> Drawing:
    """Lay a picture out."""
    values = [value for line in (picture.schedule, picture.send) for _, value in line if value is not None]
    values += [tick.seconds for tick in picture.ticks]
    highest = max(values, default=0.0)
    near = [limit for limit in picture.limits if limit.seconds <= highest * _BEYOND_SCALE]
    top, step = scales.nice_top(max([highest * 1000, *(limit.seconds * 1000 for limit in near)]))
    frame = Frame(picture.length, top / 1000, HEIGHT)
    most = max([high for *_, high in picture.clients] + [value for _, value in picture.planned] + [1.0])
    below = Frame(picture.length, most, CLIENTS_HEIGHT)
    merged = picture.size is not None
    band = "".join(
        below.between(
            [(t, high) for t, _, _, high in picture.clients], [(t, low) for t, _, low, _ in picture.clients]
        )
        if merged
        else ""
    )
    marks = _marks(picture.marks, picture.length)
    steps = round(top / step) if highest else 0
    return Drawing(
        schedule=frame.path(picture.schedule),
        send=frame.path(picture.send),
        between=frame.between(picture.answered, picture.send),
        rows=tuple(gridline(n * step, top, step) for n in range(1, steps + 1)),
        clients=below.area([(t, value) for t, value, *_ in picture.clients]),
        clients_band=band,
        planned=below.path(picture.planned),
        most_clients=formats.group(round(most)),
        limits=tuple(_limit(limit, frame) for limit in near),
        beyond=tuple(limit.label for limit in picture.limits if limit not in near) if highest else (),
        ticks=_ticks(picture, frame),
        marks=marks,
        lanes=max((mark.lane for mark in marks), default=-1) + 1,
        times=tuple(scales.time_ticks(picture.length)),
    )


def gridline(value: float, top: float, step: float, height: float = HEIGHT) -> Tick:
    """Return a gridline, named in ms, or in s where all of them are whole halves of it."""
    if top >= 2000 and step % 500 == 0:
        label = Figure(f"{value / 1000:g}", "s")
    elif step < 0.1:
        label = Figure(f"{value * 1000:g}", "µs")
    else:
        label = Figure(formats.group(round(value)) if step >= 1 else f"{value:.3g}", "ms")
    return Tick(height - height * value / top, label.text)


def _limit(limit: Limit, frame: Frame) -> LimitLine:
    left, right = 100 * limit.start / frame.length, min(100 * limit.end / frame.length, 100.0)
    return LimitLine(
        left=left,
        right=right,
        y=frame.y(limit.seconds),
        label=limit.label,
        label_side="before" if left > 24 else "above",
        warns=limit.severity == "warning",
    )


def _ticks(picture: Picture, frame: Frame) -> tuple[Label, ...]:
    """Place the values of the judged phase at its end; their texts keep a line's height apart.

    They stand within the phase, unless it is too short for them.
    """
    room = next((band.end - band.start for band in picture.bands if band.name == picture.phase), 0.0)
    is_roomy = _USUAL_WIDTH * room / picture.length >= _VALUE
    ticks = sorted(picture.ticks, key=lambda tick: -tick.seconds)
    places = [frame.y(tick.seconds) for tick in ticks]
    middles = [min(max(place, _LINE / 2), HEIGHT - _LINE / 2) for place in places]
    if len(ticks) == 2 and middles[1] - middles[0] < _LINE:
        middle = min(max(sum(middles) / 2, _LINE), HEIGHT - _LINE)
        middles = [middle - _LINE / 2, middle + _LINE / 2]
    found = []
    for tick, place, middle in zip(ticks, places, middles, strict=True):
        x = 100 * tick.t / picture.length
        side = "left" if is_roomy or x > 76 else "right"
        found.append(Label(x, place, middle - place, tick.figure, side, tick.clock))
    return tuple(found)


def _marks(marks: Sequence[FailureMark], length: float) -> tuple[PlacedMark, ...]:
    """Place failure marks in lanes: each where nothing stands in its way, without its text if it must."""
    ends = [-1.0] * LANES
    placed = []
    for mark in marks:
        left = _USUAL_WIDTH * mark.start / length
        width = max(_USUAL_WIDTH * (mark.end - mark.start) / length, 3.0)
        text = len(mark.label) * _CHARACTER
        side = "right" if left + text < _USUAL_WIDTH else "left"
        first = left if side == "right" else left + width - text
        last = max(left + width, left + text if side == "right" else left + width)
        lane = next((n for n, end in enumerate(ends) if first > end + 10), None)
        label = mark.label
        if lane is None:
            lane, label, last = LANES - 1, "", left + width
        ends[lane] = max(ends[lane], last)
        share = 100 * width / _USUAL_WIDTH
        placed.append(PlacedMark(100 * mark.start / length, share, lane, label, side))
    return tuple(placed)


def spark(line: Line, length: float) -> str:
    """Return a sparkline; it keeps a pixel free above and below."""
    top = max((value for _, value in line if value is not None), default=0.0)
    frame = Frame(length, top * SPARK_HEIGHT / (SPARK_HEIGHT - 2) or 1.0, SPARK_HEIGHT - 1)
    return frame.path(line)


def histogram(bars: Sequence[tuple[int, int]], width: int, height: float) -> str:
    """Return the bars of a histogram as one path; even one event is a pixel high."""
    most = max((count for _, count in bars), default=1)
    parts = []
    for position, count in bars:
        tall = max(height * count / most, 1.0)
        left, wide = WIDTH * position / width, WIDTH / width
        parts.append(f"M{number(left)} {number(height)}h{number(wide)}v-{number(tall)}h-{number(wide)}Z")
    return "".join(parts)
