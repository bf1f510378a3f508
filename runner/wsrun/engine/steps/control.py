"""Steps that steer: ``think``, ``set``, ``repeat``, ``choose``, ``if``."""

from __future__ import annotations

import asyncio
import itertools
from bisect import bisect
from typing import TYPE_CHECKING, Any

from wsrun.engine.steps import Run, compile_steps, run_steps
from wsrun.expressions import MissingVariable, compile_value
from wsrun.pacing.pauses import compile_pause
from wsrun.plan_steps import (
    ChooseStep,
    IfStep,
    RepeatStep,
    SetStep,
    ThinkStep,
)

IDLE = 0.001
"""Seconds between rounds that neither send nor wait, where nothing says how many there are."""

if TYPE_CHECKING:
    from wsrun.engine.programs import ProgramCompiler
    from wsrun.engine.session import Session


def think(plan: ThinkStep, compiler: ProgramCompiler) -> Run:
    """Compile a pause; the first of a client's body is spread, so that not all speak together."""
    pause = compile_pause(plan.pause)

    async def run(session: Session) -> bool:
        length = pause(session.rng)
        if session.is_fresh:
            length *= session.rng.random()
            session.is_fresh = False
        if length > 0:
            session.is_idle = False
        await session.rest(session.world.clock() + length)
        return True

    return run


def set_variables(plan: SetStep, compiler: ProgramCompiler) -> Run:
    """Compile a ``set``; the values are evaluated in the order in which they stand."""
    values = [(name, compile_value(value, compiler.tools)) for name, value in plan.values]

    async def run(session: Session) -> bool:
        try:
            for name, evaluate in values:
                session.variables[name] = evaluate(session)
        except MissingVariable as missing:
            session.error("missing-variable", f"set: nothing was written to {missing.name} yet")
            return False
        return True

    return run


def repeat(plan: RepeatStep, compiler: ProgramCompiler) -> Run:
    """Compile a ``repeat``."""
    steps = compile_steps(plan.steps, compiler)
    goes_on = None if plan.condition is None else compile_value(plan.condition, compiler.tools)

    async def run(session: Session) -> bool:
        world = session.world
        until = float("inf") if plan.length is None else world.clock() + plan.length
        for number in itertools.count():
            if session.hurried or (session.leaving and not session.is_ending):
                return True
            if (plan.times is not None and number >= plan.times) or world.clock() >= until:
                return True
            if goes_on is not None and not _truth(session, goes_on):
                return True
            if session.is_lost and not session.is_ending:
                return False
            was_idle, session.is_idle = session.is_idle, True
            good = await run_steps(session, steps)
            is_idle, session.is_idle = session.is_idle, was_idle and session.is_idle
            if not good:
                return False
            # Rounds that wait for nothing must not keep the loop from turning, nor use the whole CPU.
            if is_idle and plan.times is None:
                await session.rest(world.clock() + IDLE)
            else:
                await asyncio.sleep(0)
        return True

    return run


def choose(plan: ChooseStep, compiler: ProgramCompiler) -> Run:
    """Compile a ``choose``."""
    cumulative = list(itertools.accumulate(weight for weight, _ in plan.choices))
    choices = [compile_steps(steps, compiler) for _, steps in plan.choices]

    async def run(session: Session) -> bool:
        drawn = bisect(cumulative, session.rng.random() * cumulative[-1])
        return await run_steps(session, choices[min(drawn, len(choices) - 1)])

    return run


def decide(plan: IfStep, compiler: ProgramCompiler) -> Run:
    """Compile an ``if``."""
    condition = compile_value(plan.condition, compiler.tools)
    then, otherwise = compile_steps(plan.then, compiler), compile_steps(plan.otherwise, compiler)

    async def run(session: Session) -> bool:
        return await run_steps(session, then if _truth(session, condition) else otherwise)

    return run


def _truth(session: Session, condition: Any) -> bool:
    """Evaluate a condition; one whose variable has no value yet is false."""
    try:
        return bool(condition(session))
    except MissingVariable:
        return False
