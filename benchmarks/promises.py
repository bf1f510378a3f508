"""Mistakes that a server makes once among a hundred thousand deliveries: found and named; and none made up.

python benchmarks/promises.py [--deliveries 100000] [--clean 1000000] [--rounds 3] [--rate 8000] [--workers 1]

Each kind of mistake is made once, at another place each round. The rules that look for it are ``deliver``,
``never`` and ``sequence``; what is found must be that mistake, told by the id of its message or the number,
and nothing else. Then a clean run must find nothing at all.
"""

from __future__ import annotations

import argparse
import json
import os
import urllib.request
from collections.abc import Sequence
from typing import Any

import as_installed
from harness import machine, run_text

from wsrun.demo.process import DemoServer

PEOPLE, ROOMS = 200, 10

SCENARIO = """
wsrun: 1
target: {{ url: "{url}" }}
messages:
  join:
    json: {{ type: join, id: "{{{{ id }}}}", room: "{{{{ room }}}}" }}
    reply: {{ match: {{ $.reply_to: "{{{{ id }}}}" }} }}
  say:
    json: {{ type: say, id: "{{{{ id }}}}", room: "{{{{ room }}}}" }}
    deliver: {{ to: {{ room: "{{{{ room }}}}" }}, where: {{ $.type: said }}, id: $.id, within: 2s }}
profiles: {{ member: {{ start: [ {{ send: join }} ], mix: {{ say: 1 }} }} }}
clients:
  people:
    assign: {{ room: "r{{{{ client.index % {rooms} }}}}" }}
    sequence: [ {{ where: {{ $.type: said }}, value: $.n }} ]
    never: [ {{ where: {{ $.type: said, $.room: {{ not: "{{{{ room }}}}" }} }}, because: not their room }} ]
phases:
  - {{ name: arrive, duration: 4s, clients: {people}, rate: 0.001/s }}
  - {{ name: talk, duration: {seconds}s, rate: {rate}/s }}
  - {{ name: listen, duration: 3s, rate: 0.001/s }}
criteria: [ connect.success == 100% ]
"""

FINDINGS: dict[str, dict[str, int]] = {
    "lose": {"missed": 1, "sequence.lost": 1},
    "duplicate": {"duplicates": 1, "sequence.duplicated": 1},
    "leak": {"leaks": 1, "forbidden": 1},
    "reorder": {"sequence.reordered": 1},
    "": {},
}
"""What must be found of each mistake, and of none."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all of it; 1 when something was not found, not named, or made up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deliveries", type=int, default=100_000)
    parser.add_argument("--clean", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=8000, help="deliveries a second")
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args(arguments)
    print(machine(), f"load {os.getloadavg()[0]:.1f}", sep=", ")
    print(f"\n{'mistake':10} {'at':>9} {'deliveries':>11} {'found':44} {'named':6} {'':5}")
    good = True
    kinds = [kind for kind in FINDINGS if kind]
    for number in range(asked.rounds):
        for place, kind in enumerate(kinds, start=1):
            at = asked.deliveries * (number * len(kinds) + place) // (asked.rounds * len(kinds) + 1)
            good &= _try(kind, at, asked.deliveries, asked.rate, asked.workers)
    good &= _try("", 0, asked.clean, asked.rate, asked.workers)
    print("\nall found and named, none made up" if good else "\nNOT AS IT SHOULD BE")
    return 0 if good else 1


def _try(kind: str, at: int, deliveries: int, rate: int, workers: int) -> bool:
    each = PEOPLE // ROOMS - 1
    with DemoServer() as server:
        mistake = f"&mistake={kind}&at={at}" if kind else ""
        text = SCENARIO.format(
            url=server.url(f"/chat?numbers=1{mistake}"),
            rooms=ROOMS,
            people=PEOPLE,
            seconds=-(-deliveries // rate),
            rate=-(-rate // each),
        )
        result = run_text(text, workers=workers)
        with urllib.request.urlopen(server.http_url("/monitoring/chat")) as answer:
            theirs = json.load(answer)
    found = _found(result)
    named = _is_named(kind, result, theirs["mistakes"])
    enough = result["deliveries"][0]["expected"] == theirs["said"] * each >= deliveries
    good = found == FINDINGS[kind] and named and enough
    told = ", ".join(f"{name} {number}" for name, number in found.items()) or "nothing"
    expected = result["deliveries"][0]["expected"]
    word = "yes" if named and kind else "-" if not kind else "NO"
    print(
        f"{kind or 'none':10} {at:9,} {expected:11,} {told:44} {word:6} {'ok' if good else 'WRONG'}",
        flush=True,
    )
    return good


def _found(result: dict[str, Any]) -> dict[str, int]:
    (ours,) = result["deliveries"]
    found = {name: ours[name] for name in ("missed", "late", "duplicates", "unsure", "leaks")}
    found |= {one["metric"]: one["count"] for one in result["broken"]}
    found |= {one["cause"]: one["count"] for one in result["errors"] if one["cause"] != "leak"}
    return {name: number for name, number in found.items() if number}


def _is_named(kind: str, result: dict[str, Any], mistakes: list[dict[str, Any]]) -> bool:
    """Whether the message of the mistake is told by its id or, out of order, by the number and the client."""
    told = [sample for kept in result["samples"].values() for sample in kept]
    told += [sample for error in result["errors"] for sample in error["samples"]]
    if not kind:
        return not told
    if kind == "reorder":
        return len(mistakes) == 1 and any(" came after " in sample["text"] for sample in told)
    return len(mistakes) == 1 and any(mistakes[0]["id"] in sample["text"] for sample in told)


if __name__ == "__main__":
    as_installed.rerun()
    raise SystemExit(main())
