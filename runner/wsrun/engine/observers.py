"""What the rules of a group make of each received frame: ``never``, ``sequence`` and ``deliver`` look on,
``react`` takes.

Lines without rules have no observers, and pay nothing for them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from wsrun.engine.fanout import Watch, Watcher
from wsrun.engine.lines import backlog_of
from wsrun.engine.mailbox import capture
from wsrun.engine.precedence import by_priority
from wsrun.engine.programs import Captures, MessageProgram, ProgramCompiler, compile_captures, names_in
from wsrun.engine.taking import taking
from wsrun.metrics.snapshot import Series
from wsrun.patterns import (
    ABSENT,
    Frame,
    Matcher,
    compile_pattern,
    compile_source,
    parse_pattern,
    parse_source,
    show_payload,
)
from wsrun.plan import GroupPlan

if TYPE_CHECKING:
    from wsrun.engine.contracts import Contract
    from wsrun.engine.line import Line
    from wsrun.engine.session import Session

REMEMBERED = 1000
"""Missing numbers that a stream remembers, to know a number that comes late from one that comes again."""

STREAMS = 10_000
"""Streams that one rule tells apart on one connection; beyond it the oldest is forgotten."""

LONGEST_NAME = 60
"""Characters that are kept of what is counted by itself, where it is named."""

MOST_LOST = 1 << 40
"""What a gap counts at most, so that a number which is none of a sequence leaves sums that can be written."""

_CHANGING = frozenset({"now", "random", "counter", "uuid", "fake"})
"""Names whose values may differ each time."""

_CONSTANT = frozenset({"client"})
"""Names whose values never change, but for the profile, which is asked for anyway."""

Fits = Callable[[Frame], bool]


class Where:
    """A pattern of a rule. ``names`` are those of its templates, None where values are new each time."""

    __slots__ = ("matcher", "names")

    def __init__(self, pattern: Any, compiler: ProgramCompiler) -> None:
        self.matcher: Matcher = compile_pattern(parse_pattern(pattern), compiler.tools)
        roots = {path[0] for path in names_in(pattern)}
        self.names: tuple[str, ...] | None = None if roots & _CHANGING else tuple(sorted(roots - _CONSTANT))

    def bound(self, session: Session) -> Fits:
        """Return the pattern as a client has it, now and later."""
        return self.matcher.bind(None) if self.matcher.is_static else _Rebound(self, session)


class _Rebound:
    """A pattern with templates: bound again when a value that it names has become another one.

    ``_seen`` are the variable and the row of each name, as they were then.
    """

    __slots__ = ("_fits", "_profile", "_seen", "_session", "_where")

    def __init__(self, where: Where, session: Session) -> None:
        self._where = where
        self._session = session
        self._profile = -1
        self._seen: list[tuple[str, Any, Any]] = []
        self._fits: Fits = _nothing

    def __call__(self, frame: Frame) -> bool:
        session, names = self._session, self._where.names
        if names is None:
            return self._where.matcher.bind(session)(frame)
        if session.profile_index != self._profile or self._has_changed():
            self._profile = session.profile_index
            self._seen = [(name, session.variables.get(name), session.rows.get(name)) for name in names]
            self._fits = self._where.matcher.bind(session)
        return self._fits(frame)

    def _has_changed(self) -> bool:
        variables, rows = self._session.variables, self._session.rows
        # Identity is enough, as values are replaced and not changed; and it asks no value how it compares.
        for name, variable, row in self._seen:
            if variables.get(name) is not variable or rows.get(name) is not row:
                return True
        return False


def _nothing(frame: Frame) -> bool:
    return False


class Numbering:
    """A ``sequence`` rule, compiled."""

    __slots__ = ("per", "step", "value", "where")

    def __init__(self, where: Where, value: str, per: str | None, step: int) -> None:
        self.where = where
        self.value = compile_source(parse_source(value))
        self.per = None if per is None else compile_source(parse_source(per))
        self.step = step


class Reaction:
    """A ``react`` rule, compiled; ``close`` is the code to close with, or None."""

    __slots__ = ("captures", "close", "sends", "where")

    def __init__(
        self, where: Where, captures: Captures, sends: Sequence[MessageProgram], close: int | None
    ) -> None:
        self.where = where
        self.captures = captures
        self.sends = sends
        self.close = close


class Rules:
    """All rules of one group, compiled once per worker; ``contracts`` are those of all groups."""

    __slots__ = ("contracts", "forbidden", "numberings", "reactions", "taking", "watched")

    def __init__(
        self,
        plan: GroupPlan,
        compiler: ProgramCompiler,
        contracts: Sequence[Contract] = (),
        watches: Sequence[Watch] = (),
    ) -> None:
        self.contracts = contracts
        self.watched = [(Where(watch.where, compiler), watch) for watch in watches]
        self.forbidden = [
            (Where(rule.where, compiler), rule.because or f"it fits never rule {number}")
            for number, rule in enumerate(plan.never, start=1)
        ]
        self.numberings = [
            Numbering(Where(rule.where, compiler), rule.value, rule.per, rule.step) for rule in plan.sequence
        ]
        self.reactions = [
            Reaction(
                Where(rule.where, compiler),
                compile_captures(rule.capture),
                by_priority(compiler.messages[index] for index in rule.sends),
                rule.close,
            )
            for rule in plan.react
        ]
        self.taking = taking(self.reactions)

    @property
    def looks_on(self) -> bool:
        """Whether every frame must be looked at, whoever takes it."""
        return bool(self.forbidden or self.numberings or self.contracts or self.watched)


def compile_rules(
    plan: GroupPlan,
    compiler: ProgramCompiler,
    contracts: Sequence[Contract] = (),
    watches: Sequence[Watch] = (),
) -> Rules | None:
    """Compile what looks at the frames of a group; None where there is no rule, contract or delivery."""
    has_some = plan.never or plan.sequence or plan.react or contracts or watches
    return Rules(plan, compiler, contracts, watches) if has_some else None


class Observers:
    """The rules of a group on one connection; ``look_on``: some of them look at each frame."""

    __slots__ = ("_contracts", "_forbidden", "_line", "_reactions", "_streams", "_watchers", "look_on")

    def __init__(self, rules: Rules, line: Line) -> None:
        session = line.session
        self._line = line
        self.look_on = rules.looks_on
        self._contracts = [(one.where.bound(session), one) for one in rules.contracts]
        self._forbidden = [(where.bound(session), because) for where, because in rules.forbidden]
        self._streams = [(one.where.bound(session), Streams(one, line)) for one in rules.numberings]
        self._reactions = [(one.where.bound(session), one) for one in rules.reactions]
        self._watchers = [Watcher(watch, where.bound(session), line) for where, watch in rules.watched]

    @property
    def only_watcher(self) -> Watcher | None:
        """What looks for deliveries, where nothing else looks at frames and there is one way to find them."""
        others = self._forbidden or self._contracts or self._streams or self._reactions
        return None if others or len(self._watchers) != 1 else self._watchers[0]

    def look(self, frame: Frame) -> bool:
        """Look at a frame before anybody takes it; whether it is the delivery of a message to others."""
        for fits, because in self._forbidden:
            if fits(frame):
                session = self._line.session
                session.count("forbidden")
                session.error("forbidden", partial(_told, because, frame))
        for fits, contract in self._contracts:
            if fits(frame):
                contract.look(frame, self._line)
        for fits, streams in self._streams:
            if fits(frame) and streams.note(frame):
                frame.is_known = True
        is_delivery = False
        for watcher in self._watchers:
            if watcher.note(frame):
                is_delivery = frame.is_known = True
        return is_delivery

    def follow(self, lost: Observers) -> None:
        """Go on with the numbers of a connection that was lost."""
        for (_, streams), (_, before) in zip(self._streams, lost._streams, strict=True):
            streams.follow(before)

    def take(self, frame: Frame) -> bool:
        """Let the first reaction that fits take a frame; False when there is none."""
        for fits, reaction in self._reactions:
            if fits(frame):
                self._react(reaction, frame)
                return True
        return False

    def _react(self, reaction: Reaction, frame: Frame) -> None:
        line = self._line
        if reaction.captures:
            capture(reaction.captures, frame, line.session.variables)
        if not reaction.sends and reaction.close is None:
            return
        connection = line.connection
        if connection is None or not connection.is_open:
            return  # What comes between our close and the end is taken, and not answered any more.
        for program in reaction.sends:
            is_ours = program.socket == line.socket.index and program.http is None
            speaker = line if is_ours else line.session.speaker
            if program.http is None and backlog_of(line) > line.world.most_unsent:
                line.session.error("not-read", f"{program.name}: not sent, as the server reads too little")
            elif speaker is not None:
                speaker.send(program, None, None)
        if reaction.close is not None:
            line.is_closing = True
            connection.close(reaction.close)
            line.session.leave()


def _told(because: str, frame: Frame) -> str:
    return f"{because}: {show_payload(frame.payload)}"


class _Stream:
    """The numbers of one ``per``, None where there is one count for all.

    ``missing`` has, for each number of a gap, where its loss was counted. ``is_resumed``: the
    connection is another one since the last number.
    """

    __slots__ = ("first", "is_resumed", "last", "missing", "per")

    def __init__(self, number: int, per: Any) -> None:
        self.per = per
        self.first = self.last = number
        self.is_resumed = False
        self.missing: dict[int, Series | None] = {}


class Streams:
    """What one ``sequence`` rule has seen on one connection."""

    __slots__ = ("_held", "_line", "_rule", "_streams")

    def __init__(self, rule: Numbering, line: Line) -> None:
        self._held = 0
        self._rule = rule
        self._line = line
        self._streams: dict[Any, _Stream] = {}

    def follow(self, lost: Streams) -> None:
        """Go on with the numbers of a connection that was lost."""
        self._streams = lost._streams
        for stream in self._streams.values():
            stream.is_resumed = True

    def note(self, frame: Frame) -> bool:
        """Take note of a frame's number; False when it has none."""
        rule = self._rule
        number = _whole(rule.value(frame))
        if number is None:
            return False
        key = None if rule.per is None else _key(rule.per(frame))
        stream = self._streams.get(key)
        if stream is not None and stream.is_resumed and number <= stream.first:
            # Counted from the start again: the new connection has numbers of its own.
            stream = None
            del self._streams[key]
        if stream is None:
            if len(self._streams) >= STREAMS:
                del self._streams[next(iter(self._streams))]
            self._streams[key] = _Stream(number, key)
        elif number > stream.last:
            if number != stream.last + rule.step:
                self._gap(stream, number, frame.at)
            stream.last = number
        else:
            self._again(stream, number, frame.at)
        self._streams[key].is_resumed = False
        return True

    def _gap(self, stream: _Stream, number: int, at: float) -> None:
        """Count what lies between the last number and this one; it may still come, out of order."""
        step = self._rule.step
        lost = (number - stream.last - 1) // step
        if not lost:
            return
        name = "reconnect.missed" if stream.is_resumed else "sequence.lost"
        counted = (name, self._line.traffic.labels)
        self._line.world.recorder.count(*counted, min(lost, MOST_LOST))
        self._tell(name, stream, at, f"{number} came after {stream.last}")
        first = stream.last + step * max(1, lost - REMEMBERED + 1)
        self._remember(stream, range(first, number, step), counted)

    def _remember(self, stream: _Stream, numbers: range, counted: Series | None) -> None:
        """Remember numbers that a stream lacks, within what a stream and all of them may."""
        missing = stream.missing
        for number in numbers:
            if len(missing) >= REMEMBERED:
                del missing[next(iter(missing))]
            missing[number] = counted
        self._held += len(numbers)
        most = self._line.world.room.numbers
        if self._held > most:
            # What came or was forgotten meanwhile is still in the sum.
            self._held = sum(len(one.missing) for one in self._streams.values())
            for one in self._streams.values():
                if self._held <= most // 2:
                    break
                if one is not stream:
                    self._held -= len(one.missing)
                    one.missing.clear()

    def _again(self, stream: _Stream, number: int, at: float) -> None:
        """Tell a number that comes late from one that was there before."""
        recorder, labels = self._line.world.recorder, self._line.traffic.labels
        if number in stream.missing:
            counted = stream.missing.pop(number)
            if counted is not None:
                recorder.count(*counted, -1)
        elif number < stream.first:
            step = self._rule.step
            last = min(stream.first, number + step * (REMEMBERED + 1))
            self._remember(stream, range(number + step, last, step), None)
            stream.first = number
        else:
            recorder.count("sequence.duplicated", labels)
            self._tell("sequence.duplicated", stream, at, f"{number} came again")
            return
        recorder.count("sequence.reordered", labels)
        self._tell("sequence.reordered", stream, at, f"{number} came after {stream.last}")

    def _tell(self, metric: str, stream: _Stream, at: float, what: str) -> None:
        per = stream.per.decode() if isinstance(stream.per, bytes) else stream.per
        whose = "" if per is None or per is ABSENT else f" of {per[:LONGEST_NAME]}"
        self._line.session.note(metric, lambda: f"number{whose} {what}", at)


def _whole(value: Any) -> int | None:
    """Return the whole number that a source gave, as a number or in digits; None where it gave none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and len(value) <= 20 and value.isascii() and value.isdigit():
        return int(value)
    return None


def _key(value: Any) -> Any:
    """Return a value by which streams are told apart; those of JSON differ as they are written."""
    return value if value is ABSENT or isinstance(value, str) else orjson.dumps(value)
