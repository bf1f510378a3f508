"""Whether wsrun's memory grows with the length of a run: the resident memory of each of its processes.

A scenario sends messages at a constant rate to a demo server in a process of its own, while clients of a
second group come and go. Every five seconds the resident set (RSS) of the coordinator and of each worker is
read. What comes before ``--settle`` minutes is left out: caches fill, and intervals are kept one by one until
there are enough of them to be merged. Of the rest, the slope is the Theil-Sen estimator, with the confidence
interval of Sen (1968) and the correction of Hamed and Rao (1998) for readings that depend on those before.

    python benchmarks/soak.py [--minutes 30] [--rate 5000] [--workers 1] [--write]

The server is measured too, and has no part in the verdict. ``--write`` puts the table into
docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import as_installed
import psutil
from harness import machine
from tables import markdown, write

from wsrun.demo.process import DemoServer
from wsrun.metrics.trend import trend

SCENARIO = """
wsrun: 1
name: soak
target: {{ url: "ws://127.0.0.1:{port}/echo" }}
messages:
  ask: {{ json: {{ id: "{{{{ id }}}}", text: a message of a hundred bytes or so, as they often are }},
         reply: {{ match: {{ $.id: "{{{{ id }}}}" }} }} }}
profiles:
  steady: {{ mix: {{ ask: 1 }}, think: 1h }}
  passing: {{ mix: {{ ask: 1 }}, lifecycle: {{ kind: intermittent, online: 4s, offline: 1s }} }}
clients:
  steady: {{ profiles: {{ steady: 1 }} }}
  passing: {{ profiles: {{ passing: 1 }} }}
phases:
  - {{ name: arrive, duration: 2s, clients: {{ steady: {clients}, passing: 20 }}, warm_up: true }}
  - {{ name: work, duration: {seconds}s, rate: {{ steady: {rate}/s }} }}
criteria:
  - {{ check: errors == 0, abort: {{ over: 5s }} }}
  - round_trip.p99 < 1s
  - {{ check: generator.memory.trend == stable, severity: warning }}
"""
CLIENTS = 100
EVERY = 5.0
MIB = 1024.0 * 1024.0
LIMIT = 1.0
"""MiB an hour by which no process of wsrun may grow."""

NOT_GOOD = "NOT GOOD"

Series = list[tuple[float, float]]
"""Seconds since the first reading, and MiB."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, and print a table; 1 when a process grew by more than ``LIMIT``, 2 when the run itself failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--settle", type=float, default=5.0, help="minutes that are left out")
    parser.add_argument("--csv", type=Path, help="where to write all readings")
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    asked = parser.parse_args(arguments)
    settle = min(asked.settle, asked.minutes / 3) * 60
    with tempfile.TemporaryDirectory() as folder, DemoServer() as server:
        scenario = Path(folder, "soak.yaml")
        scenario.write_text(
            SCENARIO.format(
                port=server.port, clients=CLIENTS, rate=asked.rate, seconds=round(asked.minutes * 60)
            )
        )
        code, found = _watch(scenario, asked.workers, server.pid)
        sizes = {path.name: path.stat().st_size for path in sorted(Path(folder, "out").rglob("*.*"))}
    if asked.csv is not None:
        _write(asked.csv, found)
    rows = [_row(name, series, settle) for name, series in found.items()]
    head = ["process", f"RSS after {settle / 60:.3g} min", "at the end", "most", "slope, MiB/h (95 %)", ""]
    about = f"{asked.minutes:g} minutes at {asked.rate:,} messages a second; {machine()}."
    report = "\n".join([about, "", markdown(head, rows), "", f"Files: {_sizes(sizes)}."])
    print(report)
    if asked.write:
        write("soak", report)
    if code != 0:
        print(f"wsrun ended with exit code {code}")
        return 2
    return 1 if any(NOT_GOOD in row for row in rows) else 0


def _watch(scenario: Path, workers: int, server: int) -> tuple[int, dict[str, Series]]:
    """Run a scenario and read the memory of its processes; its exit code, and readings by process."""
    command = [sys.executable, "-m", "wsrun", "run", str(scenario), "--workers", str(workers), "--quiet"]
    command += ["--out", str(scenario.parent / "out")]
    found: dict[str, Series] = {}
    with subprocess.Popen(command) as running:
        began = time.monotonic()
        names = {running.pid: "coordinator", server: "(the server)"}
        while running.poll() is None:
            for process in _processes(running.pid, server):
                # Workers are found in the order in which they were started.
                name = names.setdefault(process.pid, f"worker {len(names) - 1}")
                try:
                    size = process.memory_info().rss / MIB
                except psutil.Error:
                    continue
                found.setdefault(name, []).append((time.monotonic() - began, size))
            time.sleep(EVERY)
    return running.returncode, found


def _processes(coordinator: int, server: int) -> Iterator[psutil.Process]:
    """Yield the coordinator, its workers, and the server."""
    try:
        parent = psutil.Process(coordinator)
        yield parent
        yield from (child for child in parent.children() if _is_worker(child))
        yield psutil.Process(server)
    except psutil.Error:
        return


def _is_worker(process: psutil.Process) -> bool:
    try:
        return any("spawn_main" in part for part in process.cmdline())
    except psutil.Error:
        return False


def _row(name: str, series: Series, settle: float) -> list[str]:
    """Return the cells of a process: memory at both ends, the most, the slope, and whether that is good."""
    # The last readings may be of the end of the run, when the result is made.
    end = max(at for at, _ in series) - 2 * EVERY
    points = [(at, size) for at, size in series if settle <= at <= end]
    found = trend(points)
    if found is None:
        return [name, "", "", "", "too few readings", NOT_GOOD]
    low, middle, high = (value * 3600 for value in found.slope)
    judged = "" if name.startswith("(") else "good" if middle < LIMIT else NOT_GOOD
    sizes = (points[0][1], points[-1][1], max(size for _, size in points))
    return [
        name,
        *(f"{size:.1f} MiB" for size in sizes),
        f"{middle:+.2f} ({low:+.2f} to {high:+.2f})",
        judged,
    ]


def _sizes(sizes: dict[str, int]) -> str:
    return ", ".join(f"{name} {size / MIB:.2f} MiB" for name, size in sizes.items())


def _write(path: Path, found: dict[str, Series]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["process", "seconds", "rss_mib"])
        for name, series in found.items():
            writer.writerows([name, round(at, 2), round(size, 3)] for at, size in series)


if __name__ == "__main__":
    as_installed.rerun()
    sys.exit(main())
