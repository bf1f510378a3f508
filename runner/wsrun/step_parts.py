"""Steps, from as written to as planned: one function a verb."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from wsrun import units
from wsrun.parts import duration, pause
from wsrun.plan_steps import (
    CallStep,
    ChooseStep,
    CloseStep,
    ConnectStep,
    ExpectCloseStep,
    ExpectNoneStep,
    ExpectStep,
    IfStep,
    RepeatStep,
    SendStep,
    SetStep,
    StepPlan,
    SyncStep,
    ThinkStep,
)

Spec = Mapping[str, Any]


class Names(NamedTuple):
    """What steps name: ``message`` gives the index of a message, by name or written in place; ``sockets`` has
    the indexes of sockets."""

    message: Callable[[Any], int]
    sockets: Mapping[str, int]


def steps(specs: Sequence[Spec], names: Names) -> tuple[StepPlan, ...]:
    """Return steps that follow each other."""
    return tuple(step(spec, names) for spec in specs)


def step(spec: Spec, names: Names) -> StepPlan:
    """Return one step, by its verb."""
    verb = next(verb for verb in _VERBS if verb in spec)
    return _VERBS[verb](spec, names)


def longest_wait(plan: StepPlan) -> float | None:
    """Return how many seconds a step waits for the target at most, None where it does not."""
    if isinstance(plan, ExpectStep | ExpectCloseStep | CallStep):
        return plan.timeout
    return plan.length if isinstance(plan, ExpectNoneStep) else None


def _send(spec: Spec, names: Names) -> StepPlan:
    sent = spec["send"] if isinstance(spec["send"], list) else [spec["send"]]
    return SendStep(
        messages=tuple(names.message(one) for one in sent),
        times=spec.get("times", 1),
        wait=spec.get("wait", True),
    )


def _expect(spec: Spec, names: Names) -> StepPlan:
    return ExpectStep(
        pattern=spec["expect"],
        count=spec.get("count", 1),
        timeout=duration(spec.get("timeout"), 5.0),
        capture=tuple(spec.get("capture", {}).items()),
        optional=spec.get("optional", False),
    )


def _expect_none(spec: Spec, names: Names) -> StepPlan:
    return ExpectNoneStep(pattern=spec["expect_none"], length=units.parse_duration(spec["for"]))


def _expect_close(spec: Spec, names: Names) -> StepPlan:
    timeout = duration(spec.get("timeout"), 5.0)
    return ExpectCloseStep(
        codes=frozenset(spec["expect_close"]),
        timeout=timeout,
        socket=names.sockets[spec.get("socket", "main")],
    )


def _close(spec: Spec, names: Names) -> StepPlan:
    return CloseStep(
        socket=names.sockets[spec["close"]], code=spec.get("code", 1000), how=spec.get("how", "clean")
    )


def _sync(spec: Spec, names: Names) -> StepPlan:
    return SyncStep(name=spec["sync"], timeout=duration(spec.get("timeout"), 30.0))


def _call(spec: Spec, names: Names) -> StepPlan:
    return CallStep(
        name=spec["call"],
        arguments=tuple(spec.get("with", {}).items()),
        timeout=duration(spec.get("timeout"), 5.0),
    )


def _repeat(spec: Spec, names: Names) -> StepPlan:
    return RepeatStep(
        steps=steps(spec["repeat"], names),
        times=spec.get("times"),
        length=units.parse_duration(spec["for"]) if "for" in spec else None,
        condition=spec.get("while"),
    )


def _choose(spec: Spec, names: Names) -> StepPlan:
    choices = [(float(choice["weight"]), steps(choice["do"], names)) for choice in spec["choose"]]
    return ChooseStep(choices=tuple(choice for choice in choices if choice[0] > 0))


def _if(spec: Spec, names: Names) -> StepPlan:
    return IfStep(
        condition=spec["if"],
        then=steps(spec["then"], names),
        otherwise=steps(spec.get("else", ()), names),
    )


_VERBS: Mapping[str, Callable[[Spec, Names], StepPlan]] = {
    "send": _send,
    "expect": _expect,
    "expect_none": _expect_none,
    "expect_close": _expect_close,
    "connect": lambda spec, names: ConnectStep(
        socket=names.sockets[spec["connect"]], refused=spec.get("refused")
    ),
    "close": _close,
    "think": lambda spec, names: ThinkStep(pause=pause(spec["think"])),
    "set": lambda spec, names: SetStep(values=tuple(spec["set"].items())),
    "call": _call,
    "repeat": _repeat,
    "choose": _choose,
    "if": _if,
    "sync": _sync,
}
