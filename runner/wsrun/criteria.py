"""The grammar of criteria: text to a parsed ``Criterion``, without looking at any scenario or result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Operator = Literal["<", "<=", ">", ">=", "==", "!="]
Dimension = Literal["number", "seconds", "bytes", "share", "per_second"]


@dataclass(frozen=True, slots=True)
class MetricRef:
    """A metric as a criterion names it: ``round_trip(message=say).p99``.

    ``labels`` are in the order written; ``stat`` is None where none was written.
    """

    name: str
    labels: tuple[tuple[str, str], ...] = ()
    stat: str | None = None


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit resolved: seconds, bytes, a share (95 % is 0.95), or a number a second."""

    value: float
    dimension: Dimension
    text: str


@dataclass(frozen=True, slots=True)
class Bound:
    """The right-hand side: a quantity, a word, or a metric with a margin.

    Exactly one of ``quantity``, ``word``, ``metric``, ``is_baseline`` is set; ``sign`` and ``margin`` go with
    the last two. A margin in shares is relative to the metric, any other is added.
    """

    quantity: Quantity | None = None
    word: str | None = None
    metric: MetricRef | None = None
    is_baseline: bool = False
    sign: Literal["+", "-"] | None = None
    margin: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """``metric operator bound``."""

    metric: MetricRef
    operator: Operator
    bound: Bound
