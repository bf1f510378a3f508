"""The shape of scenarios: what the golden texts do not show."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from wsrun import source, validate
from wsrun.check import all_mistakes, load_scenario
from wsrun.diagnostics import Location, render_all

VALID = sorted((Path(__file__).parents[1] / "data" / "valid").glob("*.yaml"))
SMALL = """wsrun: 1
target: { url: demo:/echo }
phases: [ { duration: 5s, clients: 1 } ]
"""


def shape(text: str, *overrides: tuple[str, str]) -> list[tuple[str, str]]:
    document = source.parse(text, "a.yaml", environ={}, overrides=overrides)
    return [(mistake.code, mistake.message) for mistake in validate.check_shape(document)]


def test_a_right_shape_has_no_mistake() -> None:
    """The smallest scenario is one."""
    assert shape(SMALL) == []


def test_a_mistake_in_an_alias_is_told_once() -> None:
    """What is written once is wrong once, however often it is repeated."""
    text = SMALL + "messages: { a: &a { txt: x }, b: *a, c: *a }\n"
    assert shape(text) == [("unknown-key", "'txt' is not a key of a message")]


def test_a_mistake_in_an_override_stands_in_the_option() -> None:
    """The file is not blamed for what the command line says."""
    overrides = [("phases.0.duration", "5")]
    document = source.parse(SMALL, "a.yaml", environ={}, overrides=overrides)
    (mistake,) = validate.check_shape(document)
    assert Location("--set", 1, 19, 1) == mistake.location
    assert "1 | phases.0.duration=5\n" in render_all([mistake], document.lines_by_path)


def test_a_name_with_a_line_break_is_no_name() -> None:
    """Python's ``$`` fits before a line break; names must not."""
    assert shape(SMALL + 'messages: { "a\\n": { text: x } }\n') == [("bad-name", "'a\n' cannot be a name")]


def test_whole_numbers_are_whole() -> None:
    """``1.0`` clients are refused, because nobody can count with them."""
    (mistake,) = shape(SMALL.replace("clients: 1", "clients: 1.0"))
    assert mistake == ("wrong-type", "'clients' must be a whole number or a mapping, not the number 1.0")


def test_a_secret_is_never_quoted_in_full() -> None:
    """Values are cut, and those of the environment are shown by their name."""
    secret = "s3cret" * 30
    document = source.parse(SMALL + f"name: {{ a: 1 }}\nseed: {secret}\n", "a.yaml", environ={})
    assert all(secret not in mistake.message for mistake in validate.check_shape(document))
    text = SMALL.replace("5s", '"${PASSWORD}"')
    document = source.parse(text, "a.yaml", environ={"PASSWORD": "hunter2"})
    (mistake,) = validate.check_shape(document)
    assert "hunter2" not in f"{mistake.message} {mistake.help}"
    assert mistake.message == "'${PASSWORD}' does not stand for a duration"


def test_thousands_of_unknown_keys_are_told_in_short() -> None:
    """A file of another kind is not answered with a book."""
    text = SMALL + "".join(f"k{number}: 1\n" for number in range(5000))
    assert len(shape(text)) == 20


ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 2**63),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "x", "5", "5s", "5/s", "95%", "{{ id }}", "{{", "{{ nope }}", "${X}", "a b", "/(/"]),
    st.just([]),
    st.just({}),
    st.lists(st.sampled_from([1, "a", {}, None, []]), max_size=3),
    st.dictionaries(st.sampled_from(["from", "to", "send", "json", "{{ id }}"]), st.integers(), max_size=3),
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path of a JSON-like value, the top not included."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in [(*path, key), *places(item, (*path, key))]]


@given(st.data())
@settings(max_examples=250, deadline=None)
def test_any_mutant_of_a_scenario_is_checked_without_a_crash(data: st.DataObject) -> None:
    """Whatever stands where, the checks end, and every mistake can be drawn."""
    original = load_scenario(data.draw(st.sampled_from(VALID)), environ={}, allow_python=True)
    mutant = copy.deepcopy(original.data)
    for _ in range(data.draw(st.integers(1, 3))):
        found = places(mutant)
        if not found:
            break
        *parents, last = data.draw(st.sampled_from(found))
        parent = mutant
        for part in parents:
            parent = parent[part]
        match data.draw(st.sampled_from(["replace", "remove", "rename"])):
            case "replace":
                parent[last] = data.draw(ODD_VALUES)
            case "remove":
                del parent[last]
            case "rename" if isinstance(parent, dict):
                parent[str(last) + "x"] = parent.pop(last)
    text = yaml.safe_dump(mutant, allow_unicode=True, sort_keys=False)
    document = source.examine(text, original.path, environ={})
    mistakes = all_mistakes(document)
    assert render_all(mistakes, document.lines_by_path) or not mistakes


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_right_scenario_survives_writing_and_reading(path: Path) -> None:
    """Data written as YAML by a library is the same scenario."""
    data = load_scenario(path, environ={}, allow_python=True).data
    text = yaml.safe_dump(data, allow_unicode=True)
    assert source.parse(text, str(path), environ={}).data == data
