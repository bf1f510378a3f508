"""The installed command: what it leaves behind, and the exit code of each cause."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from installed import COMMAND, LIMIT, environment, result, results, scenario, wsrun

DETAILS = {"connections.csv", "round_trip.hgrm", "service_time.hgrm"}
FILES = {"journal.jsonl", "report.html", "result.json", "summary.txt", "timeline.csv"} | DETAILS


def test_a_run_that_passes_ends_with_zero_and_a_report(tmp_path: Path) -> None:
    """All files are in a directory of the run's own; the verdict and the report's place are told."""
    ran = wsrun(scenario(tmp_path), cwd=tmp_path)
    (directory,) = results(tmp_path)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("✓ quick passed")
    assert {path.name for path in directory.iterdir()} == FILES
    assert directory.parent == tmp_path / "wsrun-results" / "quick"
    assert str((directory / "report.html").relative_to(tmp_path)) in ran.stdout
    assert "exit code 0" in ran.stdout
    found = result(tmp_path)
    assert (found["verdict"], found["exit_code"]) == ("pass", 0)
    assert found["message_metrics"]["messages_sent"] == 50


def test_a_missed_criterion_ends_with_one(tmp_path: Path) -> None:
    """The headline and the reasons name it."""
    ran = wsrun("run", scenario(tmp_path, criterion="round_trip.p95 < 1us"), cwd=tmp_path)
    found = result(tmp_path)

    assert ran.returncode == found["exit_code"] == 1
    assert "failed" in ran.stdout.splitlines()[0]
    assert [reason["code"] for reason in found["reasons"]] == ["criterion-missed"]


def test_a_typo_ends_with_two_and_a_caret(tmp_path: Path) -> None:
    """Nothing is run and nothing is written."""
    path = scenario(tmp_path)
    path.write_text(path.read_text().replace("duration", "durration"))
    ran = wsrun(path.name, cwd=tmp_path)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert "quick.yaml:5:25: error[unknown-key]" in ran.stderr
    assert "did you mean 'duration'?" in ran.stderr
    assert "^^^^^^^^^" in ran.stderr
    assert results(tmp_path) == []


def test_a_dead_target_ends_with_three(tmp_path: Path) -> None:
    """Nobody listens there: the run is invalid, not failed, and says why."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        ran = wsrun(scenario(tmp_path), "--target", f"ws://127.0.0.1:{port}/", cwd=tmp_path)
    found = result(tmp_path)

    assert ran.returncode == found["exit_code"] == 3
    assert "target-unreachable" in [reason["code"] for reason in found["reasons"]]
    assert str(port) in ran.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="needs a directory that even root cannot write")
def test_results_that_cannot_be_written_end_with_five(tmp_path: Path) -> None:
    """It is found out before the run, not after it."""
    ran = wsrun(scenario(tmp_path), "--out", "/proc/results", cwd=tmp_path)

    assert (ran.returncode, ran.stdout) == (5, "")
    assert "--out" in ran.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="limits on the size of files are of POSIX")
def test_a_report_that_cannot_be_written_withdraws_the_verdict_everywhere(tmp_path: Path) -> None:
    """The report is too large for the disk: exit 5, and console and result.json say the same."""
    import resource

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    ran = run_in(tmp_path, *COMMAND, str(scenario(tmp_path)), preexec_fn=small_files)
    found = result(tmp_path)

    assert ran.returncode == found["exit_code"] == 5
    assert found["verdict"] == "invalid"
    assert found["reasons"][0]["code"] == "results-not-written"
    assert "report.html" in found["reasons"][0]["text"]
    assert "quick is invalid" in ran.stdout.splitlines()[0]
    assert "exit code 5" in ran.stdout
    assert "error: " in ran.stderr and "report.html" in ran.stderr
    assert {path.name for path in results(tmp_path)[0].iterdir()} == {"journal.jsonl", "result.json"}


