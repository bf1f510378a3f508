"""Values of a scenario that the command line replaces."""

from __future__ import annotations

import pytest
from test_source import mistakes, parse

from wsrun import source
from wsrun.diagnostics import Location
from wsrun.errors import ScenarioError


def test_overrides_go_before_the_file() -> None:
    """Items are named by number or by name, values are typed as in YAML, missing keys are added."""
    text = "phases: [ { name: up, clients: 1 }, { name: down } ]\ntarget: { url: x }"
    document = parse(
        text,
        {},
        ("phases.0.clients", "100"),
        ("phases.down.rate", "500/s"),
        ("target.url", "ws://h:1/x?a={{ id }}"),
        ("seed", "[1, {a: b}]"),
    )
    assert document.data["phases"] == [{"name": "up", "clients": 100}, {"name": "down", "rate": "500/s"}]
    assert document.data["target"] == {"url": "ws://h:1/x?a={{ id }}"}
    assert document.data["seed"] == [1, {"a": "b"}]
    assert Location("--set", 1, 18, 3) == document.location(("phases", 0, "clients"))
    assert Location("--set", 4, 10, 1) == document.location(("seed", 1))
    assert Location("--set", 4, 14, 1) == document.location(("seed", 1, "a"))
    assert document.lines_by_path["--set"][0] == "phases.0.clients=100"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("phase.0.clients", "1", "the scenario has no 'phase' here"),
        ("phases.7.clients", "1", "the list has no item '7'"),
        ("phases.7", "1", "the list has no item '7'"),
        ("phases.up.x.y", "1", "the scenario has no 'x' here"),
        ("phases.up.name.y", "1", "nothing can be set at 'phases.up.name.y'"),
        ("", "1", "nothing can be set at ''"),
        ("seed", "[1", "this '[' is never closed"),
        ("seed", ".nan", ".nan is not a number that a scenario can hold"),
    ],
)
def test_overrides_that_fit_nowhere_are_told(path: str, value: str, message: str) -> None:
    """The place is in the option and not in the file."""
    (mistake,) = mistakes("phases: [ { name: up } ]", {}, (path, value))
    assert (message, "--set") == (mistake.message, mistake.location.path)


def test_a_value_that_is_overridden_needs_nothing_from_the_environment() -> None:
    """An unset variable is no mistake where another value is put in its place; elsewhere it still is."""
    text = "wsrun: 1\ntarget: { url: '${URL}' }\nname: '${NAME}'\n"
    overrides = [("target.url", "ws://127.0.0.1:1/")]

    with pytest.raises(ScenarioError) as caught:
        source.parse(text, "a.yaml", environ={}, overrides=overrides)

    assert [problem.location.line for problem in caught.value.diagnostics] == [3]
    named = source.parse(text, "a.yaml", environ={"NAME": "x"}, overrides=overrides)
    assert named.data["name"] == "x"
