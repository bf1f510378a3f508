"""H4 and H5: a server that stalls is seen by those who would have come, not by those who waited.

With R messages a second for T seconds and one stall of S seconds, the quantile q of the latency from the
scheduled time is ``max(base, S - (1 - q) T)``: the messages due in the stall wait from S seconds down to
nothing, evenly, give or take the time between two messages. Measured from the send in a closed loop, the same
stall touches one message a client.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.honesty.rows import Row, milliseconds, near
from tests.honesty.runs import ASK, observed, open_model


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

    closed = f"""
messages: {{ ask: {ASK} }}
profiles: {{ user: {{ mix: {{ ask: 1 }}, think: {1 / rate * 10:g}s }} }}
phases: [ {{ name: work, duration: {seconds}s, clients: 10 }} ]
criteria: [ errors == 0 ]
"""
    result, witness = observed(closed, script)
    p99 = result["overall"]["round_trip"]["p99"]
    achieved = witness.totals["messages_received"] / (rate * seconds)
    yield Row(
        "H5",
        "the same stall, closed: p99, and the share of the open load that was sent",
        f"{milliseconds(p99)}, {achieved:.1%}",
        "less than all",
        achieved < 1,
    )
