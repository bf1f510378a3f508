"""Steps and pauses of a plan in the spelling of a scenario, with every default written out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wsrun import units
from wsrun.plan import Plan
from wsrun.plan_steps import (
    CallStep,
    ChooseStep,
    CloseStep,
    ConnectStep,
    ExpectCloseStep,
    ExpectNoneStep,
    ExpectStep,
    IfStep,
    PausePlan,
    RepeatStep,
    SendStep,
    SetStep,
    StepPlan,
    SyncStep,
    ThinkStep,
)


def step_settings(plan: Plan, steps: Sequence[StepPlan]) -> list[dict[str, Any]]:
    """Write steps that follow each other."""
    return [without_none(_step(plan, step)) for step in steps]


def pause_settings(pause: PausePlan) -> Any:
    """Write a pause."""
    values = [units.format_duration(value) for value in pause.values]
    match pause.kind:
        case "fixed":
            return values[0]
        case "uniform":
            return {"uniform": values}
        case "exponential":
            return {"exponential": values[0]}
        case "lognormal":
            return {"lognormal": {"median": values[0], "p95": values[1]}}


def number(value: float) -> float:
    """Write a whole number without a point."""
    return int(value) if value == int(value) else value


def without_none(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value is not None}


def _step(plan: Plan, step: StepPlan) -> dict[str, Any]:
    match step:
        case SendStep():
            sent = [plan.messages[index].name for index in step.messages]
            return {"send": sent[0] if len(sent) == 1 else sent, "times": step.times, "wait": step.wait}
        case ExpectStep():
            return {
                "expect": step.pattern,
                "count": step.count,
                "timeout": units.format_duration(step.timeout),
                "capture": dict(step.capture) or None,
                "optional": step.optional,
            }
        case ExpectNoneStep():
            return {"expect_none": step.pattern, "for": units.format_duration(step.length)}
        case ExpectCloseStep():
            timeout, name = units.format_duration(step.timeout), plan.targets[step.socket].name
            return {"expect_close": sorted(step.codes), "socket": name, "timeout": timeout}
        case ConnectStep():
            return {"connect": plan.targets[step.socket].name, "refused": step.refused}
        case CloseStep():
            return {"close": plan.targets[step.socket].name, "code": step.code, "how": step.how}
        case SetStep():
            return {"set": dict(step.values)}
        case CallStep():
            timeout = units.format_duration(step.timeout)
            return {"call": step.name, "with": dict(step.arguments) or None, "timeout": timeout}
        case RepeatStep():
            length = None if step.length is None else units.format_duration(step.length)
            repeated = step_settings(plan, step.steps)
            return {"repeat": repeated, "times": step.times, "for": length, "while": step.condition}
        case ChooseStep():
            return {
                "choose": [
                    {"weight": number(weight), "do": step_settings(plan, steps)}
                    for weight, steps in step.choices
                ]
            }
        case IfStep():
            otherwise = step_settings(plan, step.otherwise) or None
            return {"if": step.condition, "then": step_settings(plan, step.then), "else": otherwise}
        case SyncStep():
            return {"sync": step.name, "timeout": units.format_duration(step.timeout)}
        case ThinkStep():
            return {"think": pause_settings(step.pause)}
