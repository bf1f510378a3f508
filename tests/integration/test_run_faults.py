"""Faults of our own side: killed, stopped and failing processes, signals, disks. Nothing hangs or is lost."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import psutil
import pytest
from running import PING, options_in, plan_of, validate_result

from wsrun.coordinator import conduct, crew
from wsrun.coordinator.journal import read_journal, snapshots
from wsrun.coordinator.progress import Progress
from wsrun.coordinator.run import run
from wsrun.demo.process import DemoServer

LIMIT = 30.0
"""Seconds after which a run that has not ended hangs."""

SCENARIO = f"""\
wsrun: 1
target: {{ url: "demo:/echo", close_timeout: 2s }}
interval: 200ms
messages: {{ ping: {PING} }}
phases: [ {{ name: work, duration: 10m, clients: 4, rate: 100/s }} ]
"""
SLOW = SCENARIO.replace("demo:/echo", "demo:/rpc?latency=constant:5m").replace(
    "timeout: 2s }", "timeout: 5m }"
)
SEARCHING = SCENARIO.replace(
    "duration: 10m, clients: 4",
    "search: { clients: { from: 4, to: 40, step: 4 }, hold: 30s, such_that: [ errors == 0 ] }",
)
TOGETHER = f"""\
wsrun: 1
target: {{ url: "demo:/echo", close_timeout: 2s }}
interval: 200ms
messages: {{ ping: {PING} }}
profiles:
  p:
    flow:
      - {{ send: ping }}
      - {{ if: "{{{{ client.index == 0 }}}}", then: [ {{ think: 10m }} ] }}
      - {{ sync: here, timeout: 10m }}
phases: [ {{ name: work, duration: 10m, clients: 40 }} ]
"""
SHORT = f"""
interval: 200ms
messages: {{ ping: {PING} }}
phases: [ {{ name: work, duration: 1500ms, clients: 4, rate: 100/s }} ]
"""


@contextmanager
def started(folder: Path, text: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """Start ``wsrun run`` with two workers in a session of its own; killed at the end if it still runs."""
    (folder / "faulty.yaml").write_text(text)
    words = [sys.executable, "-m", "wsrun", "run", "faulty.yaml", "--out", "out", "--workers", "2"]
    process = subprocess.Popen(
        words,
        cwd=folder,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def journal_of(folder: Path, intervals: int = 2) -> Path:
    """Wait until each of two workers has reported some intervals, and return the journal."""
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        for path in folder.rglob("journal.jsonl"):
            if path.read_bytes().count(b"\n") > 2 * intervals:
                return path
        time.sleep(0.02)
    raise AssertionError("the run wrote no interval")


def family(pid: int) -> list[psutil.Process]:
    """Return all processes below one: workers, their helper, the embedded server."""
    return psutil.Process(pid).children(recursive=True)


def workers(pid: int) -> list[psutil.Process]:
    """Return the workers among the children of a process."""
    return [child for child in psutil.Process(pid).children() if "spawn_main" in " ".join(child.cmdline())]


def ended(process: subprocess.Popen[str], folder: Path) -> tuple[int, str, dict[str, Any]]:
    """Wait for the end: the exit code, what was said, and the result, valid by its schema."""
    out, _ = process.communicate(timeout=LIMIT)
    (path,) = folder.rglob("result.json")
    result: dict[str, Any] = json.loads(path.read_text())
    validate_result(result)
    return process.returncode, out, result


def reasons(result: dict[str, Any]) -> list[str]:
    """Return the codes of why a run did not pass."""
    return [reason["code"] for reason in result["reasons"]]


def test_a_killed_worker_makes_the_run_invalid_and_costs_no_more_than_its_interval(tmp_path: Path) -> None:
    """SIGKILL in one of two workers: the other ends in good order, exit 3, what was measured is there."""
    with started(tmp_path, SCENARIO) as process:
        journal_of(tmp_path)
        workers(process.pid)[0].kill()
        code, out, result = ended(process, tmp_path)

    assert (code, result["exit_code"], result["verdict"]) == (3, 3, "invalid")
    assert result["state"] == "worker_lost"
    why = r"worker [12] of 2 was killed by signal 9 \(SIGKILL\), and \d+ connected clients? with it"
    assert re.fullmatch(why, result["stopped"]["why"])
    (told,) = [reason["text"] for reason in result["reasons"] if reason["code"] == "worker-lost"]
    assert told == result["stopped"]["why"]
    assert result["message_metrics"]["messages_sent"] > 10
    assert len(result["timeline"]) >= 2
    assert "exit code 3" in out


@pytest.mark.parametrize("text", [SEARCHING, TOGETHER], ids=["search", "sync"])
def test_a_worker_that_dies_while_others_wait_for_it_never_holds_up_the_run(
    tmp_path: Path, text: str
) -> None:
    """A level that is to be judged and clients that wait at a barrier end with it, long before their time."""
    with started(tmp_path, text) as process:
        journal_of(tmp_path)
        workers(process.pid)[0].kill()
        code, _, result = ended(process, tmp_path)

    assert (code, result["state"]) == (3, "worker_lost")
    assert result["message_metrics"]["messages_sent"] > 10
    assert "sync-timeout" not in [error["cause"] for error in result["errors"]]


@pytest.mark.parametrize(
    ("text", "numbers", "code", "state"),
    [
        (SCENARIO, [signal.SIGINT], 130, "interrupted"),
        (SLOW, [signal.SIGINT, signal.SIGINT], 130, "interrupted"),
        (SLOW, [signal.SIGTERM], 143, "terminated"),
    ],
    ids=["SIGINT", "SIGINT twice, replies awaited", "SIGTERM, replies awaited"],
)
def test_a_signal_ends_the_run_and_leaves_whole_files(
    text: str, numbers: list[signal.Signals], code: int, state: str, tmp_path: Path
) -> None:
    """The exit code is the signal's, every file is whole, and no process is left behind."""
    with started(tmp_path, text) as process:
        journal = journal_of(tmp_path)
        everybody = family(process.pid)
        for number in numbers:
            os.killpg(process.pid, number)
            time.sleep(0.4)
        returned, out, result = ended(process, tmp_path)
    _, alive = psutil.wait_procs(everybody, timeout=3.0)

    assert (returned, result["exit_code"], result["state"]) == (code, code, state)
    assert alive == []
    assert "worker-lost" not in reasons(result)
    assert result["message_metrics"]["messages_sent"] > 0
    assert "end" in list(read_journal(journal))[-1]
    assert (journal.parent / "report.html").read_text().rstrip().endswith("</html>")
    assert not [path for path in journal.parent.iterdir() if path.name.startswith(".")]
    assert f"exit code {code}" in out


