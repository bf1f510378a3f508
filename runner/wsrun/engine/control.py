"""What the coordinator and its workers say to each other: every message there is, each a frozen value.

Each worker has one pipe. Messages of one direction arrive in the order in which they were sent. Nobody waits
for an answer without a limit: a worker goes on with what it does until it is told something else, and the
coordinator misses a worker that is silent.

Times are seconds since the start of the run, but for ``Start``, which fixes that moment.

=============  ========================================  ================================================
to a worker    when                                      what it does
=============  ========================================  ================================================
``Start``      all workers are ready                     begins the run at ``at``
``HoldLevel``  a level of a search was judged, and       begins the level at its time; until then what was
               another one follows                       goes on
``EndSearch``  the last level of a search was judged     begins the next phase, or the drain, ``at`` that time
``Ask``        somewhere all clients wait at a ``sync``  answers with ``Gathered``
``Release``    all clients of all workers wait there     lets its own go on
``Stop``       the run ends before its time              ends the phases and drains
=============  ========================================  ================================================

===============  ======================================================
from a worker    when
===============  ======================================================
``Ready``        its plan is compiled
``Told``         each interval, and at the end
``Gathered``     all its clients wait at a ``sync``, or no longer all;
                 and when it is asked
``Done``         its last client is gone and everything was told
``Failed``       a defect ended it
===============  ======================================================
"""

from __future__ import annotations

from dataclasses import dataclass

from wsrun.metrics.snapshot import Snapshot
from wsrun.plan import Held


@dataclass(frozen=True, slots=True)
class Start:
    """Begin the run ``at`` this moment, in seconds of CLOCK_MONOTONIC, which a machine's processes share."""

    at: float


@dataclass(frozen=True, slots=True)
class HoldLevel:
    """Hold this level of the search of a phase, by its index."""

    phase: int
    held: Held


@dataclass(frozen=True, slots=True)
class EndSearch:
    """The search of a phase, by its index, is over ``at`` this time."""

    phase: int
    at: float


@dataclass(frozen=True, slots=True)
class Ask:
    """Say whether all of your clients of a group wait at the ``sync`` of this name, in this round of it."""

    group: int
    name: str
    round: int


@dataclass(frozen=True, slots=True)
class Release:
    """All clients of a group wait at the ``sync`` of this name: let them go on, and begin the next round."""

    group: int
    name: str
    round: int


@dataclass(frozen=True, slots=True)
class Stop:
    """End the phases now, and go on with the drain."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything is compiled; the run may start."""


@dataclass(frozen=True, slots=True)
class Told:
    """What happened in an interval."""

    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Gathered:
    """Whether all of this worker's clients of a group wait at the ``sync`` of this name, in this round."""

    group: int
    name: str
    round: int
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing more will come."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A defect of wsrun ended the worker."""

    traceback: str


ToWorker = Start | HoldLevel | EndSearch | Ask | Release | Stop
"""What a worker can be told."""

FromWorker = Ready | Told | Gathered | Done | Failed
"""What a worker can say."""
