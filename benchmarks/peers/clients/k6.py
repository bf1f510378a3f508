"""k6: a virtual user holds one connection; its event handlers do the round trips."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.peers.clients.peer import LIFE, TOO_MANY, Job, Peer, padding

SCRIPT = """
import { WebSocket } from 'k6/experimental/websockets';
import { Counter, Trend } from 'k6/metrics';
const { url, connections, life, text, isPush } = JSON.parse(open('./job.json'));
const rtt = new Trend('rtt', true);
const pushes = new Counter('pushes');
export const options = {
  scenarios: {
    all: { executor: 'per-vu-iterations', vus: connections, iterations: 1, maxDuration: `${life}s` },
  },
  insecureSkipTLSVerify: true,
};
export default function () {
  const ws = new WebSocket(url);
  let sent = 0, seq = 0, id = '';
  const next = () => {
    id = `000000000-${__VU}-${++seq}`;
    sent = Date.now();
    ws.send(JSON.stringify({ type: 'ping', id, text }));
  };
  if (isPush) {
    ws.addEventListener('message', (event) => {
      if (JSON.parse(event.data).type === 'push') pushes.add(1);
    });
  } else {
    ws.addEventListener('open', next);
    ws.addEventListener('message', (event) => {
      if (JSON.parse(event.data).id === id) { rtt.add(Date.now() - sent); next(); }
    });
  }
}
"""


def program() -> str | None:
    """Return its binary: beside the interpreter, or on the path."""
    beside = Path(sys.executable).with_name("k6")
    return str(beside) if beside.exists() else shutil.which("k6")


def version() -> str | None:
    """Ask the binary; the second word is its version."""
    found = program()
    if found is None:
        return None
    done = subprocess.run([found, "version"], capture_output=True, text=True, check=False)
    return read_version(done.stdout)


def read_version(said: str) -> str | None:
    """Return the version out of ``k6 v1.1.0 (commit/…)``."""
    words = said.split()
    return words[1].removeprefix("v") if len(words) > 1 and words[0] == "k6" else None


def command(job: Job) -> list[str]:
    """The script reads what differs from a file."""
    row = job.row
    what = {"url": job.url, "connections": row.connections, "life": LIFE, "isPush": row.is_push}
    job.written("job.json", json.dumps(what | {"text": padding(row.size, "0" * 20)}))
    return [program() or "k6", "run", "--quiet", "--no-usage-report", job.written("script.js", SCRIPT)]


PEER = Peer(
    name="k6",
    does="JSON made and parsed in its JavaScript (goja), compared with the id, the latency added to a"
    " Trend. A push is parsed, its type compared, and counted.",
    version=version,
    command=command,
    variables=lambda: {"GOMAXPROCS": "1"},
    skips={"pushes-dense": TOO_MANY},
)
