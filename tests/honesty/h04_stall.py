"""H4 and H5: a server that stalls is seen by those who would have come, not by those who waited.

With R messages a second for T seconds and one stall of S seconds, the quantile q of the latency from the
scheduled time is ``max(base, S - (1 - q) T)``: the messages due in the stall wait from S seconds down to
nothing, evenly, give or take the time between two messages. Measured from the send in a closed loop, the same
stall touches one message a client.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.honesty.rows import Row, exact, milliseconds, near
from tests.honesty.runs import ASK, observed, open_model
from wsrun.view import build_view

CLIENTS = 10


def check(quick: bool) -> Iterator[Row]:
    """R = 500, T = 20, S = 2 (quick: R = 200, T = 5, S = 0.5), once open and once closed."""
    rate, seconds, stall = (200, 5, 0.5) if quick else (500, 20, 2.0)
    script = f"stall={seconds / 2},{stall}"
    result, _ = observed(open_model(f"{rate}/s", seconds, clients=100), script)
    for share in (0.95, 0.99, 0.999):
        stat = f"p{share * 100:g}"
        true = stall - (1 - share) * seconds
        reported = result["overall"]["round_trip"][stat]
        yield near("H4", f"stall of {stall:g} s, open: {stat}", reported, true, share=0.02, least=2 / rate)
    from_send = result["overall"]["service_time"]["p99"]
    yield Row("H4", "the same, from the send: p99", milliseconds(from_send), "stands beside it", True)

    yield from _closed(rate, seconds, stall)


def _closed(rate: int, seconds: int, stall: float) -> Iterator[Row]:
    """Clients that await their replies, with the stall and without it."""
    think = CLIENTS / rate
    text = f"""
messages: {{ ask: {ASK} }}
profiles: {{ user: {{ mix: {{ ask: 1 }}, think: {think:g}s }} }}
phases: [ {{ name: work, duration: {seconds}s, clients: {CLIENTS} }} ]
criteria: [ errors == 0 ]
"""
    result, witness = observed(text, f"stall={seconds / 2},{stall}")
    (load,) = result["load"]
    said = build_view(result).verdict.line
    yield exact(
        "H5", f"stall of {stall:g} s, closed: sent", load["achieved"], witness.totals["messages_received"]
    )
    yield _planned("stall", load, seconds * CLIENTS / (think + result["overall"]["service_time"]["p50"]))
    share, true = load["achieved"] / load["planned"], 1 - stall / seconds
    good = abs(share - true) <= 0.02
    yield Row("H5", "the share of it that was sent", f"{share:.1%}", f"{true:.0%} ± 2 %", good)
    reported = milliseconds(result["overall"]["round_trip"]["p99"])
    true = stall - 0.01 * seconds
    what = f"p99 of who comes at any moment ({reported} is reported)"
    yield near("H5", what, load["p99_at_any_moment"], true, share=0.02, least=think)
    yield Row("H5", "the verdict's line", said, "names the stall", "stalls held load back" in said)

    result, _ = observed(text, "delay=lognormal,0.005,0.02")
    (load,) = result["load"]
    share, is_quiet = load["achieved"] / load["planned"], not (load["holds_back"] or load["hides"])
    what = "without a stall: sent of planned, and nothing else said"
    yield Row("H5", what, f"{share:.1%}", "≥ 98 %", is_quiet and share >= 0.98)


def _planned(what: str, load: Mapping[str, Any], true: float) -> Row:
    seen, allowed = f"{load['planned']:,} where {true:,.0f} are true", 0.02 * true
    return Row("H5", f"{what}: planned", seen, f"± {allowed:,.0f}", abs(load["planned"] - true) <= allowed)
