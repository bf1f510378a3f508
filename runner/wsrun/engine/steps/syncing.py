"""``sync``: waits until every client of the group is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsrun.engine.steps import Run
from wsrun.plan_steps import SyncStep

if TYPE_CHECKING:
    from wsrun.engine.programs import ProgramCompiler
    from wsrun.engine.session import Session


def sync(plan: SyncStep, compiler: ProgramCompiler) -> Run:
    """Compile a ``sync``."""

    async def run(session: Session) -> bool:
        rendezvous = session.world.rendezvous
        assert rendezvous is not None
        outcome = await rendezvous.wait(session, plan.name, plan.timeout)
        if outcome == "late":
            there, awaited = rendezvous.arrived(session, plan.name)
            # The client itself was there, and has just given up.
            whose = "" if session.world.workers == 1 else " of this worker"
            text = (
                f"{there + 1} of {awaited} clients{whose} had come to '{plan.name}' within {plan.timeout:g} s"
            )
            session.error("sync-timeout", text)
        return outcome in ("released", "left")

    return run
