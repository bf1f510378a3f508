"""Lifecycles of a scenario's author: a function that says what a client does next, and for how long.

The function is called once a client and gives stages, as a generator does: pairs of ``active``, ``idle`` or
``offline`` and of seconds. Who is offline has ended its session and has another one afterwards. After the
last stage the client stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from wsrun.engine.holding import hold, release
from wsrun.extensions import Client, told

if TYPE_CHECKING:
    from wsrun.engine.session import Session

SHORTEST = 0.001
"""Seconds that a stage takes at least: no function may turn a client faster than its clock."""

SKIPPED = 1000
"""Stages that are passed over, when a session has ended early, in search of the next time offline."""


class StagedProgram:
    """A lifecycle that an extension gives: its name and the function."""

    __slots__ = ("function", "name")

    def __init__(self, name: str, function: Callable[[Client], Any]) -> None:
        self.name = name
        self.function = function

    def begin(self, session: Session) -> StagedCycle:
        """Return the turns of a session that has begun its body."""
        return StagedCycle(session, self._stages_of(session))

    def away(self, session: Session) -> float | None:
        """Return for how many seconds a client is away now; None: it does not come back."""
        stages = self._stages_of(session)
        if stages.away is None:
            stages.skip_to_offline()
        away, stages.away = stages.away, None
        return away

    def _stages_of(self, session: Session) -> Stages:
        """Return the stages of a client, which begin with its first session or with another profile."""
        if session.stages is None or session.stages.program is not self:
            session.stages = Stages(session, self)
        return session.stages


class Stages:
    """The stages of one client, over all its sessions; ``away`` is the time offline that is due."""

    __slots__ = ("_found", "_session", "away", "program")

    def __init__(self, session: Session, program: StagedProgram) -> None:
        self._session = session
        self.program = program
        self.away: float | None = None
        self._found: Iterator[Any] = iter(())
        try:
            self._found = iter(program.function(Client(session)))
        except (Exception, SystemExit) as error:
            self._fail(told(error))

    def next(self) -> tuple[str, float] | None:
        """Return the next stage; None when there is none, or none that can be."""
        try:
            found = next(self._found, None)
        except (Exception, SystemExit) as error:
            self._fail(told(error))
            return None
        if found is None:
            return None
        try:
            state, seconds = found
            length = float(seconds)
        except (TypeError, ValueError):
            state, length = None, math.nan
        if state not in ("active", "idle", "offline") or not 0 <= length < math.inf:
            self._fail(f"{found!r:.80} is no stage: active, idle or offline, and seconds")
            return None
        return state, max(length, SHORTEST)

    def skip_to_offline(self) -> None:
        """Pass over the stages that a session did not live to see."""
        for _ in range(SKIPPED):
            stage = self.next()
            if stage is None:
                return
            if stage[0] == "offline":
                self.away = stage[1]
                return

    def _fail(self, text: str) -> None:
        self._found = iter(())
        self._session.error("lifecycle-failed", f"{self.program.name}: {text}")


class StagedCycle:
    """The turns of one session."""

    __slots__ = ("_is_idle", "_is_over", "_session", "_stages")

    def __init__(self, session: Session, stages: Stages) -> None:
        self._session = session
        self._stages = stages
        self._is_idle = False
        self._is_over = False

    def start(self) -> None:
        """Begin with the next stage."""
        self._session.has_cycled = True
        self._turn(0.0)

    def end(self) -> None:
        """End, whatever stage it is."""
        self._is_over = True
        self._hold(False)

    def _turn(self, _: float) -> None:
        stage = None if self._is_over else self._stages.next()
        if stage is None:
            return
        state, seconds = stage
        if state == "offline":
            self._stages.away = seconds
            self._session.retire()
            return
        self._hold(state == "idle")
        world = self._session.world
        world.agenda.call_at(world.clock() + seconds, self._turn)

    def _hold(self, is_idle: bool) -> None:
        if is_idle != self._is_idle:
            self._is_idle = is_idle
            (hold if is_idle else release)(self._session)
