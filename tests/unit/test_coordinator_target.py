"""Where a run goes: the embedded server, an address, or nobody. What the network says is made up here."""

from __future__ import annotations

import dataclasses
import threading
from contextlib import ExitStack
from typing import Any

import pytest
from runs import plan_of

from wsrun.coordinator import target as module
from wsrun.coordinator.target import Destination, find_target
from wsrun.demo.process import DemoServer, DemoServerError
from wsrun.plan import TargetPlan

Knock = tuple[tuple[str, ...], str | None]


@pytest.fixture
def knocks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Answer every knock at once, from a public address; what was knocked at."""
    seen: list[tuple[str, int]] = []

    def answer(host: str, port: int) -> Knock:
        seen.append((host, port))
        return ("192.0.2.7",), None

    monkeypatch.setattr(module, "_knock_once", answer)
    return seen


def found(url: str, **fields: Any) -> Destination:
    plan = dataclasses.replace(plan_of(), target=TargetPlan(url=url, **fields))
    with ExitStack() as stack:
        return find_target(plan, stack, lambda: True)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("ws://h/", ("h", 80)),
        ("wss://h/x", ("h", 443)),
        ("ws://user:p@h:8080/?a=b", ("h", 8080)),
        ("wss://[::1]:9/", ("::1", 9)),
        ("ws://h/{{ room }}", ("h", 80)),
    ],
)
def test_the_door_is_where_the_url_says(url: str, place: tuple[str, int], knocks: list[Any]) -> None:
    """The port is that of the scheme unless it is written; the plan stays as it was."""
    destination = found(url)

    assert knocks == [place]
    assert destination == Destination(
        plan=destination.plan, kind="url", addresses=("192.0.2.7",), is_local=False, trouble=None
    )
    assert destination.plan.target.url == url


def test_a_host_that_only_clients_know_is_not_knocked_at(knocks: list[Any]) -> None:
    """Each client has its own; nothing is known beforehand, and nothing is wrong."""
    destination = found("wss://{{ host }}:443/")

    assert knocks == []
    assert (destination.addresses, destination.is_local, destination.trouble) == ((), False, None)


@pytest.mark.parametrize(
    ("addresses", "is_local"),
    [
        (("127.0.0.1",), True),
        (("::1", "127.0.0.1"), True),
        (("::1%lo",), True),
        (("127.0.0.1", "192.0.2.1"), False),
        ((), False),
    ],
)
def test_a_target_is_local_when_all_its_addresses_are(
    addresses: tuple[str, ...], is_local: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it shares the cores with the workers."""
    monkeypatch.setattr(module, "_knock_once", lambda host, port: (addresses, None))

    assert found("ws://h/").is_local is is_local


def test_trouble_is_told_at_once_unless_the_target_may_still_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ``wait_until_ready`` there is one knock; with it, as many as it takes."""
    answers = ["nobody listens", "nobody listens", None]
    asked: list[int] = []

    def answer(host: str, port: int) -> Knock:
        asked.append(port)
        return ("192.0.2.7",), answers[len(asked) - 1]

    monkeypatch.setattr(module, "_knock_once", answer)
    monkeypatch.setattr(module, "_KNOCK_PAUSE", 0.0)

    assert found("ws://h/").trouble == "nobody listens"
    assert len(asked) == 1
    assert found("ws://h/", wait_until_ready=60.0).trouble is None
    assert len(asked) == 3


def test_a_target_that_never_comes_is_told_with_the_patience_there_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """How often and how long it was tried."""
    monkeypatch.setattr(module, "_knock_once", lambda host, port: ((), "h has no address"))
    monkeypatch.setattr(module, "_KNOCK_PAUSE", 0.01)
    trouble = found("ws://h/", wait_until_ready=0.05).trouble

    assert trouble is not None
    assert trouble.startswith("h has no address, after ")
    assert trouble.endswith(" attempts in 0.05 s")


def test_a_run_that_is_no_longer_wanted_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up that hangs is left behind, without trouble to tell."""
    release = threading.Event()

    def hang(host: str, port: int) -> Knock:
        release.wait(10.0)
        return (), "too late"

    monkeypatch.setattr(module, "_knock_once", hang)
    plan = dataclasses.replace(plan_of(), target=TargetPlan(url="ws://h/"))
    with ExitStack() as stack:
        destination = find_target(plan, stack, lambda: False)
    release.set()

    assert (destination.addresses, destination.trouble) == ((), None)


def test_an_embedded_server_that_does_not_come_up_is_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    """A result that says so, not an exception."""

    def fail(self: DemoServer) -> None:
        raise DemoServerError("the demo server did not come up within 10 s")

    monkeypatch.setattr(DemoServer, "start", fail)
    destination = found("demo:/chat")

    assert destination.trouble == "the demo server did not come up within 10 s"
    assert destination.kind == "demo"
