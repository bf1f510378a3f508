"""The parts of carrying out a plan that need no process: how many workers, what limits, what is written."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from runs import plan_of

from wsrun.coordinator import conduct as conducting
from wsrun.coordinator.conduct import Conduct, SignalName
from wsrun.coordinator.crew import _how_it_ended
from wsrun.coordinator.journal import Journal
from wsrun.coordinator.progress import Progress
from wsrun.coordinator.run import (
    _encoded,
    _signals,
)
from wsrun.plan import Plan
from wsrun.result.secrets import Secrets

PLAN = plan_of()
HEAD = "wsrun: 1\ntarget: { url: ws://127.0.0.1:1/ }\nmessages: { m: { text: x } }\n"


# Signals


def test_signals_are_collected_and_handlers_come_back() -> None:
    """While a run goes they end nothing by themselves."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with _signals() as heard:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        assert heard == ["SIGINT", "SIGTERM"]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_who_insists_is_heard() -> None:
    """After the third signal the next one ends the process, whatever it is doing."""
    with _signals() as heard:
        for _ in range(3):
            signal.raise_signal(signal.SIGINT)
        assert len(heard) == 3
        assert signal.getsignal(signal.SIGINT) == signal.SIG_DFL


# How a run goes


class MadeUpCrew:
    """Workers that do what a script says: per look, the snapshots that come and the seconds that pass."""

    def __init__(self, looks: int = 1000) -> None:
        self.looks = looks
        self.lost: list[Any] = []
        self.stops = 0
        self.ended = False
        self.given_up: list[str] = []

    @property
    def is_over(self) -> bool:
        return self.looks <= 0

    def start(self, is_wanted: Any) -> float | None:
        return time.monotonic() if is_wanted() else None

    def stop(self) -> None:
        self.stops += 1

    def waited(self, seconds: float) -> None: ...

    def give_up(self, why: str, which: Any) -> None:
        self.given_up.append(why)

    def end(self) -> None:
        self.ended = True

    def messages(self, timeout: float) -> list[Any]:
        self.looks -= 1
        return []


def conduct_of(folder: Path, heard: list[SignalName], plan: Plan = PLAN) -> Conduct:
    return Conduct(plan, 1, Journal(folder / "journal.jsonl", {}), Secrets(plan), heard)


def test_a_run_without_incident_is_completed(tmp_path: Path) -> None:
    """Nothing stops it, and the crew is ended all the same."""
    crew, conduct = MadeUpCrew(looks=3), conduct_of(tmp_path, [])
    conduct.perform(crew, lambda progress: None)  # type: ignore[arg-type]

    assert (conduct.state, conduct.stopped, conduct.signal) == ("completed", None, None)
    assert crew.ended and crew.stops == 0


@pytest.mark.parametrize(("name", "state"), [("SIGINT", "interrupted"), ("SIGTERM", "terminated")])
def test_the_first_signal_stops_the_crew_once(name: SignalName, state: str, tmp_path: Path) -> None:
    """The workers are told to drain, and are waited for."""
    heard: list[SignalName] = []
    crew, conduct = MadeUpCrew(looks=5), conduct_of(tmp_path, heard)
    conduct.perform(crew, lambda progress: heard.append(name) if not heard else None)  # type: ignore[arg-type]

    assert (conduct.state, conduct.signal, crew.stops) == (state, name, 1)
    assert conduct.stopped is not None and conduct.stopped["why"] == name
    assert crew.is_over


def test_the_second_signal_ends_at_once_and_loses_nobody(tmp_path: Path) -> None:
    """Whoever is ended on purpose is not missed; the first signal is the one that is told."""
    heard: list[SignalName] = ["SIGTERM"]
    crew, conduct = MadeUpCrew(), conduct_of(tmp_path, heard)
    crew.start = lambda is_wanted: time.monotonic()  # type: ignore[method-assign]
    conduct.perform(crew, lambda progress: heard.append("SIGINT") if len(heard) < 2 else None)  # type: ignore[arg-type]

    assert (conduct.state, conduct.signal) == ("terminated", "SIGTERM")
    assert not crew.is_over and crew.ended
    assert "did not end in time" not in crew.given_up


def test_a_crew_that_does_not_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When phases, drain, closing and grace are over, whoever is still at work is lost."""
    monkeypatch.setattr(conducting, "GRACE", -PLAN.duration - PLAN.drain - PLAN.target.close_timeout + 0.01)
    crew, conduct = MadeUpCrew(looks=10**9), conduct_of(tmp_path, [])
    conduct.perform(crew, lambda progress: None)  # type: ignore[arg-type]

    assert crew.given_up[-1] == "did not end in time"
    assert not crew.is_over and crew.ended


def test_a_suspended_run_is_not_taken_for_lost_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All processes stood still for an hour: that is no hour in which a worker could have been heard."""
    now = [0.0]
    monkeypatch.setattr(conducting.time, "monotonic", lambda: now[0])
    crew, conduct = MadeUpCrew(looks=5), conduct_of(tmp_path, [])

    def suspend(progress: Progress) -> None:
        now[0] += 3600.0

    conduct.perform(crew, suspend)  # type: ignore[arg-type]

    assert conduct.ran > 3600.0
    assert (conduct.state, conduct.stopped) == ("completed", None)
    assert "did not end in time" not in crew.given_up


def test_why_a_run_stopped_is_told_once_and_without_secrets(tmp_path: Path) -> None:
    """What comes first counts; a server's words may hold what a client sent."""
    plan = plan_of(HEAD + "auth: { jwt: { secret: hunter22 } }\nphases: [ { duration: 1s, clients: 1 } ]\n")
    conduct = conduct_of(tmp_path, [], plan)

    assert conduct.stop("aborted", "no hunter22 here", 1.5) is True
    assert conduct.stop("worker_lost", "later") is False
    assert (conduct.state, conduct.stopped) == ("aborted", {"at": 1.5, "why": "no *** here"})


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (None, "closed its pipe"),
        (3, "ended with exit code 3"),
        (-9, "was killed by signal 9 (SIGKILL)"),
        (-250, "was killed by signal 250"),
    ],
)
def test_how_a_worker_ended(code: int | None, text: str) -> None:
    """In words, with the name of a signal where it has one."""
    assert _how_it_ended(code) == text


# What is written


def test_a_result_with_a_name_that_is_no_utf8_is_written_all_the_same() -> None:
    """A file name need not be; the numbers are not lost for it."""
    result, content = _encoded({"scenario": {"path": "caf\udce9.yaml"}, "n": [1, None, 0.5]})

    assert json.loads(content) == result
    assert result == {"scenario": {"path": "caf\\udce9.yaml"}, "n": [1, None, 0.5]}


def test_a_result_that_can_be_written_is_written_as_it_is() -> None:
    """The same object, nothing copied."""
    result = {"a": 1}

    assert _encoded(result) == (result, b'{"a":1}')
    assert _encoded(result)[0] is result
