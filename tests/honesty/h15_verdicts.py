"""H15: whatever happens to a run, exit code, result.json, terminal and report say one verdict, the right one.

The table is in ``tests/e2e/verdicts.py``; JUnit is not among the faces, as there is none yet.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.e2e.verdicts import PAIRS, SINGLE, Case, disagreement
from tests.honesty.rows import Row

AT_ONCE = 2
"""Runs at a time: each of them waits more than it works."""


def check(quick: bool) -> Iterator[Row]:
    """All forty runs at either scale, by the installed command."""
    yield _row("thresholds × one cause", SINGLE)
    yield _row("pairs of causes", PAIRS)


def _row(what: str, cases: Sequence[Case]) -> Row:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        wrong = [found for found in pool.map(_told, cases) if found is not None]
    seen = f"{len(cases) - len(wrong)} of {len(cases)}" + "".join(f"; {one}" for one in wrong[:1])
    return Row("H15", f"{what}: runs whose faces agree", seen, f"{len(cases)}", not wrong)


def _told(case: Case) -> str | None:
    with tempfile.TemporaryDirectory() as folder:
        found = disagreement(case, Path(folder))
    return None if found is None else f"{case}: {found.splitlines()[0]}"
