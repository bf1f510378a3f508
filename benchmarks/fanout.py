"""One publisher to a thousand subscribers: reach and counts beside the server's own, and the time it stamped.

python benchmarks/fanout.py [--subscribers 1000] [--rate 10] [--seconds 20] [--workers 1]

The server keeps, for each delivery, how long after the time in the message's id it was given to the system.
wsrun's delivery time has the way to the client and the reading there on top of that. The server has a core
of its own and wsrun has another: left alone, the system often wakes the receiver on the core of the sender,
where it waits for milliseconds (a bare client too: 1.6 ms at the median, 0.1 ms with a core of its own).
Where others use the machine, ``chrt -f 10 python benchmarks/fanout.py`` keeps them out of the times.
"""

from __future__ import annotations

import argparse
import json
import os
import urllib.request
from collections.abc import Sequence

import as_installed
from harness import machine, run_text, take_cores

from wsrun.demo.process import DemoServer

SCENARIO = """
wsrun: 1
target: {{ url: "{url}" }}
messages:
  join: {{ json: {{ type: join, id: "{{{{ id }}}}" }}, reply: {{ match: {{ $.reply_to: "{{{{ id }}}}" }} }} }}
  say:
    json: {{ type: say, id: "{{{{ id }}}}", text: hello everybody }}
    deliver: {{ to: everyone, where: {{ $.type: said }}, id: $.id }}
profiles:
  publisher: {{ start: [ {{ send: join }} ], mix: {{ say: 1 }} }}
  subscriber: {{ start: [ {{ send: join }} ] }}
clients:
  publishers: {{ profiles: {{ publisher: 1 }} }}
  subscribers: {{ profiles: {{ subscriber: 1 }} }}
phases:
  - {{ name: arrive, duration: 8s, clients: {{ publishers: 1, subscribers: {subscribers} }},
       rate: {{ publishers: 0.001/s }}, connect_rate: 500/s }}
  - {{ name: talk, duration: {seconds}s, rate: {{ publishers: {rate}/s }} }}
  - {{ name: listen, duration: 3s, rate: {{ publishers: 0.001/s }} }}
criteria: [ delivery.reach == 100% ]
"""

AGREEMENT = 0.001
"""Seconds by which the 99th percentiles may differ."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and compare; 1 when a count differs or the percentiles are further apart than they may be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args(arguments)
    print(machine(), f"load {os.getloadavg()[0]:.1f}", sep=", ")
    with DemoServer() as server:
        take_cores()
        text = SCENARIO.format(
            url=server.url("/chat?stamps=1"),
            subscribers=asked.subscribers,
            rate=asked.rate,
            seconds=asked.seconds,
        )
        result = run_text(text, workers=asked.workers)
        with urllib.request.urlopen(server.http_url("/monitoring/chat")) as answer:
            theirs = json.load(answer)
    (ours,) = result["deliveries"]
    expected = theirs["said"] * asked.subscribers
    pairs = [
        ("expected", ours["expected"], expected),
        ("received in time", ours["received"], theirs["delivered"]),
        ("late, missed, again, unsure, leaked", _trouble(ours), expected - theirs["delivered"]),
    ]
    print(f"\n{'':38} {'wsrun':>12} {'server':>12} {'difference':>12}")
    for name, mine, other in pairs:
        print(f"{name:38} {mine:12,} {other:12,} {mine - other:12,}")
    apart = {}
    for stat in ("p50", "p99", "max"):
        mine, other = ours["time"][stat] or 0.0, theirs["times"][stat] or 0.0
        apart[stat] = mine - other
        print(
            f"delivery time {stat:24} {mine * 1e3:9.2f} ms {other * 1e3:9.2f} ms {apart[stat] * 1e3:9.2f} ms"
        )
    worst = max((row["cpu"] or 0.0 for row in result["timeline"]), default=0.0)
    print(
        f"\nspread p95 {(ours['spread']['p95'] or 0) * 1e3:.2f} ms, busiest worker {worst:.0%} of a core,",
        end=" ",
    )
    print(f"generator {'fit' if result['generator']['fit'] else 'NOT FIT'}, verdict {result['verdict']}")
    equal = all(mine == other for _, mine, other in pairs)
    near = abs(apart["p99"]) <= AGREEMENT
    print("equal" if equal else "NOT EQUAL", "within 1 ms" if near else "MORE THAN 1 ms APART", sep=", ")
    return 0 if equal and near else 1


def _trouble(ours: dict[str, int]) -> int:
    return sum(ours[name] for name in ("late", "missed", "duplicates", "unsure", "leaks"))


if __name__ == "__main__":
    as_installed.rerun()
    raise SystemExit(main())
