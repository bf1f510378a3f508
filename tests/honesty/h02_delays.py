"""H2 and H3: scripted delays, constant and distributed, come back as what the witness made of them."""

from __future__ import annotations

from collections.abc import Iterator

from tests.honesty import raw
from tests.honesty.rows import Row, control, near, quantile
from tests.honesty.runs import at_real_time_priority, observed, open_model

RATE = 250
"""Messages a second."""

CONSTANT = ("0", "0.001", "0.01", "0.1", "1")
CONTROLLED = ("0", "0.001")
"""The delays that a raw client is sent against too: there a pause of the machine is as long as they are."""

DISTRIBUTED = ("uniform,0,0.1", "bimodal,0.001,0.2,0.05", "pareto,0.001,2.5", "lognormal,0.02,0.08")


def check(quick: bool) -> Iterator[Row]:
    """250 messages a second; the truth is how long the witness really held each of them."""
    seconds = 3 if quick else 15
    for delay in CONSTANT:
        yield from _rows("H2", f"constant,{delay}", seconds, (0.5, 0.99))
        if delay in CONTROLLED:
            yield from _controls(f"constant,{delay}", seconds)
    yield from _undisturbed("constant,0.001", seconds)
    seconds = 3 if quick else 20
    for delay in DISTRIBUTED:
        yield from _rows(
            "H3", delay, seconds, (0.5, 0.9, 0.95, 0.99) if quick else (0.5, 0.9, 0.95, 0.99, 0.999)
        )


def _controls(delay: str, seconds: int) -> Iterator[Row]:
    """What a client that does nothing else sees of the same."""
    found, held = raw.latencies(f"delay={delay}", RATE, seconds)
    for share in (0.5, 0.99):
        what = f"{delay} s: p{share * 100:g}, a raw client"
        yield control("H2", what, quantile(found, share), quantile(held, share))


def _undisturbed(delay: str, seconds: int) -> Iterator[Row]:
    """The same where no other process can take a core away from wsrun and the witness."""
    try:
        with at_real_time_priority():
            yield from _rows("H2", delay, seconds, (0.5, 0.99), " at real-time priority")
    except PermissionError:
        yield Row("H2", f"{delay} s at real-time priority", "not permitted here", "", None)


def _rows(name: str, delay: str, seconds: int, shares: tuple[float, ...], where: str = "") -> Iterator[Row]:
    result, witness = observed(open_model(f"{RATE}/s", seconds), f"delay={delay}")
    held = sorted(seen.held for seen in witness.log)
    for share in shares:
        stat = f"p{share * 100:g}"
        reported = result["overall"]["round_trip"][stat]
        yield near(
            name, f"{delay} s{where}: {stat}", reported, quantile(held, share), share=0.01, least=0.001
        )
