"""YAML text to located data, or to a located mistake, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wsrun import source
from wsrun.diagnostics import Diagnostic, Location
from wsrun.errors import ScenarioError
from wsrun.source import events
from wsrun.source.scalars import resolve


def parse(text: str, environ: dict[str, str] | None = None, *overrides: tuple[str, str]) -> source.Document:
    return source.parse(text, "a.yaml", environ=environ or {}, overrides=overrides)


def mistakes(
    text: str, environ: dict[str, str] | None = None, *overrides: tuple[str, str]
) -> list[Diagnostic]:
    with pytest.raises(ScenarioError) as caught:
        parse(text, environ, *overrides)
    return list(caught.value.diagnostics)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("no", "no"),
        ("yes", "yes"),
        ("1:30", "1:30"),
        ("2024-02-30", "2024-02-30"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("010", 10),
        ("0o17", 15),
        ("0xFF", 255),
        ("08", 8),
        ("-5", -5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("=", "="),
        ("250ms", "250ms"),
        ("95%", "95%"),
        ("18446744073709551615", 2**64 - 1),
    ],
)
def test_plain_scalars_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    """Words, times, dates and underscored numbers are text; the core schema's numbers are numbers."""
    found = parse(f"a: {text}").data["a"]
    assert (type(value), value) == (type(found), found)


@pytest.mark.parametrize("text", [".nan", ".inf", "-.INF", "1e999", "9" * 30, "9" * 5000, "0x" + "f" * 20])
def test_numbers_that_json_cannot_hold_are_refused(text: str) -> None:
    """NaN, infinities and what 64 bits cannot hold are mistakes and never values."""
    assert [mistake.code for mistake in mistakes(f"a: {text}")] == ["number"]


def test_quoted_scalars_are_text() -> None:
    """Quotes and block signs keep a text a text."""
    assert parse("a: '1'\nb: \"true\"\nc: |\n  1\n").data == {"a": "1", "b": "true", "c": "1\n"}


def test_keys_are_text_as_written() -> None:
    """No key turns into a number or a truth."""
    assert parse("on: 1\n404: 2\n1:30: 3\ntrue: 4").data == {"on": 1, "404": 2, "1:30": 3, "true": 4}


def test_a_duplicate_key_names_both_places() -> None:
    """The second one is underlined, the first is named; at any depth, in both styles."""
    first, second = mistakes("a: { b: 1, b: 2 }\na: 3")
    assert first.message == "'b' is here a second time; the first is at 1:6"
    assert Location("a.yaml", 1, 12, 1) == first.location
    assert second.message == "'a' is here a second time; the first is at 1:1"
    assert Location("a.yaml", 2, 1, 1) == second.location


def test_every_value_and_every_key_has_a_place() -> None:
    """Paths lead to places through mappings and lists, in block and in flow style."""
    document = parse('top:\n  - { name: "x y", n: 12 }\n  - name: z\n')
    assert Location("a.yaml", 2, 13, 5) == document.location(("top", 0, "name"))
    assert Location("a.yaml", 2, 7, 4) == document.key_location(("top", 0, "name"))
    assert Location("a.yaml", 2, 23, 2) == document.location(("top", 0, "n"))
    assert Location("a.yaml", 3, 5, 4) == document.key_location(("top", 1, "name"))
    assert Location("a.yaml", 1, 1, 3) == document.key_location(("top",))


def test_what_is_not_there_has_the_place_of_what_is_around_it() -> None:
    """A default is blamed on the nearest value of the file."""
    document = parse("top:\n  - { name: x }\n")
    assert document.location(("top", 0)) == document.location(("top", 0, "missing", "deeper"))
    assert document.location(("top",)) == document.location(("top", 7))


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: xx HERE", 1, 7),
        ("a: 'x''x HERE'", 1, 10),
        (r'a: "\u00e9\n HERE"', 1, 14),
        ("a: |\n  first\n  xx HERE\n", 3, 6),
        ("a: ${N}${L:-long default} HERE", 1, 27),
        ("a: 'it''s ${N} HERE'", 1, 16),
    ],
)
def test_a_part_of_a_text_is_found_in_the_file(text: str, line: int, column: int) -> None:
    """Quotes, escapes, block indents and substitutions are counted in."""
    document = parse(text, {"N": "value"})
    offset = document.data["a"].index("HERE")
    assert Location("a.yaml", line, column, 4) == document.place(("a",), offset, 4)


def test_a_part_that_was_put_in_is_placed_at_its_reference() -> None:
    """A mistake in a value of the environment points at the ``${…}`` it came from."""
    document = parse("a: x ${N} y", {"N": "long value"})
    assert Location("a.yaml", 1, 6, 4) == document.place(("a",), 7, 1)


def test_the_environment_is_put_into_texts_only() -> None:
    """Values stay text, keys stay as written, and no value changes the structure."""
    document = parse("a: ${N}\n${N}: '${E:-d}${M:-{{ id }}}'", {"N": "5, b: 6", "E": ""})
    assert document.data == {"a": "5, b: 6", "${N}": "d{{ id }}"}
    assert document.written(("a",)) == "${N}"
    assert document.text.count("${N}") == 2


