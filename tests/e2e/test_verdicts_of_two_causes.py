"""Two causes at once: the graver one decides, and both are named."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e.verdicts import PAIRS, Case, disagreement


@pytest.mark.slow
@pytest.mark.parametrize("case", PAIRS, ids=str)
def test_all_faces_agree(case: Case, tmp_path: Path) -> None:
    """By the installed command, on what was done to the run."""
    assert disagreement(case, tmp_path) is None
