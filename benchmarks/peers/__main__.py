"""Measure, keep what was seen, and write the page."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import benchmarks.peers
from benchmarks import tables
from benchmarks.peers import chart, figures, page, rows
from benchmarks.peers.clients import table
from benchmarks.peers.clients.peer import NOT_HERE, Job, Peer
from benchmarks.peers.measuring import Failed, measure, running
from benchmarks.peers.server import Programs, prepared, serving


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what was asked for; 1 when a cell could not be measured although its client is here."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers",
        description=benchmarks.peers.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="NAME", help="clients, by the start of a name"
    )
    parser.add_argument("--rows", default="", metavar="NAME,…", help="rows, or kinds of rows")
    parser.add_argument("--seconds", type=float, default=1.5, help="the length of a window")
    parser.add_argument("--rounds", type=int, default=3, help="at most; 0: only write what is kept")
    parser.add_argument("--minutes", type=float, default=15, help="no round is begun that would end later")
    parser.add_argument("--write", action="store_true", help=f"write {tables.PAGE.name} and its chart")
    asked = parser.parse_args(arguments)
    try:
        wanted = rows.chosen([name for name in asked.rows.split(",") if name])
        peers = table.chosen(asked.only)
    except ValueError as wrong:
        parser.error(str(wrong))
    kept = figures.load()
    kept.machine = page.machine()
    if asked.rounds:
        _measure_all(kept, wanted, peers, asked)
    if asked.write:
        tables.write("peers", page.text(kept))
        chart.write(kept)
    return 1 if any(row.name in kept.failed and kept.failed[row.name] for row in wanted) else 0


def _measure_all(
    kept: figures.Kept, wanted: Sequence[rows.Row], peers: Sequence[Peer], asked: argparse.Namespace
) -> None:
    here = []
    for peer in peers:
        version = peer.version()
        kept.versions.pop(peer.name, None)
        kept.missing.pop(peer.name, None)
        if version is None:
            kept.missing[peer.name] = NOT_HERE
            print(f"{peer.name}: {NOT_HERE}")
        else:
            kept.versions[peer.name] = version
            here.append(peer)
    cells = [(row, peer) for row in wanted for peer in here if peer.why_not(row) is None]
    for row, peer in cells:
        kept.forget(row.name, peer.name)
    cores = sorted(os.sched_getaffinity(0))
    # What runs here is the server's neighbour; the client has its core alone.
    os.sched_setaffinity(0, {cores[0]})
    with tempfile.TemporaryDirectory() as folder:
        programs = prepared(Path(folder))
        began = time.monotonic()
        for number in range(asked.rounds):
            spent = time.monotonic() - began
            if number and spent / number * (number + 1) > asked.minutes * 60:
                print(f"\nanother round would not end within {asked.minutes:g} minutes")
                break
            print(f"\nround {number + 1} of {asked.rounds}")
            for row, peer in cells:
                _one(kept, row, peer, programs, (cores[0], cores[-1]), asked.seconds)
            figures.save(kept)


def _one(
    kept: figures.Kept,
    row: rows.Row,
    peer: Peer,
    programs: Programs,
    cores: tuple[int, int],
    seconds: float,
) -> None:
    if row.is_tls and programs.certificate is None:
        kept.fail(row.name, peer.name, "the server has no TLS here: OpenSSL's headers are missing")
        return
    with tempfile.TemporaryDirectory() as name, serving(programs, cores[0]) as server:
        job = Job(
            row=row,
            port=server.port,
            folder=Path(name),
            floor=programs.floor,
            certificate=programs.certificate,
        )
        try:
            with running(peer.command(job), peer.variables(), cores[1], job.folder) as client:
                sample = measure(client, server, row.connections, seconds)
        except Failed as why:
            kept.fail(row.name, peer.name, str(why))
            print(f"{row.name:16} {peer.name:20} failed: {why}", flush=True)
            return
    kept.add(row.name, peer.name, sample)
    busy, served, others = (part / sample.wall for part in (sample.cpu, sample.server, sample.others))
    print(
        f"{row.name:16} {peer.name:20} {sample.cost:9.2f} µs {sample.messages / sample.wall:10,.0f}/s"
        f"  client {busy:4.0%}  server {served:4.0%}  others {others:4.0%}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
