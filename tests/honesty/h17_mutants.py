"""H17: each mistake that a measuring program can make is found by these checks.

A mutant is wsrun with one line changed, in a copy. The checks run against it as they do against wsrun; a
mutant that they all let pass would be a mistake that they could not find. An unchanged copy must pass them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.honesty.rows import Row
from tests.honesty.runs import at_real_time_priority

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One line changed, wherever it stands in the file, and the checks that should notice."""

    what: str
    file: str
    line: str
    other: str
    checks: tuple[str, ...]


MUTANTS = (
    Mutant(
        "round trip from the send instead of the scheduled time",
        "engine/line.py",
        "cell.round_trip.add(at - request.due)",
        "cell.round_trip.add(at - request.sent)",
        ("H8",),
    ),
    Mutant(
        "one frame in 10 000 is not counted",
        "engine/line.py",
        "traffic.received += 1",
        "traffic.received += hash(payload) % 10_000 != 0",
        ("H1",),
    ),
    Mutant(
        "merging averages instead of adding",
        "metrics/histogram.py",
        "buckets[index] = buckets.get(index, 0) + count",
        "buckets[index] = (buckets.get(index, count) + count) // 2",
        ("H10",),
    ),
    Mutant(
        "samples beyond ten seconds are dropped",
        "metrics/histogram.py",
        "low, high = float(values.min()), float(values.max())",
        "values = values[values < 10.0]; low, high = float(values.min()), float(values.max())",
        ("H9",),
    ),
    Mutant(
        "half a millisecond early, now and then",
        "engine/schedule.py",
        "self._due = self._begin + offset",
        "self._due = self._begin + offset - 0.0005 * (self._number % 100 == 0)",
        ("H7",),
    ),
    Mutant(
        "the time of day instead of a clock that never goes back",
        "engine/world.py",
        "clock: Callable[[], float] = time.monotonic",
        "clock: Callable[[], float] = time.time",
        ("H6", "H2"),
    ),
    Mutant(
        "warm-ups count",
        "metrics/store.py",
        'WARM_UP = ("part", "warm-up")',
        'WARM_UP = ("part", "cold")',
        ("H14",),
    ),
)


def check(quick: bool) -> Iterator[Row]:
    """Run the checks named for each mutant against it, always at the small scale."""
    everything = sorted({name for mutant in MUTANTS for name in mutant.checks})
    yield Row(
        "H17", "no mutant", f"{', '.join(everything)}: all good", "good", not _is_killed(None, everything)
    )
    for mutant in MUTANTS:
        killed = _is_killed(mutant, mutant.checks)
        words = "killed by" if killed else "survived"
        yield Row("H17", f"mutant: {mutant.what}", f"{words} {', '.join(mutant.checks)}", "killed", killed)


def _is_killed(mutant: Mutant | None, checks: Sequence[str]) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        for part in ("runner", "schemas", "reports"):
            shutil.copytree(ROOT / part, Path(folder) / part, ignore=shutil.ignore_patterns("__pycache__"))
        if mutant is not None:
            _change(Path(folder) / "runner" / "wsrun" / mutant.file, mutant)
        runner = str(Path(folder) / "runner")
        environment = {**os.environ, "PYTHONPATH": runner, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "tests.honesty", "--quick", "--sources", *checks]
        try:
            # A pause of the machine must not pass for a mutant's mistake.
            with at_real_time_priority(required=False):
                ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=300)
        except subprocess.TimeoutExpired:
            return True
        return ended.returncode != 0


def _change(file: Path, mutant: Mutant) -> None:
    text = file.read_text(encoding="utf-8")
    if mutant.line not in text:
        raise ValueError(f"{mutant.file} has no line {mutant.line}")
    file.write_text(text.replace(mutant.line, mutant.other), encoding="utf-8")
