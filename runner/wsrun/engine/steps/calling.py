"""``call``: an extension does something for a client, and may write its variables."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wsrun.engine.steps import Run
from wsrun.expressions import MissingVariable, compile_value
from wsrun.extensions import Client, told
from wsrun.plan_steps import CallStep

if TYPE_CHECKING:
    from wsrun.engine.programs import ProgramCompiler
    from wsrun.engine.session import Session


def call(plan: CallStep, compiler: ProgramCompiler) -> Run:
    """Compile a ``call``. What the function returns, or what awaiting it gives, is written to variables."""
    function = compiler.tools.extensions[plan.name]
    arguments = [(name, compile_value(value, compiler.tools)) for name, value in plan.arguments]

    async def run(session: Session) -> bool:
        try:
            given = {name: evaluate(session) for name, evaluate in arguments}
        except MissingVariable as missing:
            session.error(missing.cause, f"call {plan.name}: {missing}")
            return False
        session.count("call.made")
        try:
            async with asyncio.timeout(plan.timeout) as limit:
                found = function(Client(session), **given)
                if inspect.isawaitable(found):
                    session.is_idle = False
                    found = await found
        except TimeoutError as error:
            if limit.expired():
                session.error("call-timeout", f"{plan.name}: it took more than {plan.timeout:g} s")
            else:
                session.error("call-failed", f"{plan.name}: {told(error)}")
            return False
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            session.error("call-failed", f"{plan.name}: {told(error)}")
            return False
        except (Exception, SystemExit) as error:
            session.error("call-failed", f"{plan.name}: {told(error)}")
            return False
        return _written(session, plan.name, found)

    return run


def _written(session: Session, name: str, found: Any) -> bool:
    """Write what a function returned; False, with the failure counted, when that cannot be done."""
    if found is None:
        return True
    if not isinstance(found, Mapping) or not all(isinstance(key, str) for key in found):
        kind = type(found).__name__
        session.error("call-failed", f"{name}: it returned a {kind}, and not variables by their names")
        return False
    for key, value in found.items():
        # One by one: those by which audiences are told take note of it, which an update of all passes by.
        session.variables[key] = value
    return True
