"""Templates to closures over a client: plain reads for what is common, compiled Jinja2 for the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wsrun.expressions.names import BUILT_IN, Evaluate, Scope, Tools, make_uuid
from wsrun.expressions.reads import compile_read
from wsrun.expressions.templates import Expr, MissingVariable, parse
from wsrun.expressions.values import text_of


def compile_value(value: Any, tools: Tools) -> Evaluate:
    """Compile a JSON-like value with templates in its strings; keys of mappings are taken as they are.

    A string that is exactly one expression keeps its value's type; constants are shared between calls. The
    result raises ``MissingVariable``.
    """
    if is_constant(value):
        return lambda scope: value
    if isinstance(value, Mapping):
        fields = [(key, compile_value(inner, tools)) for key, inner in value.items()]
        return lambda scope: {key: evaluate(scope) for key, evaluate in fields}
    if isinstance(value, list | tuple):
        items = [compile_value(inner, tools) for inner in value]
        return lambda scope: [evaluate(scope) for evaluate in items]
    template = parse(value)
    if template.is_single:
        return compile_expr(_expr(template.parts[0]), tools)
    return compile_text(value, tools)


def compile_text(text: str, tools: Tools) -> Callable[[Scope], str]:
    """Compile a text; values that are no text stand in it as JSON. The result raises ``MissingVariable``."""
    template = parse(text)
    if template.is_constant:
        return lambda scope: text
    if template.is_single:
        only = compile_expr(_expr(template.parts[0]), tools)
        return lambda scope: text_of(only(scope))
    parts = [part if isinstance(part, str) else compile_expr(part, tools) for part in template.parts]
    return lambda scope: "".join([part if isinstance(part, str) else text_of(part(scope)) for part in parts])


def is_constant(value: Any) -> bool:
    """Whether no string in a JSON-like value has an expression."""
    if isinstance(value, str):
        return parse(value).is_constant
    if isinstance(value, Mapping):
        return all(is_constant(inner) for inner in value.values())
    if isinstance(value, list | tuple):
        return all(is_constant(inner) for inner in value)
    return True


def compile_expr(expr: Expr, tools: Tools) -> Evaluate:
    """Compile one expression; the result raises ``MissingVariable``."""
    if expr.path is not None:
        read = compile_read(expr.path, tools)
        if read is not None:
            return read
    if expr.source == "uuid()":
        return make_uuid
    name = expr.source.removeprefix("fake.").removesuffix("()")
    if expr.source == f"fake.{name}()" and name.isidentifier():
        return _fake(expr, tools, name)
    return _general(expr, tools)


def _expr(part: str | Expr) -> Expr:
    assert isinstance(part, Expr)
    return part


def _fake(expr: Expr, tools: Tools, name: str, *arguments: Any, **named: Any) -> Evaluate:
    try:
        pool = tools.fake.values(name, *arguments, **named)
    except ValueError as error:
        return _failing(expr, str(error))
    size = len(pool)
    return lambda scope: pool[int(scope.rng.random() * size)]


def _failing(expr: Expr, reason: str) -> Evaluate:
    def fail(scope: Scope) -> Any:
        raise MissingVariable(expr.source, reason)

    return fail


def _general(expr: Expr, tools: Tools) -> Evaluate:
    from jinja2 import Undefined
    from jinja2.exceptions import UndefinedError

    from wsrun.expressions.calls import constant_calls
    from wsrun.expressions.direct import compile_direct
    from wsrun.expressions.filters import settled
    from wsrun.expressions.sandbox import compile_tree, parse_expression

    tree = parse_expression(expr.source)
    calls = constant_calls(tree)
    for call in calls:
        if call.path == ("random", "int") and call.is_whole and _is_range(call.arguments):
            return _whole_number(*call.arguments)
        if call.path[0] == "fake" and len(call.path) == 2:
            draw = _fake(expr, tools, call.path[1], *call.arguments, **call.named)
            if call.is_whole:
                return draw
    direct = compile_direct(tree, tools)
    if direct is not None:
        return _guarded(expr, direct)
    compiled = compile_tree(tree)
    roots = {path[0] for path in expr.names}
    built_in = [(name, BUILT_IN[name]) for name in roots & BUILT_IN.keys()]
    own = roots - BUILT_IN.keys()

    def evaluate(scope: Scope) -> Any:
        names = {name: make(scope, tools) for name, make in built_in}
        for name in own:
            if name in scope.rows:
                names[name] = scope.rows[name]
            elif name in scope.variables:
                names[name] = scope.variables[name]
        try:
            value = compiled(names)
            if not isinstance(value, Undefined):
                return settled(value)
        except UndefinedError as error:
            raise _undefined(expr, names) from error
        except Exception as error:
            raise _failed(expr, error) from error
        raise _undefined(expr, names)

    return evaluate


def _guarded(expr: Expr, direct: Evaluate) -> Evaluate:
    def evaluate(scope: Scope) -> Any:
        try:
            return direct(scope)
        except MissingVariable:
            raise
        except Exception as error:
            raise _failed(expr, error) from error

    return evaluate


def _failed(expr: Expr, error: Exception) -> MissingVariable:
    """Any operator on any value that a server sent: whatever it raises, the message cannot be made."""
    return MissingVariable(expr.source, str(error) or type(error).__name__)


def _is_range(arguments: tuple[Any, ...]) -> bool:
    return len(arguments) == 2 and all(type(a) is int for a in arguments) and arguments[0] <= arguments[1]


def _whole_number(low: int, high: int) -> Evaluate:
    span = high - low + 1
    if span > 1 << 32:
        # A draw has 53 bits: beyond this its unevenness would show.
        return lambda scope: scope.rng.randint(low, high)
    return lambda scope: low + int(scope.rng.random() * span)


def _undefined(expr: Expr, names: Mapping[str, Any]) -> MissingVariable:
    """Say which name of an expression has no value, or that the whole of it has none."""
    for path in sorted(expr.names - expr.optional):
        if path[0] in BUILT_IN:
            continue
        value: Any = names
        for step in path:
            if not isinstance(value, Mapping) or step not in value:
                return MissingVariable(".".join(path))
            value = value[step]
    return MissingVariable(expr.source, "it is not defined")
