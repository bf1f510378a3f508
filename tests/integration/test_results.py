"""Results of real runs: of the shape of their schema, the same from the journal, without secrets."""

from __future__ import annotations

import dataclasses
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from demo_http import counts_once_closed
from running import PING, options_in, plan_of, run_scenario, validate_result

from wsrun.coordinator.journal import read_journal, snapshots
from wsrun.coordinator.run import run
from wsrun.demo.process import DemoServer
from wsrun.plan import Plan
from wsrun.result.build import RunRecord, build
from wsrun.result.collector import Collector

RICH = f"""
interval: 100ms
auth: {{ jwt: {{ secret: demo-secret, claims: {{ sub: "{{{{ client.id }}}}" }} }} }}
messages:
  ping: {PING}
  slow: {{ text: hi, kind: query, reply: {{ match: {{ $.never: 1 }}, timeout: 200ms }} }}
  note: {{ hex: "00 ff", priority: low }}
profiles:
  talker:
    mix: {{ ping: 8, slow: 1, note: 1 }}
    think: {{ exponential: 20ms }}
    start: [ {{ send: ping }} ]
  sleeper:
clients:
  crowd: {{ profiles: {{ talker: 0.8, sleeper: 0.2 }}, assign: {{ password: hunter22 }} }}
  bots: {{ profiles: {{ talker: 1 }} }}
phases:
  - {{ name: arrive, duration: 400ms, clients: {{ crowd: {{ from: 0, to: 8 }}, bots: 2 }}, warm_up: true }}
  - {{ name: work, duration: 800ms, rate: {{ bots: 50/s }}, warm_up: 200ms }}
criteria:
  - round_trip(message=ping).p95 < 1s
  - {{ check: replies.timed_out == 0, severity: warning, because: it never answers }}
  - {{ check: round_trip(phase=work).p50 <= round_trip(phase=work).p95 + 10%, good: open.max >= 10 }}
"""


def rebuilt(plan: Plan, journal: Path, result: dict[str, Any]) -> dict[str, Any]:
    """Build a result again from nothing but the plan, the journal and what the result says of its run."""
    header = next(read_journal(journal))
    collector = Collector(plan, header["workers"])
    for snapshot in snapshots(journal):
        collector.add(snapshot)
    collector.finish()
    said = result["run"]
    return build(
        dataclasses.replace(plan, target=dataclasses.replace(plan.target, url=result["target"]["url"])),
        collector,
        RunRecord(
            command=said["command"],
            started=said["started"],
            ended=said["ended"],
            ran=said["duration"],
            workers=said["workers"],
            transport=said["transport"],
            state=result["state"],
            stopped=result["stopped"],
            target_kind=result["target"]["kind"],
            addresses=tuple(result["target"]["addresses"]),
            descriptors=result["machine"]["descriptors"],
        ),
    )


def test_a_rich_run_is_whole_consistent_and_the_same_from_its_journal(tmp_path: Path) -> None:
    """Two workers, two groups, three messages, timeouts: one run, looked at from all sides."""
    plan = plan_of(RICH, "demo:/echo")
    result = run(plan, options_in(tmp_path, workers=2), lambda progress: None)

    validate_result(result)
    assert result["state"] == "completed"
    assert result["counts"]["adds_up"] == {"connections": True, "messages": True}
    assert [row["status"] for row in result["criteria"]] == ["met", "missed", "met"]
    assert result["scenario"]["load"] == "2 → 10 clients"
    # Every reply is in one cell of the heat map, and everything without a reply in its top row.
    messages, columns = result["counts"]["messages"], result["heat"]["columns"]
    assert sum(sum(column["counts"]) for column in columns) == messages["answered"] > 100
    assert sum(column["no_reply"] for column in columns) == messages["timed_out"] + messages["lost"] > 0
    # The rows of each table add up to the run.
    for table in ("messages", "profiles", "groups"):
        judged = sum(row["sent"] for row in result[table])
        assert judged == sum(row["sent"] for row in result["messages"])
    assert sum(row["sent"] for row in result["timeline"]) == messages["sent"]
    assert sum(phase["counts"]["sent"] for phase in result["phases"]) == messages["sent"]
    assert sum(phase["counts"]["answered"] for phase in result["phases"]) == messages["answered"]
    slow = result["messages"][1]
    assert slow["round_trip"]["count"] == slow["round_trip"]["timeouts"] == slow["timed_out"] > 0
    assert slow["round_trip"]["p50"] == pytest.approx(0.2, rel=0.3)
    # The journal tells the same.
    again = rebuilt(plan, tmp_path / "journal.jsonl", result)
    again["target"]["url"] = result["target"]["url"]
    assert again == result
    # Nobody reads the secrets.
    for path in tmp_path.iterdir():
        text = path.read_text()
        assert "demo-secret" not in text and "hunter22" not in text, path.name


