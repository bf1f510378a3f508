"""The demo server's counts: exact over connections that come, talk and go."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from wsrun.demo.counts import KEPT_TIMES, Counts

TRAFFIC = ("messages_received", "messages_sent", "bytes_received", "bytes_sent")


@dataclass
class Talker:
    """A connection that counts and does nothing else."""

    messages_received: int = 0
    messages_sent: int = 0
    bytes_received: int = 0
    bytes_sent: int = 0

    def sync_counts(self) -> None:
        """Is up to date always."""

    def talk(self, received: int, sent: int) -> None:
        """Count one message each way, of these sizes."""
        self.messages_received += 1
        self.bytes_received += received
        self.messages_sent += 1
        self.bytes_sent += sent


ACTIONS = st.lists(
    st.one_of(
        st.just(("enter", 0, 0)),
        st.just(("leave", 0, 0)),
        st.tuples(st.just("talk"), st.integers(0, 9), st.integers(0, 9)),
        st.just(("reset", 0, 0)),
    ),
    max_size=60,
)


@given(ACTIONS)
def test_totals_are_those_of_all_that_happened_since_the_reset(actions: list[tuple[str, int, int]]) -> None:
    """However connections come, talk, go and are reset, the totals equal a plain tally."""
    counts = Counts()
    living: list[Talker] = []
    tally = dict.fromkeys(("connections_opened", "connections_closed", *TRAFFIC), 0)
    for kind, received, sent in actions:
        if kind == "enter":
            living.append(Talker())
            counts.enter(0.001)
            tally["connections_opened"] += 1
        elif kind == "leave" and living:
            counts.leave(living.pop(0))
            tally["connections_closed"] += 1
        elif kind == "talk" and living:
            living[-1].talk(received, sent)
            for name, amount in zip(TRAFFIC, (1, 1, received, sent), strict=True):
                tally[name] += amount
        elif kind == "reset":
            counts.reset(living)
            tally = dict.fromkeys(tally, 0)
    assert counts.totals(living) == {**tally, "upgrades_refused": {}}
    assert counts.current == len(living)


def test_statistics_have_these_names_and_no_others() -> None:
    """The page has the fields that its readers know, and null where there is no data."""
    assert Counts().statistics(12.5) == {
        "total_connections": 0,
        "current_connections": 0,
        "max_concurrent_connections": 0,
        "connection_times": [],
        "failed_connections": 0,
        "last_connection_time": None,
        "avg_connection_time": None,
        "min_connection_time": None,
        "max_connection_time": None,
        "success_rate": None,
        "timestamp": 12.5,
    }


def test_statistics_tell_tries_from_successes() -> None:
    """A refused upgrade is a connection that was tried and failed; the rate is a percentage."""
    counts = Counts()
    for seconds in (0.25, 0.5, 0.75):
        counts.enter(seconds)
    counts.leave(Talker())
    counts.refuse(503)
    statistics = counts.statistics(0)
    assert statistics["total_connections"] == 4
    assert statistics["failed_connections"] == 1
    assert statistics["success_rate"] == 75.0
    assert statistics["current_connections"] == 2
    assert statistics["max_concurrent_connections"] == 3
    assert statistics["connection_times"] == [0.25, 0.5, 0.75]
    assert statistics["last_connection_time"] == 0.75
    assert statistics["avg_connection_time"] == 0.5
    assert statistics["min_connection_time"] == 0.25
    assert statistics["max_connection_time"] == 0.75


def test_only_the_newest_handshake_times_are_kept_but_all_are_averaged() -> None:
    """The list is bounded; average, least and most are over everything."""
    counts = Counts()
    for number in range(KEPT_TIMES + 10):
        counts.enter(float(number))
    statistics = counts.statistics(0)
    times = statistics["connection_times"]
    assert isinstance(times, list)
    assert times == [float(number) for number in range(10, KEPT_TIMES + 10)]
    assert statistics["avg_connection_time"] == (KEPT_TIMES + 9) / 2
    assert statistics["min_connection_time"] == 0.0


def test_refusals_are_told_apart_by_status() -> None:
    """Each status has its own count."""
    counts = Counts()
    for status in (503, 401, 503):
        counts.refuse(status)
    assert counts.totals([])["upgrades_refused"] == {"401": 1, "503": 2}
