"""How two workers scale: round trips of two on two cores against those of one on one core.

On a machine of two cores a server and two workers cannot have a core each. So every worker brings its own
server along: one core carries a worker and the server process that it talks to, two cores carry two of each.
The server's share of a core is then the same in both, and the coordinator shares the cores as well, so that
what two cores do more than one is what wsrun scales by. Beside it stands the CPU of the workers per round
trip: with cores of their own, workers do as many times the round trips as it says.

    python benchmarks/workers.py [--clients 100] [--seconds 8] [--rounds 3] [--write]

Each connection sends its next message when its reply has come. ``--clients`` are those of one worker.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import as_installed
import psutil
from counting import Counting, publish
from idle import awaited, workers_of
from tables import markdown

SETTLE = 1.5
"""Seconds from the first message to the first reading, in which all clients come."""

SCENARIO = """
wsrun: 1
name: workers
target: {{ url: "{url}" }}
messages:
  ping: {{ json: {{ type: ping, id: "{{{{ id }}}}" }}, reply: {{ match: {{ $.id: "{{{{ id }}}}" }} }} }}
profiles: {{ p: {{ mix: {{ ping: 1 }}, think: 0s }} }}
phases: [ {{ duration: {seconds}s, clients: {clients} }} ]
"""


class Sample(NamedTuple):
    """Round trips a second; microseconds of CPU for each of the workers, the coordinator and the servers."""

    rate: float
    workers: float
    coordinator: float
    servers: float


class Account(NamedTuple):
    """What had been done and used at a moment."""

    at: float
    trips: int
    workers: float
    coordinator: float
    servers: float


def measure(workers: int, clients: int, seconds: int, cores: Sequence[int]) -> Sample:
    """Run with so many workers, servers and cores; the server counts the round trips."""
    mine = tuple(cores[:workers])
    with Counting(workers, cores=mine) as server, tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder, "workers.yaml")
        scenario.write_text(
            SCENARIO.format(url=server.url(), clients=clients * workers, seconds=seconds + SETTLE + 1)
        )
        command = ["taskset", "-c", ",".join(map(str, mine)), sys.executable, "-m", "wsrun", "run"]
        command += [str(scenario), "--out", folder, "--quiet", "--workers", str(workers)]
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            first, last = watched(run, server, clients, seconds, mine)
            # Closed loops without think time saturate the generator on purpose: exit 3 is expected.
            run.wait()
        finally:
            run.kill()
    trips = last.trips - first.trips
    each = [(end - begin) / trips * 1e6 for begin, end in zip(first[2:], last[2:], strict=True)]
    return Sample(trips / (last.at - first.at), *each)


def watched(
    run: subprocess.Popen[bytes], server: Counting, clients: int, seconds: int, cores: Sequence[int]
) -> tuple[Account, Account]:
    """Give each worker its core, and return what had been done at the begin and the end of a window."""
    awaited(lambda: len(workers_of(run)) == len(cores))
    for core, worker in zip(cores, workers_of(run), strict=True):
        worker.cpu_affinity([core])
    awaited(lambda: server.counts()["messages"] > 0)
    time.sleep(SETTLE)
    held = [each["open"] for each in server.counts()["each"]]
    if held != [clients] * len(cores):
        sys.exit(f"each worker was to talk to the server of its core; the servers hold {held}")
    first = account(run, server)
    time.sleep(seconds)
    return first, account(run, server)


def account(run: subprocess.Popen[bytes], server: Counting) -> Account:
    """Read the clocks of all processes of a run."""
    counted = server.counts()
    own = psutil.Process(run.pid).cpu_times()
    workers = [process.cpu_times() for process in workers_of(run)]
    return Account(
        time.monotonic(),
        counted["messages"],
        sum(times.user + times.system for times in workers),
        own.user + own.system,
        counted["cpu"],
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure in turn, and print or write both and what one is of the other."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    asked = parser.parse_args(arguments)
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("this takes two cores")
    found: dict[int, list[Sample]] = {1: [], 2: []}
    for _ in range(asked.rounds):
        for workers, samples in found.items():
            samples.append(measure(workers, asked.clients, asked.seconds, cores))
    rows = []
    for number, samples in found.items():
        rates = sorted(sample.rate for sample in samples)
        middle = median(samples)
        cells = (f"{middle.rate:,.0f}", f"{rates[0]:,.0f} to {rates[-1]:,.0f}")
        costs = (f"{cost:.2f}" for cost in (middle.workers, middle.coordinator, middle.servers))
        rows.append((str(number), *cells, *costs))
    one, two = map(median, found.values())
    head = ("workers, servers and cores", "round trips a second", "spread", "µs CPU each: workers")
    text = (
        f"{asked.clients} connections a worker, {asked.seconds} s, median of {asked.rounds} rounds:\n\n"
        f"{markdown((*head, 'coordinator', 'servers'), rows)}\n\n"
        f"Two make {two.rate / one.rate:.2f} × the round trips of one; by the CPU of the workers alone, each"
        f" on a core of its own, it is {2 * one.workers / two.workers:.2f} ×."
    )
    publish("scale-workers", text=text, write=asked.write)


def median(samples: Sequence[Sample]) -> Sample:
    """Return the median of each figure."""
    return Sample(*map(statistics.median, zip(*samples, strict=True)))


if __name__ == "__main__":
    as_installed.rerun()
    main()
