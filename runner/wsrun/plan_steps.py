"""The steps of a plan, and the pauses among them; as ``wsrun.plan`` has everything else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class PausePlan:
    """A pause. ``kind`` and its ``values``: fixed (length,), uniform (from, to), exponential (mean,),
    lognormal (median, p95); seconds each."""

    kind: Literal["fixed", "uniform", "exponential", "lognormal"]
    values: tuple[float, ...]


THINK = PausePlan(kind="fixed", values=(1.0,))
"""The pause before each message of a mix where a profile names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendStep:
    """Send these messages (indexes) at once, ``times`` times, then wait for their replies if ``wait``."""

    messages: tuple[int, ...]
    times: int = 1
    wait: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectStep:
    """Wait until ``count`` frames that fit ``pattern`` have come; the mailbox is read first."""

    pattern: Any
    count: int = 1
    timeout: float = 5.0
    capture: tuple[tuple[str, str], ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkStep:
    """Do nothing for a while."""

    pause: PausePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectStep:
    """Open the connection of a socket; ``refused`` is the pattern of how it must be refused, if it must."""

    socket: int = 0
    refused: Any | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectNoneStep:
    """Look for ``length`` seconds whether a frame comes that fits; one in the mailbox counts already."""

    pattern: Any
    length: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectCloseStep:
    """Wait for the server to close a socket with one of the codes; none given: with any."""

    codes: frozenset[int] = frozenset()
    timeout: float = 5.0
    socket: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseStep:
    """Close the connection of a socket: cleanly with a code, or by a reset."""

    code: int = 1000
    how: Literal["clean", "reset"] = "clean"
    socket: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStep:
    """Write variables; the values are templates."""

    values: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStep:
    """Call the extension ``name`` with ``arguments``, which are templates, by their names."""

    name: str
    arguments: tuple[tuple[str, Any], ...] = ()
    timeout: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatStep:
    """Do steps again and again: ``times`` times, for ``length`` seconds, or while ``condition`` is true."""

    steps: tuple[StepPlan, ...]
    times: int | None = None
    length: float | None = None
    condition: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseStep:
    """Do one of several, drawn by weight."""

    choices: tuple[tuple[float, tuple[StepPlan, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IfStep:
    """Do ``then`` where the condition is true, else ``otherwise``."""

    condition: str
    then: tuple[StepPlan, ...]
    otherwise: tuple[StepPlan, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncStep:
    """Wait until every client of the group waits at a ``sync`` of this name."""

    name: str
    timeout: float = 30.0


StepPlan = (
    SendStep
    | ExpectStep
    | ExpectNoneStep
    | ExpectCloseStep
    | ConnectStep
    | CloseStep
    | ThinkStep
    | SetStep
    | CallStep
    | RepeatStep
    | ChooseStep
    | IfStep
    | SyncStep
)


def all_steps(steps: Iterable[StepPlan]) -> Iterator[StepPlan]:
    """Yield steps and the steps inside them."""
    for step in steps:
        yield step
        if isinstance(step, RepeatStep):
            yield from all_steps(step.steps)
        elif isinstance(step, ChooseStep):
            for _, chosen in step.choices:
                yield from all_steps(chosen)
        elif isinstance(step, IfStep):
            yield from all_steps((*step.then, *step.otherwise))