def test_a_signal_while_the_target_is_awaited_ends_the_waiting(tmp_path: Path) -> None:
    """Ctrl+C before any load: exit 130, a result that says so, nothing measured."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{held.getsockname()[1]}/"
        text = SCENARIO.replace('"demo:/echo"', f'"{url}", wait_until_ready: 10m')
        with started(tmp_path, text) as process:
            deadline = time.monotonic() + LIMIT
            while not list(tmp_path.glob("out/*/*")) and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            code, _, result = ended(process, tmp_path)

    assert (code, result["exit_code"], result["state"]) == (130, 130, "interrupted")
    assert result["counts"]["connections"]["attempted"] == 0


def test_a_signal_while_the_workers_come_up_reaches_only_the_coordinator(tmp_path: Path) -> None:
    """Ctrl+C goes to the whole group: the workers do not hear it, even before they could ignore it."""
    with started(tmp_path, SCENARIO) as process:
        deadline = time.monotonic() + LIMIT
        while not workers(process.pid) and time.monotonic() < deadline:
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=LIMIT)
        code, result = process.returncode, json.loads(next(tmp_path.rglob("result.json")).read_text())

    assert (code, result["state"]) == (130, "interrupted")
    assert reasons(result)[:2] == ["interrupted", "nothing-measured"]
    assert "Traceback" not in said


def test_when_the_coordinator_is_killed_nobody_stays_and_the_journal_is_whole(tmp_path: Path) -> None:
    """SIGKILL: workers and embedded server are gone within 3 s; the journal is good to the last interval."""
    with started(tmp_path, SCENARIO) as process:
        journal = journal_of(tmp_path, intervals=4)
        everybody = family(process.pid)
        process.kill()
        process.wait(LIMIT)
        _, alive = psutil.wait_procs(everybody, timeout=3.0)

    assert len(everybody) >= 3
    assert alive == []
    lines = journal.read_bytes().splitlines(keepends=True)
    whole = [line for line in lines if line.endswith(b"\n")]
    assert len(list(read_journal(journal))) == len(whole)
    assert max(snapshot.end for snapshot in snapshots(journal)) > 0.7
    assert not list(tmp_path.rglob("result.json"))


def test_a_defect_in_a_worker_is_an_internal_error_with_its_traceback(tmp_path: Path) -> None:
    """A worker that raises: exit 4, the traceback in a file that only its owner reads, numbers kept."""
    patches = tmp_path / "patches"
    patches.mkdir()
    (patches / "sitecustomize.py").write_text(
        "import sys\n"
        "if any('spawn_main' in word for word in sys.orig_argv):\n"
        "    from wsrun.engine.performance import Performance\n"
        "    async def broken(self):\n"
        "        raise RuntimeError('a defect made for a test')\n"
        "    Performance._drain = broken\n"
    )
    path = os.pathsep.join([str(patches), os.environ.get("PYTHONPATH", "")])
    with started(tmp_path, SCENARIO.replace("10m", "600ms"), PYTHONPATH=path) as process:
        code, out, result = ended(process, tmp_path)
    (traceback,) = tmp_path.rglob("traceback.txt")

    assert (code, result["exit_code"], result["verdict"]) == (4, 4, "invalid")
    assert "internal-error" in reasons(result)
    assert "RuntimeError: a defect made for a test" in traceback.read_text()
    assert traceback.stat().st_mode & 0o077 == 0
    assert result["message_metrics"]["messages_sent"] > 0
    assert "exit code 4" in out


def test_a_worker_that_is_stopped_for_good_is_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGSTOP without end: its silence is noticed, the other worker's numbers are kept, exit 3."""
    monkeypatch.setattr(conduct, "SILENCE", 0.6)
    stopped: list[psutil.Process] = []

    def stop_one(progress: Progress) -> None:
        if not stopped and progress.row:
            stopped.append(workers(os.getpid())[0])
            stopped[0].suspend()

    with DemoServer() as server:
        plan = plan_of(SHORT.replace("1500ms", "10m"), server.url("/echo"))
        result = run(plan, options_in(tmp_path, workers=2), stop_one)

    assert (result["state"], result["exit_code"]) == ("worker_lost", 3)
    assert "of 2 said nothing for 0.8 s" in result["stopped"]["why"]
    assert not stopped[0].is_running()
    assert result["timeline"][0]["sent"] > 0
    validate_result(result)


