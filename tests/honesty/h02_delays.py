"""H2 and H3: scripted delays, constant and distributed, come back as what the witness made of them."""

from __future__ import annotations

from collections.abc import Iterator

from tests.honesty.rows import Row, near, quantile
from tests.honesty.runs import observed, open_model

CONSTANT = ("0", "0.001", "0.01", "0.1", "1")
DISTRIBUTED = ("uniform,0,0.1", "bimodal,0.001,0.2,0.05", "pareto,0.001,2.5", "lognormal,0.02,0.08")


def check(quick: bool) -> Iterator[Row]:
    """250 messages a second; the truth is how long the witness really held each of them."""
    seconds = 3 if quick else 20
    for delay in CONSTANT:
        yield from _rows("H2", f"constant,{delay}", seconds, (0.5, 0.99))
    for delay in DISTRIBUTED:
        yield from _rows(
            "H3", delay, seconds, (0.5, 0.9, 0.95, 0.99) if quick else (0.5, 0.9, 0.95, 0.99, 0.999)
        )


def _rows(name: str, delay: str, seconds: int, shares: tuple[float, ...]) -> Iterator[Row]:
    result, witness = observed(open_model("250/s", seconds), f"delay={delay}")
    held = sorted(seen.held for seen in witness.log)
    for share in shares:
        stat = f"p{share * 100:g}"
        reported = result["overall"]["round_trip"][stat]
        yield near(name, f"{delay} s: {stat}", reported, quantile(held, share), share=0.01, least=0.001)
