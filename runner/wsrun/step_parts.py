"""Steps, from as written to as planned: one function a verb."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wsrun import units
from wsrun.parts import duration, pause
from wsrun.plan_steps import (
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
    ThinkStep,
)

Spec = Mapping[str, Any]
MessageRef = Callable[[Any], int]
"""Gives the index of a message by name, or of one written in place."""


def steps(specs: Sequence[Spec], message: MessageRef) -> tuple[StepPlan, ...]:
    """Return steps that follow each other."""
    return tuple(step(spec, message) for spec in specs)


def step(spec: Spec, message: MessageRef) -> StepPlan:
    """Return one step, by its verb."""
    verb = next(verb for verb in _VERBS if verb in spec)
    return _VERBS[verb](spec, message)


def longest_wait(plan: StepPlan) -> float | None:
    """Return how many seconds a step waits for the target at most, None where it does not."""
    if isinstance(plan, ExpectStep | ExpectCloseStep):
        return plan.timeout
    return plan.length if isinstance(plan, ExpectNoneStep) else None


def _send(spec: Spec, message: MessageRef) -> StepPlan:
    sent = spec["send"] if isinstance(spec["send"], list) else [spec["send"]]
    return SendStep(
        messages=tuple(message(one) for one in sent),
        times=spec.get("times", 1),
        wait=spec.get("wait", True),
    )


def _expect(spec: Spec, message: MessageRef) -> StepPlan:
    return ExpectStep(
        pattern=spec["expect"],
        count=spec.get("count", 1),
        timeout=duration(spec.get("timeout"), 5.0),
        capture=tuple(spec.get("capture", {}).items()),
        optional=spec.get("optional", False),
    )


def _expect_none(spec: Spec, message: MessageRef) -> StepPlan:
    return ExpectNoneStep(pattern=spec["expect_none"], length=units.parse_duration(spec["for"]))


def _expect_close(spec: Spec, message: MessageRef) -> StepPlan:
    timeout = duration(spec.get("timeout"), 5.0)
    return ExpectCloseStep(codes=frozenset(spec["expect_close"]), timeout=timeout)


def _close(spec: Spec, message: MessageRef) -> StepPlan:
    return CloseStep(code=spec.get("code", 1000), how=spec.get("how", "clean"))


def _repeat(spec: Spec, message: MessageRef) -> StepPlan:
    return RepeatStep(
        steps=steps(spec["repeat"], message),
        times=spec.get("times"),
        length=units.parse_duration(spec["for"]) if "for" in spec else None,
        condition=spec.get("while"),
    )


def _choose(spec: Spec, message: MessageRef) -> StepPlan:
    choices = [(float(choice["weight"]), steps(choice["do"], message)) for choice in spec["choose"]]
    return ChooseStep(choices=tuple(choice for choice in choices if choice[0] > 0))


def _if(spec: Spec, message: MessageRef) -> StepPlan:
    return IfStep(
        condition=spec["if"],
        then=steps(spec["then"], message),
        otherwise=steps(spec.get("else", ()), message),
    )


_VERBS: Mapping[str, Callable[[Spec, MessageRef], StepPlan]] = {
    "send": _send,
    "expect": _expect,
    "expect_none": _expect_none,
    "expect_close": _expect_close,
    "connect": lambda spec, message: ConnectStep(),
    "close": _close,
    "think": lambda spec, message: ThinkStep(pause=pause(spec["think"])),
    "set": lambda spec, message: SetStep(values=tuple(spec["set"].items())),
    "repeat": _repeat,
    "choose": _choose,
    "if": _if,
}
