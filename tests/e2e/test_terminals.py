"""Whatever is at the other end of standard output and error, the run and its exit code are the same."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from installed import COMMAND, LIMIT, environment, results, scenario, wsrun

ASCII = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""A locale without UTF-8, and a Python that does not help itself."""


def test_a_reader_that_goes_away_changes_nothing(tmp_path: Path) -> None:
    """As in `wsrun x.yaml | head -1`: no traceback, and the exit code of the run."""
    path = scenario(tmp_path, criterion="round_trip.p95 < 1us")
    with subprocess.Popen(
        [*COMMAND, str(path)], cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        code = process.wait(LIMIT)

    assert (code, said) == (1, b"")
    assert len(results(tmp_path)) == 1


def test_help_outlives_its_reader(tmp_path: Path) -> None:
    """`wsrun --help | true` is no error."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ran = subprocess.run(
            [*COMMAND, "--help"], stdout=writer, stderr=subprocess.PIPE, timeout=LIMIT, check=False
        )
    finally:
        os.close(writer)
    assert (ran.returncode, ran.stderr) == (0, b"")


@pytest.mark.parametrize("redirection", [">&-", "<&- >&- 2>&-"])
def test_closed_descriptors_change_nothing(redirection: str, tmp_path: Path) -> None:
    """No result file gets the number of a closed one, where a stray print would land in it."""
    path = scenario(tmp_path)
    ran = subprocess.run(
        ["sh", "-c", f'"$@" {redirection}', "sh", *COMMAND, str(path)],
        cwd=tmp_path,
        env=environment(),
        timeout=LIMIT,
        check=False,
    )
    assert ran.returncode == 0
    assert (results(tmp_path)[0] / "report.html").stat().st_size > 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_no_room_on_standard_output_changes_nothing(tmp_path: Path) -> None:
    """The results are elsewhere."""
    with open("/dev/full", "w") as full:  # noqa: PTH123  (a device)
        ran = subprocess.run(
            [*COMMAND, str(scenario(tmp_path))],
            cwd=tmp_path,
            env=environment(),
            stdout=full,
            stderr=full,
            timeout=LIMIT,
            check=False,
        )
    assert ran.returncode == 0


def test_without_utf8_the_verdict_is_ascii(tmp_path: Path) -> None:
    """Marks and dashes have stand-ins; nothing fails for want of a letter."""
    ran = wsrun(scenario(tmp_path), cwd=tmp_path, env=environment(**ASCII))

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("+ quick passed")
    assert ran.stdout.isascii()


def test_mistakes_can_be_told_without_utf8(tmp_path: Path) -> None:
    """A letter of the file that cannot be written is a code."""
    path = scenario(tmp_path)
    path.write_text(path.read_text().replace("duration", "dürration"), encoding="utf-8")
    ran = wsrun("validate", path, cwd=tmp_path, env=environment(**ASCII))

    assert ran.returncode == 2
    assert ran.stderr.isascii()
    assert "d\\xfcrration" in ran.stderr


def in_terminal(folder: Path, *words: str, **env: str) -> tuple[int, str]:
    """Run the command in a terminal of its own; its exit code, and all that was drawn."""
    main, other = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *words],
        cwd=folder,
        env=environment(**env),
        stdin=other,
        stdout=other,
        stderr=other,
        start_new_session=True,
    ) as process:
        os.close(other)
        drawn = b""
        while True:
            try:
                piece = os.read(main, 65536)
            except OSError:  # Linux says so when the other side is closed
                break
            if not piece:
                break
            drawn += piece
        code = process.wait(LIMIT)
    os.close(main)
    return code, drawn.decode()


def test_a_terminal_has_a_view_that_goes_away(tmp_path: Path) -> None:
    """It is drawn over and over while the run goes; the verdict stays."""
    code, drawn = in_terminal(tmp_path, str(scenario(tmp_path)), TERM="xterm-256color")

    assert code == 0
    assert drawn.count("round trip") >= 2
    assert "\x1b[2K" in drawn
    assert "\x1b[36m" in drawn
    assert "passed" in drawn[drawn.rindex("\x1b[2K") :]


def test_a_terminal_without_colours_has_none(tmp_path: Path) -> None:
    """--no-color leaves the view and takes the colours, from the verdict too."""
    code, drawn = in_terminal(tmp_path, str(scenario(tmp_path)), "--no-color", TERM="xterm")

    assert code == 0
    assert "\x1b[2K" in drawn
    assert "\x1b[36m" not in drawn
    assert "\x1b[32m" not in drawn


def test_a_dumb_terminal_gets_plain_text(tmp_path: Path) -> None:
    """No sequence at all."""
    code, drawn = in_terminal(tmp_path, str(scenario(tmp_path)), TERM="dumb")

    assert code == 0
    assert "\x1b" not in drawn
    assert "passed" in drawn


def test_quiet_says_the_verdict_alone(tmp_path: Path) -> None:
    """Also in a terminal."""
    code, drawn = in_terminal(tmp_path, str(scenario(tmp_path)), "--quiet", TERM="xterm")

    assert code == 0
    assert "round trip" not in drawn.split("passed")[0]
    assert "\x1b[2K" not in drawn


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_embedded_server_runs_alone() -> None:
    """`wsrun demo` says where it listens, and Ctrl+C ends it in good order."""
    with subprocess.Popen(
        [*COMMAND, "demo", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        process.send_signal(2)
        _, err = process.communicate(timeout=LIMIT)

    assert "http://127.0.0.1:" in said
    assert (process.returncode, err) == (0, "")
