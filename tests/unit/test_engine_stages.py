"""Lifecycles that a function of the author gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from echoing import PING, echo
from performing import causes, perform, sentences
from tests.fakes import FakeTransport

from wsrun.compiler import compile_plan
from wsrun.metrics.snapshot import Snapshot
from wsrun.source import parse


def live(folder: Path, body: str, *, seconds: int = 10) -> tuple[FakeTransport, list[Snapshot]]:
    """Run one client that asks each 100 ms, with a lifecycle whose function has this body."""
    code = "def life(client):\n" + "".join(f"    {line}\n" for line in body.splitlines())
    (folder / "lives.py").write_text(code)
    text = f"""
wsrun: 1
target: {{ url: ws://127.0.0.1:1/ }}
extensions: {{ life: "lives:life" }}
messages: {{ ping: {PING} }}
profiles: {{ p: {{ mix: {{ ping: 1 }}, think: 100ms, lifecycle: {{ kind: life }} }} }}
phases: [ {{ duration: {seconds}s, clients: 1 }} ]
"""
    transport = FakeTransport(echo())
    plan = compile_plan(parse(text, str(folder / "test.yaml"), environ={}), seed=1)
    return transport, perform(plan, transport)


def seconds_of(transport: FakeTransport) -> list[set[int]]:
    """The full seconds in which each connection sent something."""
    return [{int(at) for at, _ in connection.sent} for connection in transport.connections]


def test_stages_follow_each_other_and_go_on_in_the_next_session(tmp_path: Path) -> None:
    """Busy for two seconds, idle for two, away for two, and then busy again over another connection."""
    body = 'yield "active", 2\nyield "idle", 2\nyield "offline", 2\nyield "active", 9'
    transport, snapshots = live(tmp_path, body)

    first, second = seconds_of(transport)
    assert first == {0, 1}
    assert second == {6, 7, 8, 9}
    assert causes(snapshots) == {}


def test_after_the_last_stage_a_client_stays_as_it_is(tmp_path: Path) -> None:
    """A function may return a list as well."""
    transport, snapshots = live(tmp_path, 'return [("idle", 3), ("active", 1)]', seconds=6)

    assert seconds_of(transport) == [{3, 4, 5}]
    assert causes(snapshots) == {}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('yield "active", 1\nraise ValueError("tired")', "ValueError: tired (lives.py, line 3)"),
        ('yield "asleep", 1', "('asleep', 1) is no stage"),
        ('yield "idle", -1', "('idle', -1) is no stage"),
        ("yield 5", "5 is no stage"),
        ("return 5", "'int' object is not iterable"),
    ],
)
def test_a_function_that_fails_is_told_and_its_client_goes_on(tmp_path: Path, body: str, says: str) -> None:
    """One error, with the line where one raised; the client is there to the end."""
    transport, snapshots = live(tmp_path, body, seconds=3)

    assert causes(snapshots) == {"lifecycle-failed": 1}
    assert says in sentences(snapshots)[0]
    assert seconds_of(transport) == [{0, 1, 2}]


def test_stages_without_length_do_not_hold_up_the_run(tmp_path: Path) -> None:
    """A millisecond is the least."""
    transport, snapshots = live(tmp_path, 'while True:\n    yield "active", 0', seconds=1)

    assert causes(snapshots) == {}
    assert transport.connections[0].sent
