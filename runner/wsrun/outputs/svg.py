"""Static drawings as numbers for SVG: paths and places, computed once, styled by the templates.

Every drawing is stretched to its place by the browser: x runs from 0 to 1000 whatever the width, y is in
pixels. Text is never inside, because it would be stretched too; it is placed by percentages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wsrun.outputs import scales
from wsrun.outputs.frame import WIDTH, Box, Frame, number, passes
from wsrun.outputs.scales import Tick
from wsrun.view import formats
from wsrun.view.formats import Figure
from wsrun.view.picture import FailureMark, Limit, Picture
from wsrun.view.series import Line

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

_GAP = 6
"""Pixels between a limit and its name."""

_CHARACTER = 6.4
_BEYOND_SCALE = 4.0
"""A limit is drawn up to so many times the highest value; one further away would flatten the lines."""


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
    ticks = _ticks(picture, frame)
    lines = (picture.schedule, picture.send)
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
        limits=tuple(_limit(limit, frame, lines, ticks) for limit in near),
        beyond=tuple(limit.label for limit in picture.limits if limit not in near) if highest else (),
        ticks=ticks,
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


def _limit(limit: Limit, frame: Frame, lines: Sequence[Line], ticks: Sequence[Label]) -> LimitLine:
    """Place a limit, and its name where no line passes through it and no value of the phase stands."""
    left, right = 100 * limit.start / frame.length, min(100 * limit.end / frame.length, 100.0)
    y = frame.y(limit.seconds)
    wide = len(limit.label) * _CHARACTER + _GAP
    start, end = (_USUAL_WIDTH * share / 100 for share in (left, right))
    places = {
        "before": Box(start - _GAP - wide, start - _GAP, y - _LINE / 2, y + _LINE / 2),
        "above": Box(end - _GAP - wide, end - _GAP, y - 3 - _LINE, y - 3),
        "below": Box(end - _GAP - wide, end - _GAP, y + 3, y + 3 + _LINE),
        "above-start": Box(start + _GAP, start + _GAP + wide, y - 3 - _LINE, y - 3),
        "below-start": Box(start + _GAP, start + _GAP + wide, y + 3, y + 3 + _LINE),
    }
    taken = [_value_box(tick) for tick in ticks]

    def is_free(box: Box) -> bool:
        if box.left < 0 or box.right > _USUAL_WIDTH or box.top < 0 or box.bottom > HEIGHT:
            return False
        crossed = any(passes(box, line, frame, _USUAL_WIDTH) for line in lines)
        return not crossed and not any(box.overlaps(other) for other in taken)

    return LimitLine(
        left=left,
        right=right,
        y=y,
        label=limit.label,
        label_side=next(filter(lambda side: is_free(places[side]), places), _usual_side(left)),
        warns=limit.severity == "warning",
    )


def _usual_side(left: float) -> str:
    """Return where the name of a limit stands that has no free place."""
    return "before" if left > 24 else "above"


def _value_box(tick: Label) -> Box:
    """Return where the text of a value stands, with its tick."""
    x, y = _USUAL_WIDTH * tick.x / 100, tick.y + tick.shift
    left = x if tick.side == "right" else x - _VALUE
    return Box(left, left + _VALUE, y - _LINE / 2, y + _LINE / 2)


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
