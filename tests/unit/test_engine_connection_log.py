"""The connections of a run one by one."""

from __future__ import annotations

import csv
import io

import pytest
from echoing import PING, echo
from performing import causes, perform, plan_of
from tests.fakes import FakeConnection, FakeTransport

from wsrun.metrics.connections import ROWS_KEPT, TROUBLED_KEPT, ConnectionBudget, ConnectionRecord
from wsrun.metrics.snapshot import Snapshot
from wsrun.outputs.connections import COLUMNS, render_connections
from wsrun.result.happenings import connections
from wsrun.transports import ConnectFailure


def rows(snapshots: list[Snapshot]) -> list[ConnectionRecord]:
    """All that was kept, as the workers told it."""
    return [row for snapshot in snapshots for row in snapshot.connections]


def test_each_connection_is_told_with_what_it_carried() -> None:
    """Its client, how it ended, how long it lasted, and as many messages as the server has from it."""
    text = f"""
messages: {{ ping: {PING} }}
profiles: {{ p: {{ flow: [ {{ send: ping }}, {{ think: 1s }} ] }} }}
phases: [ {{ duration: 2500ms, clients: 2 }} ]
"""
    transport = FakeTransport(echo())
    found = sorted(rows(perform(plan_of(text), transport)), key=lambda row: row.client)

    assert [(row.client, row.state, row.code, row.cause) for row in found] == [
        ("all/0000", "closed", 1000, None),
        ("all/0001", "closed", 1000, None),
    ]
    assert [row.sent for row in found] == [len(connection.sent) for connection in transport.connections]
    assert all(row.expected == row.sent > 2 for row in found)
    assert all(row.lasted is not None and row.lasted >= 2.5 for row in found)


def test_attempts_that_fail_are_told_with_their_cause() -> None:
    """The first is refused; the second comes in, and is cut off."""

    def cut(connection: FakeConnection, payload: bytes) -> None:
        connection.drop()

    def refuse(number: int) -> ConnectFailure | None:
        return ConnectFailure("refused", "refused-503", "full", 503) if number == 0 else None

    text = f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 3s, clients: 2 }} ]\n"
    found = rows(perform(plan_of(text), FakeTransport(cut, refuse=refuse)))

    assert [(row.client, row.state, row.cause) for row in sorted(found, key=lambda row: row.client)] == [
        ("all/0000", "failed", "refused-503"),
        ("all/0001", "closed", "eof"),
    ]


@pytest.mark.parametrize(
    ("pause", "code", "cause"),
    [("", 1011, None), ("", 1000, "close-unexpected"), ("2s", 1011, None), ("2s", 1000, "close-unexpected")],
)
def test_a_close_that_a_step_expects_is_told_as_the_step_judged_it(
    pause: str, code: int, cause: str | None
) -> None:
    """Whether it comes before the step or while it waits: what was expected is no trouble."""

    def hang_up(connection: FakeConnection, payload: bytes) -> None:
        connection.drop(0.5, code=code)

    think = f"{{ think: {pause} }}, " if pause else ""
    text = f"""
messages: {{ bye: {{ text: bye }} }}
profiles: {{ p: {{ start: [ {{ send: bye }}, {think}{{ expect_close: [ 1011 ] }} ] }} }}
phases: [ {{ duration: 4s, clients: 1 }} ]
"""
    snapshots = perform(plan_of(text), FakeTransport(hang_up))
    (found,) = rows(snapshots)
    assert (found.state, found.code, found.side, found.cause) == ("closed", code, "server", cause)
    assert found.lasted == pytest.approx(0.5, abs=0.1)
    assert causes(snapshots) == ({} if cause is None else {cause: 1})


UNMADE = """
messages:
  plain: { text: "{{ seq }}", reply: { match: { $.later: { exists: true } }, capture: { later: $.later } } }
  unmade: { text: "{{ seq }} {{ later }}" }
profiles: { p: { mix: { plain: 1, unmade: 1 }, think: 100ms } }
phases: [ { duration: 5s, clients: 1, rate: 10/s } ]
"""


def test_a_message_that_cannot_be_made_takes_no_number() -> None:
    """Those that are sent are numbered without a gap, and are as many as the connection is said to carry."""
    transport = FakeTransport(lambda connection, payload: None)
    snapshots = perform(plan_of(UNMADE), transport)
    (connection,), (found,) = transport.connections, rows(snapshots)

    assert causes(snapshots)["missing-variable"] > 5
    assert [int(payload) for _, payload in connection.sent] == list(range(1, len(connection.sent) + 1))
    assert found.sent == len(connection.sent) > 5


def test_a_close_that_no_step_came_to_expect_is_told_as_the_error_it_is() -> None:
    """The session ends at the step before it, whose connection is gone."""

    def hang_up(connection: FakeConnection, payload: bytes) -> None:
        connection.drop(0.5, code=1011)

    text = """
messages: { bye: { text: bye } }
profiles: { p: { start: [ { send: bye }, { think: 2s }, { send: bye }, { expect_close: [ 1011 ] } ] } }
phases: [ { duration: 2s, clients: 1 } ]
"""
    snapshots = perform(plan_of(text), FakeTransport(hang_up))
    (found,) = rows(snapshots)
    assert (found.state, found.cause, causes(snapshots)) == ("closed", "closed-1011", {"closed-1011": 1})


def test_what_a_worker_tells_survives_the_journal() -> None:
    """A snapshot that was written and read again has the same rows."""
    text = f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 1s, clients: 3 }} ]\n"
    snapshots = perform(plan_of(text), FakeTransport(echo()))
    again = [Snapshot.from_json(snapshot.to_json()) for snapshot in snapshots]

    assert rows(again) == rows(snapshots)
    assert len(rows(again)) == 3


def row(number: int, cause: str | None = None) -> ConnectionRecord:
    """A connection that failed, or did not."""
    state = "failed" if cause else "closed"
    return ConnectionRecord(float(number), f"all/{number:04d}", "all", None, None, state, cause=cause)


def test_what_is_kept_is_bounded_and_trouble_has_room_of_its_own() -> None:
    """However many good ones come first, the first with trouble are kept."""
    budget = ConnectionBudget()
    good = [row(number) for number in range(ROWS_KEPT + 500)]
    bad = [row(number, "refused-503") for number in range(TROUBLED_KEPT + 500)]

    assert sum(map(budget.admits, good)) == ROWS_KEPT
    assert sum(map(budget.admits, bad)) == TROUBLED_KEPT


def test_rows_are_a_table_for_spreadsheets() -> None:
    """In the order of their attempts, milliseconds where the head says so, and no formula is run."""
    kept = [row(2, "=cmd()"), row(1)._replace(connect=0.0125, socket="feed")]
    table = list(csv.DictReader(io.StringIO(render_connections({"connections": connections(kept)}))))

    assert list(table[0]) == list(COLUMNS)
    assert [line["client"] for line in table] == ["all/0001", "all/0002"]
    assert (table[0]["connect_ms"], table[0]["socket"], table[0]["cause"]) == ("12.5", "feed", "")
    assert table[1]["cause"] == "'=cmd()"
