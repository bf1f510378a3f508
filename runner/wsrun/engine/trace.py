"""What each client of a functional test did, step by step, with what came of it.

Used by runs with ``--once`` alone: a run under load compiles its steps without any of this.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import orjson

from wsrun.metrics.recorder import Recorder
from wsrun.metrics.snapshot import Gauge, Series, Snapshot, StepRecord
from wsrun.plan_steps import (
    CloseStep,
    ConnectStep,
    ExpectCloseStep,
    ExpectNoneStep,
    ExpectStep,
    SendStep,
    StepPlan,
)

if TYPE_CHECKING:
    from wsrun.engine.programs import ProgramCompiler
    from wsrun.engine.session import Session
    from wsrun.engine.steps import StepProgram

LONGEST = 80
"""Characters of a pattern that the text of a step shows."""

BETWEEN = ""
"""The step of what went wrong between steps."""


class Trace(Recorder):
    """A recorder that also notes each step, and what went wrong in it."""

    def __init__(self, worker: int) -> None:
        super().__init__(worker)
        self._steps: list[StepRecord] = []
        self._troubles: dict[str, list[tuple[float, str]]] = {}
        self._inside: set[str] = set()

    def error(
        self,
        cause: str,
        client: str,
        at: float,
        text: str | Callable[[], str],
        labels: dict[str, str | None],
    ) -> None:
        """Count an error, and note it for the step that its client is in."""
        told = text if isinstance(text, str) else text()
        super().error(cause, client, at, told, labels)
        self._troubles.setdefault(client, []).append((at, told))

    def begin(self, client: str) -> None:
        """Take note that a client begins a step."""
        self._tell(client)
        self._inside.add(client)

    def end(self, session: Session, step: str, good: bool, begun: float) -> None:
        """Take note of how a step ended that was begun at ``begun``, in seconds of the clock."""
        client, world = session.client_id, session.world
        self._inside.discard(client)
        problems = tuple(text for _, text in self._troubles.pop(client, ()))
        at, length, is_good = world.elapsed(begun), world.clock() - begun, good and not problems
        self._steps.append(StepRecord(at, client, session.profile, step, is_good, length, problems))

    def snapshot(self, index: int, start: float, end: float, gauges: dict[Series, Gauge]) -> Snapshot:
        """Fold everything since the last snapshot, and hand over the steps."""
        for client in [client for client in self._troubles if client not in self._inside]:
            self._tell(client)
        made = super().snapshot(index, start, end, gauges)
        made.steps, self._steps = self._steps, []
        return made

    def _tell(self, client: str) -> None:
        """Note what went wrong outside of any step."""
        for at, text in self._troubles.pop(client, ()):
            self._steps.append(StepRecord(at, client, "", BETWEEN, False, 0.0, (text,)))


def traced(plan: StepPlan, program: StepProgram, compiler: ProgramCompiler) -> StepProgram:
    """Return a step that is noted when it is done; steps that only steer or wait are not."""
    text = describe(plan, compiler)
    if text is None:
        return program

    async def run(session: Session) -> bool:
        trace = session.world.recorder
        assert isinstance(trace, Trace)
        begun = session.world.clock()
        trace.begin(session.client_id)
        good = await program.run(session)
        trace.end(session, text, good, begun)
        return good

    return program._replace(run=run)


def describe(plan: StepPlan, compiler: ProgramCompiler) -> str | None:
    """Return a step in a few words; None for one that says nothing to the target and hears nothing."""
    match plan:
        case SendStep():
            names = ", ".join(compiler.messages[index].name for index in plan.messages)
            return f"send {names}" if plan.times == 1 else f"send {names} × {plan.times}"
        case ExpectStep():
            return f"expect {_shown(plan.pattern)}"
        case ExpectNoneStep():
            return f"expect_none {_shown(plan.pattern)}"
        case ExpectCloseStep():
            return f"expect_close {', '.join(map(str, sorted(plan.codes)))}".rstrip()
        case ConnectStep():
            return f"connect {compiler.socket_names[plan.socket]}"
        case CloseStep():
            return f"close {compiler.socket_names[plan.socket]}"
    return None


def _shown(pattern: object) -> str:
    text = orjson.dumps(pattern, default=str).decode()
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


async def body_once(session: Session) -> None:
    """Do a flow once, or send each message of a mix once, whatever becomes of the others."""
    from wsrun.engine.steps import run_steps

    flow = session.program.flow
    has_mix = bool(session.world.plan.profiles[session.profile_index].mix)
    for steps in [(step,) for step in flow] if has_mix else [flow]:
        if session.leaving or session.is_lost:
            return
        await run_steps(session, steps)
