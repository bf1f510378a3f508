"""Artillery: a virtual user sends and waits in a loop."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.peers.clients.peer import FOLDER, LIFE, TOO_MANY, Job, Peer, padding


def program() -> Path:
    """Where its command lies, once it is installed."""
    return Path(FOLDER, "artillery", "node_modules", ".bin", "artillery")


def version() -> str | None:
    """Read it in its package."""
    package = program().parents[1] / "artillery" / "package.json"
    if not FOLDER or not program().exists():
        return None
    return str(json.loads(package.read_text(encoding="utf-8"))["version"])


def script(job: Job) -> dict[str, object]:
    """Return the test script (JSON is YAML)."""
    row = job.row
    if row.is_push:
        step: dict[str, object] = {"wait": {"match": {"json": "$.type", "value": "push"}}}
    else:
        message_id = "000000000000{{ $loopCount }}"
        payload = {"type": "ping", "id": message_id, "text": padding(row.size, "0" * 20)}
        step = {"send": {"payload": payload, "match": {"json": "$.id", "value": message_id}}}
    # All are connected before the first begins: later ones would wait for the loops of the earlier ones.
    seconds = max(1, row.connections // 400)
    flow = [{"think": seconds + 1}, {"loop": [step], "count": 1_000_000_000}]
    return {
        "config": {
            "target": job.url,
            "phases": [{"duration": seconds, "arrivalCount": row.connections}, {"pause": LIFE}],
            "tls": {"rejectUnauthorized": False},
        },
        "scenarios": [{"engine": "ws", "flow": flow}],
    }


def command(job: Job) -> list[str]:
    """Its output goes nowhere but to the terminal."""
    return [str(program()), "run", "--quiet", job.written("script.json", json.dumps(script(job)))]


PEER = Peer(
    name="Artillery",
    does="A message from a template; the next frame that comes is the reply, is parsed, and its id"
    " compared. It records no latency for WebSocket at all. Of pushes, what comes while no `wait`"
    " stands is lost and not counted.",
    version=version,
    command=command,
    variables=lambda: {"ARTILLERY_DISABLE_TELEMETRY": "true", "WORKERS": "1"},
    skips={"roundtrip-10000": "not tried at this number", "pushes-dense": TOO_MANY},
)
