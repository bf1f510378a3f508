"""Checking an expression: that it is one, that its filters exist, and which names it uses."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Final

from jinja2 import TemplateError, nodes

from wsrun.expressions.names import CALLED
from wsrun.expressions.sandbox import compile_tree, parse_expression, sandbox
from wsrun.expressions.templates import ExpressionError

_DEEPEST: Final = 60
_FUNCTIONS: Final = (("uuid",), ("counter",))

_Names = frozenset[tuple[str, ...]]


def names_of(source: str, offset: int) -> tuple[_Names, _Names]:
    """Return the names that an expression uses, and those of them that may be missing.

    Raises:
        ExpressionError: it is no expression, or uses a filter, a test or an operator that does not exist.
    """
    try:
        tree = parse_expression(source)
        problem = _problem(tree, 0)
        if problem is None:
            compile_tree(tree)
    except TemplateError as error:
        message = _plain(error.message or "this is no expression")
        raise ExpressionError(message, offset, "an expression is one value, as Jinja2 writes it") from error
    except (RecursionError, SyntaxError, MemoryError) as error:
        raise ExpressionError("this expression is nested too deeply", offset) from error
    if problem is not None:
        raise ExpressionError(problem[0], offset, problem[1])
    found = list(_paths(tree, optional=False))
    needed = frozenset(path for path, optional in found if not optional)
    every = frozenset(path for path, _ in found)
    return every, every - needed


def _problem(node: nodes.Node, depth: int) -> tuple[str, str | None] | None:
    """Return what is wrong with a node or one below it, and what to write instead."""
    if depth > _DEEPEST:
        return "this expression is nested too deeply", None
    found = _problem_of(node)
    if found is not None:
        return found
    for child in node.iter_child_nodes():
        found = _problem(child, depth + 1)
        if found is not None:
            return found
    return None


def _problem_of(node: nodes.Node) -> tuple[str, str | None] | None:
    if isinstance(node, nodes.Filter) and node.name not in sandbox().filters:
        return f"there is no filter {node.name!r}", _near(node.name, sandbox().filters, "filters")
    if isinstance(node, nodes.Test) and node.name not in sandbox().tests:
        return f"there is no test {node.name!r}", _near(node.name, sandbox().tests, "tests")
    if isinstance(node, nodes.Name) and node.name == "self":
        return "'self' is no name for a variable", "choose another"
    if isinstance(node, nodes.Pow):
        return "there are no powers in expressions", None
    if isinstance(node, nodes.Call):
        path = path_of(node.node) or ()
        if path not in _FUNCTIONS and (len(path) != 2 or path[0] not in ("random", "fake")):
            return "this cannot be called", f"what can be called is {', '.join(CALLED)}"
    return None


def _near(name: str, known: Iterable[str], what: str) -> str:
    words = sorted(word for word in known if word.isidentifier() and len(word) > 1)
    near = difflib.get_close_matches(name, words, 1)
    return f"did you mean '{near[0]}'?" if near else f"{what} are {', '.join(words)}"


def _paths(node: nodes.Node, *, optional: bool) -> Iterator[tuple[tuple[str, ...], bool]]:
    path = path_of(node)
    if path is not None:
        yield path, optional
        return
    soft = isinstance(node, nodes.Filter) and node.name in ("default", "d")
    soft = soft or (isinstance(node, nodes.Test) and node.name in ("defined", "undefined"))
    for number, child in enumerate(node.iter_child_nodes()):
        yield from _paths(child, optional=optional or (soft and number == 0))


def path_of(node: nodes.Node) -> tuple[str, ...] | None:
    """Return the dotted name that a node is, None when it is something else."""
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        above = path_of(node.node)
        return None if above is None else (*above, node.attr)
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        # people['first name'] is how a column is called whose name is no word.
        above = path_of(node.node)
        return None if above is None or not isinstance(node.arg.value, str) else (*above, node.arg.value)
    return None


def _plain(message: str) -> str:
    text = message.split("\n")[0].rstrip(".").replace("end of template", "end")
    return text[:1].lower() + text[1:]
