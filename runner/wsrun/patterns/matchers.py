"""Patterns to functions from frame to bool; what has templates is bound to the values of each message."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wsrun.expressions import MissingVariable, Scope, Tools, compile_value
from wsrun.expressions.compile import is_constant
from wsrun.patterns.frame import ABSENT, Frame
from wsrun.patterns.parsing import Condition, Pattern, is_regex
from wsrun.patterns.sources import compile_regex, compile_source

Fits = Callable[[Frame], bool]
Test = Callable[[Any], bool]


def equal(one: Any, other: Any) -> bool:
    """Compare as JSON does: true is not 1, "1" is not 1, 1 is 1.0."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return type(one) is type(other) and bool(one == other)


def contains(whole: Any, part: Any) -> bool:
    """Whether ``part`` is in ``whole``: fields of objects, and items of lists in any place."""
    if isinstance(part, Mapping):
        return isinstance(whole, Mapping) and all(
            key in whole and contains(whole[key], wanted) for key, wanted in part.items()
        )
    if isinstance(part, list | tuple):
        return isinstance(whole, list | tuple) and all(
            any(contains(item, wanted) for item in whole) for wanted in part
        )
    return equal(whole, part)


class Matcher:
    """A compiled pattern; ``bind`` fixes the values that a message's templates have now."""

    __slots__ = ("_alternatives", "_static", "is_static")

    def __init__(self, pattern: Pattern, tools: Tools) -> None:
        self._alternatives = [
            [_compile_condition(condition, tools) for condition in alternative]
            for alternative in pattern.alternatives
        ]
        self.is_static = all(
            is_constant(c.value) for alternative in pattern.alternatives for c in alternative
        )
        self._static: Fits | None = None
        if self.is_static:
            self._static = _any(
                [_all([(read, make(None)) for read, make in one]) for one in self._alternatives]
            )

    def bind(self, scope: Scope | None) -> Fits:
        """Return the function for a client's message; a pattern whose variable has no value fits nothing."""
        if self._static is not None:
            return self._static
        bound = []
        for alternative in self._alternatives:
            try:
                bound.append(_all([(read, make(scope)) for read, make in alternative]))
            except MissingVariable:
                continue
        return _any(bound)


def compile_pattern(pattern: Pattern, tools: Tools) -> Matcher:
    """Compile a parsed pattern."""
    return Matcher(pattern, tools)


def _all(conditions: Sequence[tuple[Callable[[Frame], Any], Test]]) -> Fits:
    if len(conditions) == 1:
        read, test = conditions[0]
        return lambda frame: test(read(frame))
    return lambda frame: all(test(read(frame)) for read, test in conditions)


def _any(alternatives: Sequence[Fits]) -> Fits:
    if len(alternatives) == 1:
        return alternatives[0]
    return lambda frame: any(fits(frame) for fits in alternatives)


def _compile_condition(
    condition: Condition, tools: Tools
) -> tuple[Callable[[Frame], Any], Callable[[Scope | None], Test]]:
    read = compile_source(condition.source)
    if is_constant(condition.value):
        test = _test(condition, condition.value)
        return read, lambda scope: test
    evaluate = compile_value(condition.value, tools)

    def make(scope: Scope | None) -> Test:
        if scope is None:
            raise MissingVariable("a client")
        return _test(condition, evaluate(scope))

    return read, make


def _test(condition: Condition, wanted: Any) -> Test:
    """Return the test of one condition. An absent value passes only ``exists: false``."""
    match condition.test:
        case "exists":
            return lambda value: (value is not ABSENT) is wanted
        case "equal":
            return _equals(condition, wanted)
        case "not":
            if isinstance(wanted, str) and is_regex(wanted):
                found = _search(wanted[1:-1])
                return lambda value: value is not ABSENT and not found(value)
            return lambda value: value is not ABSENT and not equal(value, wanted)
        case "in":
            return lambda value: any(equal(value, one) for one in wanted)
        case "min":
            return lambda value: _is_number(value) and _is_number(wanted) and value >= wanted
        case "max":
            return lambda value: _is_number(value) and _is_number(wanted) and value <= wanted
        case "prefix":
            return lambda value: isinstance(value, str) and value.startswith(str(wanted))
        case "regex":
            text = str(wanted)
            return _search(text[1:-1] if is_regex(text) else text)
        case "subset":
            return lambda value: contains(value, wanted)
    from wsrun.patterns.schemas import compile_schema

    valid = compile_schema(wanted)
    return lambda value: value is not ABSENT and valid(value)


def _equals(condition: Condition, wanted: Any) -> Test:
    if isinstance(wanted, str):
        if is_regex(wanted) and is_constant(condition.value):
            return _search(wanted[1:-1])
        if condition.source.kind == "hex":
            return _hex(wanted)
        return lambda value: value == wanted
    return lambda value: equal(value, wanted)


def _search(pattern: str) -> Test:
    regex = compile_regex(pattern)
    return lambda value: isinstance(value, str) and regex.search(value[: 64 << 10]) is not None


def _hex(wanted: str) -> Test:
    digits = "".join(wanted.split()).lower()
    body = digits.removesuffix("..")
    is_open = body != digits
    if "xx" not in body:
        if is_open:
            return lambda value: isinstance(value, str) and value.startswith(body)
        return lambda value: value == body
    pairs = [(index, body[index : index + 2]) for index in range(0, len(body), 2)]
    fixed = [(index, pair) for index, pair in pairs if pair != "xx"]

    def fits(value: Any) -> bool:
        if not isinstance(value, str) or len(value) < len(body) or (len(value) > len(body) and not is_open):
            return False
        return all(value.startswith(pair, index) for index, pair in fixed)

    return fits


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