BREAKING = """\
import wsrun.outputs.html
wsrun.outputs.html.render_html = None
from wsrun.cli import main
main()
"""
"""The command, with a defect in what draws the report."""


def test_a_defect_in_the_report_withdraws_the_verdict_everywhere(tmp_path: Path) -> None:
    """The process ends with 4, and so say console and result.json; what was measured is kept."""
    ran = run_in(tmp_path, sys.executable, "-c", BREAKING, str(scenario(tmp_path)))
    found = result(tmp_path)

    assert ran.returncode == found["exit_code"] == 4
    assert found["verdict"] == "invalid"
    assert found["reasons"][0]["code"] == "internal-error"
    assert "quick is invalid" in ran.stdout.splitlines()[0]
    assert "exit code 4" in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr
    again = wsrun("report", results(tmp_path)[0], cwd=tmp_path)
    assert again.stdout.splitlines()[0] == ran.stdout.splitlines()[0]
    assert found["message_metrics"]["messages_sent"] == 50


def test_of_several_files_the_worst_counts(tmp_path: Path) -> None:
    """Each has its own report; the count of those that passed comes last."""
    good = scenario(tmp_path, name="good")
    bad = scenario(tmp_path, name="bad", criterion="round_trip.p95 < 1us")
    ran = wsrun(bad, good, "--out", "out", cwd=tmp_path)

    assert ran.returncode == 1
    assert [path.parent.name for path in results(tmp_path / "out")] == ["bad", "good"]
    assert ran.stdout.endswith("\n1 of 2 scenarios passed\n")


@pytest.mark.parametrize(
    ("number", "code", "state"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_a_signal_ends_a_run_with_a_partial_report(
    number: signal.Signals, code: int, state: str, tmp_path: Path
) -> None:
    """What was measured so far is judged by nobody, and is all there."""
    path = scenario(tmp_path, duration="60s")
    with subprocess.Popen(
        [*COMMAND, str(path)],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        wait_for_snapshots(tmp_path)
        process.send_signal(number)
        out, _ = process.communicate(timeout=LIMIT)
    found = result(tmp_path)

    assert process.returncode == found["exit_code"] == code
    assert found["state"] == state
    assert found["message_metrics"]["messages_sent"] > 0
    assert (results(tmp_path)[0] / "report.html").stat().st_size > 0
    assert f"exit code {code}" in out


def test_a_result_is_rendered_again(tmp_path: Path) -> None:
    """`wsrun report` writes the same files, and shows the same verdict, from result.json alone."""
    first = wsrun(scenario(tmp_path, criterion="round_trip.p95 < 1us"), cwd=tmp_path)
    (directory,) = results(tmp_path)
    before = (directory / "summary.txt").read_text()
    for name in FILES - {"result.json"}:
        (directory / name).unlink()

    again = wsrun("report", directory / "result.json", cwd=tmp_path)

    assert again.returncode == 0
    assert again.stdout.splitlines()[0] == first.stdout.splitlines()[0]
    assert (directory / "summary.txt").read_text() == before
    assert (directory / "report.html").stat().st_size > 0


def wait_for_snapshots(folder: Path) -> None:
    """Wait until a run has written its first interval."""
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        for journal in folder.rglob("journal.jsonl"):
            if journal.read_bytes().count(b"\n") >= 3:
                return
        time.sleep(0.05)
    raise AssertionError("the run wrote no interval")


def test_the_result_says_what_was_typed(tmp_path: Path) -> None:
    """The command is in the report, to be typed again."""
    wsrun(scenario(tmp_path), "--seed", "7", "--workers", "1", "--transport", "reference", cwd=tmp_path)
    ran = json.loads((results(tmp_path)[0] / "result.json").read_text())["run"]

    assert ran["command"].endswith("quick.yaml --seed 7 --workers 1 --transport reference")
    assert (ran["seed"], ran["workers"], ran["transport"]) == (7, 1, "reference")


def run_in(folder: Path, *command: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in a folder; ``options`` are those of ``subprocess.run``."""
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        **options,
    )
