"""The steps of ``start``, ``flow`` and ``end``: one module a family, one row a kind.

A step is compiled to a coroutine function that takes a client and tells whether it was good.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from wsrun.engine.lines import ANY, is_there, line_of, lines_of
from wsrun.plan_steps import (
    CallStep,
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
    SyncStep,
    ThinkStep,
)

if TYPE_CHECKING:
    from wsrun.engine.programs import ProgramCompiler
    from wsrun.engine.session import Session

MAIN = (0,)
"""What needs the connection of a client's main socket, and no other."""

Run = Callable[["Session"], Awaitable[bool]]
"""Runs a step for a client; True when it was good."""


class StepProgram(NamedTuple):
    """A compiled step; ``sockets``: those without whose connection it makes no sense, by index, or ANY."""

    run: Run
    sockets: tuple[int, ...]


def compile_step(plan: StepPlan, compiler: ProgramCompiler) -> StepProgram:
    """Compile a step."""
    from wsrun.engine.steps import calling, connections, control, expecting, sending, syncing

    table: dict[type[Any], Callable[[Any, ProgramCompiler], Run]] = {
        SendStep: sending.send,
        ExpectStep: expecting.expect,
        ExpectNoneStep: expecting.expect_none,
        ExpectCloseStep: connections.expect_close,
        ConnectStep: connections.connect,
        CloseStep: connections.close,
        ThinkStep: control.think,
        SetStep: control.set_variables,
        CallStep: calling.call,
        RepeatStep: control.repeat,
        ChooseStep: control.choose,
        IfStep: control.decide,
        SyncStep: syncing.sync,
    }
    program = StepProgram(table[type(plan)](plan, compiler), _needed(plan, compiler))
    if not compiler.once:
        return program
    from wsrun.engine.trace import traced

    return traced(plan, program, compiler)


def _needed(plan: StepPlan, compiler: ProgramCompiler) -> tuple[int, ...]:
    """Return the sockets that a step needs connected."""
    match plan:
        case SendStep():
            sent = [compiler.messages[index] for index in plan.messages]
            return tuple(dict.fromkeys(program.socket for program in sent if program.http is None))
        case ExpectStep() | ExpectNoneStep():
            return (ANY if compiler.has_sockets else 0,)
        case CloseStep():
            return (plan.socket,)
    return ()


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
        if step.sockets:
            session.is_idle = False
            missing = _missing(session, step.sockets)
            if missing is not None:
                if session.is_ending:
                    continue
                if not lines_of(session) or (missing != ANY and line_of(session, missing) is None):
                    session.error("not-connected", "a step needs a connection, and none was made before it")
                return False
            if session.breaker is not None and not await session.breaker.permit():
                return True
        if not await step.run(session):
            return False
    return True


def _missing(session: Session, sockets: tuple[int, ...]) -> int | None:
    """Return the first of some sockets that is not there, None when all are; none is after a loss."""
    line = session.line
    connection = None if line is None else line.connection
    if sockets == MAIN and connection is not None and connection.is_open and not session.others:
        # The commonest case of all, without calls.
        return None
    if session.others and not session.is_ending and session.is_lost:
        return ANY
    for socket in sockets:
        if not is_there(session, socket):
            return socket
    return None
