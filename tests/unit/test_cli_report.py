"""``wsrun report`` on what is no result: a clear message and exit code 2, never a fault of wsrun."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from tests.synthetic import load

from wsrun.cli.commands import invoke
from wsrun.cli.report import shape_problem


def without(key: str) -> Any:
    """A result that lacks a part."""
    return {name: value for name, value in load("fail").items() if name != key}


def changed(*path: str | int, value: Any) -> Any:
    """A result with something else in a place."""
    result = copy.deepcopy(dict(load("fail")))
    inner: Any = result
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return result


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (without("phases"), "'phases' is a required property"),
        (changed("criteria", value="many"), "criteria: 'many' is not of type 'array'"),
        (changed("timeline", 3, value=None), "timeline.3: None is not of type 'object'"),
        (
            changed("counts", "messages", "sent", value="x"),
            "counts.messages.sent: 'x' is not of type 'integer'",
        ),
        ({"wsrun_result": 1}, "is a required property"),
    ],
)
def test_a_malformed_result_is_told_by_its_place(
    content: Any, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cut by hand, written by another tool, or of a version that never was."""
    path = tmp_path / "result.json"
    path.write_text(json.dumps(content))

    assert invoke(["report", str(path)]) == 2
    told = capsys.readouterr().err
    assert f"{path}: this is not a result of wsrun: " in told
    assert said in told
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("name", ["fail", "hostile", "large", "unreachable"])
def test_a_good_result_has_no_problem(name: str) -> None:
    """Whatever a target wrote into it."""
    assert shape_problem(json.loads(json.dumps(load(name)))) is None
