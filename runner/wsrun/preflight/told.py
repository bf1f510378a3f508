"""What a client did, step by step, as findings."""

from __future__ import annotations

from collections.abc import Sequence

from wsrun.metrics.snapshot import StepRecord
from wsrun.preflight.finding import Finding
from wsrun.preflight.visit import Visit
from wsrun.view.formats import seconds

LONGEST = 200
"""Characters of what went wrong in a step that are told."""

_CLOSER = "see each step, and what came instead: wsrun FILE --once"


def told_steps(visit: Visit, known: Sequence[str]) -> tuple[Finding, ...]:
    """Return what a client did as findings; ``known`` are texts of failures that are told elsewhere."""
    found = [_told(step, visit.answered, known) for step in visit.steps]
    if not visit.is_over:
        text = f"the client was not done within {visit.limit:g} s, and was stopped"
        fixes = (_CLOSER,)
        found.append(Finding(name="time", state="bad", text=text, fixes=fixes))
    elif all(step.good for step in visit.steps) and not any(map(_sent, visit.steps)):
        found.append(Finding(name="send", state="good", text="nothing: such a client only listens"))
    return tuple(found)


def _told(step: StepRecord, answered: frozenset[str], known: Sequence[str]) -> Finding:
    name = step.step or "between steps"
    sent, took = _sent(step), seconds(step.seconds)
    figures = {"seconds": step.seconds}
    if not step.good:
        if any(text.startswith(problem) for problem in step.problems for text in known):
            return Finding(name=name, state="unknown", text="not done, as said above", figures=figures)
        text = "; ".join(step.problems) or "failed"
        if len(text) > LONGEST:
            text = f"{text[: LONGEST - 1]}…"
        fixes = (_CLOSER,) if sent else ()
        return Finding(name=name, state="bad", text=text, fixes=fixes, figures=figures)
    text = f"done in {took}"
    if sent:
        text = f"answered in {took}" if sent & answered else "sent; no reply is awaited"
    return Finding(name=name, state="good", text=text, figures=figures)


def _sent(step: StepRecord) -> set[str]:
    """Return the names of the messages that a step sends; none where it does something else."""
    verb, _, rest = step.step.partition(" ")
    return set(rest.partition(" ×")[0].split(", ")) if verb == "send" else set()
