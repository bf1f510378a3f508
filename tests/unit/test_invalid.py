"""Wrong scenarios, each with the exact text that ``wsrun validate`` prints about it.

``tests/data/invalid/CASE.yaml`` belongs to ``CASE.err``. With ``WSRUN_UPDATE_GOLDEN=1`` in the environment
the texts are written anew; read the difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wsrun import source
from wsrun.check import load_scenario
from wsrun.diagnostics import render_all
from wsrun.errors import ScenarioError

FOLDER = Path(__file__).parents[1] / "data" / "invalid"
CASES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def errors_of(name: str) -> str:
    """What is printed about a scenario, from inside its folder."""
    path = Path(name)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, environ={})
    diagnostics = caught.value.diagnostics
    return render_all(diagnostics, source.lines_by_path(path, (), diagnostics))


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_scenario_is_told_exactly(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every mistake of the file at once, with its place, its line, carets and what to write instead."""
    monkeypatch.chdir(FOLDER)
    found = errors_of(f"{case}.yaml")
    golden = FOLDER / f"{case}.err"
    if os.environ.get("WSRUN_UPDATE_GOLDEN") == "1":
        golden.write_text(found, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == found


def test_every_text_belongs_to_a_scenario() -> None:
    """No golden text is left behind, and there are enough of them."""
    assert sorted(path.stem for path in FOLDER.glob("*.err")) == CASES
    assert len(CASES) >= 60
