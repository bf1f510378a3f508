"""What wsrun reports when the server's delays are scripted: each percentile beside the true one.

The server answers each message after a delay from a known distribution; the load is open (a schedule), so the
round trip counts from the time at which the message was due. The true percentile is computed from the
distribution itself, not from the server's clock. Allowed: 1 % or 1 ms, whichever is more.

    python benchmarks/accuracy.py [--seconds 20] [--rate 250]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from harness import machine, run_text

from wsrun.demo.latency import parse_latency
from wsrun.demo.process import DemoServer

SCENARIO = """
wsrun: 1
target: {{ url: "{url}" }}
messages:
  ask: {{ json: {{ id: "{{{{ id }}}}" }}, reply: {{ match: {{ $.id: "{{{{ id }}}}" }}, timeout: 30s }} }}
phases:
  - {{ duration: 1s, clients: 50, warm_up: true }}
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
    "bimodal:1ms:200ms:0.05",
)
STATS = {"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table; 1 when a percentile of a constant delay is outside what is allowed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rate", type=int, default=250)
    asked = parser.parse_args(arguments)
    print(machine())
    print(f"{asked.rate} messages a second for {asked.seconds} s a row; milliseconds: reported (true)\n")
    print(f"{'delay':26}" + "".join(f"{stat:>20}" for stat in STATS) + f"{'worst error':>14}")
    good = True
    with DemoServer() as server:
        for spec in SPECS:
            url = server.url(f"/rpc?latency={spec}&seed=1")
            result = run_text(SCENARIO.format(url=url, seconds=asked.seconds, rate=asked.rate))
            latency = parse_latency(spec)
            row, worst = "", 0.0
            for stat, share in STATS.items():
                reported, true = result["overall"]["round_trip"][stat], latency.quantile(share)
                error = abs(reported - true)
                if spec.startswith("constant"):
                    good = good and error <= max(0.001, 0.01 * true)
                worst = max(worst, error)
                row += f"{reported * 1e3:12.2f} ({true * 1e3:5.1f})"
            print(f"{spec:26}{row}{worst * 1e3:11.2f} ms", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
