"""Equality of JSON, and being a part of a value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.patterns.equality import MOST_COMPARISONS, as_key, contains, equal

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, 1.5, "", "1", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=8,
)


def written(value: Any) -> Any:
    """Return a value as JSON writes it, with whole numbers in one way: equal texts are equal values."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float):
        return f"{float(value)!r}"
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, list):
        return f"[{','.join(map(written, value))}]"
    return f"{{{','.join(f'{key}:{written(value[key])}' for key in sorted(value))}}}"


@given(JSON, JSON)
def test_values_are_equal_when_they_are_written_alike(one: Any, other: Any) -> None:
    """Both ways round, and their keys agree."""
    expected = written(one) == written(other)
    assert expected is equal(one, other) is equal(other, one)
    assert expected is (as_key(one) == as_key(other))
    assert not expected or hash(as_key(one)) == hash(as_key(other))


@given(JSON, JSON)
def test_a_part_is_found_as_by_its_definition(whole: Any, part: Any) -> None:
    """Fields of objects, items of lists in any place, anything else by equality."""

    def holds(whole: Any, part: Any) -> bool:
        if isinstance(part, dict):
            return isinstance(whole, dict) and all(k in whole and holds(whole[k], part[k]) for k in part)
        if isinstance(part, list):
            return isinstance(whole, list) and all(any(holds(item, p) for item in whole) for p in part)
        return equal(whole, part)

    assert holds(whole, part) is contains(whole, part)
    assert contains(whole, whole)


@pytest.mark.parametrize(
    ("whole", "part"),
    [
        pytest.param(
            [[]] * 349_000 + list(range(100)), list(range(100)), id="many items, the right ones last"
        ),
        pytest.param(list(range(20_000)), list(range(19_999, -1, -1)), id="a list that a server sent twice"),
        pytest.param([[[1] * 70] * 70] * 70, [[[2] * 70] * 70] * 70, id="lists in lists"),
    ],
)
def test_a_look_for_a_part_ends(whole: Any, part: Any) -> None:
    """What would compare each with each for minutes is not a part."""
    assert not contains(whole, part)


def test_what_is_large_but_plain_is_found() -> None:
    """A list of a thousand in a list of a thousand would be too much only if all stood last."""
    items = list(range(MOST_COMPARISONS // 20))
    assert contains(items, items[:15])
    assert contains({"items": items}, {"items": [items[-1]]})
