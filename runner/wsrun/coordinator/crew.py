"""The worker processes: started together, listened to, stopped, and missed when they are gone.

Each worker's pipe is read by a thread of its own, because a worker that stops in the middle of a message
would hold up whoever reads it; nothing here waits for a worker without a limit.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from wsrun.coordinator.barriers import Barriers
from wsrun.engine import worker
from wsrun.engine.control import Done, Failed, FromWorker, Gathered, Ready, Start, Stop, Told, ToWorker
from wsrun.metrics.snapshot import Snapshot
from wsrun.plan import Plan

START_LEAD = 0.1
"""Seconds between telling the workers and the start of the run, so that all begin at the same time."""

READY_LIMIT = 30.0
"""Seconds that workers may take to come up."""

_JOIN_LIMIT = 5.0


@dataclass(slots=True)
class Member:
    """One worker process and what is known of it.

    ``silent``: seconds since it was heard. ``carried``: clients that were connected when it last told.
    """

    number: int
    process: SpawnProcess
    pipe: Connection
    reader: threading.Thread | None = None
    is_ready: bool = False
    is_done: bool = False
    is_dismissed: bool = False
    """Ended by us, whatever it still had to do."""
    failure: str | None = None
    """What became of it, as a predicate in plain words; None while it is not lost."""
    traceback: str | None = None
    silent: float = 0.0
    carried: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be expected from it."""
        return self.is_done or self.is_dismissed or self.failure is not None


class Crew:
    """A fixed number of workers; one that cannot be started is lost from the beginning."""

    def __init__(self, plan: Plan, transport: str, workers: int) -> None:
        self.workers = workers
        self.members: list[Member] = []
        self._barriers = Barriers()
        self._inbox: queue.SimpleQueue[tuple[Member, FromWorker | None]] = queue.SimpleQueue()
        context = multiprocessing.get_context("spawn")
        try:
            for number in range(workers):
                ours, theirs = context.Pipe()
                process = context.Process(
                    target=worker.main, args=(plan, transport, number, workers, theirs), daemon=True
                )
                member = Member(number, process, ours)
                self.members.append(member)
                with theirs:
                    self._begin(member)
                if member.failure is not None:
                    break
        except BaseException:
            self.end()
            raise

    def _begin(self, member: Member) -> None:
        try:
            with _deaf():
                member.process.start()
        except OSError as error:
            member.failure = f"could not be started: {(error.strerror or str(error)).lower()}"
            member.pipe.close()
            return
        member.reader = threading.Thread(target=_read, args=(member, self._inbox), daemon=True)
        member.reader.start()

    @property
    def is_over(self) -> bool:
        """Whether every worker is done or lost."""
        return all(member.is_over for member in self.members)

    @property
    def lost(self) -> list[Member]:
        """The workers that ended before their work did."""
        return [member for member in self.members if member.failure is not None]

    def loss(self, member: Member) -> str:
        """Say in plain words which worker was lost, how, and what it carried when it was last heard."""
        text = f"worker {member.number + 1} of {self.workers} {member.failure}"
        many = f"{member.carried} connected client{'s' if member.carried > 1 else ''}"
        return f"{text}, and {many} with it" if member.carried else text

    def start(self, is_wanted: Callable[[], bool]) -> float | None:
        """Wait until all are ready, and start the run.

        Returns:
            The moment of the start in seconds of ``time.monotonic``; None when a worker did not come up, or
            when the run was no longer wanted.
        """
        limit = time.monotonic() + READY_LIMIT
        while not all(member.is_ready for member in self.members):
            for _ in self.messages(0.1):
                pass
            if time.monotonic() > limit:
                self.give_up(f"was not ready within {READY_LIMIT:g} s", lambda member: not member.is_ready)
            if self.lost or not is_wanted():
                return None
        for member in self.members:
            member.silent = 0.0
        start = time.monotonic() + START_LEAD
        self.tell(Start(start))
        return start

    def stop(self) -> None:
        """Tell all to end their phases and drain."""
        self.tell(Stop())

    def tell(self, message: ToWorker) -> None:
        """Tell all that are still at work; nobody waits until they have read it."""
        # A few bytes: they fit into the pipe even when nobody reads it.
        for member in self.members:
            if not member.is_over:
                with contextlib.suppress(OSError):
                    member.pipe.send(message)

    def waited(self, seconds: float) -> None:
        """Note that so much time passed in which every worker could have been heard."""
        for member in self.members:
            member.silent += seconds

    def give_up(self, why: str, which: Callable[[Member], bool]) -> None:
        """Count as lost, and kill, those of the workers still at work that ``which`` is true of."""
        for member in self.members:
            if not member.is_over and which(member):
                member.failure = why
                member.process.kill()

    def end(self) -> None:
        """End all that still run, at once; what they said before can still be read from ``messages``."""
        for member in self.members:
            if not member.is_over:
                member.is_dismissed = True
            if member.reader is not None:
                member.process.kill()
        for member in self.members:
            if member.reader is not None:
                member.process.join(_JOIN_LIMIT)
                member.reader.join(_JOIN_LIMIT)
                if not member.reader.is_alive():
                    member.pipe.close()

    def messages(self, timeout: float) -> Iterator[Snapshot]:
        """Yield the snapshots that have come, after waiting at most ``timeout`` seconds for something."""
        with contextlib.suppress(queue.Empty):
            found = self._sorted(*self._inbox.get(timeout=timeout))
            if found is not None:
                yield found
            for _ in range(self._inbox.qsize()):
                found = self._sorted(*self._inbox.get_nowait())
                if found is not None:
                    yield found

    def _sorted(self, member: Member, message: FromWorker | None) -> Snapshot | None:
        member.silent = 0.0
        match message:
            case Ready():
                member.is_ready = True
            case Done():
                member.is_done = True
            case Failed(traceback):
                member.failure = "was stopped by a defect of wsrun"
                member.traceback = traceback
            case Told(snapshot):
                member.carried = snapshot.present
                return snapshot
            case Gathered():
                working = [member.number for member in self.members if not member.is_over]
                answer = self._barriers.hear(member.number, message, working)
                if answer is not None:
                    self.tell(answer)
            case None:
                if not member.is_over:
                    member.process.join(1.0)
                    member.failure = _how_it_ended(member.process.exitcode)
        return None


@contextmanager
def _deaf() -> Iterator[None]:
    """Start processes that never hear SIGINT and SIGTERM, which often come to the whole group.

    When to end is the coordinator's decision. A blocked signal stays blocked in a new process from its first
    instruction, before any handler could be set; to the coordinator it comes a moment later.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Started by the first process otherwise, and starting it unblocks the signals again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _read(member: Member, inbox: queue.SimpleQueue[tuple[Member, FromWorker | None]]) -> None:
    """Hand on what a worker says until it says no more, and then None."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            inbox.put((member, member.pipe.recv()))
    inbox.put((member, None))


def _how_it_ended(code: int | None) -> str:
    if code is None:
        return "closed its pipe"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = f" ({signal.Signals(-code).name})"
    except ValueError:
        name = ""
    return f"was killed by signal {-code}{name}"