def test_a_worker_that_is_stopped_for_a_while_makes_the_run_invalid(tmp_path: Path) -> None:
    """SIGSTOP for a second: no message is forgotten, and the lateness is wsrun's own fault."""
    stopped: list[psutil.Process] = []

    def stop_for_a_while(progress: Progress) -> None:
        if not stopped and progress.row:
            stopped.append(workers(os.getpid())[0])
            stopped[0].suspend()
        elif stopped and progress.elapsed > 1.3:
            stopped[0].resume()

    with DemoServer() as server:
        plan = plan_of(SHORT, server.url("/echo"))
        result = run(plan, options_in(tmp_path), stop_for_a_while)

    assert (result["state"], result["verdict"], result["exit_code"]) == ("completed", "invalid", 3)
    assert "generator-saturated" in reasons(result)
    assert result["counts"]["messages"]["scheduled"] == 150
    assert result["counts"]["messages"]["late"] > 20
    assert result["counts"]["adds_up"] == {"connections": True, "messages": True}


def test_workers_that_do_not_come_up_leave_no_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not ready in time: exit 3, nothing was attempted, and nobody is left."""
    monkeypatch.setattr(crew, "READY_LIMIT", 0.0)
    with DemoServer() as server:
        result = run(
            plan_of(SHORT, server.url("/echo")), options_in(tmp_path, workers=2), lambda progress: None
        )

    assert (result["state"], result["exit_code"]) == ("worker_lost", 3)
    assert "worker 1 of 2 was not ready within 0 s" in result["stopped"]["why"]
    assert result["counts"]["connections"]["attempted"] == 0
    assert workers(os.getpid()) == []


def test_a_worker_that_cannot_be_started_is_a_lost_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system refuses another process: exit 3 with its word for it, no traceback, and nobody is left."""
    begin = SpawnProcess.start

    def refuse_the_second(self: SpawnProcess) -> None:
        if workers(os.getpid()):
            raise BlockingIOError(11, "Resource temporarily unavailable")
        begin(self)

    monkeypatch.setattr(SpawnProcess, "start", refuse_the_second)
    with DemoServer() as server:
        result = run(
            plan_of(SHORT, server.url("/echo")), options_in(tmp_path, workers=2), lambda progress: None
        )

    assert (result["state"], result["exit_code"]) == ("worker_lost", 3)
    assert "worker 2 of 2 could not be started: resource temporarily" in result["stopped"]["why"]
    assert workers(os.getpid()) == []


def test_a_journal_that_cannot_be_written_ends_with_five(tmp_path: Path) -> None:
    """A file is in the journal's place: the run goes on, and its verdict and result.json say so."""
    (tmp_path / "journal.jsonl").write_text("in the way")
    with DemoServer() as server:
        plan = plan_of(SHORT.replace("1500ms", "400ms"), server.url("/echo"))
        result = run(plan, options_in(tmp_path), lambda progress: None)

    assert (result["verdict"], result["exit_code"]) == ("invalid", 5)
    assert reasons(result)[0] == "results-not-written"
    assert "journal.jsonl" in result["reasons"][0]["text"]
    assert json.loads((tmp_path / "result.json").read_text()) == result
    assert (tmp_path / "journal.jsonl").read_text() == "in the way"


def test_a_directory_that_goes_away_while_the_run_goes_ends_with_five(tmp_path: Path) -> None:
    """It is deleted meanwhile: what was measured is returned, the verdict is invalid, nothing is raised."""
    out = tmp_path / "out"
    out.mkdir()
    with DemoServer() as server:
        plan = plan_of(SHORT.replace("1500ms", "600ms"), server.url("/echo"))
        result = run(plan, options_in(out), lambda progress: shutil.rmtree(out, ignore_errors=True))

    assert (result["verdict"], result["exit_code"]) == ("invalid", 5)
    assert "result.json" in result["reasons"][0]["text"]
    assert result["counts"]["messages"]["scheduled"] == 60
