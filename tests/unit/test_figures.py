"""Measured numbers as short texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.figures import text_of, texts_apart


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0.42, "seconds", "420ms"),
        (0.2503, "seconds", "250ms"),
        (0.9996, "seconds", "1s"),
        (1.2345, "seconds", "1.23s"),
        (0, "seconds", "0s"),
        (59.96, "seconds", "1m"),
        (61.9, "seconds", "1m2s"),
        (-90, "seconds", "-1m30s"),
        (0.000034, "seconds", "34us"),
        (3.4e-8, "seconds", "0.034us"),
        (-0.0123, "seconds", "-12.3ms"),
        (0.99996, "share", "99.996%"),
        (0.9962, "share", "99.62%"),
        (1e-7, "share", "0.00001%"),
        (1, "share", "100%"),
        (0, "share", "0%"),
        (1.5, "share", "150%"),
        (146_110, "number", "146110"),
        (4129.37, "number", "4129"),
        (0.123456, "number", "0.123"),
        (-3, "number", "-3"),
        (10 * 2**20, "bytes", "10MiB"),
        (1023.9, "bytes", "1KiB"),
        (3 * 2**30, "bytes", "3GiB"),
        (512, "bytes", "512B"),
        (4129.4, "per_second", "4129/s"),
        (1 / 3, "per_second", "0.333/s"),
        (-0.00123456, "per_second", "-0.00123/s"),
    ],
)
def test_three_figures_and_a_unit(value: float, unit: str, expected: str) -> None:
    """Whole numbers are never rounded; almost all is never 100 %."""
    assert text_of(value, unit) == expected


def test_a_rate_of_bytes_is_written_as_a_size() -> None:
    """10 MiB a second."""
    assert text_of(10 * 2**20, "per_second", of_bytes=True) == "10MiB/s"


@pytest.mark.parametrize(
    ("one", "other", "unit", "expected"),
    [
        (0.25003, 0.25, "seconds", ("250.03ms", "250ms")),
        (0.25, 0.25, "seconds", ("250ms", "250ms")),
        (0.42, 0.25, "seconds", ("420ms", "250ms")),
        (3600.5, 3600, "seconds", ("3600.5s", "3600s")),
        (0.99899, 0.999, "share", ("99.899%", "99.9%")),
        (1000.4, 1000, "number", ("1000.4", "1000")),
        (0.1 + 0.2, 0.3, "seconds", ("300ms", "300ms")),
    ],
)
def test_different_numbers_have_different_texts(
    one: float, other: float, unit: str, expected: tuple[str, str]
) -> None:
    """A missed "250ms < 250ms" would be a riddle; what 15 figures do not tell apart is the same."""
    assert texts_apart(one, other, unit) == expected


@given(
    st.floats(min_value=0, max_value=1e12),
    st.floats(min_value=0, max_value=1e12),
    st.sampled_from(["seconds", "bytes", "share", "number", "per_second"]),
)
def test_any_two_numbers_can_be_written(one: float, other: float, unit: str) -> None:
    """Without an exponent, and ending."""
    for text in texts_apart(one, other, unit):
        assert text
        assert "e" not in text.replace("e-", "")
