"""Whether a parsed criterion makes sense: its metrics, statistics, labels and units against the catalogue.

Which values a label may have is not known here: that is a matter of the scenario.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Literal, NamedTuple

from wsrun.catalogue import METRICS, resolve, suggestions
from wsrun.criteria import TREND_WORDS, Criterion, Dimension, MetricRef, Quantity
from wsrun.metric import Metric, Unit


class Problem(NamedTuple):
    """What is wrong with a criterion: a code, a message, the text in question, and help if there is any."""

    code: str
    message: str
    word: str
    help: str | None


def reference_problems(reference: MetricRef) -> list[Problem]:
    """Return what is wrong with a metric as named: unknown, not yet, statistics, labels; values are not
    looked at."""
    metric = resolve(reference)
    if metric is None:
        return [_unknown(reference.name)]
    if not metric.available:
        message = f"'{reference.name}' is not measured yet"
        return [Problem("not-yet", message, reference.name, None)]
    problems = []
    if not metric.allows_stat(reference.stat):
        problems.append(_wrong_stat(metric, reference))
    for label, _ in reference.labels:
        if label not in metric.labels:
            problems.append(_wrong_label(metric, label))
    return problems


def bound_problem(criterion: Criterion) -> Problem | None:
    """Return what is wrong with the bound of a criterion whose metrics have no problem, None if nothing."""
    metric = resolve(criterion.metric)
    if metric is None:
        return None
    dimension = metric.dimension(criterion.metric.stat)
    bound = criterion.bound
    if dimension == "word" or bound.word is not None:
        return _word_problem(criterion, dimension)
    if bound.quantity is not None:
        return _quantity_problem(metric, dimension, bound.quantity)
    if bound.metric is not None:
        other = resolve(bound.metric)
        if other is not None and other.dimension(bound.metric.stat) != dimension:
            message = (
                f"{_NOUNS[dimension]} cannot be compared with {_NOUNS[other.dimension(bound.metric.stat)]}"
            )
            return Problem("wrong-unit", message, bound.metric.name, None)
    if bound.margin is not None and bound.margin.dimension != "share":
        return _quantity_problem(metric, dimension, bound.margin)
    return None


_NOUNS = {
    "number": "a number",
    "seconds": "a duration",
    "bytes": "a size",
    "share": "a share",
    "per_second": "a rate",
    "word": "a trend",
}


_MEANT_STATS = {
    "mean": "avg",
    "average": "avg",
    "median": "p50",
    "med": "p50",
    "sum": "count",
    "total": "count",
}


def _unknown(name: str) -> Problem:
    metric_name, _, stat = name.rpartition(".")
    metric = METRICS.get(metric_name)
    if metric is not None:
        return _wrong_stat(metric, MetricRef(metric_name, (), stat))
    close = suggestions(name)
    help_text = f"did you mean {' or '.join(close)}?" if close else None
    return Problem("unknown-metric", f"there is no metric '{name}'", name, help_text)


def _wrong_stat(metric: Metric, reference: MetricRef) -> Problem:
    if reference.stat is None:
        offer = "p95" if metric.kind == "distribution" else "max"
        help_text = f"write {metric.name}.{offer}; statistics: {' '.join(metric.stats)}"
        return Problem("missing-stat", f"'{reference.name}' needs a statistic", reference.name, help_text)
    meant = _MEANT_STATS.get(reference.stat, reference.stat)
    if metric.kind == "counter" and meant == "count":
        help_text = f"write {reference.name}: without a statistic it is the count"
    elif meant in metric.stats:
        help_text = f"write {reference.name}.{meant}"
    elif metric.stats:
        help_text = f"statistics: {' '.join(metric.stats)}"
    else:
        help_text = f"write {reference.name} alone"
    message = f"'{reference.name}' has no statistic '{reference.stat}'"
    return Problem("unknown-stat", message, reference.stat, help_text)


def _wrong_label(metric: Metric, label: str) -> Problem:
    close = get_close_matches(label, metric.labels, n=1)
    help_text = f"did you mean {close[0]}?" if close else f"labels: {' '.join(metric.labels)}"
    return Problem("unknown-label", f"'{metric.name}' has no label '{label}'", label, help_text)


def _word_problem(criterion: Criterion, dimension: Dimension | Literal["word"]) -> Problem | None:
    word = criterion.bound.word
    words = ", ".join(TREND_WORDS)
    if dimension != "word":
        noun = _NOUNS[dimension]
        return Problem("wrong-unit", f"{noun} is needed, not a word", word or "", _examples(dimension, None))
    if word not in TREND_WORDS:
        given = word or (criterion.bound.quantity.text if criterion.bound.quantity else "")
        return Problem("wrong-unit", "a trend is compared with a word", given, f"one of {words}")
    if criterion.operator not in ("==", "!="):
        return Problem(
            "wrong-operator", "a trend is one of three words", criterion.operator, "write == or !="
        )
    return None


def _quantity_problem(
    metric: Metric, dimension: Dimension | Literal["word"], quantity: Quantity
) -> Problem | None:
    if quantity.dimension == dimension and (
        dimension != "per_second"
        or _counted(quantity) == ("bytes" if metric.unit == "bytes" else metric.unit)
    ):
        return None
    if dimension == "per_second":
        help_text = "write 10MiB/s" if metric.unit == "bytes" else "write 500/s or 20/m"
    else:
        help_text = _examples(dimension, quantity)
    message = f"{_NOUNS[dimension]} is needed, not {quantity.text}"
    return Problem("wrong-unit", message, quantity.text, help_text)


def _examples(dimension: str, quantity: Quantity | None) -> str:
    number = quantity.text if quantity is not None and quantity.dimension == "number" else None
    match dimension:
        case "seconds":
            return f"write {number or 5}s or {number or 5}ms"
        case "bytes":
            return f"write {number or 64}B or {number or 64}KiB"
        case "share":
            if quantity is not None and quantity.dimension == "number" and quantity.value <= 1:
                return f"write {quantity.value * 100:g}%"
            return f"write {number or 95}%"
        case _:
            return "write a number without a unit"


def _counted(quantity: Quantity) -> Unit:
    """What a rate counts, from its text: ``10MiB/s`` counts bytes."""
    counted = quantity.text.partition("/")[0].strip()
    if counted.endswith("B"):
        return "bytes"
    if counted.endswith("%"):
        return "share"
    return "number" if counted[-1].isdigit() else "seconds"
