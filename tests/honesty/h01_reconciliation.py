"""H1: every message is counted, unsolicited pushes included, to the message and byte, on both transports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.honesty.rows import Row, exact
from tests.honesty.runs import ASK, observed


def check(quick: bool) -> Iterator[Row]:
    """Send as fast as replies come over 20 connections, each of which gets pushes as well.

    In half a minute that is more than a million messages, on either transport.
    """
    for transport, seconds in (("fast", 2 if quick else 25), ("reference", 2 if quick else 30)):
        text = f"""
messages: {{ ask: {ASK} }}
profiles: {{ eager: {{ mix: {{ ask: 1 }}, think: 0s }} }}
phases: [ {{ duration: {seconds}s, clients: 20 }} ]
"""
        result, witness = observed(text, "push=50", transport=transport)
        counts, ours, theirs = result["counts"], result["message_metrics"], witness.totals
        pushes = sum(seen.is_push for seen in witness.each())
        marks = Counter(seen.mark for seen in witness.each() if not seen.is_push)
        yield exact("H1", f"{transport}: messages sent", ours["messages_sent"], theirs["messages_received"])
        yield exact("H1", f"{transport}: bytes sent", ours["bytes_sent"], theirs["bytes_received"])
        yield exact(
            "H1", f"{transport}: messages received", ours["messages_received"], theirs["messages_sent"]
        )
        yield exact("H1", f"{transport}: bytes received", ours["bytes_received"], theirs["bytes_sent"])
        yield exact("H1", f"{transport}: pushes unmatched", counts["messages"]["unmatched"], pushes)
        yield exact("H1", f"{transport}: sent twice", 0, sum(number - 1 for number in marks.values()))
