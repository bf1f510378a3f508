"""The worker processes: started together, listened to, stopped, and missed when they are gone."""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from wsrun.engine import worker
from wsrun.plan import Plan

START_LEAD = 0.1
"""Seconds between telling the workers and the start of the run, so that all begin at the same time."""

READY_LIMIT = 30.0
"""Seconds that workers may take to come up."""


@dataclass(slots=True)
class Member:
    """One worker process and what is known of it."""

    number: int
    process: SpawnProcess
    pipe: Connection
    is_ready: bool = False
    is_done: bool = False
    failure: str | None = None
    """Why it is lost, in plain words; None while it is not."""
    traceback: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be expected from it."""
        return self.is_done or self.failure is not None


class Crew:
    """A fixed number of workers."""

    def __init__(self, plan: Plan, transport: str, workers: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.members: list[Member] = []
        for number in range(workers):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=worker.main, args=(plan, transport, number, workers, theirs), daemon=True
            )
            process.start()
            theirs.close()
            self.members.append(Member(number, process, ours))

    @property
    def is_over(self) -> bool:
        """Whether every worker is done or lost."""
        return all(member.is_over for member in self.members)

    @property
    def lost(self) -> list[Member]:
        """The workers that ended before their work did."""
        return [member for member in self.members if member.failure is not None]

    def start(self) -> float | None:
        """Wait until all are ready, and start the run.

        Returns:
            The moment of the start in seconds of ``time.monotonic``; None when a worker did not come up.
        """
        limit = time.monotonic() + READY_LIMIT
        while not all(member.is_ready for member in self.members):
            for _ in self.messages(0.1):
                pass
            late = time.monotonic() > limit
            for member in self.members:
                if late and not member.is_ready and member.failure is None:
                    member.failure = f"not ready within {READY_LIMIT:g} s"
            if self.lost:
                return None
        start = time.monotonic() + START_LEAD
        self._tell("start", start)
        return start

    def stop(self) -> None:
        """Tell all to end their phases and drain."""
        self._tell("stop", None)

    def kill(self, why: str) -> None:
        """End all that still run, at once."""
        for member in self.members:
            if not member.is_over:
                member.failure = why
            member.process.kill()
        for member in self.members:
            member.process.join(5.0)
            with contextlib.suppress(OSError):
                member.pipe.close()

    def messages(self, timeout: float) -> Iterator[tuple[Member, Any]]:
        """Yield the snapshots that have come, after waiting at most ``timeout`` seconds for something."""
        waiting = {member.pipe: member for member in self.members if not member.is_over}
        for pipe in wait(list(waiting), timeout):
            member = waiting[pipe]  # type: ignore[index]
            try:
                word, value = member.pipe.recv()
            except (EOFError, OSError):
                member.process.join(1.0)
                member.failure = _how_it_ended(member.process.exitcode)
                continue
            match word:
                case "ready":
                    member.is_ready = True
                case "done":
                    member.is_done = True
                case "failed":
                    member.failure = "a defect of wsrun stopped it"
                    member.traceback = value
                case "snapshot":
                    yield member, value

    def _tell(self, word: str, value: Any) -> None:
        for member in self.members:
            if not member.is_over:
                with contextlib.suppress(OSError):
                    member.pipe.send((word, value))


def _how_it_ended(code: int | None) -> str:
    if code is not None and code < 0:
        return f"killed by signal {-code}"
    return f"ended with exit code {code}"
