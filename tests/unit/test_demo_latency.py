"""Scripted delays: what can be written, and what it means."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.demo.latency import KINDS, LatencyError, parse_latency

EXAMPLES = [example for example, _, _ in KINDS.values()]

SHARES = st.floats(min_value=0, max_value=1, exclude_max=True)


@pytest.mark.parametrize("text", EXAMPLES)
@given(one=SHARES, other=SHARES)
def test_a_quantile_function_never_falls(text: str, one: float, other: float) -> None:
    """A larger share never has a shorter delay, and no delay is negative, infinite or not a number."""
    quantile = parse_latency(text).quantile
    assert 0 <= quantile(min(one, other)) <= quantile(max(one, other)) < math.inf


@pytest.mark.parametrize(
    ("text", "share", "seconds"),
    [
        ("constant:10ms", 0.0, 0.010),
        ("constant:10ms", 0.999, 0.010),
        ("constant:0s", 0.5, 0.0),
        ("uniform:0ms:100ms", 0.25, 0.025),
        ("uniform:50ms:100ms", 0.5, 0.075),
        ("exponential:20ms", 0.5, 0.020 * math.log(2)),
        ("exponential:20ms", 0.99, 0.020 * math.log(100)),
        ("lognormal:20ms:80ms", 0.5, 0.020),
        ("lognormal:20ms:80ms", 0.95, 0.080),
        ("bimodal:1ms:200ms:0.05", 0.9499, 0.001),
        ("bimodal:1ms:200ms:0.05", 0.9501, 0.200),
        ("bimodal:1ms:200ms:5%", 0.9501, 0.200),
        ("pareto:1ms:2.5", 0.0, 0.001),
        ("pareto:1ms:2", 0.75, 0.002),
    ],
)
def test_percentiles_are_those_of_the_formula(text: str, share: float, seconds: float) -> None:
    """Each kind has the percentiles that its definition gives."""
    assert parse_latency(text).quantile(share) == pytest.approx(seconds, rel=1e-9)


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_same_seed_draws_the_same_delays(text: str) -> None:
    """A distribution has no state of its own: its draws follow from the generator alone."""
    latency = parse_latency(text)
    first, again = Random("7"), Random("7")
    assert [latency.sample(first) for _ in range(100)] == [
        parse_latency(text).sample(again) for _ in range(100)
    ]


@pytest.mark.parametrize("text", EXAMPLES)
def test_draws_follow_the_quantile_function(text: str) -> None:
    """Of 20 000 draws, a tenth, a half, 90 % and 99 % lie at or below those quantiles, within 1 %."""
    latency = parse_latency(text)
    rng = Random("draws")
    draws = [latency.sample(rng) for _ in range(20_000)]
    for share in (0.1, 0.5, 0.9, 0.99):
        bound = latency.quantile(share)
        below = sum(draw < bound for draw in draws) / len(draws)
        at_most = sum(draw <= bound for draw in draws) / len(draws)
        assert below - 0.01 <= share <= at_most + 0.01


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("10ms", "is no kind of latency"),
        ("", "is no kind of latency"),
        ("gauss:1ms:2ms", "there are constant, uniform"),
        ("constant", "write constant:10ms"),
        ("constant:10", "write constant:10ms"),
        ("constant:1ms:2ms", "has 2 parameters, not 1"),
        ("uniform:20ms:10ms", "the longer one"),
        ("lognormal:80ms:20ms", "not below it"),
        ("lognormal:0s:20ms", "above zero"),
        ("bimodal:1ms:200ms:2", "more than everything"),
        ("bimodal:200ms:1ms:0.1", "the longer one"),
        ("pareto:1ms:0", "above zero"),
        ("pareto:1ms:nan", "is not a number"),
        ("pareto:1ms:x", "is not a number"),
        ("pareto:1ms:-1", "is not a number"),
    ],
)
def test_a_wrong_latency_is_refused_with_the_reason(text: str, part: str) -> None:
    """What is no latency raises a LatencyError that says what to write."""
    with pytest.raises(LatencyError) as caught:
        parse_latency(text)
    assert part in str(caught.value)
