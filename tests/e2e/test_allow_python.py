"""Python of a scenario's author, by the installed command: refused, allowed, and told of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from installed import results, wsrun

SCENARIOS = Path(__file__).parents[2] / "scenarios" / "extensions"


def test_without_the_option_the_scenario_is_refused(tmp_path: Path) -> None:
    """Exit code 2, and the option's name."""
    for command in ("run", "plan", "validate"):
        ran = wsrun(command, SCENARIOS / "signed.yaml", cwd=tmp_path)
        assert ran.returncode == 2
        assert "--allow-python" in ran.stderr
    assert results(tmp_path) == []


def test_with_the_option_it_runs_in_every_worker(tmp_path: Path) -> None:
    """Messages are made, keys are derived, and the echo says so."""
    short = ("--set", "phases.0.duration=1500ms", "--workers", "2", "--allow-python", "--quiet")
    ran = wsrun(SCENARIOS / "signed.yaml", *short, cwd=tmp_path)
    (directory,) = results(tmp_path)
    found = json.loads((directory / "result.json").read_text())

    assert ran.returncode == found["exit_code"], ran.stderr
    assert found["errors"] == []
    sent = {message["name"]: message["sent"] for message in found["messages"]}
    assert sent["hello"] == 10
    assert sent["order"] > 0
    assert found["counts"]["messages"]["answered"] == found["counts"]["messages"]["sent"]


def test_what_an_extension_raises_is_an_error_of_the_run(tmp_path: Path) -> None:
    """With the line of its author, and no traceback of wsrun's."""
    shutil.copy(SCENARIOS / "signed.yaml", tmp_path)
    source = (SCENARIOS / "signing.py").read_text()
    broken = source.replace("def signed_order(client):", "def signed_order(client):\n    return 1 / 0")
    (tmp_path / "signing.py").write_text(broken)
    line = broken.splitlines().index("    return 1 / 0") + 1
    short = ("--set", "phases.0.duration=1s", "--workers", "1", "--allow-python", "--quiet")
    ran = wsrun("signed.yaml", *short, cwd=tmp_path)
    (directory,) = results(tmp_path)
    errors = json.loads((directory / "result.json").read_text())["errors"]

    assert ran.returncode in (1, 3)
    assert [error["cause"] for error in errors] == ["python-failed"]
    told = f"order: signed_order: ZeroDivisionError: division by zero (signing.py, line {line})"
    assert errors[0]["samples"][0]["text"] == told
    assert "Traceback" not in ran.stdout + ran.stderr