def test_a_dollar_before_a_reference_is_a_dollar() -> None:
    """There is no escape: ``$${N}`` is a dollar and a reference."""
    assert parse("a: $${N} $5 $", {"N": "v"}).data == {"a": "$v $5 $"}


def test_what_the_environment_lacks_is_told_with_its_place() -> None:
    """Every reference of a text that cannot be replaced is a mistake of its own."""
    first, second = mistakes("a: x ${NOPE} ${1}")
    assert ("unset-variable", Location("a.yaml", 1, 6, 7)) == (first.code, first.location)
    assert ("bad-substitution", Location("a.yaml", 1, 14, 4)) == (second.code, second.location)


def test_an_alias_repeats_a_value_with_its_place() -> None:
    """The data is shared, and a mistake in it is shown where it is written."""
    document = parse("a: &x { b: 1 }\nc: *x\n")
    assert document.data["a"] is document.data["c"]
    assert document.location(("a", "b")) == document.location(("c", "b"))


def test_merge_keys_put_explicit_keys_first_and_earlier_sources_before_later_ones() -> None:
    """``<<`` is no key of the result, and what it brings is no duplicate."""
    text = "a: &a { x: 1, y: 1 }\nb: &b { y: 2, z: 2 }\nc:\n  <<: [ *a, *b ]\n  x: 3\n"
    assert parse(text).data["c"] == {"x": 3, "y": 1, "z": 2}
    assert [mistake.code for mistake in mistakes("a: { <<: 1 }")] == ["merge"]


def test_a_key_may_carry_an_anchor() -> None:
    """An alias of a key is the key's text."""
    assert parse("&x k: 1\nb: *x\n").data == {"k": 1, "b": "k"}


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("an alias bomb", "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
            f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(8)
        ), "too-large"),
        ("many aliases", "a: &a 1\nb: [" + "*a," * 300 + "]", "too-large"),
        ("a recursive alias", "a: &a [ *a ]", "recursive-alias"),
        ("a recursive merge", "a: &a { <<: *a }", "recursive-alias"),
        ("an alias of nothing", "a: *b", "unknown-alias"),
        ("open lists", "[" * 100_000, "too-large"),
        ("open mappings", "{a: " * 50_000, "too-large"),
        ("nested block lists", "- " * 5_000, "too-large"),
        ("many keys", "\n".join(f"k{i}: 1" for i in range(60_000)), "too-large"),
        ("many values", "a: [" + "1," * 100_000 + "]", "too-large"),
        ("a large text", "a: " + "x" * (1 << 20), "too-large"),
        ("a merge bomb", "a0: &a0 { k: 1 }\n" + "".join(
            f"a{i}: &a{i} {{ <<: [{', '.join([f'*a{i - 1}'] * 8)}], k{i}: 1 }}\n" for i in range(1, 20)
        ), "too-large"),
        ("a second document", "a: 1\n---\nb: 2\n", "yaml-syntax"),
        ("a tag", "a: !!python/object:os.system x", "tag"),
        ("a tag that lies", "a: !!int foo", "tag"),
        ("a time tag", "a: !!timestamp x", "tag"),
        ("a tagged key", "!!bool a: 1", "key"),
        ("a byte order mark", "\ufeffa: 1", "encoding"),
        ("a NUL", "a: \0", "encoding"),
        ("half a character", "a: \ud800", "encoding"),
        ("a tab as indent", "a:\n\tb: 1", "yaml-syntax"),
        ("nothing", "", "empty"),
        ("a comment", "# nothing\n", "empty"),
        ("an empty document", "---\n", "empty"),
        ("a list", "- a", "wrong-type"),
        ("a text", "a:1", "wrong-type"),
        ("a mapping as a key", "{ a: 1 }: 2", "key"),
        ("an alias as a key", "a: &a x\n*a : 1", "key"),
        ("a template without quotes", "a: {{ id }}", "unquoted-template"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("loader", events.LOADERS)
def test_hostile_and_careless_files_are_told_apart(
    name: str, text: str, code: str, loader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each ends in a diagnostic of its own kind, whichever parser is installed, before anything is built."""
    monkeypatch.setattr(events, "LOADERS", (loader,))
    assert code in {mistake.code for mistake in mistakes(text)}, name


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("a: b: c", "this is the second ':' on the line", 1, 5),
        ("a: 1\n  b: 2", "a key cannot stand here, because the line above has a value already", 2, 4),
        ("a:\n  b: 1\n c: 2", "this line is indented unlike the lines around it", 3, 2),
        ("a: { b: 1\nc: 2\n", "',' or '}' is missing before this", 2, 2),
        ("a: [ 1, 2\n", "this '[' is never closed", 1, 4),
        ("{ url: ${U} }", "',' or '}' is missing before this", 1, 9),
        ('a: "b', "this quote is never closed", 1, 4),
        ("a: @b", "a text cannot start with '@'", 1, 4),
        ("a: 1\nb\n", "there is no ': ' after this key", 2, 1),
        (r'a: "\d"', r"'\d' means nothing in double quotes", 1, 5),
        ("a: * b", "'*' needs a name right after it", 1, 4),
        ("a: - b", "a list cannot start here", 1, 4),
        ("a:\n  - b\n  c: 1", "this line is not an item of the list above it", 3, 3),
        ("a: [ , 1 ]", "a value is missing before this", 1, 6),
        ("a: {b: 1}}", "nothing is open that this '}' could close", 1, 10),
        ("a: 'it's'", "this does not belong after the value", 1, 8),
        ("a: {{ id }}x", "a text with a template must be in quotes", 1, 12),
        (": 1", "there is no key before this ':'", 1, 1),
        ("a: |x\n  y", "a text after '|' or '>' starts on the next line", 1, 5),
        ("%YAML 3.0\n---\na: 1", "a scenario has no directives", 1, 1),
    ],
)
@pytest.mark.parametrize("loader", events.LOADERS)
def test_slips_of_yaml_are_told_in_plain_words(
    text: str, message: str, line: int, column: int, loader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message and the place do not depend on which parser is installed."""
    monkeypatch.setattr(events, "LOADERS", (loader,))
    (mistake,) = mistakes(text)
    assert (message, line, column) == (mistake.message, mistake.location.line, mistake.location.column)
    assert mistake.help


def test_a_file_is_read_as_utf_8(tmp_path: Path) -> None:
    """The path in locations is the one given."""
    file = tmp_path / "a.yaml"
    file.write_bytes("a: é\r\nb: 2\r\n".encode())
    document = source.load(file, environ={})
    assert ({"a": "é", "b": 2}, str(file)) == (document.data, document.path)
    assert source.lines_by_path(file)[str(file)] == document.lines


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        ("a: 1".encode("utf-16"), "encoding", (0, 0)),
        ("a: 1".encode("utf-16-le"), "encoding", (0, 0)),
        (b"a: 1\nb: \xff", "encoding", (2, 4)),
        ("a: 1".encode("utf-8-sig"), "encoding", (1, 1)),
        (b"a: " + b"x" * (1 << 20), "too-large", (0, 0)),
    ],
)
def test_bytes_that_are_no_scenario_are_told(
    data: bytes, code: str, place: tuple[int, int], tmp_path: Path
) -> None:
    """Encodings and sizes are checked before any parsing."""
    file = tmp_path / "a.yaml"
    file.write_bytes(data)
    with pytest.raises(ScenarioError) as caught:
        source.load(file, environ={})
    (mistake,) = caught.value.diagnostics
    assert (code, place) == (mistake.code, (mistake.location.line, mistake.location.column))


