"""One cell of a table: a client is started on its core, left to warm up, and watched for some seconds."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.peers.figures import Sample
from benchmarks.peers.server import Server

PATIENCE = 60.0
"""Seconds in which all connections must be open."""
WARM_UP = 1.0
"""Seconds between that and the window: the time in which just-in-time compilers settle."""
TICKS = os.sysconf("SC_CLK_TCK")
ROUGHNESS = 0.05
"""Seconds by which what is counted in ticks may be beside the truth: some ticks of some processes."""
MARK = "WSRUN_PEER"


class Failed(Exception):
    """A client did not do its work; the text says what was seen."""


class Client:
    """A client's processes, all of which have a variable of their environment in common."""

    def __init__(self, mark: str, first: subprocess.Popen[bytes], output: Path) -> None:
        self._mark = f"{MARK}={mark}\0".encode()
        self._first = first
        self._output = output

    def processes(self) -> list[int]:
        """The ids of those that live."""
        return [pid for pid in _all_processes() if self._mark in _environment(pid)]

    def is_alive(self) -> bool:
        """Whether anything of it runs."""
        return self._first.poll() is None or bool(self.processes())

    def said(self) -> str:
        """The last line of its output."""
        lines = self._output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else "without a word"

    def end(self) -> None:
        """End all of its processes."""
        while found := self.processes():
            for pid in found:
                with suppress(ProcessLookupError, FileNotFoundError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        self._first.wait()


@contextmanager
def running(
    command: Sequence[str], variables: Mapping[str, str], core: int, folder: Path
) -> Iterator[Client]:
    """Run a client on one core, in a folder, and end it and all that it started."""
    mark, output = uuid.uuid4().hex, folder / "output.txt"
    with output.open("wb") as file:
        first = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **variables, MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
    client = Client(mark, first, output)
    try:
        yield client
    finally:
        client.end()


def measure(client: Client, server: Server, connections: int, seconds: float) -> Sample:
    """Wait until all connections are open and warm; return what was done in a window.

    Raises:
        Failed: it ended, or has not opened its connections in time, or lost some, or did nothing.
    """
    until = time.monotonic() + PATIENCE
    while (seen := server.counts()).open < connections:
        if not client.is_alive():
            raise Failed(f"it ended: {client.said()}")
        if time.monotonic() > until:
            raise Failed(f"it had {seen.open:,} of {connections:,} connections after {PATIENCE:.0f} s")
        time.sleep(0.1)
    time.sleep(WARM_UP)
    processes = client.processes()
    began, before = time.monotonic(), server.counts()
    cpu, coarse = cpu_of(processes), ticks_of(processes) / TICKS
    served, everybody = cpu_of([server.process]), machine_cpu()
    time.sleep(seconds)
    processes = client.processes()
    after, wall = server.counts(), time.monotonic() - began
    cpu, coarse = cpu_of(processes) - cpu, ticks_of(processes) / TICKS - coarse
    # Threads and children that ended in between are in the ticks alone.
    cpu = coarse if coarse - cpu > ROUGHNESS else cpu
    served = cpu_of([server.process]) - served
    others = max(machine_cpu() - everybody - cpu - served, 0.0)
    messages = after.echoed - before.echoed + after.pushed - before.pushed
    if after.open < connections:
        raise Failed(f"it had only {after.open:,} of {connections:,} connections left: {client.said()}")
    if messages == 0:
        raise Failed(f"it exchanged nothing: {client.said()}")
    return Sample(messages, round(cpu, 4), round(wall, 3), round(served, 3), round(others, 2))


def cpu_of(processes: Iterable[int]) -> float:
    """Seconds of CPU, user and system, of the threads that processes have now; to the nanosecond."""
    total = 0
    for pid in processes:
        with suppress(ProcessLookupError, FileNotFoundError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                # The first figure is the time on a processor (sched-stats.rst of the kernel).
                total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def ticks_of(processes: Iterable[int]) -> int:
    """Ticks of CPU, user and system, of processes, all threads they ever had, and children that are over."""
    total = 0
    for pid in processes:
        with suppress(ProcessLookupError, FileNotFoundError):
            total += read_ticks(Path(f"/proc/{pid}/stat").read_text())
    return total


def read_ticks(stat: str) -> int:
    """Return utime, stime, cutime and cstime of a line of /proc/PID/stat (proc(5)), added up."""
    # The second field is the program's name in brackets and may hold anything; utime is the 14th.
    fields = stat.rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))


def machine_cpu() -> float:
    """Seconds of CPU that this machine has used, and that its host took from it (steal)."""
    return busy_ticks(Path("/proc/stat").read_text()) / TICKS


def busy_ticks(stat: str) -> int:
    """Return the ticks of the first line of /proc/stat (proc(5)) that were not idle."""
    user, nice, system, _idle, _waiting, *rest = map(int, stat.split(maxsplit=10)[1:10])
    # irq, softirq and steal; guest time is in user's already.
    return user + nice + system + sum(rest[:3])


def _all_processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""
