"""Patterns to functions from frame to bool: compiled once, or bound per message where they have templates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from wsrun.expressions import MissingVariable, Scope, Tools, compile_value, parse, text_of
from wsrun.expressions.compile import compile_expr, is_constant
from wsrun.patterns.frame import Frame
from wsrun.patterns.parsing import Condition, Pattern
from wsrun.patterns.regexes import quote
from wsrun.patterns.sources import compile_source
from wsrun.patterns.tests import Test, make_test

Fits = Callable[[Frame], bool]
Bound = tuple[Callable[[Frame], Any], Test, Condition, Any]
"""What reads a value, what tests it, and from what they were made: the condition and the value it wants."""


class Matcher:
    """A compiled pattern; ``bind`` fixes the values that its templates have now.

    ``plain``: the pattern asks for nothing but one text in one top-level field of JSON, which these two are.
    """

    __slots__ = ("_alternatives", "_static", "is_static", "plain")

    def __init__(self, pattern: Pattern, tools: Tools) -> None:
        self._alternatives = [
            [_compile_condition(condition, tools) for condition in alternative]
            for alternative in pattern.alternatives
        ]
        self.is_static = all(
            is_constant(condition.value) for alternative in pattern.alternatives for condition in alternative
        )
        self._static: Fits | None = self._bound(None) if self.is_static else None
        self.plain: tuple[str, str] | None = _plain(pattern) if self.is_static else None

    def bind(self, scope: Scope | None) -> Fits:
        """Return the function for a client's message; it never raises.

        An alternative with a variable that has no value fits nothing. Without a scope, none has.
        """
        return self._static if self._static is not None else self._bound(scope)

    def _bound(self, scope: Scope | None) -> Fits:
        bound: list[partial[bool]] = []
        for alternative in self._alternatives:
            try:
                bound.append(_all([bind(scope) for bind in alternative]))
            except MissingVariable:
                continue
        return bound[0] if len(bound) == 1 else partial(fits_any, bound)


def compile_pattern(pattern: Pattern, tools: Tools) -> Matcher:
    """Compile a parsed pattern."""
    return Matcher(pattern, tools)


def _plain(pattern: Pattern) -> tuple[str, str] | None:
    if [len(alternative) for alternative in pattern.alternatives] != [1]:
        return None
    (condition,) = pattern.alternatives[0]
    steps = condition.source.steps
    if condition.test != "equal" or not isinstance(condition.value, str) or steps is None or len(steps) != 1:
        return None
    (step,) = steps
    return (step, condition.value) if isinstance(step, str) else None


# A bound pattern is a partial of one of these three: ``explain`` finds in its arguments what was asked.


def _all(conditions: Sequence[Bound]) -> partial[bool]:
    return partial(fits_one, *conditions[0]) if len(conditions) == 1 else partial(fits_all, conditions)


def fits_one(read: Callable[[Frame], Any], test: Test, asked: Condition, wanted: Any, frame: Frame) -> bool:
    """Whether a frame fits a single condition."""
    try:
        return test(read(frame))
    except RecursionError:
        # Both sides are nested a thousand deep, as only a server would.
        return False


def fits_all(conditions: Sequence[Bound], frame: Frame) -> bool:
    """Whether a frame fits every condition."""
    try:
        for read, test, _, _ in conditions:
            if not test(read(frame)):
                return False
    except RecursionError:
        return False
    return True


def fits_any(alternatives: Sequence[partial[bool]], frame: Frame) -> bool:
    """Whether a frame fits one of the alternatives."""
    return any(fits(frame) for fits in alternatives)


def _compile_condition(condition: Condition, tools: Tools) -> Callable[[Scope | None], Bound]:
    read = compile_source(condition.source)
    if is_constant(condition.value):
        test = make_test(condition.source, condition.test, condition.value)
        return lambda scope: (read, test, condition, condition.value)
    wanted = _compile_wanted(condition.test, condition.value, tools)

    def bind(scope: Scope | None) -> Bound:
        if scope is None:
            raise MissingVariable("a client")
        value = wanted(scope)
        return read, make_test(condition.source, condition.test, value), condition, value

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
