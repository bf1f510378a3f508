"""What an expression cannot do: hang, eat memory, or reach into Python.

Each of these takes minutes or gigabytes, or gets at an object, in one template language or another. That a
test comes to its end is what it proves.
"""

from __future__ import annotations

from typing import Any

import pytest
from scopes import Client, evaluate

from wsrun.expressions import ExpressionError, MissingVariable, parse

BIG = "a" * (1 << 20)
NUMBERS = list(range(300_000))


def deep(depth: int) -> Any:
    """Return lists in lists, as deep as orjson reads them and deeper than Python likes to recurse."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


REFUSED = """
range(99999999) | list
[0] | cycle
cycler(1)
lipsum(n=9999999)
joiner()
namespace()
2 ** 99999999
9 ** 9 ** 9
'a' ** 2
big.center(9)
'a'.ljust(999999999)
'{:9999999}'.format(1)
'a' | center(999999999)
'a' | indent(999999999)
'a' | wordwrap(1)
'a' | batch(999999999)
'a' | slice(999999999)
'%999999999s' | format(1)
'a' | map('center', 99)
[1] | random
numbers | groupby('a')
'a' | xmlattr
'a' | pprint
'a' | attr('__class__')
''.__class__.__mro__[1].__subclasses__()
id.format()
self.__init__
self._TemplateReference__context
cycler.__init__.__globals__.os.popen('id')
(1).__class__()
uuid.__globals__()
counter.count('a')
random.int.real()
get_flashed_messages()
[i for i in numbers]
a := 1
lambda: 1
{% for i in numbers %}
a | {# b
import os
"""
TOO_DEEP = [
    *("not " * 200 + "1", "[" * 400 + "]" * 400, "-" * 900 + "1", "(x)" + "[0]" * 300, "1" + "|abs" * 240),
    *("1 if " * 150 + "1", "a(" * 300 + ")" * 300, "{1:" * 200 + "1" + "}" * 200, "1" + "+1" * 400),
]


@pytest.mark.parametrize(
    "source",
    [*REFUSED.strip().splitlines(), *TOO_DEEP],
    ids=lambda source: source[:30],
)
def test_what_could_grow_or_reach_out_is_no_expression(source: str) -> None:
    """The check of the scenario refuses it, before anything runs."""
    with pytest.raises(ExpressionError):
        parse("{{ " + source + " }}")


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("'a' * 99999999", id="a long text"),
        pytest.param("99999999 * 'a'", id="a long text, the other way round"),
        pytest.param("'a' * 1000000 * 1000000", id="a long text in two steps"),
        pytest.param("big + big", id="texts added"),
        pytest.param("big ~ big", id="texts joined"),
        pytest.param("[[[0] * 1000] * 1000] * 1000", id="lists that share their items"),
        pytest.param("numbers * 9", id="a list, many times"),
        pytest.param("ones | sum(start=[])", id="lists added up, each time anew"),
        pytest.param("big | replace('', big)", id="a text between all letters"),
        pytest.param("big | replace('a', 'bb')", id="a text twice as long"),
        pytest.param(
            "'a' " + "| replace('a', 'aaaaaaaaaa') " * 20, id="a text ten times as long, again and again"
        ),
        pytest.param("numbers | join(big)", id="a long text between many"),
        pytest.param("[big, big] | join", id="long texts in a list"),
        pytest.param("percents | urlencode", id="a letter that becomes three"),
        pytest.param("'%999999999s' % 1", id="a wide number"),
        pytest.param("'%.999999999f' % 1", id="a long number"),
        pytest.param("'%*s' % (999999999, 1)", id="a width from a value"),
        pytest.param("'%(a)999999999s' % {'a': 1}", id="a width behind a name"),
        pytest.param("'%(a(b)c)999999999s' % {'a(b)c': 1}", id="a width behind a name with brackets"),
        pytest.param("'" + "%s" * 20 + "' % (" + "big, " * 20 + ")", id="long texts in a layout"),
        pytest.param("'%r' % [numbers]", id="a list in a layout"),
        pytest.param("(9999999999 * 9999999999) * 9999999999", id="a number of more than 64 bits"),
        pytest.param("9 | round(999999999)", id="a number with many digits"),
        pytest.param("random.text(999999999)", id="a long random text"),
        pytest.param("fake.texts(10000, 10000)", id="many long texts"),
        pytest.param("fake.paragraphs(nb=999999999)", id="very many paragraphs"),
        pytest.param("fake.pystr(min_chars=seq * 99999, max_chars=9999999)", id="a long made-up text"),
        pytest.param("fake.binary(length=999999999)", id="a file"),
        pytest.param("fake.seed_locale('en', 1)", id="a change to the maker itself"),
        pytest.param("deeper | tojson | int('a')", id="a base that is none"),
        pytest.param("deeper | string | length | u8", id="a value nested as deep as JSON goes"),
    ],
)
def test_what_grows_is_stopped(source: str) -> None:
    """The message cannot be made, and the reason is told; the run goes on."""
    variables = {
        "big": BIG,
        "numbers": NUMBERS,
        "ones": [[1]] * 250_000,
        "percents": "%" * (1 << 20),
        "deeper": deep(1000),
    }
    with pytest.raises(MissingVariable) as caught:
        evaluate("{{ " + source + " }}", Client(variables=variables))
    assert str(caught.value)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("'ab' * 3", "ababab"),
        ("'%05d-%-3s|%.2f' % (seq, 'a', 1.005)", "00007-a  |1.00"),
        ("'2024-%02d' % 5", "2024-05"),
        ("'100 %% of %s' % 'it'", "100 % of it"),
        ("(big ~ '')[:3]", "aaa"),
        ("numbers | length", 300_000),
        ("numbers | sum", 44_999_850_000),
        ("[1] + [2]", [1, 2]),
        ("4294967296 * 4294967295", 18446744069414584320),
        ("'x' | replace('x', 'yy')", "yy"),
        ("['a', 1, none] | join(', ')", "a, 1, null"),
        ("'a b/ü' | urlencode", "a%20b/%C3%BC"),
        ("1.25 | round(1)", 1.2),
    ],
)
def test_what_stays_small_works(source: str, expected: Any) -> None:
    """The limits are far from what messages need."""
    client = Client(variables={"big": BIG, "numbers": NUMBERS})
    assert expected == evaluate("{{ " + source + " }}", client)


@pytest.mark.parametrize("depth", [200, 1000])
def test_a_deep_value_passes_through(depth: int) -> None:
    """What a server nested as deep as it can is captured and handed on as it is."""
    value = deep(depth)
    assert evaluate("{{ value }}", value=value) is value
    assert isinstance(evaluate("a {{ value }}", value=value), str)
