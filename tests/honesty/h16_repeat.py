"""H16: the same run again and again says the same, and a slower target is told from a run of luck."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from tests.honesty.rows import Row
from tests.honesty.runs import observed, open_model


def check(quick: bool) -> Iterator[Row]:
    """Runs against a log-normal target: the spread of the reported p99, and a slowdown of 15 %."""
    runs = 4 if quick else 20
    usual = [_p99(0.02, number) for number in range(runs)]
    slower = [_p99(0.023, number) for number in range(runs)]
    spread = statistics.stdev(usual) / statistics.mean(usual)
    yield Row(
        "H16", f"{runs} equal runs: coefficient of variation of p99", f"{spread:.1%}", "≤ 10 %", spread <= 0.1
    )
    caught = sum(one > other for one, other in zip(slower, usual, strict=True))
    wanted = runs - 1
    yield Row(
        "H16", "a slowdown of 15 %: seen in p99", f"{caught} of {runs}", f"≥ {wanted}", caught >= wanted
    )


def _p99(median: float, seed: int) -> float:
    query = f"delay=lognormal,{median},{median * 2}&seed={seed}"
    result, _ = observed(open_model("500/s", 4), query)
    p99: float = result["overall"]["round_trip"]["p99"]
    return p99
