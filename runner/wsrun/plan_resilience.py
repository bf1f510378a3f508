"""The part of the plan about connections that come and go: reconnects, heartbeats, breakers, lifecycles.

Frozen and picklable like the rest of ``wsrun.plan``, which refers to these; times are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wsrun.plan_steps import PausePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconnectPlan:
    """How a client comes back after a loss.

    Before try n (1, 2…) it waits min(``most``, ``first`` · ``factor``ⁿ⁻¹) seconds, shortened by a random part
    of at most ``jitter`` (0…1). After ``attempts`` tries in a row it gives up. ``not_after`` are codes of
    closes after which it does not try at all.
    """

    first: float = 0.1
    most: float = 10.0
    factor: float = 2.0
    jitter: float = 0.5
    attempts: int = 8
    not_after: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatPlan:
    """A heartbeat each ``every`` seconds, to be answered within ``timeout``.

    ``message``: the index of the message that it is, None: a WebSocket ping. ``misses`` in a row are a loss,
    None: they are only counted.
    """

    every: float
    timeout: float = 5.0
    message: int | None = None
    misses: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolPlan:
    """Connections that the clients of a group share; ``least`` and ``most`` are those of all workers.

    A client waits at most ``acquire_timeout`` for one. Those that were idle for ``idle`` are closed, but for
    the ``least``. ``check`` is the index of a message that idle ones send each ``every``, None: none is.
    """

    least: int = 0
    most: int
    acquire_timeout: float = 5.0
    idle: float = 60.0
    check: int | None = None
    every: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPlan:
    """A circuit breaker: opens at ``failures`` within ``within`` seconds, for ``cool_down`` seconds."""

    failures: int = 5
    within: float = 10.0
    cool_down: float = 30.0


LIFECYCLES = {"intermittent": ("online", "offline"), "bursty": ("active", "idle")}
"""The keys of each kind of lifecycle: the time on, and the time off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecyclePlan:
    """When a client is there, or busy: ``on`` and ``off`` take turns.

    Another kind is the name of an extension, which gives the times; ``on`` and ``off`` are None then.

    ``intermittent``: a session of the length ``on``, then away for ``off``. ``bursty``: connected all the
    time, active for ``on``, idle for ``off``.
    """

    kind: str
    on: PausePlan | None = None
    off: PausePlan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPlan:
    """How fast a client reads: so many messages, or bytes, a second."""

    a_second: float
    unit: Literal["messages", "bytes"]
