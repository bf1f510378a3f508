"""A million messages, counted on both sides: wsrun's sums beside the server's own, to the message and byte.

python benchmarks/reconcile.py [--messages 1000000] [--transport fast] [--workers 1]
"""

from __future__ import annotations

import argparse
import json
import urllib.request
from collections.abc import Sequence

import as_installed
from harness import machine, run_text

from wsrun.demo.process import DemoServer

SCENARIO = """
wsrun: 1
target: {{ url: "{url}" }}
messages:
  ping: {{ json: {{ type: ping, id: "{{{{ id }}}}" }}, reply: {{ match: {{ $.id: "{{{{ id }}}}" }} }} }}
profiles: {{ p: {{ mix: {{ ping: 1 }}, think: 0s }} }}
phases: [ {{ duration: {seconds}s, clients: 100 }} ]
"""

A_SECOND = 60_000
"""Round trips a second that a worker makes at the least on the machines this was tried on."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and compare; 1 when a figure differs or there were too few messages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--transport", default="fast")
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args(arguments)
    a_second = A_SECOND if asked.transport == "fast" else A_SECOND // 3
    print(machine())
    with DemoServer() as server:
        text = SCENARIO.format(url=server.url("/echo"), seconds=-(-asked.messages // a_second))
        result = run_text(text, workers=asked.workers, transport=asked.transport)
        with urllib.request.urlopen(server.http_url("/monitoring/counts")) as answer:
            theirs = json.load(answer)
    ours = result["message_metrics"]
    counts = result["counts"]
    pairs = [
        ("connections", counts["connections"]["established"], theirs["connections_opened"]),
        ("messages sent", ours["messages_sent"], theirs["messages_received"]),
        ("messages received", ours["messages_received"], theirs["messages_sent"]),
        ("bytes sent", ours["bytes_sent"], theirs["bytes_received"]),
        ("bytes received", ours["bytes_received"], theirs["bytes_sent"]),
        ("sent = answered + timed out + lost + pending", counts["messages"]["expected"], _outcomes(counts)),
    ]
    print(f"\n{'':46} {'wsrun':>14} {'server':>14} {'difference':>11}")
    for name, mine, other in pairs:
        print(f"{name:46} {mine:14,} {other:14,} {mine - other:11,}")
    equal = all(mine == other for _, mine, other in pairs)
    enough = ours["messages_sent"] >= asked.messages
    print(f"\n{'equal' if equal else 'NOT EQUAL'}{'' if enough else ', but too few messages'}")
    return 0 if equal and enough else 1


def _outcomes(counts: dict[str, dict[str, int]]) -> int:
    ends = ("answered", "failed", "timed_out", "lost", "pending")
    return sum(counts["messages"][name] for name in ends)


if __name__ == "__main__":
    as_installed.rerun()
    raise SystemExit(main())
