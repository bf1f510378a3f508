"""One worker's view of messages with ``deliver``: what it tells of sends, arrivals and audiences.

Nothing is judged here: a frame costs the test of ``where``, the reading of its id, and two appends. What the
facts come to, over all workers, is found by ``wsrun.result.fanout``.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from wsrun.expressions import Scope, Tools, compile_value, parse_id
from wsrun.expressions.compile import is_constant
from wsrun.metrics.facts import (
    Arrivals,
    Audience,
    Entered,
    Event,
    Facts,
    Gone,
    Held,
    Left,
    Sent,
    ways,
)
from wsrun.patterns import ABSENT, Frame, compile_source, parse_source
from wsrun.patterns.equality import as_key
from wsrun.plan import EVERYONE, OF_GROUP, OF_PROFILE, DeliverPlan, Plan

if TYPE_CHECKING:
    from wsrun.engine.line import Line
    from wsrun.engine.programs import MessageProgram
    from wsrun.engine.session import Session
    from wsrun.engine.world import World
    from wsrun.metrics.recorder import Cell


class Watch:
    """One way of finding ids in frames: ``where`` is as written, ``read`` gives the id.

    ``arrivals`` are those of this interval. As a message to many comes many times in a row, the last payload
    is kept with what was found in it (None: no id), if that is the same for all clients and sockets.
    """

    __slots__ = ("arrivals", "found", "is_same_for_all", "payload", "read", "where")

    def __init__(self, plan: DeliverPlan, sockets: int) -> None:
        self.where = plan.where
        self.read: Callable[[Frame], Any] = compile_source(parse_source(plan.id))
        self.is_same_for_all = sockets == 1 and is_constant(plan.where)
        self.arrivals: dict[str, Arrivals] = {}
        self.payload: str | bytes | None = None
        self.found: Arrivals | None = None

    def take(self) -> dict[str, Arrivals]:
        """Return the arrivals since the last time."""
        arrivals, self.arrivals = self.arrivals, {}
        self.payload = self.found = None
        return arrivals


class Watcher:
    """A watch as one connection has it; ``fits`` says which frames are meant."""

    __slots__ = ("_client", "_fits", "_line", "_watch", "_world")

    def __init__(self, watch: Watch, fits: Callable[[Frame], bool], line: Line) -> None:
        self._watch = watch
        self._fits = fits
        self._line = line
        self._client = line.session.number
        self._world = line.world

    def repeats(self, payload: str | bytes, at: float) -> bool:
        """Take note of a payload that was a delivery to somebody else just before, and that nobody waits for.

        The short way of nearly every delivery, without a frame; False where it must go the long one.
        """
        watch, line = self._watch, self._line
        if payload != watch.payload:
            return False
        arrivals = watch.found
        if arrivals is None or line.mailbox.is_open or line.late or line.waiting or any(line.tables):
            return False
        arrivals.clients.append(self._client)
        arrivals.times.append(at - self._world.start)
        return True

    def note(self, frame: Frame) -> bool:
        """Take note of a frame that carries the id of a message; False for any other."""
        watch = self._watch
        if frame.payload == watch.payload:
            arrivals = watch.found
        else:
            arrivals = self._find(frame) if self._fits(frame) else None
            if watch.is_same_for_all:
                watch.payload, watch.found = frame.payload, arrivals
        if arrivals is None:
            return False
        arrivals.clients.append(self._client)
        arrivals.times.append(frame.at - self._world.start)
        return True

    def _find(self, frame: Frame) -> Arrivals | None:
        """Return where the arrivals of a frame's message are kept; None where it has no id."""
        watch = self._watch
        found = watch.read(frame)
        if found.__class__ is not str:
            return None
        arrivals = watch.arrivals.get(found)
        if arrivals is None and parse_id(found) is not None:
            arrivals = watch.arrivals[found] = Arrivals(array("I"), array("d"))
        return arrivals


