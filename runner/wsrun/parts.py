"""The parts of a scenario that stand alone, from as written to as planned: pauses, levels, replies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wsrun import units
from wsrun.extensions import ExtensionPlan
from wsrun.plan import (
    EVERYONE,
    Bursts,
    DeliverPlan,
    Level,
    NeverPlan,
    ReplyPlan,
    SequencePlan,
)
from wsrun.plan_steps import PausePlan


def extensions(spec: Mapping[str, str], folder: Path) -> tuple[ExtensionPlan, ...]:
    """Return the functions of the scenario's author; ``folder`` is the scenario's."""
    return tuple(ExtensionPlan(name=name, target=target, folder=str(folder)) for name, target in spec.items())


def duration(text: str | None, default: float) -> float:
    """Return a duration in seconds, or the default where nothing is written."""
    return default if text is None else units.parse_duration(text)


def pause(spec: Any) -> PausePlan:
    """Return a pause: fixed, uniform, exponential or lognormal."""
    if isinstance(spec, str):
        return PausePlan(kind="fixed", values=(units.parse_duration(spec),))
    if "uniform" in spec:
        low, high = (units.parse_duration(text) for text in spec["uniform"])
        return PausePlan(kind="uniform", values=(low, high))
    if "exponential" in spec:
        return PausePlan(kind="exponential", values=(units.parse_duration(spec["exponential"]),))
    shape = spec["lognormal"]
    median, p95 = units.parse_duration(shape["median"]), units.parse_duration(shape["p95"])
    return PausePlan(kind="lognormal", values=(median, p95))


def reply(spec: Mapping[str, Any] | None) -> ReplyPlan | None:
    """Return which frame answers a message, if any does."""
    if spec is None:
        return None
    return ReplyPlan(
        match=spec["match"],
        until=spec.get("until"),
        expect=spec.get("expect"),
        error=spec.get("error"),
        in_order=tuple(spec.get("in_order", ())),
        count=spec.get("count"),
        capture=tuple(spec.get("capture", {}).items()),
        timeout=duration(spec.get("timeout"), 5.0),
    )


def deliver(spec: Mapping[str, Any] | None) -> DeliverPlan | None:
    """Return who else must see a message, if anybody must."""
    if spec is None:
        return None
    to = {EVERYONE: None} if spec["to"] == "everyone" else spec["to"]
    ((name, value),) = to.items()
    return DeliverPlan(
        to=name,
        value=value,
        where=spec["where"],
        id=spec["id"],
        within=duration(spec.get("within"), 1.0),
        to_sender=spec.get("self", False),
    )


def never(spec: Mapping[str, Any]) -> NeverPlan:
    """Return what no received message may be."""
    return NeverPlan(where=spec["where"], because=spec.get("because"))


def sequence(spec: Mapping[str, Any]) -> SequencePlan:
    """Return which received messages are numbered, and how."""
    return SequencePlan(
        where=spec.get("where", {}), value=spec["value"], per=spec.get("per"), step=spec.get("step", 1)
    )


def level(spec: Any, *, rate: bool = False) -> Level:
    """Return a level of clients, or of a rate a second."""

    def number(value: Any) -> float:
        return units.parse_rate(value) if rate else float(value)

    if not isinstance(spec, Mapping):
        return Level(start=number(spec), end=number(spec))
    every = units.parse_duration(spec["every"]) if "every" in spec else None
    step = number(spec["step"]) if "step" in spec else None
    return Level(start=number(spec["from"]), end=number(spec["to"]), step=step, every=every)


def bursts(spec: Mapping[str, Any]) -> Bursts:
    """Return bursts."""
    return Bursts(
        every=units.parse_duration(spec["every"]),
        length=units.parse_duration(spec["length"]),
        rate=units.parse_rate(spec["rate"]),
    )


def warm_up(spec: bool | str, length: float) -> float:
    """Return the seconds at the start of a phase that are a warm-up."""
    if isinstance(spec, str):
        return min(units.parse_duration(spec), length)
    return length if spec else 0.0


def abort(spec: Mapping[str, Any] | None) -> tuple[float, float, float] | None:
    """Return (after, over, for) in seconds, None where a criterion does not abort."""
    if spec is None:
        return None
    return (
        duration(spec.get("after"), 0.0),
        duration(spec.get("over"), 5.0),
        duration(spec.get("for"), 0.0),
    )
