"""The grammar of criteria: text to a parsed ``Criterion``, without looking at any scenario or result."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, cast

from wsrun.criteria_scan import NUMBER, CriterionError, Scanner
from wsrun.units import BYTES, MICROSECONDS

__all__ = [
    "DEFAULT_CRITERIA",
    "STATS",
    "TREND_WORDS",
    "Bound",
    "Criterion",
    "CriterionError",
    "Dimension",
    "MetricRef",
    "Operator",
    "Quantity",
    "is_stat",
    "parse",
    "percentile",
]

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


DEFAULT_CRITERIA = ("connect.success == 100%", "errors == 0")
"""What a scenario without criteria is held to."""

TREND_WORDS = ("stable", "increasing", "decreasing")
"""What a ``.trend`` may be compared with."""

STATS = ("avg", "min", "max", "count", "rate", "last", "slope", "trend")
"""Every statistic by name; percentiles (``p50``, ``p99.9``) are told by their form."""


def is_stat(text: str) -> bool:
    """Tell whether a word is a statistic: ``avg``, ``p95``, ``p99.9`` and so on."""
    return text in STATS or percentile(text) is not None


def percentile(stat: str) -> float | None:
    """Return the quantile (0…1) that ``p95`` or ``p99.9`` names, None when ``stat`` names none."""
    match = _PERCENTILE.fullmatch(stat)
    # Through the decimal text: 99.9 / 100 is not the float nearest to 0.999.
    return float(f"{match[1]}e-2") if match else None


def parse(text: str) -> Criterion:
    """Read a criterion such as ``round_trip(message=say).p99 < 250ms``.

    ::

        criterion = metric ( "<" | "<=" | ">" | ">=" | "==" | "!=" ) bound ;
        metric = name { "." name } [ "(" name "=" word { " " name "=" word } ")" ] [ "." stat ] ;
        bound = quantity | word | ( "baseline" | metric ) [ ( "+" | "-" ) quantity ] ;
        quantity = number [ time | size | "%" ] [ "/" [ number ] time ] ;

    White space may stand around every token. Whether the metric exists, and takes these labels and this
    statistic, is not looked at.

    Raises:
        CriterionError: the text does not follow the grammar.
    """
    return _Parser(text).criterion()


_PERCENTILE = re.compile(r"p([1-9]?[0-9](?:\.[0-9]{1,4})?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z_][A-Za-z0-9_]*)*")
_PERCENTILE_LIKE = re.compile(r"p[0-9]+(?:\.[0-9]+)?(?![A-Za-z0-9_-])")
_LABEL_VALUE = re.compile(r"[^\s()=,]+")
_BRACES = re.compile(r"\{([^{}()]*)\}?")
_CALL = re.compile(r"\(\s*([A-Za-z_][\w.]*|[0-9.]+)?([^)]*)\)?")
_OPERATOR = re.compile(r"<=|>=|==|!=|<(?![>])|>")
_OPERATOR_LIKE = re.compile(r"=<|=>|<>|≤|≥|≠|=")
_MEANT_OPERATOR = {"=": "==", "=<": "<=", "=>": ">=", "<>": "!=", "≤": "<=", "≥": ">=", "≠": "!="}


class _Parser(Scanner):
    """Recursive descent: one method a rule of the grammar."""

    def criterion(self) -> Criterion:
        self.skip()
        if self.at == len(self.text):
            raise CriterionError("the criterion is empty", 0, 1, "write one such as round_trip.p95 < 200ms")
        if self.text[self.at].isdigit():
            raise self.error("a criterion begins with a metric", help="write round_trip.p95 < 200ms")
        metric = self.metric()
        operator = self.operator()
        bound = self.bound(metric)
        self.skip()
        if self.at < len(self.text):
            raise self.trailing(bound)
        return Criterion(metric, operator, bound)

    def metric(self) -> MetricRef:
        start = self.at
        parts = self.dotted()
        self.skip()
        self.refuse_braces(".".join(parts))
        self.refuse_call(start, ".".join(parts))
        labels: tuple[tuple[str, str], ...] = ()
        if self.looking_at("("):
            if len(parts) > 1 and is_stat(parts[-1]):
                raise self.misplaced_labels(start, parts)
            labels = self.labels()
            after = self.at
            self.skip()
            if not self.looking_at("."):
                self.at = after
                return MetricRef(".".join(parts), labels, None)
            self.at += 1
            return MetricRef(".".join(parts), labels, self.stat())
        if len(parts) > 1 and is_stat(parts[-1]):
            return MetricRef(".".join(parts[:-1]), (), parts[-1])
        return MetricRef(".".join(parts), (), None)

    def dotted(self) -> list[str]:
        parts = [self.component("a metric")]
        while True:
            before = self.at
            self.skip()
            if not self.looking_at("."):
                self.at = before
                return parts
            self.at += 1
            self.skip()
            parts.append(self.component("a name"))

    def component(self, what: str) -> str:
        match = _PERCENTILE_LIKE.match(self.text, self.at) or _NAME.match(self.text, self.at)
        if match is None:
            raise self.expected(what)
        if match.re is _PERCENTILE_LIKE and percentile(match[0]) is None:
            help_text = "percentiles go from p0 to p99.9999; the highest value is .max"
            raise CriterionError(f"'{match[0]}' is not a percentile", self.at, len(match[0]), help_text)
        self.at = match.end()
        return match[0]

    def stat(self) -> str:
        self.skip()
        start = self.at
        word = self.component("a statistic")
        if not is_stat(word):
            help_text = "statistics: avg min max p50 p95 p99.9 count rate last slope trend"
            raise CriterionError(f"'{word}' is not a statistic", start, len(word), help_text)
        return word

    def labels(self) -> tuple[tuple[str, str], ...]:
        opening = self.at
        self.at += 1
        found: dict[str, str] = {}
        while True:
            self.skip()
            if self.at == len(self.text):
                raise CriterionError("this parenthesis is not closed", opening, 1, "add ')' after the labels")
            if self.looking_at(")") and found:
                self.at += 1
                return tuple(found.items())
            start = self.at
            name = self.label_name()
            self.skip()
            if not self.looking_at("="):
                raise self.error("a label is a name, '=' and a value", "write labels as (message=say)", start)
            self.at += 2 if self.looking_at("==") else 1
            self.skip()
            match = _LABEL_VALUE.match(self.text, self.at)
            if match is None:
                help_text = "write labels as (message=say)"
                raise CriterionError(f"label '{name}' has no value", start, self.at - start, help_text)
            if name in found:
                raise CriterionError(f"label '{name}' is given twice", start, len(name))
            self.at = match.end()
            found[name] = match[0]

    def label_name(self) -> str:
        match = _NAME.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
            return match[0]
        if self.looking_at(","):
            raise self.error("labels are separated by spaces", "write (message=say phase=spike)")
        raise self.error("a label is expected here", "write labels as (message=say)")

    def operator(self) -> Operator:
        self.skip()
        match = _OPERATOR_LIKE.match(self.text, self.at)
        if match is not None and not self.looking_at("=="):
            meant = _MEANT_OPERATOR[match[0]]
            raise CriterionError(f"'{match[0]}' is not an operator", self.at, len(match[0]), f"write {meant}")
        match = _OPERATOR.match(self.text, self.at)
        if match is None:
            self.refuse_braces("round_trip")
            if self.at == len(self.text):
                raise self.error("the criterion has no operator", "add one of < <= > >= == != and a bound")
            raise self.error(f"an operator is expected here, not '{self.word()}'", "one of < <= > >= == !=")
        self.at = match.end()
        return cast(Operator, match[0])

    def bound(self, metric: MetricRef) -> Bound:
        self.skip()
        if self.at == len(self.text):
            raise self.error("the criterion has no bound", "write a number with its unit after the operator")
        if self.looking_at("=") or self.looking_at(">"):
            raise self.error(f"'{self.word()}' is not expected here", "one of < <= > >= == !=")
        if self.text[self.at] in "+-.0123456789":
            return Bound(quantity=self.quantity())
        start = self.at
        reference = self.metric()
        is_bare = not reference.labels and self.text[start : self.at].strip() == reference.name
        if is_bare and reference.name == "baseline":
            sign, margin = self.margin()
            return Bound(is_baseline=True, sign=sign, margin=margin)
        if is_bare and (reference.name in TREND_WORDS or metric.stat == "trend"):
            return Bound(word=reference.name)
        sign, margin = self.margin()
        return Bound(metric=reference, sign=sign, margin=margin)

    def margin(self) -> tuple[Literal["+", "-"] | None, Quantity | None]:
        self.skip()
        if not (self.looking_at("+") or self.looking_at("-")):
            return None, None
        sign = cast(Literal["+", "-"], self.text[self.at])
        self.at += 1
        self.skip()
        if self.at == len(self.text):
            raise self.error("the margin is missing", "write a quantity such as 10% or 20ms")
        return sign, self.quantity()

    def quantity(self) -> Quantity:
        start = self.at
        number = self.number()
        value, end = number, self.at
        dimension: Dimension = "number"
        self.skip()
        unit = self.unit()
        if unit is not None:
            value, dimension = _with_unit(number, unit)
            end = self.at
            following = NUMBER.match(self.text, self.at)
            if following is not None and unit in MICROSECONDS:
                raise self.error("one unit a quantity", "write 90s, not 1m30s")
        self.skip()
        if self.looking_at("/"):
            self.at += 1
            value, dimension = value / self.period(), "per_second"
            end = self.at
        self.at = end
        return Quantity(float(value), dimension, self.text[start:end])

    def refuse_braces(self, name: str) -> None:
        """Point ``round_trip{message=say}``, the form of other tools, to the right one."""
        match = _BRACES.match(self.text, self.at)
        if match is not None:
            labels = " ".join(match[1].replace(",", " ").split()) or "message=say"
            help_text = f"labels are written in parentheses: {name}({labels})"
            raise CriterionError("a brace is not expected here", self.at, len(match[0]), help_text)

    def refuse_call(self, start: int, name: str) -> None:
        """Point ``p95(round_trip)`` and ``p(95)``, the forms of other tools, to the right one."""
        match = _CALL.match(self.text, self.at)
        if match is None or not (is_stat(name) or name == "p"):
            return
        argument, rest = match.groups()
        if name == "p":
            help_text = f"write the metric first: round_trip.p{argument or 95}"
        elif argument and "=" not in rest:
            help_text = f"write {argument}.{name}"
        else:
            help_text = f"write the metric first: round_trip.{name}"
        length = match.end() - start
        raise CriterionError("a statistic follows its metric after a dot", start, length, help_text)

    def misplaced_labels(self, start: int, parts: list[str]) -> CriterionError:
        opening = self.at
        labels = " ".join(f"{name}={value}" for name, value in self.labels())
        help_text = f"write {'.'.join(parts[:-1])}({labels}).{parts[-1]}"
        return CriterionError("labels stand before the statistic", opening, self.at - opening, help_text)

    def trailing(self, bound: Bound) -> CriterionError:
        if bound.quantity is not None and self.text[self.at] in "+-":
            return self.error("a margin goes with a metric or a baseline", "write the sum as one quantity")
        if self.word() in ("and", "or", "&&", "||"):
            return self.error("one comparison a criterion", "write each as a criterion of its own")
        return self.error(
            f"nothing is expected after the bound, but here is '{self.text[self.at :].strip()}'"
        )


def _with_unit(number: Fraction, unit: str) -> tuple[Fraction, Dimension]:
    if unit == "%":
        return number / 100, "share"
    if unit in MICROSECONDS:
        return number * MICROSECONDS[unit] / 10**6, "seconds"
    return number * BYTES[unit], "bytes"
