"""H8: when wsrun itself is held up, its figures say so: lag, lateness, the round trip from the due time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator

from tests.honesty.rows import Row, near
from tests.honesty.runs import observed, open_model

LATE = 0.010
"""Seconds from which a message counts as late."""

PROBE = 0.010
"""Seconds between probes of the lag: a stop that begins right after one is seen shorter by this."""


def check(quick: bool) -> Iterator[Row]:
    """Stop the worker process by SIGSTOP for 50, 300 and 1 000 ms in the middle of a schedule."""
    rate, seconds = (200, 5) if quick else (500, 10)
    text = open_model(f"{rate}/s", seconds).replace(
        "errors == 0", "generator.lag.max < 1h, messages.late < 1000000"
    )
    for length in (0.05, 0.3, 1.0):
        thread = threading.Thread(target=_stop_worker, args=(seconds / 2, length))
        thread.start()
        result, _ = observed(text, "")
        thread.join()
        lag, late = (row["observed"] for row in result["criteria"])
        name = f"wsrun stopped for {length * 1e3:g} ms"
        yield near("H8", f"{name}: loop lag", lag, length, share=0.1, least=PROBE)
        wanted = rate * (length - LATE)
        seen, slack = f"{late:g} where {wanted:g} are true", max(0.1 * wanted, 5)
        yield Row("H8", f"{name}: late messages", seen, f"± {slack:g}", abs(late - wanted) <= slack)
        true = length - 0.001 * seconds
        reported = result["overall"]["round_trip"]["p99.9"]
        yield near("H8", f"{name}: round trip p99.9", reported, true, share=0.1, least=0.005)


def _stop_worker(after: float, length: float) -> None:
    while not (children := multiprocessing.active_children()):
        time.sleep(0.05)
    time.sleep(after + 2.0)
    pid = children[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    time.sleep(length)
    os.kill(pid, signal.SIGCONT)
