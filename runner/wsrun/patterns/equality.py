"""When two values of JSON are equal, and when one is a part of the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wsrun.patterns.frame import ABSENT

MOST_COMPARISONS: Final = 200_000
"""Pairs of values that one look for a part may compare: lists are compared item by item, each with each."""


DEEPEST_KEY: Final = 100
"""Levels of a value that can be a key: Python compares tuples within tuples by recursion."""


class _TooMuchError(Exception):
    """A value is larger or deeper than a message may be."""


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
    """Whether ``part`` is in ``whole``: fields of objects, and items of lists in any place.

    What takes more than ``MOST_COMPARISONS`` is not in it.
    """
    left = MOST_COMPARISONS

    def holds(whole: Any, part: Any) -> bool:
        nonlocal left
        left -= 1
        if left < 0:
            raise _TooMuchError
        if isinstance(part, Mapping):
            return isinstance(whole, Mapping) and all(
                key in whole and holds(whole[key], wanted) for key, wanted in part.items()
            )
        if isinstance(part, list | tuple):
            return isinstance(whole, list | tuple) and all(
                any(holds(item, wanted) for item in whole) for wanted in part
            )
        return equal(whole, part)

    try:
        return holds(whole, part)
    except _TooMuchError:
        return False


def as_key(value: Any) -> Any:
    """Return a value that hashes, and is equal to another's where JSON says so; text is its own, ABSENT too.

    What is nested deeper than ``DEEPEST_KEY`` is ABSENT.
    """
    if value.__class__ is str or value is ABSENT:
        return value
    try:
        return _as_hashable(value, DEEPEST_KEY)
    except _TooMuchError:
        return ABSENT


def _as_hashable(value: Any, levels: int) -> Any:
    if isinstance(value, str):
        return value
    if not isinstance(value, Mapping | list | tuple):
        return isinstance(value, bool), value
    if not levels:
        raise _TooMuchError
    if isinstance(value, Mapping):
        fields = ((key, _as_hashable(inner, levels - 1)) for key, inner in value.items())
        return "object", frozenset(fields)
    return "array", tuple([_as_hashable(inner, levels - 1) for inner in value])
