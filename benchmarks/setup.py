"""Connection set-up: CPU a connection of wsrun and of raw picows, and 10 000 connections on one worker.

Both open the same number of connections to the same server, 100 handshakes at a time, and hold them; the
figure is the CPU time (user and system) of the client process from the first attempt until the last
connection is open, divided by their number. Of wsrun it is the worker's own; raw picows runs in a process of
its own. Rounds of the two take turns, so that both meet the same moods of the machine. The wall time is the
server's account: from the first handshake that it read to the last that it answered.

    python benchmarks/setup.py [--connections 10000] [--rounds 5] [--write]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

import as_installed
from counting import Counting, publish
from harness import run_text
from tables import markdown

AT_ONCE = 100

SCENARIO = """
wsrun: 1
name: setup
interval: 100ms
target: {{ url: "{url}", connect_timeout: 20s }}
messages: {{ m: {{ text: x }} }}
profiles: {{ quiet: {{}} }}
phases: [ {{ duration: {seconds}s, clients: {connections}, handshakes: {at_once} }} ]
criteria: [ connect.success == 100% ]
"""

RAW = """
import asyncio, json, resource, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
import uvloop
from picows import WSListener, ws_connect

async def main(url, number, at_once):
    left = iter(range(number))
    held = []
    async def some():
        for _ in left:
            held.append(await ws_connect(WSListener, url))
    began, cpu = time.monotonic(), time.process_time()
    await asyncio.gather(*(some() for _ in range(at_once)))
    print(json.dumps([time.process_time() - cpu, time.monotonic() - began]), flush=True)
    for transport, _ in held:
        transport.disconnect()
    await asyncio.gather(*(transport.wait_disconnected() for transport, _ in held))

uvloop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
"""


class Sample(NamedTuple):
    """CPU seconds of the client a connection, and seconds until all were open."""

    cpu: float
    wall: float


def raw(connections: int) -> Sample:
    """Open connections with picows and uvloop, and nothing else."""
    with Counting() as server:
        arguments = [server.url(), str(connections), str(AT_ONCE)]
        done = subprocess.run([sys.executable, "-c", RAW, *arguments], check=True, capture_output=True)
    cpu, _ = json.loads(done.stdout)
    return Sample(cpu / connections, server.totals["last"] - server.totals["first"])


def wsrun(connections: int) -> Sample:
    """Open connections as clients that only listen, with one worker."""
    # Longer than it takes: what follows the last connection is not counted.
    seconds = max(connections // 1500, 3)
    with Counting() as server:
        text = SCENARIO.format(url=server.url(), connections=connections, seconds=seconds, at_once=AT_ONCE)
        result = run_text(text)
    if server.totals["opened"] != connections:
        raise SystemExit(f"{server.totals['opened']} of {connections} connections: {result['reasons']}")
    cpu = 0.0
    for row in result["timeline"]:
        cpu += (row["cpu"] or 0.0) * row["length"]
        if row["clients"] >= connections:
            break
    return Sample(cpu / connections, server.totals["last"] - server.totals["first"])


CLIENTS = {"picows core API + uvloop, nothing else": raw, "wsrun, fast, one worker": wsrun}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print or write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    asked = parser.parse_args(arguments)
    found: dict[str, list[Sample]] = {name: [] for name in CLIENTS}
    for _ in range(asked.rounds):
        for name, measure in CLIENTS.items():
            found[name].append(measure(asked.connections))
    rows = []
    for name, samples in found.items():
        cpu = sorted(sample.cpu * 1e3 for sample in samples)
        wall = sorted(sample.wall for sample in samples)
        cells = (f"{statistics.median(cpu):.3f}", f"{cpu[0]:.3f} to {cpu[-1]:.3f}")
        rows.append((name, *cells, f"{statistics.median(wall):.2f}", f"{wall[0]:.2f} to {wall[-1]:.2f}"))
    first, second = (statistics.median(sample.cpu for sample in samples) for samples in found.values())
    head = ("client", "ms CPU each", "spread", "seconds for all", "spread")
    text = (
        f"{asked.connections:,} connections, {AT_ONCE} handshakes at a time,"
        f" median of {asked.rounds} rounds:\n\n"
        f"{markdown(head, rows)}\n\nwsrun takes {second / first:.2f} × the CPU of raw picows."
    )
    publish("scale-setup", text=text, write=asked.write)


if __name__ == "__main__":
    as_installed.rerun()
    main()
