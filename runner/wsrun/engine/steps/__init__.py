"""The steps of ``start``, ``flow`` and ``end``: one module a family, one row a kind.

A step is compiled to a coroutine function that takes a client and tells whether it was good.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from wsrun.plan_steps import (
    ChooseStep,
    CloseStep,
    ConnectStep,
    ExpectCloseStep,
    ExpectNoneStep,
    ExpectStep,
    IfStep,
    RepeatStep,
    SendStep,
    SetStep,
    StepPlan,
    ThinkStep,
)

if TYPE_CHECKING:
    from wsrun.engine.programs import ProgramCompiler
    from wsrun.engine.session import Session

Run = Callable[["Session"], Awaitable[bool]]
"""Runs a step for a client; True when it was good."""


class StepProgram(NamedTuple):
    """A compiled step; ``needs_line``: it makes no sense without a connection."""

    run: Run
    needs_line: bool


def compile_step(plan: StepPlan, compiler: ProgramCompiler) -> StepProgram:
    """Compile a step."""
    from wsrun.engine.steps import connections, control, expecting, sending

    table: dict[type[Any], tuple[Callable[[Any, ProgramCompiler], Run], bool]] = {
        SendStep: (sending.send, True),
        ExpectStep: (expecting.expect, True),
        ExpectNoneStep: (expecting.expect_none, True),
        ExpectCloseStep: (connections.expect_close, False),
        ConnectStep: (connections.connect, False),
        CloseStep: (connections.close, True),
        ThinkStep: (control.think, False),
        SetStep: (control.set_variables, False),
        RepeatStep: (control.repeat, False),
        ChooseStep: (control.choose, False),
        IfStep: (control.decide, False),
    }
    compile_kind, needs_line = table[type(plan)]
    return StepProgram(compile_kind(plan, compiler), needs_line)


def compile_steps(plans: Sequence[StepPlan], compiler: ProgramCompiler) -> tuple[StepProgram, ...]:
    """Compile steps that follow each other."""
    return tuple(compile_step(plan, compiler) for plan in plans)


async def run_steps(session: Session, steps: Sequence[StepProgram]) -> bool:
    """Run steps in order; the first that fails ends them. True when all were good.

    ``end`` runs whatever was before, less what needs a lost connection; anything else stops without harm
    when the client is told to leave. A lost connection is counted already; one that was never made is not.
    """
    for step in steps:
        if session.leaving and not session.is_ending:
            return True
        if step.needs_line:
            session.is_idle = False
            if not session.is_connected and not session.has_closed:
                if session.is_ending:
                    continue
                if session.line is None:
                    session.error("not-connected", "a step needs a connection, and none was made before it")
                return False
        if not await step.run(session):
            return False
    return True
