"""Pools as ledgers: how many connections there were, and how long messages waited for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wsrun.view import formats
from wsrun.view.ledger import Ledger, line
from wsrun.view.reading import Reading


def build(reading: Reading) -> Iterator[Ledger]:
    """Yield a ledger for each group whose clients share connections."""
    for told in reading.result.get("pools") or ():
        yield _pool(told)


def _pool(told: Mapping[str, Any]) -> Ledger:
    wait = told["wait"]
    usual = "no wait" if not wait["count"] else f"p95 of the wait {formats.seconds(wait['p95']).text}"
    lines = (
        line("Connections at most", told["largest"], f"of {formats.group(told['max'])}"),
        line("Messages that asked for one", wait["count"], usual),
        line("Got none in time", told["timeouts"], bad=True),
    )
    return Ledger(f"Pool of {told['group']}", lines, None, "none", "")
