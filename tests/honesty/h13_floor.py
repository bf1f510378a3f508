"""H13 and H14: what is reported of a target without delay, and that warm-ups stay out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.honesty import raw
from tests.honesty.rows import Row, at_most, control, exact, quantile
from tests.honesty.runs import ASK, observed, open_model


def check(quick: bool) -> Iterator[Row]:
    """The floor of all figures; then phases whose messages the witness can tell by their size."""
    result, _ = observed(open_model("1000/s", 3 if quick else 20), "")
    floor = result["overall"]["round_trip"]
    yield at_most("H13", "no delay, 1 000/s: p50", floor["p50"], 0.002)
    yield at_most("H13", "no delay, 1 000/s: p99", floor["p99"], 0.002)
    found, held = raw.latencies("", 1000, 3 if quick else 20)
    yield control("H13", "no delay, 1 000/s: p99, a raw client", quantile(found, 0.99), quantile(held, 0.99))

    long = ASK.replace('id: "{{ id }}" }', 'id: "{{ id }}", more: "%s" }' % ("x" * 100), 1)
    text = f"""
messages: {{ short: {ASK}, long: {long} }}
profiles: {{ user: {{ mix: {{ short: 1 }}, think: 1h }} }}
phases:
  - {{ name: arrive, duration: 500ms, clients: 10, warm_up: true }}
  - {{ name: warm, duration: 1s, rate: 100/s, warm_up: true }}
  - {{ name: half, duration: 2s, rate: 200/s, warm_up: 1s }}
  - {{ name: other, duration: 1s, rate: 300/s, mix: {{ user: {{ long: 1 }} }} }}
criteria: [ errors == 0 ]
"""
    result, witness = observed(text, "")
    sizes = Counter(seen.size for seen in witness.log)
    phases = {phase["name"]: phase for phase in result["phases"]}
    yield exact(
        "H14", "messages of the phase with long ones", phases["other"]["counts"]["sent"], sizes[max(sizes)]
    )
    judged = result["overall"]["round_trip"]["count"]
    yield exact("H14", "messages that are judged: all but 300 of warm-ups", judged, len(witness.log) - 300)
