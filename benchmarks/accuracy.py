"""What wsrun reports when the server's delays are scripted: each percentile beside the true one.

The server answers each message after a delay drawn from a known distribution; the load is open (a schedule),
so the round trip counts from the time at which the message was due. Each client's delays are seeded by its
index, so the very sample that the server drew is drawn again here, and its percentiles are the truth: neither
the server's clock nor wsrun's enters them. Allowed: 1 % or 1 ms, whichever is more.

    python benchmarks/accuracy.py [--seconds 20] [--rate 250]
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from random import Random

from harness import machine, run_text

from wsrun.demo.latency import parse_latency
from wsrun.demo.process import DemoServer

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

SPECS = (
    "constant:0ms",
    "constant:1ms",
    "constant:10ms",
    "constant:100ms",
    "constant:1s",
    "uniform:0ms:100ms",
    "exponential:20ms",
    "lognormal:20ms:80ms",
    "bimodal:1ms:200ms:0.03",
)
CLIENTS = 50
STATS = {"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}


def drawn_sample(spec: str, messages: int) -> list[float]:
    """Draw the delays of a run again, sorted: message k is client k mod CLIENTS, which is its own seed."""
    latency = parse_latency(spec)
    delays: list[float] = []
    for client in range(CLIENTS):
        rng = Random(str(client))
        delays += [latency.sample(rng) for _ in range(len(range(client, messages, CLIENTS)))]
    return sorted(delays)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table; 1 when a percentile is outside what is allowed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rate", type=int, default=250)
    asked = parser.parse_args(arguments)
    print(machine())
    print(f"{asked.rate} messages a second for {asked.seconds} s a row; milliseconds: reported (drawn)\n")
    print(f"{'delay':26}" + "".join(f"{stat:>20}" for stat in STATS) + f"{'worst error':>14}")
    good = True
    with DemoServer() as server:
        for spec in SPECS:
            url = server.url(f"/rpc?latency={spec}&seed={{{{ client.index }}}}")
            text = SCENARIO.format(url=url, seconds=asked.seconds, rate=asked.rate, clients=CLIENTS)
            result = run_text(text)
            drawn = drawn_sample(spec, asked.seconds * asked.rate)
            row, worst = "", 0.0
            for stat, share in STATS.items():
                reported, true = (
                    result["overall"]["round_trip"][stat],
                    drawn[math.ceil(share * len(drawn)) - 1],
                )
                error = abs(reported - true)
                good = good and error <= max(0.001, 0.01 * true)
                worst = max(worst, error)
                row += f"{reported * 1e3:12.2f} ({true * 1e3:5.1f})"
            print(f"{spec:26}{row}{worst * 1e3:11.2f} ms", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
