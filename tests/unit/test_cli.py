"""The command line: what is understood, what is said, and with which exit code, without running anything."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import pytest

from wsrun import __version__, compiled, resources
from wsrun.cli.commands import NOT_YET, invoke, names
from wsrun.cli.options import read_overrides, read_workers
from wsrun.cli.report import read_result
from wsrun.cli.run import PRECEDENCE, command_line, worst
from wsrun.errors import UsageError

GOOD = """\
wsrun: 1
target: { url: demo:/echo }
messages: { ping: { text: ping, reply: { match: { text: ping } } } }
phases: [ { name: only, duration: 5s, clients: 2 } ]
"""
WRONG = GOOD.replace("duration: 5s", "durration: 5s")

PARAMETER = click.Option(["--it"])
CONTEXT = click.Context(click.Command("x"))


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A scenario without mistakes."""
    path = tmp_path / "good.yaml"
    path.write_text(GOOD)
    return path


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """A scenario with a misspelt key."""
    path = tmp_path / "wrong.yaml"
    path.write_text(WRONG)
    return path


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["run", "--help"], ["plan", "-h"]])
def test_help_is_an_answer(words: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Help goes to standard output and ends with 0."""
    assert invoke(words) == 0
    assert capsys.readouterr().out.startswith("Usage: wsrun")


def test_help_lists_what_there_is_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    """Commands of later versions are not promised."""
    invoke(["--help"])
    listed = capsys.readouterr().out.split("Commands:")[1]
    assert all(f"  {name}" in listed for name in names())
    assert not any(f"  {name} " in listed for name in NOT_YET)


def test_without_words_the_help_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """`wsrun` alone has not been told what to do."""
    assert invoke([]) == 2
    assert "Usage: wsrun" in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` prints name and version, and whether it is compiled."""
    assert invoke(["--version"]) == 0
    assert capsys.readouterr().out == f"wsrun {__version__}, {compiled.told()}\n"


@pytest.mark.parametrize("name", NOT_YET)
def test_a_command_of_a_later_version_is_named_as_such(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is not taken for a file that is not there."""
    assert invoke([name, "spike.yaml"]) == 2
    assert capsys.readouterr().err.startswith(f"error: 'wsrun {name}' is not available yet\n")


@pytest.mark.parametrize(
    "words", [["run"], ["x.yaml", "--wrkers", "2"], ["x.yaml", "--workers", "0"], ["x.yaml", "--set", "no"]]
)
def test_a_wrong_command_line_says_what_is_wrong(
    words: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says it, the usage follows, and the exit code is 2."""
    assert invoke(words) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("error: ")
    assert lines[1].startswith("Usage: wsrun")


def test_options_before_a_command_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """`wsrun --no-color validate x.yaml` would mean a file called validate."""
    assert invoke(["--no-color", "validate", "x.yaml"]) == 2
    assert "options go behind the name of a command" in capsys.readouterr().err


def test_validate_names_every_good_file(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file without mistakes gets a line on standard output."""
    assert invoke(["validate", str(good)]) == 0
    assert capsys.readouterr() == (f"{good}: ok\n", "")


def test_validate_draws_the_mistakes_of_every_file(
    good: Path, wrong: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Mistakes go to standard error, with line and caret; the good file is still named."""
    missing = tmp_path / "missing.yaml"
    assert invoke(["validate", str(wrong), str(good), str(missing)]) == 2
    out, err = capsys.readouterr()
    assert out == f"{good}: ok\n"
    assert f"{wrong}:4:25: error[" in err
    assert "^^^^^^^^^" in err
    assert f"{missing}: error[unreadable]" in err


def test_what_is_set_from_outside_is_checked_too(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--set` and `--target` are mistakes in their own place."""
    words = ["validate", str(good), "--set", "phases.only.clients=many", "--target", "http://x"]
    assert invoke(words) == 2
    err = capsys.readouterr().err
    assert "phases.only.clients=many" in err
    assert "target.url=http://x" in err


def test_nothing_is_run_while_a_file_is_wrong(
    good: Path, wrong: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of several files, all are checked before the first is run."""
    assert invoke([str(good), str(wrong), "--out", str(tmp_path / "out")]) == 2
    assert "nothing was run" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_plan_shows_its_timeline_and_every_default(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table has a row a phase; what nobody wrote is there too."""
    assert invoke(["plan", str(good)]) == 0
    out = capsys.readouterr().out
    assert "\nonly " in out
    assert "  connect_timeout: 10s\n" in out
    assert "handshakes: 100" in out
    assert "connect.success == 100%" in out


def test_a_plan_for_programs_is_json(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` has the numbers of the estimate and the settings."""
    assert invoke(["plan", str(good), "--json", "--seed", "7"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["estimate"]["connects"] == 2
    assert content["estimate"]["phases"][0]["messages"] == pytest.approx(10)
    assert content["settings"]["seed"] == 7


@pytest.mark.parametrize("command", ["run", "plan"])
def test_the_help_promises_no_more_of_a_seed_than_it_gives(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same values, but not the same number of messages where clients wait for answers."""
    assert invoke([command, "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "the same profile, rows, messages and values" in told
    assert "depends on how fast the server answers" in told
    assert "the same run" not in told


@pytest.mark.parametrize("word", ["validte", "plann", "repotr"])
def test_a_misspelt_command_is_recognised(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It was taken for a file to run, and there is no such file."""
    assert invoke([word, "x.yaml"]) == 2
    said = capsys.readouterr().err
    assert f"error: no file '{word}'; did you mean the command {word[:3]}" in said


def test_a_file_that_is_named_almost_like_a_command_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only what is not there can be a slip."""
    monkeypatch.chdir(tmp_path)
    Path("plans").write_text(GOOD, encoding="utf-8")
    assert invoke(["validate", "plans"]) == 0
    assert capsys.readouterr().out == "plans: ok\n"


@pytest.mark.parametrize(
    "content", [bytes(range(256)) * 8, b"wsrun: 1\x1b[31m\x07\x00\x9b\n", b"\x7fELF\x02\xd0\x07"]
)
def test_a_binary_file_sends_nothing_raw_to_the_terminal(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every character of the drawn line is one that shows, and the line stays short."""
    path = tmp_path / "program.yaml"
    path.write_bytes(content)
    assert invoke(["validate", str(path)]) == 2
    lines = capsys.readouterr().err.split("\n")
    assert all(line.isprintable() for line in lines)
    assert all(len(line) < 120 for line in lines if "|" in line)


def test_a_drawn_seed_is_not_shown_as_a_setting(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The seed that `plan` happened to draw is not the one that `run` will draw."""
    invoke(["plan", str(good), "--json"])
    assert "seed" not in json.loads(capsys.readouterr().out)["settings"]


@pytest.mark.parametrize("words", [["schema"], ["schema", "scenario"]])
def test_the_schema_is_printed_whole(words: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed is the file that scenarios are checked with."""
    assert invoke(words) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(resources.schema("scenario"))


def test_a_defect_is_one_line_and_a_file(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An exception that nobody foresaw ends with 4; its traceback is kept, and shown with --debug only."""

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("counted to nothing")

    monkeypatch.setattr("wsrun.compiler.compile_plan", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    assert invoke(["plan", str(good)]) == 4
    err = capsys.readouterr().err
    assert err.startswith("internal error: ZeroDivisionError: counted to nothing\n")
    assert "Traceback" not in err
    (kept,) = tmp_path.glob("wsrun-traceback-*.txt")
    assert "counted to nothing" in kept.read_text()

    assert invoke(["plan", str(good), "--debug"]) == 4
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no such file"),
        ("{", "not JSON"),
        ("[]", "not a result of wsrun"),
        ('{"wsrun_result": 99}', "version 99"),
    ],
)
def test_what_is_no_result_is_not_rendered(content: str | None, reason: str, tmp_path: Path) -> None:
    """A path that cannot be a result is a mistake of the command line."""
    path = tmp_path / "result.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(UsageError, match=f"(?i){reason}"):
        read_result(path)


def test_the_worst_exit_code_counts() -> None:
    """Of several runs: internal error, then not written, then a signal, then invalid, then fail."""
    assert [worst([0, code]) for code in PRECEDENCE] == list(PRECEDENCE)
    assert worst([0, 1, 3, 0]) == 3
    assert worst([130, 3]) == 130
    assert worst([130, 5]) == 5


def test_the_command_in_a_report_has_no_secrets() -> None:
    """What is set on the command line and looks like a secret is masked; the rest can be typed again."""
    words = ["a b.yaml", "--set", "auth.jwt.secret=hush", "--target", "wss://me:pw@host/ws?token=abc&x=1"]
    shown = command_line(words)
    assert shown.startswith("wsrun 'a b.yaml' --set ")
    assert not any(secret in shown for secret in ("hush", "me:pw", "abc"))
    assert "phases.spike.clients=500" in command_line(["--set=phases.spike.clients=500"])
    assert "hush" not in command_line(["--set=target.headers.Authorization=hush"])


def test_overrides_are_split_at_their_first_equals_sign() -> None:
    """A value may hold equals signs of its own."""
    found = read_overrides(CONTEXT, PARAMETER, ["target.url=ws://h/?a=b", "criteria=[]"])
    assert found == (("target.url", "ws://h/?a=b"), ("criteria", "[]"))


@pytest.mark.parametrize("text", ["", "x", "=x"])
def test_an_override_without_path_or_value_is_refused(text: str) -> None:
    """Both sides of the equals sign are needed."""
    with pytest.raises(click.BadParameter):
        read_overrides(CONTEXT, PARAMETER, [text])


def test_workers_are_a_number_or_left_to_wsrun() -> None:
    """`auto` is None; anything but a sensible number is refused."""
    assert read_workers(CONTEXT, PARAMETER, "auto") is None
    assert read_workers(CONTEXT, PARAMETER, "4") == 4
    for text in ("0", "-1", "2.5", "many", "100000", ""):
        with pytest.raises(click.BadParameter):
            read_workers(CONTEXT, PARAMETER, text)


def test_help_imports_nothing_heavy() -> None:
    """What a command needs is imported when it runs: `wsrun --help` answers at once."""
    heavy = "numpy orjson yaml jsonschema rich plotly jinja2 faker picows websockets uvloop psutil asyncio"
    program = (
        "import sys; from wsrun.cli.commands import invoke; invoke(['--help']);"
        f"print(sorted(set({heavy.split()!r}) & set(sys.modules)), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stderr == "[]\n"
