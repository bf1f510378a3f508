"""Every threshold with every cause alone: process, result.json, terminal and report say the same verdict."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e.verdicts import PAIRS, SINGLE, THRESHOLDS, Case, disagreement


def test_the_table_is_whole() -> None:
    """Three thresholds with nine causes, and thirteen pairs of causes, each once."""
    causes = {case.causes for case in SINGLE}
    assert {(case.threshold, case.causes) for case in SINGLE} == {(t, c) for t in THRESHOLDS for c in causes}
    assert (len(SINGLE), len(PAIRS), len(set(map(str, (*SINGLE, *PAIRS))))) == (27, 13, 40)


@pytest.mark.slow
@pytest.mark.parametrize("case", SINGLE, ids=str)
def test_all_faces_agree(case: Case, tmp_path: Path) -> None:
    """By the installed command, on what was done to the run."""
    assert disagreement(case, tmp_path) is None
