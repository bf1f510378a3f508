"""What steps make one client do: messages, bytes and connects, and how long it thinks meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wsrun.pacing.pauses import mean_pause
from wsrun.pacing.visits import Visitors
from wsrun.plan import Plan
from wsrun.plan_steps import (
    ChooseStep,
    ConnectStep,
    ExpectNoneStep,
    IfStep,
    RepeatStep,
    SendStep,
    StepPlan,
    ThinkStep,
)


@dataclass(frozen=True, slots=True)
class Work:
    """Messages, their payload bytes and connects: of a client, a second, or a phase; and seconds thought."""

    messages: float = 0.0
    bytes: float = 0.0
    seconds: float = 0.0
    connects: float = 0.0


def summed(works: Iterable[Work]) -> Work:
    """Add works up."""
    found = list(works)
    return Work(
        sum(work.messages for work in found),
        sum(work.bytes for work in found),
        sum(work.seconds for work in found),
        sum(work.connects for work in found),
    )


def scaled(work: Work, factor: float) -> Work:
    """Return a work done ``factor`` times."""
    return Work(work.messages * factor, work.bytes * factor, work.seconds * factor, work.connects * factor)


def work_of(steps: Iterable[StepPlan], sizes: Sequence[float]) -> Work:
    """Return what steps send, how often they connect and how long they think, on average.

    ``sizes`` are the mean payload bytes of each message.

    What depends on the target or on variables is guessed: conditions hold, and ``while`` goes round once.
    """
    works = []
    for step in steps:
        match step:
            case SendStep():
                size = sum(sizes[message] for message in step.messages)
                works.append(scaled(Work(len(step.messages), size), step.times))
            case ConnectStep():
                works.append(Work(connects=1))
            case ThinkStep():
                works.append(Work(seconds=mean_pause(step.pause)))
            case ExpectNoneStep():
                works.append(Work(seconds=step.length))
            case RepeatStep():
                once = work_of(step.steps, sizes)
                rounds = float(step.times or 1)
                if step.length is not None and once.seconds > 0:
                    rounds = max(step.length / once.seconds, 1.0)
                works.append(scaled(once, rounds))
            case ChooseStep():
                total = sum(weight for weight, _ in step.choices)
                works += [scaled(work_of(do, sizes), weight / total) for weight, do in step.choices]
            case IfStep():
                works.append(work_of(step.then, sizes))
    return summed(works)


def visitors(plan: Plan) -> Visitors:
    """Return how many of those who arrive are there when; of a flow, waiting for replies is not known."""
    sizes = [0.0] * len(plan.messages)
    return Visitors(plan, lambda profile: work_of(plan.profiles[profile].flow, sizes).seconds)
