"""Numbers as readers meet them: few figures, always a unit, and never a lie by rounding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.view import formats


def spaced(text: str) -> str:
    """Narrow no-break spaces as plain ones, to be read here."""
    return text.replace(formats.NARROW, " ")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "–"),
        (0, "0 ms"),
        (0.000042, "42.0 µs"),
        (0.00797, "7.97 ms"),
        (0.04, "40.0 ms"),
        (0.42, "420 ms"),
        (0.9996, "1.00 s"),
        (1.34, "1.34 s"),
        (75.2, "75.2 s"),
    ],
)
def test_a_latency_has_three_figures_and_the_unit_that_fits(value: float | None, expected: str) -> None:
    """µs below a millisecond, ms below a second, then s."""
    assert spaced(formats.seconds(value).text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "–"),
        (0.0079, "7.9"),
        (0.04, "40.0"),
        (0.42, "420"),
        (1.34, "1 340"),
        (0.00012, "0.12"),
        (0.0, "0.0"),
    ],
)
def test_a_column_headed_ms_holds_milliseconds(value: float | None, expected: str) -> None:
    """One decimal below a hundred, none above, two below one."""
    assert spaced(formats.milliseconds(value)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.9809, "98.09 %"), (1, "100.00 %"), (0, "0.00 %"), (0.99996, "99.996 %"), (0.00006, "0.006 %")],
)
def test_a_share_is_a_percentage(value: float, expected: str) -> None:
    """Two decimals, or as many as tell it from all and from nothing."""
    assert spaced(formats.share(value).text) == expected


@given(st.floats(min_value=1e-6, max_value=1 - 1e-6))
def test_part_of_all_is_never_written_as_all_or_nothing(value: float) -> None:
    """However close to 0 or 1 a share is, its text is not 0 or 100."""
    assert float(formats.share(value).number) not in (0.0, 100.0)


@given(st.floats(min_value=1e-6, max_value=1e9))
def test_three_figures_are_within_half_a_unit_of_the_third(value: float) -> None:
    """What is written is what was measured, to half a per cent; nothing is in exponent form."""
    text = formats.significant(value).replace(formats.NARROW, "")

    assert "e" not in text
    assert float(text) == pytest.approx(value, rel=0.00501)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, "5 s"),
        (95, "95.0 s"),
        (750, "12 min 30 s"),
        (12_000, "3 h 20 min"),
        (180_000, "2 d 2 h"),
        (7200, "2 h"),
    ],
)
def test_a_length_of_time_is_written_in_two_units_at_most(value: float, expected: str) -> None:
    """Seconds up to two minutes, then minutes, hours and days with what is left."""
    assert spaced(formats.span(value).text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("250ms", "250 ms"),
        ("99.9%", "99.9 %"),
        ("500/s", "500 /s"),
        ("20000", "20 000"),
        ("increasing", None),
        ("round_trip.p95", None),
    ],
)
def test_a_limit_is_shown_as_the_scenario_writes_it(text: str, expected: str | None) -> None:
    """Number and unit are only set apart; what is no quantity is left to others."""
    figure = formats.written(text)

    assert (None if figure is None else spaced(figure.text)) == expected


def test_two_numbers_that_differ_do_not_look_the_same() -> None:
    """250.4 ms against a limit of 250 ms has the figures to show that it is more."""
    assert spaced(formats.apart(0.2504, 0.25, "seconds").text) == "250.4 ms"
    assert spaced(formats.apart(0.25, 0.25, "seconds").text) == "250 ms"
    assert spaced(formats.apart(0.97996, 0.98, "share").text) == "97.996 %"


def test_thousands_in_a_text_are_set_apart_and_names_are_not() -> None:
    """Only whole numbers of four digits and more, not parts of words."""
    assert (
        spaced(formats.spaced("200 → 2200 → 10000 clients, v1234")) == "200 → 2 200 → 10 000 clients, v1234"
    )


def test_a_moment_is_as_fine_as_the_run_is_short() -> None:
    """Hundredths of a second in a second, tenths in a minute, clock time in an hour."""
    assert spaced(formats.moment(0.4567, 1)) == "0.46 s"
    assert spaced(formats.moment(58.42, 95)) == "58.4 s"
    assert spaced(formats.moment(725, 3600)) == "12:05 min"
    assert spaced(formats.moment(7325, 9000)) == "2:02:05 h"


def test_a_date_is_written_out_and_nonsense_is_left_alone() -> None:
    """ISO 8601 in, day month year out."""
    assert formats.date("2026-11-20T16:04:12Z") == "20 Nov 2026, 16:04:12 UTC"
    assert formats.date("yesterday") == "yesterday"


@pytest.mark.parametrize(
    ("value", "expected"), [(0, "0 B"), (999, "999 B"), (318_000, "311 KiB"), (17_179_869_184, "16.0 GiB")]
)
def test_a_size_is_in_the_largest_unit_that_fits(value: int, expected: str) -> None:
    """Binary units, three figures, whole bytes."""
    assert spaced(formats.size(value).text) == expected


def test_a_little_of_a_limit_is_not_nothing() -> None:
    """A share of a limit that rounds to 0 is written as less than 1."""
    assert spaced(formats.percent(0.002).text) == "< 1 %"
    assert spaced(formats.percent(0).text) == "0 %"


@pytest.mark.parametrize("value", [1.797e308, float("inf"), float("nan")])
def test_what_is_too_large_to_be_written_is_a_dash(value: float) -> None:
    """A result may hold any number; none that nobody can have measured ends the report."""
    assert formats.significant(value) == formats.milliseconds(value) == formats.DASH
    assert formats.seconds(value).number == formats.DASH
