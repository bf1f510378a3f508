"""Patterns to functions from frame to bool: compiled once, or bound per message where they have templates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wsrun.expressions import MissingVariable, Scope, Tools, compile_value, parse, text_of
from wsrun.expressions.compile import compile_expr, is_constant
from wsrun.patterns.frame import Frame
from wsrun.patterns.parsing import Condition, Pattern
from wsrun.patterns.regexes import quote
from wsrun.patterns.sources import compile_source
from wsrun.patterns.tests import Test, make_test

Fits = Callable[[Frame], bool]
_Bound = tuple[Callable[[Frame], Any], Test]


class Matcher:
    """A compiled pattern; ``bind`` fixes the values that its templates have now."""

    __slots__ = ("_alternatives", "_static", "is_static")

    def __init__(self, pattern: Pattern, tools: Tools) -> None:
        self._alternatives = [
            [_compile_condition(condition, tools) for condition in alternative]
            for alternative in pattern.alternatives
        ]
        self.is_static = all(
            is_constant(condition.value) for alternative in pattern.alternatives for condition in alternative
        )
        self._static: Fits | None = self._bound(None) if self.is_static else None

    def bind(self, scope: Scope | None) -> Fits:
        """Return the function for a client's message; it never raises.

        An alternative with a variable that has no value fits nothing. Without a scope, none has.
        """
        return self._static if self._static is not None else self._bound(scope)

    def _bound(self, scope: Scope | None) -> Fits:
        bound: list[Fits] = []
        for alternative in self._alternatives:
            try:
                bound.append(_all([bind(scope) for bind in alternative]))
            except MissingVariable:
                continue
        return _any(bound)


def compile_pattern(pattern: Pattern, tools: Tools) -> Matcher:
    """Compile a parsed pattern."""
    return Matcher(pattern, tools)


def _all(conditions: Sequence[_Bound]) -> Fits:
    if len(conditions) == 1:
        read, test = conditions[0]

        def fits_one(frame: Frame) -> bool:
            try:
                return test(read(frame))
            except RecursionError:
                # Both sides are nested a thousand deep, as only a server would.
                return False

        return fits_one

    def fits(frame: Frame) -> bool:
        try:
            for read, test in conditions:
                if not test(read(frame)):
                    return False
        except RecursionError:
            return False
        return True

    return fits


def _any(alternatives: Sequence[Fits]) -> Fits:
    if len(alternatives) == 1:
        return alternatives[0]
    return lambda frame: any(fits(frame) for fits in alternatives)


def _compile_condition(condition: Condition, tools: Tools) -> Callable[[Scope | None], _Bound]:
    read = compile_source(condition.source)
    if is_constant(condition.value):
        bound = (read, make_test(condition.source, condition.test, condition.value))
        return lambda scope: bound
    wanted = _compile_wanted(condition.test, condition.value, tools)

    def bind(scope: Scope | None) -> _Bound:
        if scope is None:
            raise MissingVariable("a client")
        return read, make_test(condition.source, condition.test, wanted(scope))

    return bind


def _compile_wanted(test: str, value: Any, tools: Tools) -> Callable[[Scope], Any]:
    """Compile a wanted value; what a template gives is text in a regex, never a part of its grammar."""
    if test == "not":
        inner = [(name, _compile_wanted(name, one, tools)) for name, one in value.items()]
        return lambda scope: {name: evaluate(scope) for name, evaluate in inner}
    if test != "regex":
        return compile_value(value, tools)
    parts = [part if isinstance(part, str) else compile_expr(part, tools) for part in parse(value).parts]
    return lambda scope: "".join(
        [part if isinstance(part, str) else f"(?:{quote(text_of(part(scope)))})" for part in parts]
    )
