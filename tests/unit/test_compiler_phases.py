"""Compiling phases and criteria: levels, rates, warm-ups, who connects how, what is judged."""

from __future__ import annotations

import pytest
from compiled import FIVE_LINES, HEAD, compiled, phases

from wsrun.plan import Bursts, Level

# Phases


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("200", Level(start=200.0, end=200.0)),
        ("{ from: 0, to: 200 }", Level(start=0.0, end=200.0)),
        ("{ from: 10, to: 50, step: 20, every: 5s }", Level(start=10.0, end=50.0, step=20.0, every=5.0)),
    ],
)
def test_levels_of_clients(text: str, level: Level) -> None:
    """A number, a line, stairs."""
    assert phases(f"[ {{ duration: 1m, clients: {text} }} ]").phases[0].clients == {0: level}


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("500/s", Level(start=500.0, end=500.0)),
        ("30/m", Level(start=0.5, end=0.5)),
        ("{ from: 1/s, to: 600/m }", Level(start=1.0, end=10.0)),
        ("{ from: 1/s, to: 9/s, step: 60/m, every: 1m }", Level(start=1.0, end=9.0, step=1.0, every=60.0)),
    ],
)
def test_levels_of_rates(text: str, level: Level) -> None:
    """All are a second."""
    assert phases(f"[ {{ duration: 1m, clients: 1, rate: {text} }} ]").phases[0].rate == {0: level}


def test_levels_by_group() -> None:
    """A mapping of groups is told from a level; one level is for every group."""
    groups = "clients: { a: {}, b: {} }\n"
    plan = phases(
        "[ { duration: 1s, clients: { a: 1, b: { from: 0, to: 9 } }, rate: { b: 5/s } },"
        " { duration: 1s, clients: { b: 3 }, bursts: { b: { every: 10s, length: 1s, rate: 9/s } } },"
        " { duration: 1s, clients: { from: 1, to: 2 } } ]",
        groups,
    )
    first, second, third = plan.phases

    assert first.clients == {0: Level(start=1.0, end=1.0), 1: Level(start=0.0, end=9.0)}
    assert first.rate == {1: Level(start=5.0, end=5.0)}
    assert second.clients == {1: Level(start=3.0, end=3.0)}
    assert second.bursts == {1: Bursts(every=10.0, length=1.0, rate=9.0)}
    assert third.clients == {0: Level(start=1.0, end=2.0), 1: Level(start=1.0, end=2.0)}


def test_between_bursts_there_is_the_rate_or_nothing() -> None:
    """Bursts make a schedule, with or without a rate of the phase's own."""
    bursts = "bursts: { every: 10s, length: 500ms, rate: 100/s }"
    plan = phases(
        f"[ {{ duration: 1m, clients: 1, {bursts} }},"
        f" {{ duration: 1m, rate: 2/s, poisson: true, {bursts} }} ]"
    )

    assert plan.phases[0].rate == {0: Level(start=0.0, end=0.0)}
    assert plan.phases[1].rate == {0: Level(start=2.0, end=2.0)}
    assert plan.phases[0].bursts == plan.phases[1].bursts == {0: Bursts(every=10.0, length=0.5, rate=100.0)}
    assert [phase.poisson for phase in plan.phases] == [False, True]


def test_phases_follow_each_other_and_keep_what_they_do_not_say() -> None:
    """Starts add up, unnamed ones are numbered, a phase without clients has no level of its own."""
    plan = phases("[ { duration: 1m30s, clients: 1 }, { name: up, duration: 500ms }, { duration: 1h } ]")

    assert [(phase.name, phase.start, phase.end) for phase in plan.phases] == [
        ("phase-1", 0.0, 90.0),
        ("up", 90.0, 90.5),
        ("phase-3", 90.5, 3690.5),
    ]
    assert plan.phases[1].clients == {}
    assert plan.duration == 3690.5


