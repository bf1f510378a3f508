"""The exact ones of the honesty checks, at a small scale; ``python -m tests.honesty`` runs them all."""

from __future__ import annotations

import pytest
from tests.honesty import h01_faults, h06_schedule, h09_histograms, h13_floor

EXACT = "equal"


@pytest.mark.parametrize(
    "module", [h01_faults, h06_schedule, h13_floor], ids=["faults", "schedule", "phases"]
)
def test_what_was_planned_is_what_the_witness_counted(module) -> None:
    """With faults, constant, ramp and stairs, and phases without warm-ups: each number is the witness's."""
    rows = [row for row in module.check(quick=True) if row.allowed == EXACT]
    assert rows
    assert [row for row in rows if not row.good] == []


def test_histograms_keep_their_bound_and_merge_in_any_order() -> None:
    """A million samples over six decades, and 1 to 64 shards."""
    rows = list(h09_histograms.check(quick=True))
    assert [row for row in rows if not row.good] == []
