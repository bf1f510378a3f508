"""Run the checks and print, or write, their table."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import platform
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from benchmarks import as_installed

import tests.honesty
from tests.honesty.rows import Row
from wsrun import compiled

BEGIN, END = "<!-- honesty: begin -->", "<!-- honesty: end -->"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "measurement.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; 1 when a check fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.honesty", description=tests.honesty.__doc__)
    parser.add_argument("checks", nargs="*", help="H1, H2, …: only these")
    parser.add_argument("--quick", action="store_true", help="at a small scale")
    parser.add_argument("--sources", action="store_true", help="not the wheel: what PYTHONPATH or pip gave")
    parser.add_argument("--write", action="store_true", help=f"write the rows into {DOCUMENT.name}")
    asked = parser.parse_args(arguments)
    if asked.write and asked.quick and asked.checks:
        parser.error("rows of the small scale would stand among those of the full one")
    if not asked.sources:
        as_installed.rerun()
    rows = []
    for row in _rows(asked.quick, set(asked.checks)):
        print(f"{_word(row):9} {row.check:4} {row.what:66} {row.seen}   {row.allowed}", flush=True)
        rows.append(row)
    if asked.write:
        _write(rows, quick=asked.quick, only=set(asked.checks))
    return 1 if any(row.good is False for row in rows) else 0


def _rows(quick: bool, wanted: set[str]) -> Iterator[Row]:
    for found in sorted(pkgutil.iter_modules(tests.honesty.__path__), key=lambda module: module.name):
        if not found.name.startswith("h") or not found.name[1:3].isdigit():
            continue
        module = importlib.import_module(f"tests.honesty.{found.name}")
        # The first line of a module names its checks.
        names = set((module.__doc__ or "").partition(":")[0].replace(" and ", " ").replace(",", " ").split())
        if not wanted or names & wanted:
            began = time.monotonic()
            yield from (row for row in module.check(quick) if not wanted or row.check in wanted)
            print(f"{found.name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def _word(row: Row) -> str:
    return "control" if row.is_control else {True: "good", False: "NOT GOOD", None: "unknown"}[row.good]


def _write(rows: Sequence[Row], *, quick: bool, only: Collection[str]) -> None:
    """Write the table; ``only``: those checks alone were run, and the rows of all others stay."""
    scale = "at the small scale (`--quick`)" if quick else "at the full scale"
    system = f"{platform.system()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    lines = [
        f"{system}, {scale}; wsrun {compiled.told()}.",
        "",
        "| check | what | seen | allowed | |",
        "|---|---|---|---|---|",
    ]
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    known, _, after = rest.partition(END)
    table = [line for line in known.splitlines() if line.startswith("| H")] if only else []
    table = [line for line in table if line.split()[1] not in only]
    table += [f"| {row.check} | {row.what} | {row.seen} | {row.allowed} | {_word(row)} |" for row in rows]
    lines += sorted(table, key=lambda line: int(line.split()[1].removeprefix("H")))
    DOCUMENT.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
