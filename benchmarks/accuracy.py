"""What wsrun reports when the server's delays are scripted: each percentile beside the true one.

The witness (``tests/witness``: its own process, no code of wsrun's) answers each message after a delay drawn
from a known distribution, and stamps each read and each write. What it really waited is the truth here: no
server wakes at the very microsecond. The load is open (a schedule), so the round trip counts from the time at
which the message was due: it holds wsrun's own lateness and both ways through the kernel, and must still be
within 1 ms or 1 % of the truth, whichever is more.

    python benchmarks/accuracy.py [--seconds 20] [--rate 250]
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import as_installed
from harness import machine, run_text

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.witness import Witness

SCENARIO = """
wsrun: 1
target: {{ url: "{url}" }}
messages:
  ask: {{ json: {{ id: "{{{{ id }}}}" }}, reply: {{ match: {{ $.id: "{{{{ id }}}}" }}, timeout: 30s }} }}
profiles: {{ quiet: {{ mix: {{ ask: 1 }}, think: 1h }} }}
phases:
  - {{ duration: 1s, clients: {clients}, warm_up: true }}
  - {{ name: work, duration: {seconds}s, rate: {rate}/s }}
criteria: [ errors == 0 ]
"""

DELAYS = (
    "constant,0",
    "constant,0.001",
    "constant,0.01",
    "constant,0.1",
    "constant,1",
    "uniform,0,0.1",
    "exponential,0.02",
    "lognormal,0.02,0.08",
    "bimodal,0.001,0.2,0.05",
    "pareto,0.001,2.5",
)
CLIENTS = 50
STATS = {"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table; 1 when a percentile is outside what is allowed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rate", type=int, default=250)
    asked = parser.parse_args(arguments)
    print(machine())
    print(f"{asked.rate} messages a second for {asked.seconds} s a row; milliseconds: reported (witness)\n")
    print(
        f"{'delay, seconds':24}" + "".join(f"{stat:>20}" for stat in STATS) + f"{'worst error':>14}  allowed"
    )
    good = True
    for delay in DELAYS:
        with Witness() as witness:
            url = witness.url(f"/?delay={delay}")
            text = SCENARIO.format(url=url, seconds=asked.seconds, rate=asked.rate, clients=CLIENTS)
            result = run_text(text)
        held = sorted(seen.held for seen in witness.log)
        assert len(held) == asked.seconds * asked.rate, "the witness saw another number of messages"
        row, worst, within = "", 0.0, True
        for stat, share in STATS.items():
            reported, true = result["overall"]["round_trip"][stat], held[math.ceil(share * len(held)) - 1]
            error = abs(reported - true)
            within = within and error <= max(0.001, 0.01 * true)
            worst = max(worst, error)
            row += f"{reported * 1e3:11.2f} ({true * 1e3:6.2f})"
        good = good and within
        print(f"{delay:24}{row}{worst * 1e3:11.2f} ms  {'yes' if within else 'NO'}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    as_installed.rerun()
    raise SystemExit(main())