def test_what_is_no_file_is_told_and_never_waited_for(tmp_path: Path) -> None:
    """A directory, a pipe, a device and a missing path all end at once."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe, Path("/dev/zero"), tmp_path / "missing", Path("a\0b")):
        with pytest.raises(ScenarioError) as caught:
            source.load(path, environ={})
        assert [mistake.code for mistake in caught.value.diagnostics] == ["unreadable"]
        assert source.lines_by_path(path)[str(path)] == []


YAML_LIKE = st.lists(
    st.sampled_from(
        [*"{}[]:,-?&*!|>'\"%@`#~<= \n\t\r\\\0\ufeff\x85\u2028é木", "  ", ": ", "- ", "a", "&a ", "*a", "<<: ",
         "{{ id }}", "${A}", "${A:-b}", "${", "!!int ", "1", "010", ".inf", "1e999", "true", "---\n", "...\n",
         "%YAML 1.2\n", "\"\\ud800\"", "\"\\UFFFFFFFF\"", "|2-\n", "wsrun", "\ud800"]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@given(YAML_LIKE | st.text(), st.sampled_from(events.LOADERS))
@example("? [a]\n: b", events.LOADERS[0])
@settings(max_examples=600, deadline=None)
def test_any_text_is_a_document_or_a_scenario_error(text: str, loader: Any) -> None:
    """Nothing else ever comes out, and every mistake can be drawn where it stands."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "LOADERS", (loader,))
        try:
            document = source.parse(text, "a.yaml", environ={"A": "x: [y"})
        except ScenarioError as error:
            assert error.diagnostics
            for mistake in error.diagnostics:
                assert 0 <= mistake.location.line <= len(source.split_lines(text))
            return
    assert isinstance(document.data, dict)
    for key in document.data:
        assert document.location((key,)).line
        assert document.key_location((key,)).line
        assert document.place((key,), 3).line


@given(st.binary(max_size=60) | YAML_LIKE.map(lambda text: text.encode("utf-8", "surrogatepass")))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_document_or_a_scenario_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    """The same holds for files."""
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(data)
    try:
        source.load(file, environ={})
    except ScenarioError as error:
        assert error.diagnostics


@given(st.text(max_size=30))
def test_resolving_a_scalar_gives_a_json_value(text: str) -> None:
    """Every plain scalar is text, a finite number, a truth or nothing."""
    try:
        value = resolve(text)
    except ValueError:
        return
    assert value is None or isinstance(value, str | int | float | bool)
