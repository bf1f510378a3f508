"""Expressions over a client: types, moments, what is missing, and what goes wrong."""

from __future__ import annotations

import json
import re
import uuid
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.sandbox import ImmutableSandboxedEnvironment
from scopes import ANY_TEXT, Client, evaluate, tools

from wsrun.expressions import MissingVariable, compile_text, compile_value

NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)

PEOPLE = {"name": "Ada", "age": 36, "first name": "Augusta", "items": ["loom"], "address": {"city": "London"}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("{{ id }}", "0000a0s0ehcz5000001z", id="the id is a text"),
        pytest.param("{{ seq }}", 7, id="seq is a number"),
        pytest.param("{{ now.ms }}", 1_700_000_000_123, id="milliseconds are a number"),
        pytest.param("{{ now.iso }}", "2023-11-14T22:13:20.123Z", id="the time is a text in UTC"),
        pytest.param("{{ client.index }}", 42, id="the index is a number"),
        pytest.param("{{ client.id }}", "people/0042", id="the client's name"),
        pytest.param("{{ client.group }}/{{ client.profile }}", "people/active", id="group and profile"),
        pytest.param("{{ counter('a') }}", 1, id="a counter begins at 1"),
        pytest.param("r{{ client.index % 5 }}", "r2", id="arithmetic within a text"),
        pytest.param("{{ client.index % 5 }}", 2, id="arithmetic keeps its type"),
        pytest.param(
            "{{ [7 + 2, 7 - 2, 7 * 2, 7 / 2, 7 // 2, -7] }}", [9, 5, 14, 3.5, 3, -7], id="all of it"
        ),
        pytest.param("{{ people.name }}", "Ada", id="a column"),
        pytest.param("{{ people.age }}", 36, id="a column keeps its type"),
        pytest.param("{{ people['first name'] }}", "Augusta", id="a column that is no word"),
        pytest.param("{{ people.items }}", ["loom"], id="a column named as a method is a column"),
        pytest.param("{{ people.items | first }}", "loom", id="in a longer expression too"),
        pytest.param("{{ people.address.city }}", "London", id="a field of a column"),
        pytest.param("{{ room }}", "r1", id="a variable"),
        pytest.param("{{ user.roles[0] }}", "admin", id="a field of a variable"),
        pytest.param("{{ user.roles[-1] }}", "owner", id="the last of a list"),
        pytest.param("{{ room[0] }}", "r", id="a letter of a text"),
        pytest.param("{{ room[1:] }}", "1", id="the rest of a text"),
        pytest.param("{{ nothing }}", None, id="null is a value"),
        pytest.param("{{ nothing | default('x') }}", None, id="and not missing"),
        pytest.param("{{ nothing | default('x', true) }}", "x", id="unless one asks for a true one"),
        pytest.param("{{ flag }}", True, id="a boolean"),
        pytest.param("is {{ flag }}, {{ nothing }}", "is true, null", id="in a text they are JSON"),
        pytest.param("{{ flag ~ nothing ~ 1.0 }}", "truenull1.0", id="joining makes the same text"),
        pytest.param("{{ user }}!", '{"name":"ada","roles":["admin","owner"]}!', id="so are objects"),
        pytest.param("{{ 1 }}", 1, id="a number alone"),
        pytest.param("{{ true }}", True, id="true alone"),
        pytest.param("{{ none }}", None, id="none alone"),
        pytest.param("{{ 'a' if seq > 3 else 'b' }}", "a", id="a choice"),
        pytest.param("{{ 'x' in user.roles }}", False, id="a question"),
        pytest.param("{{ [room, seq, {'a': flag}] }}", ["r1", 7, {"a": True}], id="a list of things"),
        pytest.param("{{ absent | default('') }}", "", id="a default for what nobody wrote"),
        pytest.param("{{ absent.a.b | default(0) }}", 0, id="and for what is in it"),
        pytest.param("{{ user.age | default(0) }}", 0, id="and for a field that is not there"),
        pytest.param("{{ people.height | default(0) }}", 0, id="and for a column that is not there"),
        pytest.param("{{ absent is defined }}", False, id="a question whether it is there"),
        pytest.param("{{ ('a' if seq > 9) | default('b') }}", "b", id="a choice without an else"),
        pytest.param("{{ '{{ id }}' }}", "{{ id }}", id="nothing is read twice"),
        pytest.param(5, 5, id="a number is no template"),
        pytest.param({"{{ id }}": ["{{ seq }}"]}, {"{{ id }}": [7]}, id="nor is a key"),
    ],
)
def test_an_expression_has_a_value(value: Any, expected: Any) -> None:
    """A single expression keeps its type, any other string is text."""
    user = {"name": "ada", "roles": ["admin", "owner"]}
    variables = {"room": "r1", "user": user, "nothing": None, "flag": True}
    made = evaluate(value, Client(variables=variables, rows={"people": PEOPLE}))
    assert (expected, type(expected)) == (made, type(made))


