"""Open model: whether a planned rate is offered, never early, and how late each message left.

One worker sends at a rate that does not wait for replies. The server counts what it reads and notes when: it
is the second account of the rate, and of whether anything came before its time. Lateness is what the worker
measured between the scheduled time of each message and its send. A run in which the plan was not delivered
must say so: its verdict and reasons are part of the table. How late the machine itself wakes a loop in C
that does nothing but sleep is measured before each run, on the core that the worker has then.

    python benchmarks/open_model.py [--rates 1000 20000 50000] [--seconds 10] [--one-way] [--write]

With ``--one-way`` the messages have no reply.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import as_installed
from counting import Counting, compiled, publish
from harness import CORES, run_text, take_cores
from tables import markdown

SCENARIO = """
wsrun: 1
name: open-model
target: {{ url: "{url}" }}
messages:
  ping: {{ json: {{ type: ping, id: "{{{{ id }}}}" }}{reply} }}
profiles: {{ p: {{ mix: {{ ping: 1 }}, think: 1h }} }}
phases:
  - {{ duration: 2s, clients: {clients}, warm_up: true }}
  - {{ name: work, duration: {seconds}s, rate: {rate}/s }}
criteria: [ errors == 0, {criterion} ]
"""

REPLY = ', reply: { match: { $.id: "{{ id }}" } }'


SLEEPER = Path(__file__).with_name("sleeper.c")
SLEEPING = 5
"""Seconds."""


def early(stamps: Sequence[float], rate: float) -> float:
    """Return by how many seconds a message came before what the grid of the schedule allows, at most.

    The way to the server has a sharp lower end, which the earliest hundredth of the messages shows.
    """
    offsets = sorted(at - number / rate for number, at in enumerate(stamps))
    return offsets[len(offsets) // 100] - offsets[0] if offsets else math.nan


def sleeper() -> tuple[str, ...]:
    """Return how late the machine wakes a program, as ``SLEPT`` has it of a run."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(compiled(SLEEPER, Path(folder))), str(SLEEPING)]
        if len(CORES) > 1:
            command = ["taskset", "-c", str(CORES[1]), *command]
        return tuple(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def measure(rate: int, asked: argparse.Namespace) -> tuple[str, ...]:
    """Run at a rate, and return its row."""
    with Counting(logs=True) as server:
        take_cores()
        text = SCENARIO.format(
            url=server.url("/quiet" if asked.one_way else "/"),
            clients=asked.clients,
            seconds=asked.seconds,
            rate=rate,
            reply="" if asked.one_way else REPLY,
            criterion="messages.sent > 0" if asked.one_way else "round_trip.p50 < 1s",
        )
        result = run_text(text)
    planned, offered = rate * asked.seconds, server.totals["messages"]
    (told,) = (entry for entry in result["load"] if entry["model"] == "open")
    lateness: dict[str, Any] = told["lateness"]
    seconds = Counter(int(at - server.stamps[0]) for at in server.stamps)
    worst = max(abs(seconds[second] - rate) / rate for second in range(asked.seconds))
    # The interval before the phase has a few of its messages, as it is folded a moment later.
    cpu = [row["cpu"] for row in result["timeline"] if row["cpu"] is not None and row["sent"] > rate / 2]
    reasons = "; ".join(reason["text"] for reason in result["reasons"])
    return (
        f"{rate:,}",
        f"{offered:,} of {planned:,}",
        f"{worst:.2%}",
        f"{early(server.stamps, rate) * 1e3:.3f}",
        *(f"{lateness[stat] * 1e3:.3f}" if lateness["count"] else "-" for stat in STATS),
        f"{sum(cpu) / len(cpu):.0%}" if cpu else "-",
        result["verdict"] + (f": {reasons}" if reasons else ""),
    )


SLEPT = ("p50", "p99", "p99.9", "max")
STATS = ("min", "p50", "p99", "p99.9", "max")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print or write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rates", type=int, nargs="+", default=[1_000, 20_000, 50_000])
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--one-way", action="store_true")
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    asked = parser.parse_args(arguments)
    kind = "without replies" if asked.one_way else "with replies"
    rows, slept = [], []
    for rate in asked.rates:
        slept.append((f"before {rate:,}", *sleeper()))
        rows.append(measure(rate, asked))
    late = (f"late: {stat}" for stat in STATS)
    head = ("messages a second", "came", "worst second", "early at the server", *late, "CPU", "verdict")
    text = (
        f"One worker, {asked.clients} connections, {asked.seconds} s at each rate, {kind}; times in ms:\n\n"
        f"{markdown(head, rows, right=0)}\n\n"
        "The machine itself, a loop in C that sleeps to a grid of 0.1 ms on the worker's core for"
        f" {SLEEPING} s before each run, and is late when it wakes by:\n\n"
        f"{markdown(('', *SLEPT), slept)}"
    )
    publish("scale-open", text=text, write=asked.write)


if __name__ == "__main__":
    as_installed.rerun()
    main()
