"""Rows of data over a whole run: each once, and apart among the living, whatever the number of workers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.fakes import FakeConnection
from tests.unit.performing import perform as perform_snapshots
from tests.unit.test_engine_arrivals import Watched, perform

from wsrun.compiler import compile_plan
from wsrun.metrics.store import Store
from wsrun.plan import Plan
from wsrun.source import parse

LINES = "".join(json.dumps({"n": number, "text": f"line {number}"}) + "\n" for number in range(25))


def plan_in(folder: Path, data: str, rest: str) -> Plan:
    """Compile a scenario with 25 rows in ``log.jsonl`` and two in ``two.csv``."""
    (folder / "log.jsonl").write_text(LINES)
    (folder / "two.csv").write_text("name\nann\nbob\n")
    text = f"wsrun: 1\ntarget: {{ url: ws://127.0.0.1:1/ }}\ndata: {{ {data} }}\n{rest}\n"
    return compile_plan(parse(text, str(folder / "test.yaml"), environ={}), seed=1)


def run(plan: Plan, workers: int = 1) -> tuple[list[dict[str, Any]], list[Store]]:
    """Perform all workers' shares; return what was sent."""
    said, stores = [], []
    for worker in range(workers):
        transport = Watched(answer=lambda connection, payload: None)
        stores.append(perform(plan, transport, worker=worker, workers=workers))
        said += transport.said
    return said, stores


LINE = '{ n: "{{ log.n }}", text: "{{ log.text | upper }}", who: "{{ client.id }}" }'
REPLAY = f"messages: {{ line: {{ json: {LINE} }} }}\n"


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_messages_take_each_row_once_and_then_clients_leave(workers: int, tmp_path: Path) -> None:
    """A log is replayed, each line by one client; then nobody is left, and nothing is an error."""
    rest = (
        REPLAY
        + "profiles: { p: { mix: { line: 1 }, think: 100ms } }\nphases: [ { duration: 60s, clients: 6 } ]"
    )
    said, stores = run(plan_in(tmp_path, "log: { file: log.jsonl, take: each, per: message }", rest), workers)
    assert sorted(one["n"] for one in said) == list(range(25))
    assert all(one["text"] == f"LINE {one['n']}" for one in said)
    assert len({one["who"] for one in said}) == 6
    assert sum(store.counter("messages.sent") for store in stores) == 25
    assert sum(store.counter("errors") for store in stores) == 0
    assert sum(store.counter("closed", phase="phase-1", side="client") for store in stores) == 6


def test_a_row_is_taken_by_messages_that_read_it_alone(tmp_path: Path) -> None:
    """A message of another source takes none, and a message that reads two columns takes one."""
    data = "log: { file: log.jsonl, take: each, per: message }, two: { file: two.csv, per: message }"
    rest = (
        'messages: { line: { json: { n: "{{ log.n }}", text: "{{ log.text }}" } }, '
        'name: { json: { name: "{{ two.name }}" } } }\n'
        "profiles: { p: { flow: [ { send: [ name, line, name ] }, { think: 100ms } ] } }\n"
        "phases: [ { duration: 1s, clients: 1 } ]"
    )
    said, _ = run(plan_in(tmp_path, data, rest))
    lines = [one["n"] for one in said if "n" in one]
    assert lines == list(range(len(lines)))
    assert len(said) >= 24


def test_a_schedule_whose_rows_are_over_shows_what_it_could_not_send(tmp_path: Path) -> None:
    """A rate asks for more than there are rows: the rest is dropped, as nobody is there to send it."""
    rest = REPLAY + "phases: [ { duration: 10s, clients: 2, rate: 5/s } ]"
    said, (store,) = run(plan_in(tmp_path, "log: { file: log.jsonl, take: each, per: message }", rest))
    assert sorted(one["n"] for one in said) == list(range(25))
    assert store.counter("messages.sent") == 25
    assert 20 <= store.counter("messages.dropped") <= 25
    assert store.counter("errors") == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_each_client_has_a_row_and_then_nobody_comes(workers: int, tmp_path: Path) -> None:
    """Forty are wanted and 25 come, one for each row."""
    rest = (
        'messages: { line: { json: { n: "{{ log.n }}" } } }\nprofiles: { p: { start: [ { send: line } ] } }\n'
        "phases: [ { duration: 5s, clients: { from: 0, to: 40 } } ]"
    )
    said, _ = run(plan_in(tmp_path, "log: { file: log.jsonl, take: each }", rest), workers)
    assert sorted(one["n"] for one in said) == list(range(25))


