"""A run whose process is killed: its journal has what was measured, and ``wsrun report`` shows it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from tests.e2e.installed import COMMAND, LIMIT, environment, wsrun

from wsrun.cli.report import shape_problem

SCENARIO = """\
wsrun: 1
target: { url: "demo:/echo?token=hunter2secret" }
auth: { jwt: { secret: hunter2hunter2hunter2hunter2hunter2 } }
messages: { ping: { json: { id: "{{ id }}", t: "{{ token }}" }, reply: { match: { $.id: "{{ id }}" } } } }
profiles: { pinger: { mix: { ping: 1 }, think: 50ms } }
phases: [ { name: only, duration: "${HOW_LONG}", clients: 7 } ]
criteria: [ round_trip(phase=only).p95 < 10s ]
"""


def killed(folder: Path) -> Path:
    """Start a run, kill it when it has written some intervals, and return its directory."""
    (folder / "long.yaml").write_text(SCENARIO)
    run = subprocess.Popen(
        [
            *COMMAND,
            "long.yaml",
            "--quiet",
            "--workers",
            "1",
            "--set",
            "phases.only.clients=2",
            "--set",
            f"auth.jwt.secret={'hunter3' * 6}",
        ],
        cwd=folder,
        env=environment(HOW_LONG="10m"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        limit = time.monotonic() + LIMIT
        while not any(file.read_bytes().count(b"\n") >= 4 for file in folder.rglob("journal.jsonl")):
            assert time.monotonic() < limit
            time.sleep(0.05)
    finally:
        os.kill(run.pid, signal.SIGKILL)
        run.wait(LIMIT)
    (journal,) = folder.rglob("journal.jsonl")
    return journal.parent


def test_what_a_killed_run_measured_is_shown_and_never_judged(tmp_path: Path) -> None:
    """From the directory or the journal: the numbers, marked as partial, in a run that is invalid."""
    directory = killed(tmp_path)
    assert not (directory / "result.json").exists()
    with (directory / "journal.jsonl").open("ab") as file:
        file.write(b"0123cut")

    for what in (directory, directory / "journal.jsonl", directory):
        shown = wsrun("report", what, cwd=tmp_path)
        assert (shown.returncode, shown.stderr) == (0, "")
        assert "is invalid, terminated" in shown.stdout.splitlines()[0]
        assert "wsrun was ended before it wrote its result" in " ".join(shown.stdout.split())
    html = (directory / "report.html").read_text()
    assert not re.search("hunter[23]", html + (directory / "journal.jsonl").read_text(errors="replace"))
    assert "--set" in html

    result = json.loads((directory / "result.json").read_text())
    assert shape_problem(result) is None
    assert (result["verdict"], result["exit_code"], result["state"]) == ("invalid", 3, "terminated")
    assert result["message_metrics"]["messages_sent"] > 0
    assert result["phases"][0]["clients_text"] == "2"
    assert result["scenario"]["source"].count("***") >= 1


PLAIN = "{ name: only, duration: 500ms, clients: 2 }"
SEARCH = (
    "{ name: only, search: { clients: { from: 1, to: 3, step: 1 }, hold: 1s, settle: 200ms, "
    "such_that: [ errors == 0 ] } }"
)


@pytest.mark.parametrize("phase", [PLAIN, SEARCH], ids=["plain", "search"])
def test_a_journal_has_every_number_of_its_result(phase: str, tmp_path: Path) -> None:
    """What is built of it is what the run itself had built, but for the verdict."""
    (tmp_path / "s.yaml").write_text(SCENARIO.replace(SCENARIO.splitlines()[5], f"phases: [ {phase} ]"))
    ran = wsrun("s.yaml", "--workers", "1", cwd=tmp_path)
    assert ran.returncode in (0, 3), ran.stderr
    (path,) = tmp_path.rglob("result.json")
    whole = json.loads(path.read_text())
    path.unlink()
    wsrun("report", path.parent, cwd=tmp_path)
    again = json.loads(path.read_text())

    for part in (
        "counts",
        "phases",
        "messages",
        "timeline",
        "curves",
        "errors",
        "latency_metrics",
        "scenario",
    ):
        assert again[part] == whole[part], part
    assert whole["searches"] == again["searches"]
    assert (again["verdict"], again["exit_code"]) == ("invalid", 3)


def test_a_journal_that_is_none_is_refused(tmp_path: Path) -> None:
    """Exit code 2, in a sentence."""
    (tmp_path / "journal.jsonl").write_text("nothing\n")

    for what in (tmp_path, tmp_path / "journal.jsonl", tmp_path / "other.jsonl"):
        refused = wsrun("report", what, cwd=tmp_path)
        assert refused.returncode == 2
        assert "Traceback" not in refused.stderr
        assert "journal" in refused.stderr or "No such file" in refused.stderr
