"""How many workers a run gets when nobody says, and what limits their number."""

from __future__ import annotations

import os

import pytest
from runs import plan_of

from wsrun.coordinator.staffing import auto_workers, descriptor_limit, least_workers, most_workers

HEAD = "wsrun: 1\ntarget: { url: ws://127.0.0.1:1/ }\nmessages: { m: { text: x } }\n"


# How many workers


def workers(
    phases: str,
    *,
    cores: int,
    is_local: bool,
    monkeypatch: pytest.MonkeyPatch,
    more: str = "",
    descriptors: int = 0,
) -> int:
    plan = plan_of(HEAD + more + f"phases: {phases}\n")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)), raising=False)
    return auto_workers(plan, is_local=is_local, descriptors=descriptors)


@pytest.mark.parametrize(
    ("cores", "is_local", "number"), [(1, False, 1), (1, True, 1), (2, True, 1), (2, False, 2), (8, True, 7)]
)
def test_a_local_target_keeps_a_core_for_itself(
    cores: int, is_local: bool, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many workers as cores that may be used, less one for the target where it shares them."""
    phases = "[ { duration: 1s, clients: 100 } ]"

    assert workers(phases, cores=cores, is_local=is_local, monkeypatch=monkeypatch) == number


@pytest.mark.parametrize(
    ("phases", "number"),
    [
        ("[ { duration: 1s, clients: 3 } ]", 3),
        ("[ { duration: 1s, clients: { from: 0, to: 5 } }, { duration: 1s, clients: 2 } ]", 5),
        ("[ { duration: 1s, clients: { from: 6, to: 1 } } ]", 6),
        ("[ { duration: 1s, clients: 0 } ]", 1),
    ],
)
def test_no_worker_is_without_a_client(phases: str, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the fullest moment each has at least one slot; nobody at all is still one worker."""
    assert workers(phases, cores=16, is_local=False, monkeypatch=monkeypatch) == number


def test_all_groups_together_say_how_many_workers_have_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slots are dealt over the groups, so that five clients are work for five workers however grouped."""
    phases = "[ { duration: 1s, clients: { a: 2, b: 2, c: 1 } } ]"
    more = "clients: { a: {}, b: {}, c: {} }\n"

    assert workers(phases, cores=16, is_local=False, monkeypatch=monkeypatch, more=more) == 5


def test_groups_that_follow_each_other_are_not_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts is how many are there at a time."""
    phases = "[ { duration: 1s, clients: { a: 3, b: 0 } }, { duration: 1s, clients: { a: 0, b: 4 } } ]"
    more = "clients: { a: {}, b: {} }\n"

    assert workers(phases, cores=16, is_local=False, monkeypatch=monkeypatch, more=more) == 4


def test_a_search_gets_the_workers_of_its_last_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may come to that level, though the phase begins with fewer clients."""
    search = "search: { clients: { from: 2, to: 7, step: 5 }, hold: 1s, such_that: [ errors == 0 ] }"

    assert workers(f"[ {{ {search} }} ]", cores=16, is_local=False, monkeypatch=monkeypatch) == 7


def test_who_arrives_may_come_to_any_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many are there at a time nobody knows before; at_most does."""
    arrivals = "arrivals: 1/s, stay: 1s"

    assert (
        workers(f"[ {{ duration: 9s, {arrivals} }} ]", cores=4, is_local=False, monkeypatch=monkeypatch) == 4
    )
    phases = f"[ {{ duration: 9s, {arrivals}, at_most: 2 }} ]"
    assert workers(phases, cores=4, is_local=False, monkeypatch=monkeypatch) == 2


@pytest.mark.parametrize(("clients", "number"), [(900, 1), (908, 1), (909, 2), (50_000, 56)])
def test_more_connections_than_descriptors_take_more_workers(
    clients: int, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even one core starts as many workers as it takes to open the connections: 908 of 1 024 each."""
    phases = f"[ {{ duration: 1s, clients: {clients} }} ]"

    assert workers(phases, cores=1, is_local=True, monkeypatch=monkeypatch, descriptors=1024) == number


def test_requests_of_http_take_descriptors_too() -> None:
    """A client that only asks over HTTP has a connection for it, beside that of a WebSocket."""
    text = """\
wsrun: 1
target: { url: ws://127.0.0.1:1/, http: "http://127.0.0.1:1/" }
messages: { ask: { http: { get: /x } }, say: { text: x } }
phases: [ { duration: 1s, clients: 600 } ]
"""
    assert least_workers(plan_of(text), 1024) == 2


def test_a_limit_that_is_not_known_wants_no_workers() -> None:
    """Nor does one that is too small for a worker itself: there the run will say so."""
    plan = plan_of(HEAD + "phases: [ { duration: 1s, clients: 5000 } ]\n")

    assert least_workers(plan, 0) == least_workers(plan, 32) == 1


def test_each_worker_has_a_connection_of_every_pool() -> None:
    """So that a pool of at most three is for at most three workers."""
    pooled = "clients: { all: { pool: { max: 3 } } }\nphases: [ { duration: 1s, clients: 9 } ]\n"

    assert most_workers(plan_of(HEAD + pooled)) == 3
    assert most_workers(plan_of(HEAD + "phases: [ { duration: 1s, clients: 9 } ]\n")) is None


# Limits


def test_a_limit_that_does_not_exist_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Infinity is no number of descriptors."""
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (256, resource.RLIM_INFINITY))
    assert descriptor_limit() == 0
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (256, 4096))
    assert descriptor_limit() == 4096