@pytest.mark.parametrize("take", ["cycle", "random"])
@pytest.mark.parametrize("per", ["client", "message"])
def test_rows_do_not_depend_on_the_number_of_workers(take: str, per: str, tmp_path: Path) -> None:
    """Each client sends the same rows in the same order."""
    rest = (
        'messages: { line: { json: { n: "{{ log.n }}", who: "{{ client.id }}" } } }\n'
        "profiles: { p: { mix: { line: 1 }, think: 200ms } }\nphases: [ { duration: 3s, clients: 5 } ]"
    )
    plan = plan_in(tmp_path, f"log: {{ file: log.jsonl, take: {take}, per: {per} }}", rest)

    def by_client(workers: int) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for one in run(plan, workers)[0]:
            found.setdefault(one["who"], []).append(one["n"])
        return found

    alone = by_client(1)
    assert alone == by_client(3)
    assert all((len(set(rows)) == 1) == (per == "client") for rows in alone.values())


def test_who_takes_over_a_unique_row_waits_until_it_is_free(tmp_path: Path) -> None:
    """The one before still says goodbye for a second; the next one connects after it."""
    rest = (
        'messages: { hi: { json: { name: "{{ two.name }}" } } }\n'
        "profiles: { p: { start: [ { send: hi } ], end: [ { think: 1s }, { send: hi } ] } }\n"
        "phases: [ { duration: 1s, clients: 2 }, { duration: 200ms, clients: 0 }, "
        "{ duration: 3s, clients: 2 } ]"
    )
    transport = Watched(answer=lambda connection, payload: None)
    perform(plan_in(tmp_path, "two: { file: two.csv, take: unique }", rest), transport)
    assert [round(at, 1) for at in transport.opened] == [0.0, 0.0, 2.0, 2.0]
    assert transport.most == 2


def test_who_is_told_to_leave_while_waiting_for_a_row_never_comes(tmp_path: Path) -> None:
    """A spike that is over before the row is free."""
    rest = (
        "profiles: { p: { end: [ { think: 2s } ] } }\n"
        "phases: [ { duration: 1s, clients: 1 }, { duration: 100ms, clients: 0 }, "
        "{ duration: 100ms, clients: 1 }, { duration: 3s, clients: 0 } ]"
    )
    transport = Watched(answer=lambda connection, payload: None)
    store = perform(plan_in(tmp_path, "two: { file: two.csv, take: unique }", rest), transport)
    assert len(transport.opened) == 1
    assert store.counter("connect.attempted") == store.counter("closed") == 1


def test_the_last_interval_is_told_with_its_own_gauges(tmp_path: Path) -> None:
    """Where everybody has left before the end, the run ends as its last interval does."""
    rest = (
        REPLAY
        + "profiles: { p: { mix: { line: 1 }, think: 10ms } }\nphases: [ { duration: 3s, clients: 5 } ]"
    )
    plan = plan_in(tmp_path, "log: { file: log.jsonl, take: each, per: message }", rest)
    snapshots = perform_snapshots(plan, Watched(answer=lambda connection, payload: None))
    assert [snapshot.end for snapshot in snapshots][:3] == pytest.approx([1.0, 2.0, 3.0])
    assert snapshots[-1].end - snapshots[-1].start < 0.01


def test_a_row_of_a_lost_message_is_taken_all_the_same(tmp_path: Path) -> None:
    """Each row once: what was sent and not answered is not sent again."""

    def drop(connection: FakeConnection, payload: bytes) -> None:
        if len(connection.sent) == 3:
            connection.drop()

    rest = (
        REPLAY + "profiles: { p: { mix: { line: 1 }, think: 100ms } }\n"
        "clients: { all: { reconnect: {}, tolerate: { closes: [ 1006 ] } } }\n"
        "phases: [ { duration: 60s, clients: 2 } ]"
    )
    transport = Watched(answer=drop)
    perform(plan_in(tmp_path, "log: { file: log.jsonl, take: each, per: message }", rest), transport)
    assert sorted(one["n"] for one in transport.said) == list(range(25))
