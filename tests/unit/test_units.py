"""Written quantities to numbers and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun import units
from wsrun.units import UnitError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0.0),
        ("250ms", 0.25),
        ("100us", 1e-4),
        ("1.5s", 1.5),
        ("1m30s", 90.0),
        ("2h", 7200.0),
        ("1d2h3m4s5ms6us", 93784.005006),
        ("0.1s", 0.1),
        ("7m", 420.0),
    ],
)
def test_a_duration_is_read_as_seconds(text: str, seconds: float) -> None:
    """Every unit of time is known, alone and combined, and the float is the nearest one."""
    assert seconds == units.parse_duration(text)


@pytest.mark.parametrize(
    ("text", "message", "help_text"),
    [
        (5, "this duration has no unit", "write 5s or 5ms"),
        (0.5, "this duration has no unit", "write 0.5s or 0.5ms"),
        ("5", "this duration has no unit", "write 5s or 5ms"),
        (-5, "a duration cannot be negative", "write 5s or 5ms"),
        ("-5s", "a duration cannot be negative", units._DURATION_HELP),
        ("5 s", "'5 s' has a space in it", "write 5s"),
        ("5 seconds", "'5 seconds' has a space in it", "write 5s"),
        ("5sec", "'sec' is not a unit of time", "write 5s"),
        ("5µs", "'µs' is not a unit of time", "write 5us"),
        ("5S", "'S' is not a unit of time", "write 5s"),
        ("5x", "'x' is not a unit of time", units._DURATION_HELP),
        ("30s1m", "'30s1m' has its units out of order", "longest first, each once: 1m30s"),
        ("1s1s", "'1s1s' has its units out of order", "longest first, each once: 1m30s"),
        ("soon", "'soon' is not a duration", units._DURATION_HELP),
        ("", "'' is not a duration", units._DURATION_HELP),
        ("nan", "'nan' is not a duration", units._DURATION_HELP),
        ("infs", "'infs' is not a duration", units._DURATION_HELP),
        ("1e3s", "'e' is not a unit of time", units._DURATION_HELP),
        ("٣s", "'٣s' is not a duration", units._DURATION_HELP),
        ("9" * 100 + "s", f"'{'9' * 59}…' is not a duration", units._DURATION_HELP),
    ],
)
def test_what_is_no_duration_is_told_why(text: str | float, message: str, help_text: str) -> None:
    """The message names what is wrong and the help what to write."""
    with pytest.raises(UnitError) as caught:
        units.parse_duration(text)
    assert (message, help_text) == (caught.value.message, caught.value.help)


@pytest.mark.parametrize(
    ("text", "size"),
    [("0B", 0), ("512B", 512), ("64KiB", 65536), ("1.5KB", 1500), ("1MiB", 1 << 20), ("2GB", 2 * 10**9)],
)
def test_a_size_is_read_as_bytes(text: str, size: int) -> None:
    """Decimal and binary units of size are both known and kept apart."""
    assert size == units.parse_size(text)


@pytest.mark.parametrize(
    ("text", "message", "help_text"),
    [
        (64, "this size has no unit", "write 64B or 64KiB"),
        ("64", "this size has no unit", "write 64B or 64KiB"),
        ("64K", "'K' is not a unit of size", "write 64KB"),
        ("64kb", "'kb' is not a unit of size", "write 64KB"),
        ("64kib", "'kib' is not a unit of size", "write 64KiB"),
        ("64 KiB", "'64 KiB' has a space in it", "write 64KiB"),
        ("0.3B", "'0.3B' is not a whole number of bytes", units._SIZE_HELP),
        ("64TB", "'TB' is not a unit of size", units._SIZE_HELP),
        ("big", "'big' is not a size", units._SIZE_HELP),
    ],
)
def test_what_is_no_size_is_told_why(text: str | int, message: str, help_text: str) -> None:
    """The message names what is wrong and the help what to write."""
    with pytest.raises(UnitError) as caught:
        units.parse_size(text)
    assert (message, help_text) == (caught.value.message, caught.value.help)


@pytest.mark.parametrize(
    ("text", "per_second"),
    [
        ("500/s", 500.0),
        ("20/m", 20 / 60),
        ("1/100ms", 10.0),
        ("0/s", 0.0),
        ("2.5/s", 2.5),
        ("3/1m30s", 3 / 90),
    ],
)
def test_a_rate_is_read_as_a_number_per_second(text: str, per_second: float) -> None:
    """The time under the slash may be a unit or a duration."""
    assert per_second == units.parse_rate(text)


@pytest.mark.parametrize(
    ("text", "message", "help_text"),
    [
        (500, "this rate has no unit", "write 500/s or 500/m"),
        ("500", "this rate has no unit", "write 500/s or 500/m"),
        ("-1/s", "'-1/s' is not a rate", units._RATE_HELP),
        ("5/sec", "'sec' is not a unit of time", "write 5/s"),
        ("5/0s", "'5/0s' divides by no time at all", units._RATE_HELP),
        ("5/", "'5/' is not a rate", units._RATE_HELP),
        ("/s", "'/s' is not a rate", units._RATE_HELP),
        ("5 per s", "'5 per s' is not a rate", units._RATE_HELP),
    ],
)
def test_what_is_no_rate_is_told_why(text: str | int, message: str, help_text: str) -> None:
    """The message names what is wrong and the help what to write."""
    with pytest.raises(UnitError) as caught:
        units.parse_rate(text)
    assert (message, help_text) == (caught.value.message, caught.value.help)


def test_a_share_is_read_as_a_part_of_one() -> None:
    """Percent become a float from 0 to 1."""
    assert tuple(map(units.parse_share, ("95%", "0%", "100%", "0.1%"))) == (0.95, 0.0, 1.0, 0.001)


@pytest.mark.parametrize(
    ("text", "message", "help_text"),
    [
        (95, "this share has no unit", "write 95%"),
        (0.95, "this share has no unit", "write 95%"),
        ("95", "this share has no unit", "write 95%"),
        ("95 %", "'95 %' has a space in it", "write 95%"),
        ("101%", "'101%' is more than everything", units._SHARE_HELP),
        ("most", "'most' is not a share", units._SHARE_HELP),
    ],
)
def test_what_is_no_share_is_told_why(text: str | float, message: str, help_text: str) -> None:
    """The message names what is wrong and the help what to write."""
    with pytest.raises(UnitError) as caught:
        units.parse_share(text)
    assert (message, help_text) == (caught.value.message, caught.value.help)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.25, "250ms"),
        (0.0000015, "1.5us"),
        (0.9999999, "1s"),
        (1.2345, "1.234s"),
        (59.9999, "1m"),
        (90, "1m30s"),
        (3600, "1h"),
        (93784.5, "1d2h3m4.5s"),
    ],
)
def test_seconds_are_written_as_a_scenario_would(seconds: float, text: str) -> None:
    """The unit is the largest that leaves no leading zero, and rounding never leaves 60s or 1000ms."""
    assert text == units.format_duration(seconds)


def test_sizes_rates_and_counts_are_written_shortly() -> None:
    """Binary units for sizes, the unit of time that makes at least one for rates, no needless zeros."""
    assert list(map(units.format_size, (65536, 512, 29_000_000, 1 << 30))) == [
        "64KiB",
        "512B",
        "27.7MiB",
        "1GiB",
    ]
    assert list(map(units.format_rate, (500, 20 / 60, 6 / 3600, 0))) == ["500/s", "20/m", "6/h", "0/s"]
    assert list(map(units.format_count, (2200, 2.5, 1 / 3))) == ["2200", "2.5", "0.333"]


@given(st.integers(0, 10**10))
def test_whole_milliseconds_survive_writing_and_reading(milliseconds: int) -> None:
    """What ``format_duration`` writes, ``parse_duration`` reads back, to the millisecond."""
    seconds = milliseconds / 1000
    assert seconds == units.parse_duration(units.format_duration(seconds))


@given(st.text() | st.floats() | st.integers())
def test_readers_return_a_finite_number_or_raise_a_unit_error(text: str | float) -> None:
    """No text and no number makes a reader do anything else."""
    for reader in (units.parse_duration, units.parse_size, units.parse_rate, units.parse_share):
        try:
            value = reader(text)
        except UnitError as error:
            assert error.message
            assert error.help
        else:
            assert 0 <= value < float("inf")
