"""picows and uvloop without wsrun: ``benchmarks/raw_picows.py``."""

from __future__ import annotations

import sys
from functools import partial
from importlib import metadata
from pathlib import Path

from benchmarks.peers.clients.peer import LIFE, Job, Peer

PROGRAM = Path(__file__).resolve().parents[2] / "raw_picows.py"


def command(kind: str, job: Job) -> list[str]:
    """It runs for as long as it is let."""
    row = job.row
    words = [sys.executable, str(PROGRAM), job.url, "--only", kind, "--seconds", str(LIFE)]
    words += ["--clients", str(row.connections), "--size", str(row.size)]
    words += ["--ca", str(job.certificate)] if row.is_tls else []
    return [*words, "--pushes"] if row.is_push else words


def _peer(kind: str, does: str, skips: dict[str, str]) -> Peer:
    return Peer(
        name=f"picows, {kind}",
        does=does,
        version=lambda: f"{metadata.version('picows')}, uvloop {metadata.version('uvloop')}",
        command=partial(command, kind),
        skips=skips,
    )


PEERS = (
    _peer(
        "raw", "Sends a constant message when a frame has come, and counts. It parses and times nothing.", {}
    ),
    _peer(
        "callbacks",
        "JSON with an id; the reply is parsed, matched by its id, and its latency kept, in the callback"
        " of the frame. A push is parsed and its type compared.",
        {},
    ),
    _peer(
        "coroutines",
        "The same, with one coroutine a client that awaits a future for each reply.",
        {
            "roundtrip-10000": "",
            "payloads": "",
            "pushes": "there is no reply to await",
            "wss": "",
        },
    ),
)
