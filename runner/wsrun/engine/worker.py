"""The worker process: compile, say ready, wait for the start, perform, report.

What goes over the pipe is in ``wsrun.engine.control``. A worker whose coordinator is gone ends by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import os
import signal
import sys
import traceback
from multiprocessing.connection import Connection
from typing import Any

from wsrun.engine.control import (
    Ask,
    Done,
    EndSearch,
    Failed,
    HoldLevel,
    Ready,
    Release,
    Start,
    Stop,
    Told,
    ToWorker,
)
from wsrun.engine.outbox import Outbox
from wsrun.engine.pauses import Pauses
from wsrun.engine.performance import Performance
from wsrun.engine.world import World
from wsrun.http_parts import sends_http
from wsrun.plan import Plan
from wsrun.transports import transports
from wsrun.transports.http import http_transport

_PR_SET_PDEATHSIG = 1


def main(plan: Plan, transport: str, worker: int, workers: int, pipe: Connection) -> None:
    """Run one worker; the entry point of its process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _die_with_parent()
    _raise_descriptor_limit()
    outbox = Outbox(pipe)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_perform(plan, transport, worker, workers, pipe, outbox))
        outbox.put(Done())
    except EOFError:
        pass
    except BaseException:
        outbox.put(Failed(traceback.format_exc()))
    outbox.close()


async def _perform(
    plan: Plan, transport: str, worker: int, workers: int, pipe: Connection, outbox: Outbox
) -> None:
    loop = asyncio.get_running_loop()
    http = http_transport(plan.target) if sends_http(plan.messages) else None
    world = World(plan, transports()[transport](), loop, worker=worker, workers=workers, http=http)
    # The first fold would import numpy for 0.1 s in the middle of the run.
    import numpy  # noqa: F401

    # What is compiled lives as long as the process: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    # All of this comes before: from here to the start there is only a moment.
    outbox.put(Ready())
    told: ToWorker = await loop.run_in_executor(None, pipe.recv)
    if not isinstance(told, Start):
        return
    world.begin(told.at)
    if world.rendezvous is not None and workers > 1:
        world.rendezvous.tell = outbox.put
    pauses = Pauses()
    pauses.start()
    performance = Performance(world, lambda snapshot: outbox.put(Told(snapshot)), pauses)

    def heard() -> None:
        try:
            while pipe.poll():
                _obey(pipe.recv(), performance)
        except (EOFError, OSError):
            os._exit(3)

    loop.add_reader(pipe.fileno(), heard)
    try:
        await performance.run()
    finally:
        loop.remove_reader(pipe.fileno())


def _obey(told: ToWorker, performance: Performance) -> None:
    match told:
        case Stop():
            performance.stop()
        case HoldLevel():
            performance.hold(told)
        case EndSearch():
            performance.end_search(told)
        case Ask():
            performance.ask(told)
        case Release():
            performance.release(told)


def _loop_factory() -> Any:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _raise_descriptor_limit() -> None:
    if sys.platform != "win32":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
