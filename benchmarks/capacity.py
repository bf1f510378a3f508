"""Whether a search finds a limit that is known: each is searched for by bisection and by steps.

The embedded server's ``/limited`` refuses the connection beyond a number, and serves messages one by one at
a capacity: above it they wait in a queue that grows, so that the knee of the latency is where it is. A search
is right when its best level lies at most one step below the limit, and the level that broke at most one step
above it. One that ended because the machine was too busy to drive it says so, and counts as no answer.

    python benchmarks/capacity.py [--times 3] [--hold 6]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NamedTuple

import as_installed
from harness import machine, run_text

from wsrun.demo.process import DemoServer

SCENARIO = """
wsrun: 1
target: {{ url: "{url}" }}
messages:
  ping: {{ json: {{ id: "{{{{ id }}}}" }}, reply: {{ match: {{ $.id: "{{{{ id }}}}" }}, timeout: 10s }} }}
profiles: {{ user: {{ mix: {{ ping: 1 }}, think: 1s }} }}
phases:
  - name: limit
    connect_rate: 200/s
    {clients}
    search: {{ {levels}, bisect: {bisect}, hold: {hold}s, settle: 1s, such_that: [ {such_that} ] }}
"""


class Case(NamedTuple):
    """A limit that the server is told to have, and how it is searched for."""

    name: str
    query: str
    limit: float
    step: float
    levels: str
    such_that: str
    clients: str = ""


CASES = (
    Case(
        "100 connections",
        "connections=100",
        100,
        10,
        "clients: { from: 10, to: 200, step: 10 }",
        "connect.success == 100%",
    ),
    Case(
        "137 connections",
        "connections=137",
        137,
        10,
        "clients: { from: 10, to: 200, step: 10 }",
        "connect.success == 100%",
    ),
    Case(
        "600 messages a second",
        "capacity=600/s",
        600,
        50,
        "rate: { from: 300/s, to: 900/s, step: 50/s }",
        "round_trip.p95 < 50ms",
        "clients: 50",
    ),
    Case(
        "430 messages a second",
        "capacity=430/s",
        430,
        20,
        "rate: { from: 200/s, to: 600/s, step: 20/s }",
        "round_trip.p95 < 50ms",
        "clients: 50",
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Search and print the table; 1 when an answer was wrong or there was none."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--hold", type=float, default=6.0)
    asked = parser.parse_args(arguments)
    print(machine())
    print(f"each limit {asked.times} times by bisection and once by steps, levels of {asked.hold:g} s\n")
    print(f"{'limit':<24} {'how':<6} {'step':>5} {'best':>6} {'broke':>6} {'levels':>6} {'took':>6}  right")
    is_right = [
        search(case, bisect, asked.hold) for case in CASES for bisect in [True] * asked.times + [False]
    ]
    print(f"\n{sum(is_right)} of {len(is_right)} answers were within a step of the limit")
    return 0 if all(is_right) else 1


def search(case: Case, bisect: bool, hold: float) -> bool:
    """Search for one limit, print a row, and tell whether the answer is right."""
    with DemoServer() as server:
        text = SCENARIO.format(
            url=server.url(f"/limited?{case.query}"),
            clients=case.clients,
            levels=case.levels,
            bisect=str(bisect).lower(),
            hold=hold,
            such_that=case.such_that,
        )
        result = run_text(text)
    (found,) = result["searches"]
    best, broken = found["best"], found["broken"]
    is_near = best is not None and case.limit - case.step <= best <= case.limit
    is_right = is_near and broken is not None and case.limit <= broken <= case.limit + case.step
    word = "yes" if is_right else found["problem"] or "no"
    took, how = result["run"]["duration"], "halves" if bisect else "steps"
    print(
        f"{case.name:<24} {how:<6} {case.step:>5g} {best:>6g} {broken or 0:>6g} {len(found['levels']):>6}"
        f" {took:>5.0f}s  {word}",
        flush=True,
    )
    return is_right


if __name__ == "__main__":
    as_installed.rerun()
    raise SystemExit(main())
