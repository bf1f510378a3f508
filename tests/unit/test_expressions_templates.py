"""Finding expressions in texts: where they begin and end, which names they use, what is wrong with them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scopes import ANY_TEXT

from wsrun.expressions import Expr, ExpressionError, parse
from wsrun.expressions.templates import LONGEST, MOST

WITHOUT_BRACES = ANY_TEXT.filter(lambda text: "{" not in text)
SOURCES = st.sampled_from(
    ["id", "room", "people.name", "a ~ '}}'", '{"a": {"b": 1}}', "x | default('{{')", "-n"]
)


def parts(text: str) -> list[str | tuple[str]]:
    """Return the parts of a text, the sources of expressions as 1-tuples."""
    return [(part.source,) if isinstance(part, Expr) else part for part in parse(text).parts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [], id="nothing has no parts"),
        pytest.param("a\r\n{% if %} {# no #} %}", ["a\r\n{% if %} {# no #} %}"], id="statements are text"),
        pytest.param("{ { id } }", ["{ { id } }"], id="one brace is text"),
        pytest.param("{{ id }}", [("id",)], id="an expression alone"),
        pytest.param("{{id}}", [("id",)], id="spaces do not matter"),
        pytest.param("{{\n id\t}}", [("id",)], id="nor does other white space"),
        pytest.param(" {{ id }}\n", [" ", ("id",), "\n"], id="white space around is text"),
        pytest.param("{{ a }}{{ b }}", [("a",), ("b",)], id="two in a row"),
        pytest.param("}} {{ a }} }}", ["}} ", ("a",), " }}"], id="a closing brace without an opening one"),
        pytest.param("{{ '}}' }}", [("'}}'",)], id="braces in quotes do not close"),
        pytest.param(r"{{ 'it\'s }}' }}", [(r"'it\'s }}'",)], id="an escaped quote does not end a text"),
        pytest.param(
            '{{ {"a": {"b": 1}}["a"] }}', [('{"a": {"b": 1}}["a"]',)], id="braces of a mapping nest"
        ),
        pytest.param("{{ {'a': {'b': 1}}}}", [("{'a': {'b': 1}}",)], id="and may touch the end"),
        pytest.param('{"a":{"b":{{ n }}}}', ['{"a":{"b":', ("n",), "}}"], id="JSON around an expression"),
        pytest.param("{{ '{{' }}", [("'{{'",)], id="two braces are written as a text"),
    ],
)
def test_a_text_is_cut_at_its_expressions(text: str, expected: list[str | tuple[str]]) -> None:
    """What stands around an expression passes byte for byte."""
    assert expected == parts(text)


@given(st.lists(st.one_of(WITHOUT_BRACES, SOURCES.map(lambda source: (source,))), max_size=6))
def test_texts_and_expressions_come_back_as_written(pieces: list[str | tuple[str]]) -> None:
    """Whatever stands around, the expressions are found, and each at the offset where it begins."""
    text = "".join(piece if isinstance(piece, str) else "{{ " + piece[0] + " }}" for piece in pieces)
    template = parse(text)
    found = [part for part in template.parts if isinstance(part, Expr)]
    assert [piece[0] for piece in pieces if isinstance(piece, tuple)] == [part.source for part in found]
    assert all(text.startswith(part.source, part.offset) for part in found)
    assert "".join(p for p in pieces if isinstance(p, str)) == "".join(
        p for p in template.parts if isinstance(p, str)
    )


@given(ANY_TEXT)
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but an ExpressionError comes out, and it points into the text."""
    for candidate in (text, "{{" + text, "{{" + text + "}}"):
        try:
            parse(candidate)
        except ExpressionError as error:
            assert 0 <= error.offset <= len(candidate)
            assert error.message


@pytest.mark.parametrize(
    ("text", "is_constant", "is_single"),
    [("", True, False), ("a", True, False), ("{{ id }}", False, True), ("{{ id }} ", False, False)],
)
def test_only_an_expression_without_anything_around_is_single(
    text: str, is_constant: bool, is_single: bool
) -> None:
    """A single expression keeps its value's type; one more blank makes text of it."""
    template = parse(text)
    assert (is_constant, is_single) == (template.is_constant, template.is_single)


