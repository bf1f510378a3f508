"""The grammar of criteria: what is read, and where a mistake is pointed at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.criteria import (
    DEFAULT_CRITERIA,
    Bound,
    Criterion,
    CriterionError,
    MetricRef,
    Quantity,
    is_stat,
    parse,
    percentile,
)


def quantity(text: str) -> Quantity:
    found = parse(f"errors < {text}").bound.quantity
    assert found is not None
    return found


def test_a_criterion_is_a_metric_an_operator_and_a_bound() -> None:
    """The example of the language."""
    assert parse("round_trip(message=say).p99 < 250ms") == Criterion(
        MetricRef("round_trip", (("message", "say"),), "p99"),
        "<",
        Bound(quantity=Quantity(0.25, "seconds", "250ms")),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("errors", MetricRef("errors")),
        ("round_trip.p95", MetricRef("round_trip", (), "p95")),
        ("round_trip.p99.9", MetricRef("round_trip", (), "p99.9")),
        ("connect.time.avg", MetricRef("connect.time", (), "avg")),
        ("connect.timed_out", MetricRef("connect.timed_out")),
        ("closed(code=1012 side=server)", MetricRef("closed", (("code", "1012"), ("side", "server")))),
        (
            "messages.received(profile=reader).rate",
            MetricRef("messages.received", (("profile", "reader"),), "rate"),
        ),
        ("round_trip(phase=phase-1).p50", MetricRef("round_trip", (("phase", "phase-1"),), "p50")),
        ("monitor.my-app.cpu.max", MetricRef("monitor.my-app.cpu", (), "max")),
        ("round_trip.p99 ", MetricRef("round_trip", (), "p99")),
        (
            "round_trip ( message = say phase=x ) . p99",
            MetricRef("round_trip", (("message", "say"), ("phase", "x")), "p99"),
        ),
        ("round_trip . p99", MetricRef("round_trip", (), "p99")),
        ("nonsense.of.names", MetricRef("nonsense.of.names")),
        ("max", MetricRef("max")),
    ],
)
def test_a_metric_is_split_into_name_labels_and_statistic(text: str, expected: MetricRef) -> None:
    """The last part is the statistic if it is one; unknown names are read as well, on both sides."""
    assert parse(f"{text} < 5").metric == expected
    assert parse(f"errors <= {text}").bound.metric == expected


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">=", "==", "!="])
@pytest.mark.parametrize("space", ["", " ", "   ", "\t"])
def test_operators_with_and_without_space(operator: str, space: str) -> None:
    """All six of them."""
    criterion = parse(f"{space}errors{space}{operator}{space}5{space}")
    assert (criterion.operator, criterion.bound) == (operator, Bound(quantity=Quantity(5.0, "number", "5")))


@pytest.mark.parametrize(
    ("text", "value", "dimension"),
    [
        ("0", 0.0, "number"),
        ("2.5", 2.5, "number"),
        ("250us", 0.00025, "seconds"),
        ("200ms", 0.2, "seconds"),
        ("1.5s", 1.5, "seconds"),
        ("2m", 120.0, "seconds"),
        ("1h", 3600.0, "seconds"),
        ("1d", 86_400.0, "seconds"),
        ("5 s", 5.0, "seconds"),
        ("512B", 512.0, "bytes"),
        ("10KB", 10_000.0, "bytes"),
        ("10MiB", 10_485_760.0, "bytes"),
        ("1GB", 1e9, "bytes"),
        ("95%", 0.95, "share"),
        ("99.9%", 0.999, "share"),
        ("0.1%", 0.001, "share"),
        ("5000/s", 5000.0, "per_second"),
        ("20/m", 20 / 60, "per_second"),
        ("1/100ms", 10.0, "per_second"),
        ("10MiB/s", 10_485_760.0, "per_second"),
        ("1%/m", 0.01 / 60, "per_second"),
        ("5ms/h", 0.005 / 3600, "per_second"),
        ("10 MiB / 2 s", 5_242_880.0, "per_second"),
    ],
)
def test_quantities_carry_their_dimension(text: str, value: float, dimension: str) -> None:
    """In seconds, bytes, shares and per second, as the nearest float, with the text as written."""
    assert quantity(text) == Quantity(value, dimension, text)  # type: ignore[arg-type]


@given(st.integers(min_value=0, max_value=100_000))
def test_a_share_with_decimals_is_the_nearest_float(thousandths: int) -> None:
    """999 of 1000 must reach 99.9 %: n/1000 % is n/100000."""
    assert quantity(f"{thousandths // 1000}.{thousandths % 1000:03d}%").value == thousandths / 100_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("open.trend == stable", Bound(word="stable")),
        ("open.trend != increasing", Bound(word="increasing")),
        ("open.trend == sideways", Bound(word="sideways")),
        ("round_trip.p95 < baseline", Bound(is_baseline=True)),
        (
            "round_trip.p95 < baseline + 5%",
            Bound(is_baseline=True, sign="+", margin=Quantity(0.05, "share", "5%")),
        ),
        (
            "round_trip.p95 < baseline-5ms",
            Bound(is_baseline=True, sign="-", margin=Quantity(0.005, "seconds", "5ms")),
        ),
        ("errors <= expect.failed", Bound(metric=MetricRef("expect.failed"))),
        (
            "round_trip(phase=after).p95 <= round_trip(phase=steady).p95 + 10%",
            Bound(
                metric=MetricRef("round_trip", (("phase", "steady"),), "p95"),
                sign="+",
                margin=Quantity(0.1, "share", "10%"),
            ),
        ),
        (
            "errors < messages.sent - 3",
            Bound(metric=MetricRef("messages.sent"), sign="-", margin=Quantity(3.0, "number", "3")),
        ),
    ],
)
def test_bounds_that_are_no_quantity(text: str, expected: Bound) -> None:
    """A word, the baseline or a metric, the latter two with a margin."""
    assert parse(text).bound == expected


@pytest.mark.parametrize("text", DEFAULT_CRITERIA)
def test_the_default_criteria_can_be_read(text: str) -> None:
    """They stand for those of a scenario without any."""
    assert parse(text).operator == "=="


MISTAKES = [
    (
        "round_trip{message=say}.p95 < 2s",
        "{message=say}",
        "labels are written in parentheses: round_trip(message=say)",
    ),
    ("round_trip{a=b,c=d} < 2s", "{a=b,c=d}", "labels are written in parentheses: round_trip(a=b c=d)"),
    ("round_trip.p95{message=say} < 2s", "{message=say}", "labels are written in parentheses"),
    ("p95(round_trip) < 5ms", "p95(round_trip)", "write round_trip.p95"),
    ("avg(connect.time) < 5ms", "avg(connect.time)", "write connect.time.avg"),
    ("p(95) < 500", "p(95)", "write the metric first: round_trip.p95"),
    ("errors < p95(round_trip)", "p95(round_trip)", "write round_trip.p95"),
    ("round_trip.p95(message=say) < 5ms", "(message=say)", "write round_trip(message=say).p95"),
    ("p95(round_trip, say) < 5ms", "p95(round_trip, say)", "write round_trip.p95"),
    ("p95(message=say) < 5ms", "p95(message=say)", "write the metric first: round_trip.p95"),
    ("p95( < 5ms", "p95( < 5ms", "write the metric first: round_trip.p95"),
    ("errors(code=1){cause=x} == 0", "{cause=x}", "labels are written in parentheses"),
    ("errors = 0", "=", "write =="),
    ("errors =< 0", "=<", "write <="),
    ("errors => 0", "=>", "write >="),
    ("errors ≤ 0", "≤", "write <="),
    ("errors <> 0", "<>", "write !="),
    ("errors === 0", "=", "one of < <= > >= == !="),
    ("errors >> 0", ">", "one of < <= > >= == !="),
    ("errors is 0", "is", "one of < <= > >= == !="),
    ("round_trip.p95 < 5sec", "sec", "units: us ms s m h d, B KB MB GB KiB MiB GiB, %"),
    ("round_trip.p95 < 5MS", "MS", "write ms; units: us ms s"),
    ("bytes.sent < 5mib", "mib", "write MiB; units: us ms s"),
    ("round_trip.p95 < 1m30s", "30s", "write 90s, not 1m30s"),
    ("round_trip.p95 < 5ms + 3ms", "+", "write the sum as one quantity"),
    ("round_trip.p95 < 5ms and errors == 0", "and", "write each as a criterion of its own"),
    ("errors == 0,", ",", None),
    ("errors == 0 ;", ";", None),
    ("errors == 0 0", "0", None),
    ("round_trip(message=say, phase=x).p95 < 5ms", ",", "write (message=say phase=spike)"),
    ("round_trip(message say).p95 < 5ms", "message say", "write labels as (message=say)"),
    ("round_trip(message=).p95 < 5ms", "message=", "write labels as (message=say)"),
    ("round_trip(message=say < 5ms", "<", "write labels as (message=say)"),
    ("round_trip(message=say", "(", "add ')' after the labels"),
    ("round_trip() < 5ms", ")", "write labels as (message=say)"),
    ("round_trip(phase=a phase=b).p95 < 3ms", "phase", None),
    ("round_trip(message=say).q < 5ms", "q", "statistics: avg min max"),
    ("round_trip(message=say).p100 < 5ms", "p100", "the highest value is .max"),
    ("round_trip.p100 < 5ms", "p100", "the highest value is .max"),
    ("round_trip. < 5ms", "<", None),
    (".p95 < 5ms", ".p95", None),
    ("200ms > round_trip.p95", "200ms", "write round_trip.p95 < 200ms"),
    ("errors == -1", "-1", None),
    ("errors == .5", ".5", "write 0.5"),
    ("errors == 1_000", "1_000", "write digits and one decimal point: 1500.5"),
    ("errors == 1,000", "1,000", "write digits and one decimal point: 1500.5"),
    ("errors == 1.2.3", "1.2.3", "write digits and one decimal point: 1500.5"),
    ("errors == 1e3", "e", "units: us ms s"),
    ("errors == 5/B", "B", "write a unit of time after the slash"),
    ("errors == 5/0s", "0s", "write 500/s, 20/m or 1/100ms"),
    ("errors < < 3", "<", None),
    ("errors < baseline + fast", "fast", "write one such as 200ms or 95%"),
    ("errors < 'many'", "'many'", None),
]


@pytest.mark.parametrize(("text", "wrong", "help_text"), MISTAKES, ids=[text for text, _, _ in MISTAKES])
def test_a_mistake_is_pointed_at_with_the_right_form(text: str, wrong: str, help_text: str | None) -> None:
    """The caret lies under the wrong part."""
    with pytest.raises(CriterionError) as caught:
        parse(text)
    error = caught.value
    assert text[error.offset : error.offset + error.length] == wrong
    if help_text is None:
        assert error.help is None
    else:
        assert help_text in (error.help or "")
    assert error.message[0] in "'" or error.message[0].islower()
    assert not error.message.endswith(".")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the criterion is empty"),
        ("  ", "the criterion is empty"),
        ("round_trip.p95", "the criterion has no operator"),
        ("round_trip.p95 <", "the criterion has no bound"),
        ("errors < baseline +", "the margin is missing"),
        ("errors < 5/", "a time is expected after '/'"),
        ("errors.", "a name is expected here"),
        ("errors(code=1).", "a statistic is expected here"),
        ("errors(code", "a label is a name, '=' and a value"),
        ("errors(code=", "label 'code' has no value"),
    ],
)
def test_what_is_missing_at_the_end_is_named(text: str, message: str) -> None:
    """The caret lies right behind the text or on its last word."""
    with pytest.raises(CriterionError) as caught:
        parse(text)
    assert caught.value.message == message
    assert 0 <= caught.value.offset <= len(text)
    assert caught.value.length >= 1


@given(st.text(alphabet="roundp95.() =<>!+-/%ms{},_~é\n\t", max_size=40))
def test_any_text_is_read_or_refused_with_a_place_in_it(text: str) -> None:
    """Never another exception, never a caret outside."""
    try:
        parse(text)
    except CriterionError as error:
        assert 0 <= error.offset <= len(text)
        assert error.length >= 1


@pytest.mark.parametrize(
    ("stat", "expected"),
    [
        ("p50", 0.5),
        ("p99.9", 0.999),
        ("p99.99", 0.9999),
        ("p5", 0.05),
        ("p0", 0.0),
        ("p100", None),
        ("p05", None),
        ("p", None),
        ("avg", None),
    ],
)
def test_percentiles_by_their_form(stat: str, expected: float | None) -> None:
    """p99.9 is 0.999, the float nearest to it."""
    assert percentile(stat) == expected
    assert is_stat(stat) == (expected is not None or stat == "avg")
