"""What was answered over HTTP, as a ledger: each status with its number and its times."""

from __future__ import annotations

from collections.abc import Iterator

from wsrun.view import formats
from wsrun.view.ledger import Ledger, line
from wsrun.view.reading import Reading


def build(reading: Reading) -> Iterator[Ledger]:
    """Yield the ledger, where there were requests."""
    told = reading.result.get("http")
    if not told:
        return
    answered = sum(answer["count"] for answer in told["answers"])
    lines = [line("Requests", told["requests"])]
    for answer in told["answers"]:
        usual = f"p95 {formats.seconds(answer['time']['p95']).text}" if answer["time"]["count"] else ""
        lines.append(line(f"Answered {answer['status']}", answer["count"], usual))
    lines.append(line("Not answered", told["requests"] - answered, bad=True))
    yield Ledger("HTTP", tuple(lines), None, "none", "")