@pytest.mark.parametrize(
    ("source", "names", "optional"),
    [
        pytest.param("id", {"id"}, set(), id="a name"),
        pytest.param("client.index % 50", {"client.index"}, set(), id="a dotted name"),
        pytest.param("a.b.c ~ d", {"a.b.c", "d"}, set(), id="two names"),
        pytest.param("people['first name']", {"people.first name"}, set(), id="a column that is no word"),
        pytest.param("items[0] ~ items[n]", {"items", "n"}, set(), id="an item by its place"),
        pytest.param("fake.sentence(nb_words=n)", {"fake.sentence", "n"}, set(), id="a call"),
        pytest.param("uuid()", {"uuid"}, set(), id="a call without arguments"),
        pytest.param("token | default('')", {"token"}, {"token"}, id="a default makes optional"),
        pytest.param("a | default(b)", {"a", "b"}, {"a"}, id="but what it falls back to is needed"),
        pytest.param("a | d('') ~ a", {"a"}, set(), id="a name is needed if it is needed once"),
        pytest.param("a.b if a is defined else c", {"a", "a.b", "c"}, {"a"}, id="a test does so too"),
        pytest.param("true", set(), set(), id="true is a value"),
        pytest.param("'room' ~ \"id\"", set(), set(), id="texts are values"),
        pytest.param("{'a': room}['a']", {"room"}, set(), id="a mapping"),
    ],
)
def test_the_names_of_an_expression_are_known(source: str, names: set[str], optional: set[str]) -> None:
    """The check of a scenario looks them up, those aside that may be missing."""
    expr = parse("{{ " + source + " }}").parts[0]
    assert isinstance(expr, Expr)
    assert (names, optional) == ({".".join(n) for n in expr.names}, {".".join(n) for n in expr.optional})


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("a {{ id }", 2, "this expression is not closed"),
        ("a {{ 'id }}", 2, "a quote inside this expression is not closed"),
        ("a {{ }} b", 4, "this expression is empty"),
        ("a {{ 1 + }} b", 5, None),
        ("{{ a b }}", 3, None),
        ("{{ a, b }}", 3, None),
        ("{{ a = 1 }}", 3, None),
        ("{{ [x for x in y] }}", 3, None),
        ("{{- id }}", 2, "this mark has no meaning at a brace"),
        ("{{ id -}}", 2, "this mark has no meaning at a brace"),
        ("{{ 2 ** 9 }}", 3, "there are no powers in expressions"),
        ("{{ a | uper }}", 3, "there is no filter 'uper'"),
        ("{{ a | center(9) }}", 3, "there is no filter 'center'"),
        ("{{ a is foo }}", 3, "there is no test 'foo'"),
        ("{{ range(9) }}", 3, "this cannot be called"),
        ("{{ a.upper() }}", 3, "this cannot be called"),
        ("{{ '%s'.format(a) }}", 3, "this cannot be called"),
        ("{{ self | upper }}", 3, "'self' is no name for a variable"),
        ("{{ " + "(" * 400 + "1" + ")" * 400 + " }}", 3, "this expression is nested too deeply"),
        ("{{ 1" + " + 1" * 200 + " }}", 3, "this expression is nested too deeply"),
        ("{{ '" + "a" * LONGEST + "' }}", 3, f"this expression is longer than {LONGEST} characters"),
        ("{{ a }}" * (MOST + 1), 7 * MOST, f"more than {MOST} expressions in one text"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else None,
)
def test_a_wrong_expression_is_told_with_its_place(text: str, offset: int, message: str | None) -> None:
    """The offset is in characters from the start of the text."""
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert offset == caught.value.offset
    assert message in (None, caught.value.message)


@pytest.mark.parametrize("source", ["a | uper", "a is definde"])
def test_a_near_miss_is_named(source: str) -> None:
    """Who mistypes a filter or a test is told the word."""
    with pytest.raises(ExpressionError) as caught:
        parse("{{ " + source + " }}")
    assert "did you mean" in str(caught.value.help)


def test_names_are_read_without_the_template_library() -> None:
    """A scenario with names alone does not pay for the import of Jinja2."""
    program = (
        "import sys; from wsrun.expressions import parse; parse('{{ a.b }} {{ uuid() }}'); "
        "sys.exit('jinja2' in sys.modules or 'faker' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
