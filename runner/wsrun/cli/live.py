"""How a run goes, while it goes: a view that redraws itself on a terminal, a line now and then elsewhere.

``Moment`` holds the figures, ``draw`` and ``line`` turn them into words for a width: both are pure. Only
``watching`` writes, and nothing that goes wrong in drawing reaches the run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wsrun.cli.stream import Face
from wsrun.view import formats
from wsrun.view.formats import NARROW

if TYPE_CHECKING:
    from wsrun.coordinator.progress import Progress
    from wsrun.plan import PhasePlan, Plan

LINE_EVERY = 5.0
"""Seconds between the lines that stand in for the view where nothing can be redrawn."""

REDRAW_EVERY = 0.24
"""Seconds between redraws, a hair less than the pace at which the coordinator calls."""

KINDS = 4
"""Of the causes of errors, so many are named; the rest is counted."""

_NARROWEST, _WIDEST = 24, 100
_LABEL = 12

Span = tuple[str, str]
"""A text and its style: "", "strong", "quiet", "good" or "bad"."""

Line = tuple[Span, ...]

_STYLES = {"": "", "strong": "bold", "quiet": "dim", "good": "cyan", "bad": "bold red"}


@dataclass(slots=True)
class Tally:
    """Errors by cause so far, summed from the rows of the timeline as they appear."""

    causes: Counter[str] = field(default_factory=Counter)
    _seen: float = -1.0

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row, unless it was added before."""
        if row and row["t"] > self._seen:
            self._seen = row["t"]
            self.causes.update(row["failures"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The figures of one moment. Seconds, numbers a second, None where nothing is known yet.

    ``is_warm_up``: the percentiles are of the warm-up, as nothing was measured yet.
    """

    name: str
    phase: str
    place: str
    elapsed: float
    planned: float
    open: int
    wanted: int
    sent: float | None
    answered: float | None
    received: float | None
    percentiles: tuple[tuple[str, float | None], ...]
    from_send: tuple[tuple[str, float | None], ...]
    errors: int
    causes: tuple[tuple[str, int], ...]
    is_warm_up: bool = False
    notice: str | None = None


def moment(progress: Progress, tally: Tally) -> Moment:
    """Read the figures of a moment."""
    plan, row, phase = progress.plan, progress.row, progress.phase
    tally.add(row)

    def rate(name: str) -> float | None:
        if not row:
            return None
        # Of the moment after the last phase there is no rate; over an interval there is one.
        length: float = row["length"] if row["length"] >= plan.interval / 2 else plan.interval
        return float(row[name] / length)

    return Moment(
        name=plan.name,
        phase="drain" if phase is None else phase.name + _level(phase, progress.elapsed),
        place="" if phase is None else f"{phase.index + 1} of {len(plan.phases)}",
        elapsed=max(progress.elapsed, 0.0),
        planned=plan.duration,
        open=row.get("clients", 0),
        wanted=row.get("planned", 0),
        sent=rate("sent"),
        answered=rate("answered"),
        received=rate("received"),
        percentiles=tuple(progress.round_trip.items()),
        from_send=tuple(progress.service_time.items()),
        errors=progress.totals["errors"],
        causes=tuple(tally.causes.most_common(KINDS)),
        is_warm_up=progress.is_warm_up,
        notice=progress.notice,
    )


def _level(phase: PhasePlan, elapsed: float) -> str:
    """Return which level of its search a phase holds, nothing where it does not search."""
    if phase.search is None:
        return ""
    held = [one for one in phase.search.held if one.start <= max(elapsed, phase.start)][-1]
    rate = "/s" if phase.search.axis == "rate" else ""
    return f", level {held.number}: {formats.number(held.value).text}{rate}"


def draw(now: Moment, width: int, *, unicode: bool = True) -> list[Line]:
    """Draw a moment as lines of at most ``width`` columns (never fewer than 24)."""
    width = min(max(width, _NARROWEST), _WIDEST)
    lines = [_head(now, width), _bar(now, width, unicode)]
    lines += _row("clients", [_of(now)], width)
    rates = (("sent", now.sent), ("answered", now.answered), ("received", now.received))
    lines += _row("messages", [_figure(formats.per_second(rate), name) for name, rate in rates], width)
    points = [_figure(formats.seconds(value), name, first=True) for name, value in now.percentiles]
    if now.is_warm_up:
        points.append((("in warm-up", "quiet"),))
    lines += _row("round trip", points, width)
    sent = [_figure(formats.seconds(value), name, first=True) for name, value in now.from_send]
    lines += _row("from send", sent, width) if sent else []
    lines += _row("errors", _errors(now), width)
    if now.notice:
        lines += _row("", [((now.notice, "bad"),)], width)
    return [_fitted(line, width) for line in lines]


def line(now: Moment) -> str:
    """Write a moment as one line for a log."""
    parts = [
        f"{_clock(now)} {now.phase}",
        "".join(text for text, _ in _of(now)) + " clients",
        f"{formats.per_second(now.sent)} sent",
        f"{formats.per_second(now.answered)} answered",
        *(f"{name} {formats.seconds(value)}" for name, value in now.percentiles),
        *(["in warm-up"] if now.is_warm_up else []),
        f"{formats.group(now.errors)} errors",
    ]
    text = ", ".join(parts) + (f" ({_causes(now)})" if now.causes else "")
    return text.replace(NARROW, " ")


def _clock(now: Moment) -> str:
    return f"{_whole(now.elapsed)} of {_whole(now.planned)}"


def _whole(seconds: float) -> str:
    """Write seconds without decimals: a clock that ticks four times a second would flicker."""
    return f"{seconds:.0f}{NARROW}s" if seconds < 119.5 else formats.span(round(seconds)).text


def _head(now: Moment, width: int) -> Line:
    place = f"  {now.place}" if now.place else ""
    clock = _clock(now)
    room = width - len(now.phase) - len(place) - len(clock) - 4
    name = now.name if len(now.name) <= room else ""
    left: Line = ((f"{name}  ", "strong"),) if name else ()
    used = sum(len(text) for text, _ in left) + len(now.phase) + len(place)
    gap = max(width - used - len(clock), 2)
    return (*left, (now.phase, "good"), (place, "quiet"), (" " * gap, ""), (clock, ""))


def _bar(now: Moment, width: int, unicode: bool) -> Line:
    share = min(now.elapsed / now.planned, 1.0) if now.planned > 0 else 1.0
    done = int(share * width)
    full, rest = ("━", "─") if unicode else ("#", "-")
    return ((full * done, "good"), (rest * (width - done), "quiet"))


def _of(now: Moment) -> Line:
    if now.wanted == now.open:
        return ((formats.group(now.open), "strong"),)
    return ((formats.group(now.open), "strong"), (f" of {formats.group(now.wanted)}", ""))


def _figure(figure: formats.Figure, name: str, *, first: bool = False) -> Line:
    value: Span = (figure.text, "strong")
    return ((f"{name} ", "quiet"), value) if first else (value, (f" {name}", "quiet"))


def _errors(now: Moment) -> list[Line]:
    if not now.errors:
        return [(("0", "strong"),)]
    parts: list[Line] = [((formats.group(now.errors), "bad"),)]
    parts += [((f"{cause} ", ""), (formats.group(count), "")) for cause, count in now.causes]
    return parts


def _causes(now: Moment) -> str:
    return ", ".join(f"{cause} {formats.group(count)}" for cause, count in now.causes)


def _row(label: str, parts: Sequence[Line], width: int) -> list[Line]:
    """Set parts behind a label, as many in a line as fit; further lines are indented."""
    lines: list[Line] = []
    current: list[Span] = [(f"{label:<{_LABEL}}", "quiet")]
    used = _LABEL
    for part in parts:
        length = sum(len(text) for text, _ in part)
        if used > _LABEL and used + 3 + length > width:
            lines.append(tuple(current))
            current, used = [(" " * _LABEL, "")], _LABEL
        if used > _LABEL:
            current.append(("   ", ""))
            used += 3
        current += part
        used += length
    return [*lines, tuple(current)]


def _fitted(line: Line, width: int) -> Line:
    """Cut a line at ``width`` columns."""
    fitted: list[Span] = []
    for text, style in line:
        fitted.append((text[:width], style))
        width -= len(text)
        if width <= 0:
            break
    return tuple(fitted)


class Watch:
    """What the coordinator calls with each ``Progress``, and what it says besides; it never raises."""

    def __init__(self, draw: Callable[[Progress], None], say: Callable[[str], None]) -> None:
        self._draw, self._say = draw, say
        self._failed = False

    def __call__(self, progress: Progress) -> None:
        """Show how it goes; stop, and say so, when that fails: what is watched must not suffer for it."""
        if self._failed:
            return
        try:
            self._draw(progress)
        except Exception as error:
            self._failed = True
            self._say(f"progress is no longer shown: {type(error).__name__}: {error}")

    def tell(self, text: str) -> None:
        """Say something that stays."""
        self._say(text)


@contextmanager
def watching(plan: Plan, stream: Any, paper: Face, *, quiet: bool = False) -> Iterator[Watch]:
    """Show how a run goes, for as long as the context lasts.

    Args:
        plan: what is run.
        stream: where to write.
        paper: how ``stream`` may be drawn on.
        quiet: show nothing.

    Yields:
        What the coordinator calls.
    """
    if quiet:
        yield Watch(lambda progress: None, lambda text: None)
    elif paper.can_redraw:
        with _view(plan, stream, paper) as watch:
            yield watch
    else:
        yield _lines(stream)


def _lines(stream: Any) -> Watch:
    tally = Tally()
    due = LINE_EVERY

    def watch(progress: Progress) -> None:
        nonlocal due
        now = moment(progress, tally)
        if progress.elapsed >= due:
            due = (progress.elapsed // LINE_EVERY + 1) * LINE_EVERY
            say(line(now))

    def say(text: str) -> None:
        stream.write(text + "\n")
        stream.flush()

    return Watch(watch, say)


@contextmanager
def _view(plan: Plan, stream: Any, paper: Face) -> Iterator[Watch]:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(
        file=stream,
        force_terminal=True,
        no_color=not paper.colour,
        highlight=False,
        emoji=False,
        markup=False,
    )
    tally = Tally()
    drawn = -1.0

    def text(lines: Sequence[Line]) -> Text:
        spans = [
            Text.assemble(*((part.replace(NARROW, " "), _STYLES[style]) for part, style in line))
            for line in lines
        ]
        return Text("\n", no_wrap=True, overflow="crop").join(spans)

    start: list[Line] = [((plan.name, "strong"), ("  starting", "quiet"))]
    with Live(
        text(start),
        console=console,
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as live:

        def watch(progress: Progress) -> None:
            nonlocal drawn
            now = moment(progress, tally)
            if drawn <= progress.elapsed < drawn + REDRAW_EVERY:
                return
            drawn = progress.elapsed
            live.update(text(draw(now, console.width, unicode=paper.unicode)), refresh=True)

        # What is printed on a console with a live view goes above it, and stays.
        yield Watch(watch, lambda said: console.print(said, soft_wrap=True))
