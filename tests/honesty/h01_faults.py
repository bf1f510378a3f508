"""H1: the sums hold when connections are cut, the target pauses, or a worker is killed.

What nobody can know closes the sum: a message of a killed worker's last interval was sent, or was not. The
result then says that a worker was lost, and is short of the witness's count by no more than that interval.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator

from tests.honesty.rows import Row, exact
from tests.honesty.runs import ASK, observed, open_model
from tests.witness import Witness

INTERVAL = 1.0
"""Seconds between what a worker tells of itself, the scenario's default; and a moment to tell it."""

TELLING = 0.25


def check(quick: bool) -> Iterator[Row]:
    """A reset in the middle of a frame, a target that is stopped, a worker that is killed."""
    yield from _cut(2 if quick else 10)
    yield from _paused(4 if quick else 10)
    yield from _killed(5 if quick else 10)


def _cut(seconds: int) -> Iterator[Row]:
    """Each fiftieth answer of a connection is half a frame and a reset; who was cut off comes back."""
    text = f"""
messages: {{ ask: {ASK} }}
profiles: {{ eager: {{ mix: {{ ask: 1 }}, think: 1ms }} }}
clients: {{ all: {{ profiles: {{ eager: 1 }}, reconnect: {{ backoff: {{ from: 10ms, to: 20ms }} }} }} }}
phases: [ {{ duration: {seconds}s, clients: 20 }} ]
"""
    result, witness = observed(text, "cut=50")
    messages, connections, theirs = (
        result["counts"]["messages"],
        result["counts"]["connections"],
        witness.totals,
    )
    yield exact("H1", "cut in mid-frame: sent", messages["sent"], theirs["messages_received"])
    yield exact("H1", "cut in mid-frame: answered", messages["answered"], theirs["messages_sent"])
    yield exact("H1", "cut in mid-frame: lost", messages["lost"], theirs["connections_cut"])
    yield exact(
        "H1", "cut in mid-frame: connections", connections["established"], theirs["connections_upgraded"]
    )
    yield _adds_up("cut in mid-frame", messages)


def _paused(seconds: int) -> Iterator[Row]:
    """The target stands still for longer than the timeout of a reply, and answers everything afterwards."""
    text = open_model("200/s", seconds).replace("timeout: 30s", "timeout: 500ms")
    result, witness = observed(text, "", meanwhile=lambda witness: _pause(witness, 1 + seconds / 2))
    messages, theirs = result["counts"]["messages"], witness.totals
    back = messages["answered"] + messages["late_replies"]
    yield exact("H1", "target paused for 1.5 s: sent", messages["sent"], theirs["messages_received"])
    yield exact("H1", "target paused for 1.5 s: answered, in time or late", back, theirs["messages_sent"])
    yield exact(
        "H1", "target paused for 1.5 s: timed out, and late", messages["timed_out"], messages["late_replies"]
    )
    yield _adds_up("target paused for 1.5 s", messages)


def _killed(seconds: int) -> Iterator[Row]:
    """One of two workers is killed."""
    rate = 400
    result, witness = observed(
        open_model(f"{rate}/s", seconds), "", workers=2, meanwhile=lambda _: _kill_worker(1 + seconds / 2)
    )
    messages, theirs = result["counts"]["messages"], witness.totals
    unknown, most = theirs["messages_received"] - messages["sent"], rate / 2 * (INTERVAL + TELLING)
    what = "worker killed: sent, and unknown"
    seen = f"{messages['sent']:,} and {unknown:,} of {theirs['messages_received']:,}"
    yield Row("H1", what, seen, f"0 … {most:,.0f} unknown", 0 <= unknown <= most)
    codes = [reason["code"] for reason in result["reasons"]]
    seen = f"{result['verdict']}, {result['exit_code']}, {codes[0]}"
    good = (result["verdict"], result["exit_code"]) == ("invalid", 3) and "worker-lost" in codes
    yield Row("H1", "worker killed: verdict", seen, "invalid, 3, worker-lost", good)
    yield exact("H1", "worker killed: nobody in its place", 50, theirs["connections_upgraded"])


def _adds_up(what: str, messages: dict[str, int]) -> Row:
    """Each message that asks for a reply has one end."""
    ends = ("answered", "failed", "timed_out", "lost", "pending")
    return exact(
        "H1", f"{what}: the ends of all messages", sum(map(messages.__getitem__, ends)), messages["sent"]
    )


def _pause(witness: Witness, after: float) -> None:
    time.sleep(after)
    os.kill(witness.pid, signal.SIGSTOP)
    time.sleep(1.5)
    os.kill(witness.pid, signal.SIGCONT)


def _kill_worker(after: float) -> None:
    time.sleep(after)
    pid = multiprocessing.active_children()[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
