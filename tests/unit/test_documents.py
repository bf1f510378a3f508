"""What the documents say is so: their scenarios are right, and what they point to is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from wsrun import source
from wsrun.check import all_mistakes
from wsrun.cli.demo import demo
from wsrun.demo.__main__ import parse_arguments

TOP = Path(__file__).parents[2]
DOCUMENTS = sorted([*TOP.glob("*.md"), *(TOP / "docs").rglob("*.md")])
USERS = "user,password\nann,demo-ann\nbob,demo-bob\n"
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(?:#[^)\s]*)?\)")


def scenarios(path: Path) -> Iterator[str]:
    """The whole scenarios among the YAML of a document."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return (block for block in blocks if block.startswith("wsrun: 1\n"))


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "docs/getting-started.md",
        "docs/fan-out.md",
        "docs/functional-tests.md",
        "docs/preflight.md",
    ],
)
def test_a_shown_scenario_is_right(name: str, tmp_path: Path) -> None:
    """What a beginner copies has no mistake."""
    (tmp_path / "users.csv").write_text(USERS, encoding="utf-8")
    found = list(scenarios(TOP / name))
    assert found
    for text in found:
        assert all_mistakes(source.examine(text, str(tmp_path / "shown.yaml"), environ={})) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(TOP)))
def test_what_a_document_points_to_is_there(path: Path) -> None:
    """Links within the project lead to files."""
    missing = [link for link in LINK.findall(path.read_text("utf-8")) if not (path.parent / link).exists()]
    assert missing == []


def test_the_readme_has_one_command_for_the_job_and_one_for_the_tests() -> None:
    """Each does all set-up; .ci/run takes the second from here."""
    commands = re.findall(r"^python3 -m venv .*$", (TOP / "README.md").read_text("utf-8"), re.MULTILINE)
    assert commands == [
        "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/wsrun scenarios/spike.yaml",
        "python3 -m venv .venv && .venv/bin/pip install -e '.[dev]' && .venv/bin/python -m pytest",
    ]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(TOP)))
def test_no_document_installs_from_a_package_index(path: Path) -> None:
    """wsrun is on none: it is installed from a checkout or a wheel."""
    assert re.findall(r"pip install (?:-\S+ )*[\"']?wsrun(?![\w/*-])", path.read_text("utf-8")) == []


def test_the_first_steps_make_wsrun_a_command() -> None:
    """What follows the set-up is typed as ``wsrun``."""
    first, *_ = re.findall(
        r"^```\n(.*?)^```", (TOP / "docs/getting-started.md").read_text("utf-8"), re.S | re.M
    )
    assert first.splitlines() == ["python3 -m venv .venv", ". .venv/bin/activate", "pip install ."]


def test_the_demo_server_is_documented_with_both_its_commands() -> None:
    """Every option of either has its row, and the port of ``wsrun demo`` is named."""
    text = (TOP / "docs/demo-server.md").read_text("utf-8")
    rows = set(re.findall(r"^\| `(--[a-z-]+)", text, re.MULTILINE))
    (told,) = re.findall(r"^`wsrun demo` has (.*?);", text, re.MULTILINE)
    options = {parameter.name: parameter for parameter in demo.params if isinstance(parameter, click.Option)}

    assert set(re.findall(r"`(--[a-z-]+)`", told)) == {option.opts[0] for option in options.values()}
    assert {option.opts[0] for option in options.values()} <= rows
    assert {f"--{name.replace('_', '-')}" for name in vars(parse_arguments([]))} == rows
    assert f"port {options['port'].default}" in text


def test_every_decision_is_listed_and_short() -> None:
    """The index names each of them; none has more than 60 lines."""
    folder = TOP / "docs" / "adr"
    decisions = sorted(folder.glob("0*.md"))
    index = (folder / "README.md").read_text("utf-8")
    assert [path.name for path in decisions] == re.findall(r"\((0.*\.md)\)", index)
    assert all(len(path.read_text("utf-8").splitlines()) <= 60 for path in decisions)
