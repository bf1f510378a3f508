"""Whole runs against the witness, which shares no code with wsrun and writes down what it saw."""

from __future__ import annotations

from collections import Counter

import pytest
from running import PING, run_scenario
from tests.witness import Witness

BUSY = f"""
messages: {{ ping: {PING} }}
profiles: {{ quiet: {{ mix: {{ ping: 1 }}, think: 1h }} }}
phases:
  - {{ duration: 500ms, clients: 5, warm_up: true }}
  - {{ duration: 2s, rate: 200/s }}
"""


@pytest.mark.parametrize("transport", ["fast", "reference"])
def test_every_message_is_counted_pushes_included(transport: str) -> None:
    """Sent, received, unmatched and both sums of bytes are the witness's, to the message and byte."""
    with Witness() as witness:
        result = run_scenario(BUSY, witness.url("/?delay=uniform,0,0.05&push=100"), transport=transport)
    counts, ours, theirs = result["counts"]["messages"], result["message_metrics"], witness.totals
    pushes = sum(seen.is_push for seen in witness.log)

    assert pushes > 500
    assert ours["messages_sent"] == counts["answered"] == theirs["messages_received"] == 400
    assert ours["bytes_sent"] == theirs["bytes_received"]
    # A push that left while its connection was closing is the only thing that may not have been read.
    assert 0 <= theirs["messages_sent"] - ours["messages_received"] <= 5
    assert counts["unmatched"] == ours["messages_received"] - counts["answered"]


def test_no_message_is_sent_twice() -> None:
    """Every payload is another one, as the witness saw them."""
    with Witness() as witness:
        run_scenario(BUSY, witness.url("/"))
    assert set(Counter(seen.mark for seen in witness.log).values()) == {1}


def test_latency_is_what_the_witness_made_of_it() -> None:
    """No reply is reported faster than the witness gave it, nor the usual one."""
    with Witness() as witness:
        result = run_scenario(BUSY, witness.url("/?delay=constant,0.2"))
    held = sorted(seen.held for seen in witness.log)
    reported = result["overall"]["service_time"]

    assert reported["count"] == len(held) == 400
    assert reported["min"] >= held[0] > 0.2
    # The histogram's bound: 1/256 of the value.
    assert reported["p50"] >= held[200] * (1 - 1 / 256)