class Delivery:
    """The ``deliver`` of one message, ready to be used.

    The audience is evaluated with the body, so that a value which is missing fails the message, and kept
    until the message is sent, which is in the same call.
    """

    __slots__ = ("_audience", "_fanout", "_index")

    def __init__(self, program: MessageProgram, plan: DeliverPlan, fanout: FanOut, tools: Tools) -> None:
        self._index = program.index
        self._fanout = fanout
        self._audience: Audience = (plan.to, None)
        if plan.to != EVERYONE:
            build, evaluate = program.build, compile_value(plan.value, tools)

            def build_both(scope: Scope) -> bytes:
                self._audience = (plan.to, as_key(evaluate(scope)))
                return build(scope)

            program.build = build_both

    def sent(self, session: Session, cell: Cell, at: float) -> None:
        """Take note that the message was sent; ``at`` is the time in its id, in seconds of the clock."""
        at -= session.world.start
        number, made = session.number, session.message_id
        self._fanout.tell(Sent(at, number, made, self._index, self._audience, cell.labels))


class Variables(dict[str, Any]):
    """The variables of a client; those by which audiences are told report that they have another value."""

    __slots__ = ("_fanout", "_session")

    def __init__(self, fanout: FanOut, session: Session) -> None:
        super().__init__()
        self._fanout = fanout
        self._session = session

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self._fanout.names:
            keys = keys_of(value)
            if name not in self or keys_of(self[name]) != keys:
                self._fanout.held(self._session, name, keys)
        super().__setitem__(name, value)


def keys_of(value: Any) -> tuple[Any, ...]:
    """Return what a value may be asked for by: itself, and each item of a list."""
    keys = [as_key(value)]
    if isinstance(value, list | tuple):
        keys += map(as_key, value)
    return tuple(key for key in keys if key is not ABSENT)


class FanOut:
    """What a worker has to tell of deliveries, until it is taken at the end of an interval.

    ``names`` are the variables by which audiences are told.
    """

    def __init__(self, plan: Plan, world: World, programs: list[MessageProgram], tools: Tools) -> None:
        """Make the programs of messages with ``deliver`` report what they send."""
        self._world = world
        self._facts = Facts()
        self._present: set[int] = set()
        self._away: set[int] = set()
        self.watches = [Watch(way, len(plan.targets)) for way in ways(plan)[0]]
        told = set()
        for message, program in zip(plan.messages, programs, strict=True):
            if message.deliver is not None:
                program.deliver = Delivery(program, message.deliver, self, tools)
                told.add(message.deliver.to)
        self._tells_profiles = OF_PROFILE in told
        self.names = frozenset(told - {EVERYONE, OF_GROUP, OF_PROFILE})

    def tell(self, event: Event) -> None:
        """Add what happened just now."""
        self._facts.events.append(event)

    def take(self) -> Facts:
        """Return what was told since the last time."""
        facts, self._facts = self._facts, Facts()
        for watch in self.watches:
            facts.arrivals.append(watch.take())
        return facts

    # Clients

    def born(self, session: Session) -> Variables:
        """Take note of a new client, and return its variables."""
        self._facts.clients[session.number] = (session.client_id, session.group_name)
        self.turned(session)
        return Variables(self, session)

    def turned(self, session: Session) -> None:
        """Take note of the profile that a client has from now on."""
        if self._tells_profiles:
            self.held(session, OF_PROFILE, (session.profile,))

    def held(self, session: Session, name: str, keys: tuple[Any, ...]) -> None:
        """Take note of the values that a client has from now on."""
        self.tell(Held(self._now, session.number, name, keys))

    def entered(self, session: Session) -> None:
        """Take note that a client is past ``start``."""
        if not session.leaving:
            self._present.add(session.number)
            self.tell(Entered(self._now, session.number, again=False))

    def left(self, session: Session) -> None:
        """Take note that a client goes by itself, for good or until a step of its own connects again."""
        if session.number in self._present:
            self._present.remove(session.number)
            self._away.add(session.number)
            self.tell(Left(self._now, session.number))

    def returned(self, session: Session) -> None:
        """Take note that a step has made a connection, maybe after one had closed it."""
        if session.number in self._away and not session.leaving:
            self._away.remove(session.number)
            self._present.add(session.number)
            self.tell(Entered(self._now, session.number, again=True))

    def gone(self, session: Session) -> None:
        """Take note that a client is no more."""
        self._present.discard(session.number)
        self._away.discard(session.number)
        self.tell(Gone(self._now, session.number))

    @property
    def _now(self) -> float:
        return self._world.elapsed(self._world.clock())


def compile_fanout(plan: Plan, world: World, programs: list[MessageProgram], tools: Tools) -> FanOut | None:
    """Return what watches deliveries; None where no message has ``deliver``."""
    if all(message.deliver is None for message in plan.messages):
        return None
    return FanOut(plan, world, programs, tools)