@contextmanager
def closing_with(reason: bytes) -> Iterator[str]:
    """A server that says something when it closes after the handshake; yields its URL."""
    from websockets.sync.server import ServerConnection, serve

    def handle(connection: ServerConnection) -> None:
        connection.recv()
        connection.close(1008, reason.decode())

    with serve(handle, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/"
        server.shutdown()
        thread.join(10)


def test_what_a_server_says_of_a_secret_is_in_no_file(tmp_path: Path) -> None:
    """A close reason that quotes the token, the header and the query; the rest of the sentence is kept."""
    text = f"""
auth: {{ jwt: {{ secret: demo-secret }} }}
messages: {{ ping: {PING} }}
profiles: {{ p: {{ start: [ {{ send: ping }} ] }} }}
phases: [ {{ duration: 300ms, clients: 2 }} ]
"""
    reason = b"no s3cr3t-header, no s3cr3t-query, no eyJhbGciOi.eyJzdWIiOi.c2ln today"
    with closing_with(reason) as url:
        result = run_scenario(
            text,
            url + "?key=s3cr3t-query",
            target="headers: { X-Key: s3cr3t-header }, close_timeout: 1s",
            folder=tmp_path,
        )

    validate_result(result)
    (closed,) = [error for error in result["errors"] if error["cause"] == "closed-1008"]
    assert "no ***, no ***, no *** today" in closed["samples"][0]["text"]
    for path in tmp_path.iterdir():
        said = path.read_text()
        assert "s3cr3t" not in said and "c2ln" not in said, path.name


@pytest.mark.parametrize(
    ("path", "target", "exit_codes"),
    [
        ("/auth", "", {1, 3}),
        ("/faults/drop?after=3", "", {1, 3}),
        ("/faults/silent", "connect_timeout: 300ms, ", {3}),
        ("/echo", "subprotocols: [ a ], ", {0, 1, 3}),
    ],
)
def test_results_of_bad_runs_have_the_same_shape(path: str, target: str, exit_codes: set[int]) -> None:
    """Refused, dropped, never answered: nothing is missing, and what was not measured is null."""
    text = f"""
messages: {{ ping: {PING} }}
profiles: {{ p: {{ mix: {{ ping: 1 }}, think: 20ms }} }}
phases: [ {{ duration: 600ms, clients: 2 }} ]
"""
    with DemoServer() as server:
        result = run_scenario(text, server.url(path), target=f"{target}close_timeout: 1s")

    validate_result(result)
    assert result["exit_code"] in exit_codes


def test_a_target_that_comes_up_late_is_waited_for() -> None:
    """``wait_until_ready``: knocking ends as soon as somebody opens, and is no connection of the run."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    servers: list[DemoServer] = []

    def come_up() -> None:
        time.sleep(0.6)
        servers.append(DemoServer(["--port", str(port)]))
        servers[0].start()

    thread = threading.Thread(target=come_up)
    thread.start()
    try:
        result = run_scenario(
            f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 300ms, clients: 2 }} ]\n",
            f"ws://127.0.0.1:{port}/echo",
            target="wait_until_ready: 30s, close_timeout: 1s",
        )
    finally:
        thread.join(20)
    theirs = counts_once_closed(servers[0], 2)
    servers[0].stop()

    assert result["state"] == "completed"
    assert theirs["connections_opened"] == 2
