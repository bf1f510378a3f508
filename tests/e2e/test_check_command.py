"""``wsrun check`` as installed: its exit codes, and what it prints."""

from __future__ import annotations

import json
import re
import resource
import socket
import subprocess
from pathlib import Path

from installed import COMMAND, LIMIT, environment, result, results, scenario, wsrun


def test_a_scenario_that_can_be_run_ends_with_zero(tmp_path: Path) -> None:
    """Warnings, of a busy machine for one, change nothing; no result is written."""
    ran = wsrun("check", scenario(tmp_path), cwd=tmp_path)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("quick\nthis machine\n  ✓ descriptors")
    assert re.search(r"^  ✓ handshake +HTTP 101 in ", ran.stdout, re.MULTILINE)
    assert re.search(r"^  ✓ send ping × 25 +answered in ", ran.stdout, re.MULTILINE)
    assert ran.stdout.endswith("exit code 0\n")
    assert "\x1b" not in ran.stdout
    assert results(tmp_path) == []


def test_a_mistake_ends_with_two_and_the_same_words_as_validate(tmp_path: Path) -> None:
    """Nothing is connected to."""
    path = scenario(tmp_path)
    path.write_text(path.read_text().replace("duration", "durration"))
    ran = wsrun("check", path.name, cwd=tmp_path)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == wsrun("validate", path.name, cwd=tmp_path).stderr


def test_a_dead_target_ends_with_three(tmp_path: Path) -> None:
    """As the run would; the line says where nobody is."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        ran = wsrun("check", scenario(tmp_path), "--target", f"ws://127.0.0.1:{port}/", cwd=tmp_path)

    assert (ran.returncode, ran.stderr) == (3, "")
    assert f"  ✗ tcp  nobody listens at 127.0.0.1:{port}\n    → start the server" in ran.stdout


def test_of_several_scenarios_the_worst_counts(tmp_path: Path) -> None:
    """All are looked at."""
    good = scenario(tmp_path)
    bad = scenario(tmp_path, name="bad", url="ws://nobody.invalid/")
    ran = wsrun("check", bad, good, cwd=tmp_path)

    assert ran.returncode == 3
    assert re.findall(r"^(?:bad|quick)$", ran.stdout, re.MULTILINE) == ["bad", "quick"]


def test_programs_get_json(tmp_path: Path) -> None:
    """With the figures that were compared."""
    ran = wsrun("check", scenario(tmp_path), "--json", "--workers", "2", cwd=tmp_path)
    (told,) = json.loads(ran.stdout)
    machine, server, client = told["sections"]

    assert ran.returncode == 0
    assert (told["name"], machine["title"], client["title"]) == ("quick", "this machine", "one client of all")
    assert machine["findings"][0]["figures"]["workers"] == 2
    assert server["findings"][-1]["figures"]["seconds"] > 0


def test_a_run_beyond_a_limit_is_warned_of_before_and_in_its_result(tmp_path: Path) -> None:
    """Descriptors for a hundred, of which the worker needs more: the run goes on, and says so."""
    path = scenario(tmp_path, criterion="connect.attempted > 0")
    path.write_text(path.read_text().replace("clients: 2", "clients: 150"))
    ended = subprocess.run(
        [*COMMAND, str(path), "--workers", "1"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (120, 120)),
    )

    assert "warning: descriptors: " in ended.stderr
    assert "and a process may have 120" in ended.stderr
    (found,) = [row for row in result(tmp_path)["generator"]["preflight"] if row["name"] == "descriptors"]
    assert (found["state"], found["figures"]["limit"]) == ("bad", 120)
    assert "foreseen: descriptors: " in " ".join(ended.stdout.split())
    (directory,) = results(tmp_path)
    assert "beyond what this machine has" in (directory / "report.html").read_text("utf-8")
