"""JSONPath (RFC 9535) beyond plain ways through a document, with bounds on what a path can cost.

The library parses paths and compares in filters. The walk through the document is done here, as closures
over plain values, because the library makes an object of every node and walks without a bound.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, Final

from jsonpath import JSONPathEnvironment
from jsonpath.filter import FilterQuery
from jsonpath.function_extensions import ExpressionType, FilterFunction
from jsonpath.segments import JSONPathRecursiveDescentSegment
from jsonpath.selectors import Filter, FilterContext, IndexSelector, NameSelector, SliceSelector

from wsrun.patterns.frame import ABSENT
from wsrun.patterns.regexes import LONGEST_SUBJECT, RegexError, compile_regex, search

LONGEST: Final = 1000
"""Characters of the longest path."""

MOST_NODES: Final = 1_000_000
"""Nodes that one search of a document may visit, more than a message of 1 MiB holds; beyond it, nothing is
found. One that a filter looks at counts as fifty, which is what it costs."""

_FILTERED: Final = 50
_LITERAL: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_BOUNDS: Final = {"..": 1, "?": 3, ",": 8}
"""How often each may stand in a path: they multiply, and a document may hold half a million nodes."""


class QueryError(ValueError):
    """A path does not parse, or could take too long."""


class _TooMuchError(Exception):
    """A search has visited too many nodes."""


class _Search:
    """One search through a document: where it began, and how many nodes it may still visit."""

    __slots__ = ("left", "root")

    def __init__(self, root: Any) -> None:
        self.root = root
        self.left = MOST_NODES

    def visit(self, nodes: int) -> None:
        self.left -= nodes
        if self.left < 0:
            raise _TooMuchError


_Select = Callable[[Any, _Search], Iterable[Any]]


def compile_query(text: str) -> Callable[[Any], Any]:
    """Compile a path to a function from document to the first value that it leads to, or ABSENT.

    Raises:
        QueryError: the path does not parse, or multiplies too often.
    """
    if len(text) > LONGEST:
        raise QueryError(f"it is longer than {LONGEST} characters")
    bare = _LITERAL.sub("''", text)
    for word, most in _BOUNDS.items():
        if bare.count(word) > most:
            raise QueryError(f"{word!r} stands in it more than {most} time{'s'[: most > 1]}")
    try:
        parsed: Any = _environment().compile(text)
        select = _path(parsed.segments)
    except Exception as error:  # The library raises many types for a path that it does not like.
        raise QueryError(str(error).split("\n")[0]) from error

    def find(document: Any) -> Any:
        if document.__class__ is not dict and document.__class__ is not list:
            return ABSENT
        try:
            return next(iter(select(document, _Search(document))), ABSENT)
        except Exception:
            # Comparisons and functions meet values of any type, nested to any depth.
            return ABSENT

    return find


def _path(segments: Iterable[Any]) -> _Select:
    """Compile the steps of a path to a function from a node to the nodes that it leads to, in their order."""
    steps = [_segment(segment) for segment in segments]

    def follow(node: Any, search: _Search) -> Iterable[Any]:
        nodes: Iterable[Any] = (node,)
        for step in steps:
            nodes = step(nodes, search)
        return nodes

    return follow


def _segment(segment: Any) -> Callable[[Iterable[Any], _Search], Iterator[Any]]:
    selects = [_selector(selector) for selector in segment.selectors]
    is_descent = isinstance(segment, JSONPathRecursiveDescentSegment)

    def step(nodes: Iterable[Any], search: _Search) -> Iterator[Any]:
        for node in nodes:
            for inner in _descendants(node, search) if is_descent else (node,):
                for select in selects:
                    yield from select(inner, search)

    return step


def _descendants(node: Any, search: _Search) -> Iterator[Any]:
    """Yield a node and all objects and lists in it, each before what is in it."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        children = _children(node)
        search.visit(len(children))
        waiting += [child for child in reversed(children) if child.__class__ in (dict, list)]


def _children(node: Any) -> list[Any]:
    if node.__class__ is list:
        found: list[Any] = node
        return found
    return list(node.values()) if node.__class__ is dict else []


def _selector(selector: Any) -> _Select:
    match selector:
        case NameSelector(name=name):
            return lambda node, search: (node[name],) if node.__class__ is dict and name in node else ()
        case IndexSelector(index=index):
            return lambda node, search: node[index : index + 1 or None] if node.__class__ is list else ()
        case SliceSelector(slice=part):
            return lambda node, search: node[part] if node.__class__ is list and part.step != 0 else ()
        case Filter(expression=expression):
            return _filter(expression)

    def every(node: Any, search: _Search) -> Iterable[Any]:
        children = _children(node)
        search.visit(len(children))
        return children

    return every


def _filter(expression: Any) -> _Select:
    _own_queries(expression)
    environment = _environment()

    def select(node: Any, search: _Search) -> Iterator[Any]:
        for child in _children(node):
            search.visit(_FILTERED)
            context = FilterContext(
                env=environment, current=child, root=search.root, extra_context={"search": search}
            )
            if expression.evaluate(context):
                yield child

    return select


def _own_queries(expression: Any) -> None:
    """Let the paths within a filter be followed here too, at the cost of the same search."""
    is_query = isinstance(expression, FilterQuery)
    if is_query:
        expression.path = _Query(expression.path)
        return
    for inner in expression.children():
        _own_queries(inner)


class _Node:
    """A node as the library's comparisons and functions want it."""

    __slots__ = ("obj",)

    def __init__(self, value: Any) -> None:
        self.obj = value


class _Query:
    """A path within a filter, in place of the library's own."""

    def __init__(self, path: Any) -> None:
        self._is_empty = path.empty()
        self._follow = _path(path.segments)

    def empty(self) -> bool:
        """Whether it is the node itself."""
        return bool(self._is_empty)

    def finditer(self, value: Any, *, filter_context: Any) -> Iterator[_Node]:
        """Yield the nodes that it leads to."""
        search: _Search = filter_context["search"]
        for found in self._follow(value, search):
            search.visit(1)
            yield _Node(found)


class _Match(FilterFunction):
    """The functions ``match`` and ``search`` of the RFC, with RE2, because Python's own regexes can hang."""

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole

    @property
    def arg_types(self) -> list[ExpressionType]:
        """Two values."""
        return [ExpressionType.VALUE, ExpressionType.VALUE]

    @property
    def return_type(self) -> ExpressionType:
        """Whether it is so."""
        return ExpressionType.LOGICAL

    def __call__(self, value: object, pattern: object) -> bool:
        """Whether the pattern is in the value, or is the whole of it."""
        if not isinstance(value, str) or not isinstance(pattern, str):
            return False
        try:
            regex = compile_regex(pattern)
        except RegexError:
            return False
        if self._whole:
            return regex.fullmatch(value[:LONGEST_SUBJECT]) is not None
        return search(regex, value) is not None


class _Environment(JSONPathEnvironment):
    """The RFC, without the library's own additions."""

    def setup_function_extensions(self) -> None:
        """Set up the functions of the RFC."""
        super().setup_function_extensions()
        self.function_extensions["match"] = _Match(whole=True)
        self.function_extensions["search"] = _Match(whole=False)


@cache
def _environment() -> _Environment:
    return _Environment(strict=True)
