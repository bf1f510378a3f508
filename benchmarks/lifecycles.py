"""One fault in the lifecycle of one call among many: is it found and named, each time, and nothing else?

The embedded server loses, swaps or repeats a stage of one call, drawn beforehand, and says nothing of it.
Each kind is tried so many times; then as many calls without a fault must give no finding at all.

    python benchmarks/lifecycles.py                       # 100 000 calls each, three times each kind
    python benchmarks/lifecycles.py --calls 5000 --times 1
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import as_installed

from wsrun.compiler import compile_plan
from wsrun.coordinator.run import RunOptions, run
from wsrun.demo.process import DemoServer
from wsrun.source import parse

SCENARIO = """
wsrun: 1
target: {{ url: "{url}" }}
messages:
  call:
    json:
      {{ jsonrpc: "2.0", id: "{{{{ id }}}}", method: tools/call,
        params: {{ name: search, _meta: {{ progressToken: "{{{{ id }}}}" }} }} }}
    reply:
      match: [ {{ $.id: "{{{{ id }}}}" }}, {{ $.params.progressToken: "{{{{ id }}}}" }} ]
      until: {{ $.id: "{{{{ id }}}}" }}
      error: {{ $.error: {{ exists: true }} }}
      in_order:
        - {{ $.params.message: started }}
        - {{ $.params.message: thinking }}
        - {{ $.params.message: executing }}
        - {{ $.params.message: completed }}
      count: 5
profiles: {{ agent: {{ start: [ {{ repeat: [ {{ send: call }} ], times: {times} }} ] }} }}
phases: [ {{ duration: {seconds}s, clients: {clients} }} ]
criteria: [ errors == 0 ]
"""
CLIENTS = 20
FAULTS = ("lose:started", "lose:thinking", "lose:completed", "swap:thinking", "repeat:executing")


def agents(calls: int, seconds: int, query: str) -> tuple[dict[str, Any], int]:
    """Run the agents against a server of their own; return the result and the calls that were made."""
    with DemoServer() as server, tempfile.TemporaryDirectory() as folder:
        text = SCENARIO.format(
            url=server.url(f"/mcp{query}"), times=calls // CLIENTS, clients=CLIENTS, seconds=seconds
        )
        plan = compile_plan(parse(text, "lifecycles.yaml", environ={}), seed=1)
        options = RunOptions(out=Path(folder), command="lifecycles", workers=1)
        result = run(plan, options, lambda progress: None)
        return result, result["counts"]["messages"]["sent"]


def main() -> int:
    """Try every kind of fault, then none."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=100_000, help="in each run")
    parser.add_argument("--times", type=int, default=3, help="runs of each kind of fault")
    parser.add_argument("--rate", type=int, default=2500, help="calls a second to allow time for")
    parser.add_argument("--fault", choices=FAULTS, action="append", help="only this one; may be repeated")
    asked = parser.parse_args()
    seconds = asked.calls // asked.rate + 2
    draw = random.Random(7)
    missed = 0
    for fault in asked.fault or FAULTS:
        for _ in range(asked.times):
            at = draw.randint(1, asked.calls)
            begun = time.perf_counter()
            result, made = agents(asked.calls, seconds, f"?fault={fault}&at={at}")
            told = [sample["text"] for error in result["errors"] for sample in error["samples"]]
            found = len(told) == 1 and sum(error["count"] for error in result["errors"]) == 1
            missed += not found
            took = time.perf_counter() - begun
            print(f"{fault:18} at {at:>6} of {made}: {'found' if found else 'MISSED'} ({took:.0f} s)  {told}")
    result, made = agents(asked.calls, seconds, "")
    print(f"{'none':18} {made} calls: {len(result['errors'])} findings")
    return 1 if missed or result["errors"] else 0


if __name__ == "__main__":
    as_installed.rerun()
    sys.exit(main())