@given(JSON)
def test_a_variable_comes_out_as_it_went_in(value: Any) -> None:
    """Nothing is converted on the way of a single expression."""
    assert evaluate("{{ value }}", value=value) is value
    assert evaluate("{{ box.value }}", box={"value": value}) is value


@given(JSON.filter(lambda value: not isinstance(value, str)))
def test_in_a_text_any_value_stands_as_json(value: Any) -> None:
    """Whoever reads the text can read the value."""
    text = evaluate("<{{ value }}>", value=value)
    assert value == json.loads(text[1:-1])


_LEAVES = st.sampled_from(["a", "b", "c", "t", "1", "2", "0.5", "'x'", "true", "none", "[1, 2]", "o.k"])
_EXPRESSIONS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.tuples(
            inner,
            st.sampled_from(["+", "-", "*", "/", "//", "%", "==", "!=", "<", "<=", "and", "or", "in", "~"]),
            inner,
        ).map(lambda three: f"({three[0]} {three[1]} {three[2]})"),
        inner.map(lambda one: f"(not {one})"),
        inner.map(lambda one: f"(-{one})"),
        st.tuples(inner, st.sampled_from(["upper", "length", "abs", "first", "list", "int", "title"])).map(
            lambda two: f"({two[0]} | {two[1]})"
        ),
        st.tuples(inner, inner, inner).map(lambda three: f"({three[0]} if {three[1]} else {three[2]})"),
        st.tuples(inner, inner).map(lambda two: f"[{two[0]}, {two[1]}]"),
        inner.map(lambda one: f"(x | default({one}))"),
    ),
    max_leaves=6,
)


@given(_EXPRESSIONS)
def test_expressions_mean_what_they_mean_in_jinja(source: str) -> None:
    """Wherever there is a value, Jinja2's own sandbox has the same; joining aside, which writes JSON."""
    variables = {"a": 3, "b": -2, "c": 1.5, "t": "text", "o": {"k": "v"}}
    try:
        mine = evaluate("{{ " + source + " }}", **variables)
    except MissingVariable:
        return
    theirs = ImmutableSandboxedEnvironment().compile_expression(source)(**variables)
    if "~" in source:
        assert type(theirs) is type(mine)
    else:
        assert (theirs, type(theirs)) == (mine, type(mine))


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("{{ room }}", "room"),
        ("a {{ room }}", "room"),
        ("{{ user.name }}", "user.name"),
        ("{{ user.name.first }}", "user.name.first"),
        ("{{ people.height }}", "people.height"),
        ("{{ people.name.first }}", "people.name.first"),
        ("{{ room | upper }}", "room"),
        ("{{ known ~ room }}", "room"),
        ("{{ known.name | upper }}", "known.name"),
        ("{{ [1, room] }}", "room"),
        ("{{ {'a': [room]} }}", "room"),
        ({"a": [{"b": "{{ room }}"}]}, "room"),
    ],
)
def test_what_nobody_wrote_yet_is_named(value: Any, name: str) -> None:
    """The message that needs it fails, and says which name it is."""
    client = Client(variables={"known": "k"}, rows={"people": {"name": "Ada"}})
    with pytest.raises(MissingVariable) as caught:
        evaluate(value, client)
    assert name == caught.value.name
    assert f"nothing was written to {name} yet" == str(caught.value)


def test_a_client_without_a_row_has_no_columns() -> None:
    """When all rows have been given out, every column is missing, and no variable stands in for it."""
    client = Client(rows={"people": {}}, variables={"people": {"name": "not this one"}})
    with pytest.raises(MissingVariable):
        evaluate("{{ people.name }}", client)


@pytest.mark.parametrize(
    "source",
    [
        *("seq / 0", "seq % 0", "1 + 'a'", "-'a'", "seq.a.b", "seq['a']", "'a' < 1", "none + 1", "seq[0]"),
        *(
            "uuid",
            "counter",
            "random",
            "random.int",
            "fake",
            "fake.name",
            "now",
            "client",
            "[uuid]",
            "now ~ ''",
        ),
        *(
            "random.int(5, 1)",
            "random.int('a', 1)",
            "random.int(1)",
            "random.choice([])",
            "random.choice(seq)",
        ),
        *("random.text(-1)", "random.text('a')", "random.text(9000000)", "counter()", "fake.no_such_thing()"),
        *("random.nothing()", "now.date", "client.name", "uuid(1)", "fake.sentence(no_such=1)", "seq.real"),
        *(
            "''.__class__",
            "''.join",
            "id.upper",
            "people.__len__",
            "now._tools",
            "fake._pool",
            "random._scope",
        ),
        *("(client | string)", "people | join(seq)", "9 | round('a')", "[] | first", "seq | length"),
    ],
)
def test_what_cannot_be_computed_fails_the_message_and_nothing_else(source: str) -> None:
    """Whatever an operator, a filter or a call makes of its values: MissingVariable, with a reason."""
    client = Client(rows={"people": PEOPLE})
    with pytest.raises(MissingVariable) as caught:
        evaluate("{{ " + source + " }}", client)
    assert str(caught.value)


