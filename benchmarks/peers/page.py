"""The part of ``docs/benchmarks.md`` that the comparison writes."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.peers.clients.peer import NOT_HERE, Peer
from benchmarks.peers.clients.table import PEERS
from benchmarks.peers.figures import Kept
from benchmarks.peers.goals import GOALS
from benchmarks.peers.rows import ROWS, Row
from benchmarks.tables import markdown

NONE = "–"
CHART = "benchmarks.svg"
TABLES: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "Round trips",
        "Each connection sends its next message (100 bytes of JSON with an id) when its reply has come."
        " By the number of connections:",
        {
            "roundtrip-1": "1",
            "roundtrip-100": "100",
            "roundtrip-2000": "2 000",
            "roundtrip-10000": "10 000",
        },
    ),
    (
        "Payloads",
        "The same over 100 connections, by the size of a message:",
        {"roundtrip-100": "100 B", "payloads-4KiB": "4 KiB", "payloads-64KiB": "64 KiB"},
    ),
    (
        "Pushes",
        "The server sends messages of 100 bytes over 100 connections, unasked: one to each every 5 ms, one"
        " to each every 1 ms, or eight to each every 40 ms. At 20 000 a second no client is busy with it, so"
        " that each pays for being woken and for what caches have lost, most of all where single messages"
        " come.",
        {
            "pushes-single": "single, 20 000/s",
            "pushes-dense": "single, 100 000/s",
            "pushes-bursts": "bursts of eight, 20 000/s",
        },
    ),
    (
        "TLS",
        "Round trips over 100 connections:",
        {"roundtrip-100": "ws", "wss-100": "wss"},
    ),
)
"""Title, what is done, and the rows with the heads of their columns."""


def text(kept: Kept) -> str:
    """Return everything between the marks."""
    parts = [
        f"{kept.machine}. Made by `python -m benchmarks.peers --write`: {_rounds(kept)}",
        "Microseconds of CPU (user and system) of all processes of the client for each message, by the"
        f" server's count: the median of the rounds, and the best and the worst of them. {_quiet(kept)}",
        f"![CPU per round trip]({CHART})",
        "### Goals",
        markdown(("what", "goal", "seen", ""), [(g.what, g.wanted, *g.seen(kept)) for g in GOALS], right=4),
    ]
    for title, told, columns in TABLES:
        parts += [f"### {title}", told, _table(kept, columns)]
        parts += _notes(kept, columns)
    parts += ["### What each does for a message", _clients(kept)]
    return "\n\n".join(parts)


def _table(kept: Kept, columns: dict[str, str]) -> str:
    by_name = {row.name: row for row in ROWS}
    lines = []
    for peer in PEERS:
        cells = [_cell(kept, by_name[name], peer) for name in columns]
        if set(cells) != {NONE}:
            lines.append((peer.name, *cells))
    return markdown(("client", *columns.values()), lines)


def _cell(kept: Kept, row: Row, peer: Peer) -> str:
    found = kept.figure(row.name, peer.name)
    if found is not None:
        return str(found)
    if peer.name in kept.missing and peer.why_not(row) is None:
        return kept.missing[peer.name]
    return "failed" if peer.name in kept.failed.get(row.name, {}) else NONE


def _notes(kept: Kept, columns: dict[str, str]) -> Iterator[str]:
    """Say why cells are empty, or rest on fewer rounds."""
    by_name = {row.name: row for row in ROWS}
    told = []
    for name, head in columns.items():
        for peer in PEERS:
            why = peer.why_not(by_name[name]) or kept.failed.get(name, {}).get(peer.name)
            if why:
                told.append(f"{peer.name}, {head}: {why}.")
    if told:
        yield "\n".join(f"- {line}" for line in dict.fromkeys(told))


def _clients(kept: Kept) -> str:
    lines = [
        (peer.name, kept.versions.get(peer.name, kept.missing.get(peer.name, NOT_HERE)), peer.does)
        for peer in PEERS
    ]
    return markdown(("client", "version", "per message"), lines, right=3)


def _rounds(kept: Kept) -> str:
    """How many windows, and how long they were."""
    cells = [samples for peers in kept.samples.values() for samples in peers.values() if samples]
    if not cells:
        return "nothing was measured."
    numbers = sorted({len(samples) for samples in cells})
    told = " or ".join(map(str, numbers)) if len(numbers) < 3 else f"{numbers[0]} to {numbers[-1]}"
    return f"{told} rounds, in windows of {median(one.wall for cell in cells for one in cell):.1f} s."


def _quiet(kept: Kept) -> str:
    shares = [
        sample.others / sample.wall
        for row, peers in kept.samples.items()
        # A client that sleeps most of the time does so in step with the tick that counts what others do.
        if not row.startswith("pushes")
        for samples in peers.values()
        for sample in samples
    ]
    if not shares:
        return ""
    return (
        f"While this was measured, other processes used {sum(shares) / len(shares):.0%} of a core on average,"
        f" and {max(shares):.0%} at worst."
    )


def machine() -> str:
    """Return processor, cores, kernel and Python of this machine."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    kernel = platform.release().partition("-")[0]
    return (
        f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, {platform.system()} {kernel},"
        f" Python {platform.python_version()}"
    )
