"""A made-up run: messages and connections drawn from a fixed seed, before anything is counted.

Used only by ``make.py``. The shapes are those of a chat server that is slow while a crowd rushes in; no
number here was measured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random


@dataclass(frozen=True)
class Phase:
    """One phase: seconds, clients at its start and end, and how busy the target is (0 calm … 1 overrun)."""

    name: str
    duration: float
    clients_from: int
    clients_to: int
    stress: float = 0.0
    warm_up: float = 0.0


@dataclass(frozen=True)
class Message:
    """One message: when it was due and in which phase, and what became of it.

    ``outcome``: answered, timed_out, lost, failed or pending; ``wait`` is between due and sent.
    """

    due: float
    phase: int
    name: str
    profile: str
    outcome: str
    wait: float
    service: float

    @property
    def round_trip(self) -> float:
        """Seconds from due to answered."""
        return self.wait + self.service


@dataclass(frozen=True)
class Attempt:
    """One attempt to connect. ``outcome``: established, refused, timed_out or failed."""

    at: float
    phase: int
    outcome: str
    seconds: float
    status: int | None = None


@dataclass
class Run:
    """Everything that happened; ``closes`` are (t, side, code, reason)."""

    phases: tuple[Phase, ...]
    timeout: float = 2.0
    messages: list[Message] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    closes: list[tuple[float, str, int, str | None]] = field(default_factory=list)

    @property
    def starts(self) -> list[float]:
        """When each phase begins, and when the last one ends."""
        times = [0.0]
        for phase in self.phases:
            times.append(times[-1] + phase.duration)
        return times

    def phase_at(self, t: float) -> int:
        """The index of the phase that ``t`` lies in; after the last one: their number."""
        return sum(1 for start in self.starts[1:] if t >= start)

    def clients_at(self, t: float) -> float:
        """How many clients are planned at ``t``."""
        index = self.phase_at(t)
        if index == len(self.phases):
            return float(self.phases[-1].clients_to)
        phase, start = self.phases[index], self.starts[index]
        share = (t - start) / phase.duration
        return phase.clients_from + (phase.clients_to - phase.clients_from) * share


PROFILES = (("active", 0.2, 2.0), ("regular", 0.5, 1.0), ("passive", 0.3, 0.3))
"""Name, share of the clients, and messages relative to each other."""

NAMES = (("say", 0.8), ("who", 0.2))


def crowd(t: float, start: float, length: float) -> float:
    """How overrun the target is at ``t``: rises for 6 s, falls, and stays at a third."""
    x = (t - start) / length
    if not 0 <= x < 1:
        return 0.0
    peak = math.exp(-(((x - 0.2) / 0.09) ** 2))
    return 0.32 * min(1.0, x / 0.1) + peak


def simulate(
    phases: tuple[Phase, ...], *, seed: int, rate: float, harm: float, refused: int, closed: int
) -> Run:
    """Draw a run.

    Args:
        phases: in order.
        seed: of every draw.
        rate: messages a second of one client.
        harm: 0 a target that copes … 1 one that does not.
        refused: connections refused with HTTP 503 in the first stressed phase.
        closed: connections closed with 1013 in it.
    """
    run = Run(phases)
    rng = Random(seed)
    end = run.starts[-1]
    t = 0.0
    while True:
        t += rng.expovariate(max(run.clients_at(t) * rate, 5.0))
        if t >= end:
            break
        run.messages.append(_message(run, t, rng, harm))
    _connect(run, rng, harm, refused)
    _close(run, rng, closed)
    return run


def _message(run: Run, t: float, rng: Random, harm: float) -> Message:
    index = run.phase_at(t)
    phase, start = run.phases[index], run.starts[index]
    load = phase.stress * crowd(t, start, phase.duration)
    name = rng.choices([n for n, _ in NAMES], [w for _, w in NAMES])[0]
    profile = rng.choices([p[0] for p in PROFILES], [p[1] * p[2] for p in PROFILES])[0]
    median = 0.008 + 0.07 * min(load, 0.45) + 0.03 * load * harm
    service = median * math.exp(0.66 * rng.gauss(0, 1)) * (0.93 if name == "who" else 1.0)
    wait = 0.0002 * rng.random()
    if load:
        wait += load * (0.015 + 0.025 * harm) * math.exp((0.6 + 0.5 * harm) * rng.gauss(0, 1))
    after = run.starts[index - 1] if index else 0.0
    if index and run.phases[index - 1].stress and t - start < 2.5 and after:
        service *= 1 + 4 * harm * math.exp(-(t - start))
    outcome = "answered"
    if rng.random() < min(load, 0.5) * 0.007 * harm or service + wait >= run.timeout:
        outcome = "timed_out"
    elif rng.random() < 0.0004 * harm * load:
        outcome = "lost"
    return Message(t, index, name, profile, outcome, wait, service)


def _connect(run: Run, rng: Random, harm: float, refused: int) -> None:
    before = 0
    for index, phase in enumerate(run.phases):
        start = run.starts[index]
        joining = max(phase.clients_from, phase.clients_to) - before
        before = phase.clients_to
        if joining <= 0:
            continue
        over = (
            phase.duration if phase.clients_from != phase.clients_to else min(phase.duration, joining / 500)
        )
        for number in range(joining):
            at = start + over * number / joining
            seconds = (0.06 + 0.12 * phase.stress * harm) * math.exp(0.4 * rng.gauss(0, 1))
            run.attempts.append(Attempt(at, index, "established", seconds))
        if phase.stress and refused:
            for _ in range(refused):
                at = start + 1.2 + 2.7 * rng.random() ** 1.5
                run.attempts.append(Attempt(at, index, "refused", 0.02, 503))
            for _ in range(6):
                run.attempts.append(Attempt(start + 3.2 + 1.6 * rng.random(), index, "timed_out", 5.0))
    run.attempts.sort(key=lambda attempt: attempt.at)


def _close(run: Run, rng: Random, closed: int) -> None:
    established = sum(1 for attempt in run.attempts if attempt.outcome == "established")
    for index, phase in enumerate(run.phases):
        if phase.stress and closed:
            at = run.starts[index] + 20.6
            run.closes += [(at + 1.3 * rng.random(), "server", 1013, "overloaded") for _ in range(closed)]
            closed = 0
    leaving = established - len(run.closes)
    stay = min(leaving, run.phases[-1].clients_to)
    peak_end = max(
        (run.starts[i + 1] for i, phase in enumerate(run.phases) if phase.clients_to > stay), default=0.0
    )
    run.closes += [
        (peak_end + 0.6 * n / max(leaving - stay, 1), "client", 1000, None) for n in range(leaving - stay)
    ]
    run.closes += [(run.starts[-1] + 2.0 * n / max(stay, 1), "client", 1000, None) for n in range(stay)]
    run.closes.sort(key=lambda close: close[0])