@given(st.sampled_from(["+", "-", "*", "/", "//", "%", "<", "in", "~", "and"]), JSON, JSON)
def test_no_operator_raises_anything_else_whatever_a_server_sent(operator: str, one: Any, other: Any) -> None:
    """Captured values are of any type."""
    try:
        evaluate("{{ one " + operator + " other }}", one=one, other=other)
    except MissingVariable as missing:
        assert missing.reason


@given(
    st.sampled_from(
        [
            "abs",
            "first",
            "int",
            "last",
            "length",
            "list",
            "lower",
            "max",
            "min",
            "sort",
            "sum",
            "title",
            "trim",
            "u16",
            "utf8",
        ]
    ),
    JSON,
)
def test_no_filter_raises_anything_else_whatever_a_server_sent(name: str, value: Any) -> None:
    """Captured values are of any type for filters too."""
    try:
        evaluate("{{ value | " + name + " }}", value=value)
    except MissingVariable as missing:
        assert missing.reason


def test_constants_are_shared() -> None:
    """A value without templates is not built anew for each message."""
    constant = {"a": [1, {"b": "c"}]}
    made = compile_value({"fixed": constant, "id": "{{ id }}"}, tools())
    assert made(Client())["fixed"] is made(Client())["fixed"] is constant


def test_variables_are_read_when_they_are_needed() -> None:
    """A closure is compiled once and sees what is written later."""
    read, client = compile_text("{{ n }}{{ n + 1 }}", tools()), Client(variables={"n": 1})
    assert read(client) == "12"
    client.variables["n"] = 5
    assert read(client) == "56"


def test_counters_count_by_name_over_all_clients() -> None:
    """Two clients of a worker never get the same number."""
    made = compile_value(["{{ counter('a') }}", "{{ counter('b') }}", "{{ counter('a') * 10 }}"], tools())
    assert [made(Client()), made(Client())] == [[1, 1, 20], [3, 2, 40]]


@pytest.mark.parametrize(
    ("source", "pattern"),
    [
        ("uuid()", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        ("uuid() | upper", r"[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}"),
        ("random.int(1, 6)", "[1-6]"),
        ("random.int(1, 3 + 3)", "[1-6]"),
        ("random.int(5, 5)", "5"),
        ("random.int(0, 100000000000000000000)", "[0-9]{1,21}"),
        ("random.float()", r"0\.[0-9]+|[0-9.]+e-[0-9]+"),
        ("random.float(2, 3)", r"2\.[0-9]+"),
        ("random.choice(['a', 'b'])", "[ab]"),
        ("random.text(12)", "[0-9a-z]{12}"),
        ("random.text(0)", ""),
        ("fake.sentence()", r"[A-Z].+\."),
        ("fake.random_int(3, 4)", "[34]"),
        ("fake.random_int(seq, seq)", "7"),
    ],
)
def test_draws_come_from_the_client_and_its_seed_alone(source: str, pattern: str) -> None:
    """The same stream gives the same values, in the right shape, and another stream others."""
    made = compile_value("{{ " + source + " }}", tools())

    def draw(seed: int) -> list[str]:
        client = Client(rng=Random(seed))
        return [str(made(client)) for _ in range(20)]

    first = draw(1)
    assert first == draw(1)
    assert all(re.fullmatch(pattern, value) for value in first)
    assert len(set(first)) == 1 or first != draw(2)


def test_whole_numbers_are_drawn_evenly() -> None:
    """Both ends of random.int occur as often as what lies between."""
    made, client = compile_value("{{ random.int(1, 4) }}", tools()), Client()
    drawn = [made(client) for _ in range(8000)]
    assert {1, 2, 3, 4} == set(drawn)
    assert all(1850 < drawn.count(number) < 2150 for number in (1, 2, 3, 4))


@given(st.integers(0, 2**32))
def test_a_uuid_is_what_the_library_makes_of_the_same_bits(seed: int) -> None:
    """Version and variant stand where RFC 9562 has them."""
    expected = uuid.UUID(int=Random(seed).getrandbits(128), version=4)
    assert str(expected) == evaluate("{{ uuid() }}", Client(rng=Random(seed)))