@pytest.mark.parametrize(("text", "seconds"), [("true", 10.0), ("5s", 5.0), ("1m", 10.0), ("false", 0.0)])
def test_a_warm_up_is_all_of_a_phase_or_its_start(text: str, seconds: float) -> None:
    """Never more than the phase."""
    (phase,) = phases(f"[ {{ duration: 10s, clients: 1, warm_up: {text} }} ]").phases

    assert phase.warm_up == seconds


def test_how_connections_are_made() -> None:
    """``1/100ms`` is ten a second; handshakes are a plain number."""
    plan = phases(
        "[ { duration: 1s, clients: 1, connect_rate: 1/100ms, handshakes: 7 },"
        " { duration: 1s, connect_rate: 500/s } ]"
    )

    assert [phase.connect_rate for phase in plan.phases] == [10.0, 500.0]
    assert [phase.handshakes for phase in plan.phases] == [7, 100]


def test_a_phase_may_change_what_the_living_do() -> None:
    """Mixes and weights by index of profile, zeros left out."""
    plan = compiled(
        HEAD
        + "messages: { a: { text: a }, b: { text: b } }\nprofiles: { p: { mix: { a: 1 } }, q: {} }\n"
        + "phases: [ { duration: 1s, clients: 1, mix: { q: { b: 3, a: 0 } }, profiles: { q: 2, p: 0 } } ]\n"
    )

    assert plan.phases[0].mix == {1: ((1, 3.0),)}
    assert plan.phases[0].profiles == ((1, 2.0),)


# Criteria


def test_criteria_in_both_forms() -> None:
    """A text, or a mapping with a reason, a stricter wish, a severity and an abort with its defaults."""
    plan = compiled(
        FIVE_LINES
        + "criteria:\n"
        + "  - errors == 0\n"
        + "  - { check: connect.time.avg < 1s, good: connect.time.avg < 500ms, because: b,"
        " severity: warning }\n"
        + "  - { check: errors.ratio < 5%, abort: {} }\n"
        + "  - { check: errors.ratio < 5%, abort: { after: 10s, over: 1m, for: 2s } }\n"
    )
    plain, rich, aborting, full = plan.criteria

    assert (plain.text, plain.severity, plain.good, plain.because, plain.abort) == (
        "errors == 0",
        "error",
        None,
        None,
        None,
    )
    assert (rich.because, rich.severity, rich.good_text) == ("b", "warning", "connect.time.avg < 500ms")
    assert rich.good is not None and rich.good.bound.quantity is not None
    assert rich.good.bound.quantity.value == 0.5
    assert (aborting.abort, full.abort) == ((0.0, 5.0, 0.0), (10.0, 60.0, 2.0))
    assert [(c.location.line, c.location.column) for c in plan.criteria] == [
        (6, 5),
        (7, 14),
        (8, 14),
        (9, 14),
    ]


def test_no_criteria_at_all_is_not_the_same_as_none_written() -> None:
    """An empty list is the author's word; the defaults stand for silence, at the top of the file."""
    silent = compiled(FIVE_LINES)

    assert compiled(FIVE_LINES + "criteria: []\n").criteria == ()
    assert [criterion.location.line for criterion in silent.criteria] == [1, 1]


@pytest.mark.parametrize(
    ("text", "is_seen"),
    [
        ("[ { duration: 10s, clients: 2, warm_up: true }, { duration: 10s } ]", False),
        ("[ { duration: 10s, clients: 2, warm_up: 1s } ]", False),
        ("[ { duration: 10s, clients: 2, connect_rate: 1/s, warm_up: 500ms } ]", True),
        ("[ { duration: 10s, clients: 2, warm_up: true }, { duration: 10s, clients: 3 } ]", True),
        ("[ { duration: 10s, clients: 0 } ]", True),
    ],
)
def test_connections_are_judged_by_default_where_one_is_made_in_plain_sight(text: str, is_seen: bool) -> None:
    """A criterion that can never have data would make every such run fail."""
    texts = [criterion.text for criterion in phases(text).criteria]

    assert ("connect.success == 100%" in texts) == is_seen
    assert "errors == 0" in texts
