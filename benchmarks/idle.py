"""Many idle connections: how many are held at once, and what each takes of the workers' memory.

The clients of a scenario listen and do nothing else; they come at a rate, in a warm-up, and then all are
held. The servers, processes that share one port, count the connections. The memory of the worker processes is
read from the system, before the first client comes and while all are held: RSS, and PSS, in which pages that
processes share count once. Nothing is set for it but the number of workers: these raise their own limit of
descriptors and use further source addresses.

    python benchmarks/idle.py [--connections 50000] [--workers 3] [--hold 20] [--write]

A server process holds as many connections as it may have descriptors, and so does a worker (ulimit -Hn):
``--servers`` must be enough for that; by default there are as many as workers.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import as_installed
import psutil
from counting import Counting, publish
from tables import markdown

MIB = 1 << 20

EMPTY = 4
"""Seconds before the first client: the workers' memory without any is read at their end."""

SCENARIO = """
wsrun: 1
name: idle
target: {{ url: "{url}", connect_timeout: 30s, close_timeout: 30s }}
messages: {{ m: {{ text: x }} }}
profiles: {{ quiet: {{}} }}
phases:
  - {{ name: empty, duration: {empty}s, clients: 0 }}
  - {{ name: fill, duration: {fill}s, clients: {connections}, connect_rate: {rate}/s, warm_up: true }}
  - {{ name: hold, duration: {hold}s }}
criteria: [ "open(phase=hold).min == {connections}", errors == 0 ]
"""


def memory(processes: Sequence[psutil.Process]) -> tuple[int, int]:
    """Return RSS and PSS of some processes together, in bytes."""
    found = [process.memory_full_info() for process in processes]
    return sum(one.rss for one in found), sum(one.pss for one in found)


def workers_of(run: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return the worker processes of a run, which are its children that were spawned."""
    children = psutil.Process(run.pid).children()
    return [child for child in children if any("spawn_main" in word for word in child.cmdline())]


def main(arguments: Sequence[str] | None = None) -> int:
    """Hold the connections, and print or write what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--connections", type=int, default=50_000)
    parser.add_argument("--workers", default="3", help="a number, or auto")
    parser.add_argument("--servers", type=int, default=3)
    parser.add_argument("--hold", type=int, default=20, help="seconds for which all are held")
    parser.add_argument("--rate", type=int, default=2500, help="connections begun a second")
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    asked = parser.parse_args(arguments)
    fill = asked.connections // asked.rate + 4
    with Counting(asked.servers) as server, tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder, "idle.yaml")
        scenario.write_text(
            SCENARIO.format(
                url=server.url(),
                connections=asked.connections,
                rate=asked.rate,
                empty=EMPTY,
                fill=fill,
                hold=asked.hold,
            )
        )
        command = [sys.executable, "-m", "wsrun", "run", str(scenario), "--out", folder, "--quiet"]
        run = subprocess.Popen([*command, "--workers", str(asked.workers)], stdout=subprocess.DEVNULL)
        workers = awaited(lambda: workers_of(run))
        # The workers take a moment to come up; a client that is early would be seen by the server.
        time.sleep(EMPTY - 1.0)
        before, early = memory(workers), server.counts()["opened"]
        awaited(lambda: server.counts()["open"] >= asked.connections or run.poll() is not None, fill + 30)
        full = time.monotonic()
        filled = server.counts()
        time.sleep(max(asked.hold - 3, 1))
        after, held = memory(workers), server.counts()
        lasted = time.monotonic() - full
        run.wait()
        result = json.loads(next(Path(folder).rglob("result.json")).read_text())
    totals = server.totals
    text = account(asked, result, held, filled, (before, after), lasted)
    text += (
        f"\n\nOf {totals['opened']:,} connections the servers saw {totals['closed_clean']:,} closed with a"
        f" close frame. The run's own verdict: {result['verdict']}{reasons(result)}."
    )
    if early:
        text += f" {early} connections were open before the memory without any was read."
    publish("scale-idle", text=text, write=asked.write)
    return 0 if totals["closed_clean"] == held["open"] == asked.connections else 1


def reasons(result: dict[str, Any]) -> str:
    """Return why a verdict is what it is."""
    found = "; ".join(reason["text"] for reason in result["reasons"])
    return f" ({found})" if found else ""


def awaited(condition: Any, seconds: float = 30.0) -> Any:
    """Wait until something is true, and return it."""
    limit = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < limit:
        time.sleep(0.1)
    return found


def account(
    asked: argparse.Namespace,
    result: dict[str, Any],
    held: dict[str, Any],
    filled: dict[str, Any],
    memories: tuple[tuple[int, int], tuple[int, int]],
    lasted: float,
) -> str:
    """Return the account of a run, with its table."""
    limit, workers = result["machine"]["descriptors"], result["run"]["workers"]
    each = ", ".join(f"{one['open']:,}" for one in held["each"])
    rows = []
    for name, empty, full in zip(("RSS", "PSS"), *memories, strict=True):
        one = (full - empty) / max(held["open"], 1) / 1024
        rows.append((name, f"{empty / MIB:,.0f}", f"{full / MIB:,.0f}", f"{one:.1f}"))
    head = ("memory of the workers", "MiB without clients", "MiB with them", "KiB a connection")
    return (
        f"{asked.connections:,} connections over {workers} workers of at most {limit:,} descriptors each. The"
        f" servers held {held['open']:,} ({each}) for {lasted:.0f} s, and all were open"
        f" {filled['last'] - filled['first']:.1f} s after the first:\n\n{markdown(head, rows)}"
    )


if __name__ == "__main__":
    as_installed.rerun()
    raise SystemExit(main())
