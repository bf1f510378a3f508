"""H11: k6 and wsrun say the same of the same target, at the same rate, over the same time.

Both send from as many connections at the same pace to a witness whose answers take 20 to 60 ms. k6 measures
from the send, so that wsrun's service time stands beside it. wrk2 speaks HTTP only.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.honesty.rows import Row, exact, milliseconds
from tests.honesty.runs import observed, open_model
from tests.witness import Witness

CONNECTIONS = 20
EVERY = 0.1
"""Seconds between two messages of a connection."""

SCRIPT = "delay=uniform,0.02,0.06"
PACED = Path(__file__).with_name("h11_paced.js")


def check(quick: bool) -> Iterator[Row]:
    """200 messages a second for 5 (quick) or 30 seconds, by one and then by the other."""
    if shutil.which("k6") is None:
        yield Row("H11", "against k6", "k6 is not installed", "", None)
        return
    seconds = 5 if quick else 30
    theirs, their_witness = _by_k6(seconds)
    text = open_model(f"{CONNECTIONS / EVERY:g}/s", seconds, clients=CONNECTIONS)
    result, our_witness = observed(text, SCRIPT)
    ours = result["overall"]["service_time"]
    yield exact("H11", "k6: replies, and what the witness sent", theirs["count"], len(their_witness.log))
    yield exact("H11", "wsrun: replies, and what the witness sent", ours["count"], len(our_witness.log))
    for stat in ("p50", "p99"):
        mine, peer = ours[stat], theirs[stat] / 1e3
        allowed = max(0.05 * peer, 0.001)
        seen = f"{milliseconds(mine)}, k6 {milliseconds(peer)}"
        good = abs(mine - peer) <= allowed
        yield Row("H11", f"uniform 20 to 60 ms: {stat}", seen, f"± {milliseconds(allowed)}", good)
    mine, peer = _rate(our_witness), _rate(their_witness)
    seen = f"{mine:.1f}/s, k6 {peer:.1f}/s"
    yield Row("H11", "messages a second, by the witness", seen, "± 1 %", abs(mine - peer) <= 0.01 * peer)
    yield Row("H11", "against wrk2", "not applicable: it has no WebSocket", "", None)


def _by_k6(seconds: int) -> tuple[dict[str, Any], Witness]:
    with Witness() as witness:
        script = {
            "URL": witness.url("/?" + SCRIPT),
            "VUS": str(CONNECTIONS),
            "EVERY": f"{EVERY * 1e3:g}",
            "SECONDS": str(seconds),
        }
        ended = subprocess.run(
            ["k6", "run", "--quiet", "--no-usage-report", str(PACED)],
            env={**os.environ, **script},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=seconds + 60,
        )
    said: dict[str, Any] = json.loads(ended.stdout)
    return said, witness


def _rate(witness: Witness) -> float:
    """Return the messages a second that a witness read: the pace of each connection, added up."""
    times: dict[int, list[float]] = {}
    for seen in witness.log:
        times.setdefault(seen.connection, []).append(seen.read)
    return sum((len(each) - 1) / (max(each) - min(each)) for each in times.values())
