"""Whether the criteria were met: one criterion and a store to one row of the result.

A criterion without data is never met. One whose phase the run did not reach is not judged, which is not met
either; nor is, in a functional test, one that says nothing of a single visit.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from wsrun import once
from wsrun.catalogue import resolve
from wsrun.criteria import Bound, Criterion, Operator
from wsrun.figures import text_of, texts_apart
from wsrun.measure import Measured, measure
from wsrun.metrics.store import Store
from wsrun.plan import CriterionPlan, Plan

Status = Literal["met", "missed", "no_data", "not_judged"]

_COMPARE: dict[Operator, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_DIRECTIONS: dict[str, float] = {"decreasing": -1.0, "stable": 0.0, "increasing": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """A criterion with its two sides: numbers, and words where they are directions."""

    status: Status
    observed: Measured
    required: float | None = None
    note: str | None = None


def evaluate(criterion: CriterionPlan, store: Store, plan: Plan) -> dict[str, Any]:
    """Judge one criterion on what a store holds.

    Returns:
        A row of ``criteria`` in the result: ``status`` (met, missed, no_data, not_judged), ``observed`` and
        ``required`` in ``unit`` (a direction is -1, 0 or 1), both as text, ``used`` (the share of the limit
        that is used up: above 1 is a miss; None where a limit has no shares), ``samples``, ``note`` (why
        there is nothing to judge), and where and how the criterion was written.
    """
    parsed = criterion.criterion
    judged = _judge(parsed, store, plan)
    severity = criterion.severity
    aside = _aside(judged, parsed, plan) if plan.once else None
    if aside is not None:
        judged = dataclasses.replace(judged, status="not_judged", note=aside)
        severity = "warning"
    reference = parsed.metric
    metric = resolve(reference)
    dimension = metric.dimension(reference.stat) if metric is not None else "number"
    unit = "number" if dimension == "word" else dimension
    of_bytes = metric is not None and metric.unit == "bytes"
    value = _DIRECTIONS[judged.observed.word] if judged.observed.word else judged.observed.value
    observed_text, required_text = _texts(parsed, judged, unit, of_bytes)
    good = None
    if criterion.good is not None:
        good = {
            "check": criterion.good_text,
            "met": _judge(criterion.good, store, plan).status == "met",
        }
    return {
        "check": criterion.text,
        "status": judged.status,
        "severity": severity,
        "observed": value,
        "required": judged.required,
        "unit": unit,
        "operator": parsed.operator,
        "observed_text": observed_text,
        "required_text": required_text,
        "because": criterion.because,
        "good": good,
        "used": _used(parsed.operator, value, judged.required, unit),
        "samples": judged.observed.samples,
        "phase": dict(reference.labels).get("phase"),
        "metric": reference.name,
        "stat": reference.stat,
        "labels": dict(reference.labels),
        "timeout_floor": judged.observed.is_timeout_floor,
        "note": judged.note,
        "aborts": criterion.abort is not None,
        "location": {
            "path": criterion.location.path,
            "line": criterion.location.line,
            "column": criterion.location.column,
        },
    }


def _aside(judged: _Judged, criterion: Criterion, plan: Plan) -> str | None:
    """Return why a functional test leaves a criterion out, None when it is judged."""
    if not once.is_judged(criterion):
        return once.NOTE
    if once.needs_data(criterion, plan):
        return None
    if judged.status == "missed" and criterion.metric.name in once.HAPPENED and not judged.observed.value:
        return once.CHANCE
    return judged.note if judged.status == "no_data" else None


def _judge(criterion: Criterion, store: Store, plan: Plan) -> _Judged:
    observed = measure(criterion.metric, store, plan)
    bound = criterion.bound
    if bound.is_baseline:
        return _Judged(status="not_judged", observed=observed, note="there is no baseline to compare with")
    if bound.word is not None:
        return _judge_word(criterion, observed, bound.word)
    required, note, is_reached = _required(bound, store, plan)
    if not (observed.is_reached and is_reached):
        return _Judged(status="not_judged", observed=observed, required=required, note=observed.note or note)
    if observed.value is None or required is None:
        return _Judged(status="no_data", observed=observed, required=required, note=observed.note or note)
    is_met = _COMPARE[criterion.operator](observed.value, required)
    return _Judged(status="met" if is_met else "missed", observed=observed, required=required)


def _judge_word(criterion: Criterion, observed: Measured, word: str) -> _Judged:
    required = _DIRECTIONS.get(word)
    if observed.word is None:
        status: Status = "no_data" if observed.is_reached else "not_judged"
        return _Judged(status=status, observed=observed, required=required, note=observed.note)
    is_met = (observed.word == word) == (criterion.operator == "==")
    return _Judged(status="met" if is_met else "missed", observed=observed, required=required)


def _required(bound: Bound, store: Store, plan: Plan) -> tuple[float | None, str | None, bool]:
    """Return the number on the right, why there is none, and whether its phase was reached."""
    if bound.metric is None:
        return bound.quantity.value if bound.quantity is not None else None, None, True
    other = measure(bound.metric, store, plan)
    if other.value is None:
        return None, f"on the right: {other.note}", other.is_reached
    margin = 0.0
    if bound.margin is not None:
        relative = bound.margin.dimension == "share"
        margin = other.value * bound.margin.value if relative else bound.margin.value
    return other.value + (margin if bound.sign == "+" else -margin), None, True


def _texts(criterion: Criterion, judged: _Judged, unit: str, of_bytes: bool) -> tuple[str, str | None]:
    observed, required = judged.observed.value, judged.required
    bound = criterion.bound
    if bound.word is not None:
        return judged.observed.word or "no data", bound.word
    if observed is None or required is None:
        observed_text = "no data" if observed is None else text_of(observed, unit, of_bytes=of_bytes)
        required_text = None if required is None else text_of(required, unit, of_bytes=of_bytes)
    else:
        observed_text, required_text = texts_apart(observed, required, unit, of_bytes=of_bytes)
    if bound.quantity is not None:
        required_text = bound.quantity.text
    return observed_text, required_text


def _used(compared: Operator, observed: float | None, required: float | None, unit: str) -> float | None:
    """Return how much of a limit is used up.

    An upper limit: observed / limit. A lower one: of a share, what is missing of what may be missing, (1 -
    observed) / (1 - limit); of anything else limit / observed. None where nothing at all is allowed, and for
    equality.
    """
    if observed is None or required is None:
        return None
    if compared in ("<", "<="):
        return observed / required if required > 0 else None
    if compared in (">", ">="):
        if unit == "share":
            return (1 - observed) / (1 - required) if required < 1 else None
        return required / observed if observed > 0 else None
    return None
