"""Templates to closures over a client: plain attribute reads where it is common, Jinja2 for the rest."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any, Protocol

import orjson

from wsrun.expressions.fakes import FakePool
from wsrun.expressions.templates import Expr, MissingVariable, parse

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


class Scope(Protocol):
    """The client (and the message it is making) in which an expression is evaluated."""

    message_id: str
    seq: int
    variables: dict[str, Any]
    index: int
    client_id: str
    rows: dict[str, Mapping[str, Any]]

    @property
    def group_name(self) -> str:
        """The client's group."""

    @property
    def profile(self) -> str:
        """The client's profile."""

    @property
    def rng(self) -> Random:
        """The client's own random stream."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What expressions share within a worker: ``counters`` gives the next number of a name, ``now`` the time
    in seconds since 1970."""

    seed: int
    counters: Callable[[str], int]
    now: Callable[[], float]
    fake: FakePool


Evaluate = Callable[[Scope], Any]

_DIRECT: dict[tuple[str, ...], Evaluate] = {
    ("id",): lambda scope: scope.message_id,
    ("seq",): lambda scope: scope.seq,
    ("client", "index"): lambda scope: scope.index,
    ("client", "id"): lambda scope: scope.client_id,
    ("client", "group"): lambda scope: scope.group_name,
    ("client", "profile"): lambda scope: scope.profile,
}

BUILT_IN = frozenset({"id", "seq", "now", "client", "uuid", "counter", "random", "fake"})
"""The names that are always there; any other is a data source or a variable."""


def compile_value(value: Any, tools: Tools) -> Evaluate:
    """Compile a JSON-like value with templates in its strings; keys of mappings are taken as they are.

    A string that is exactly one expression keeps its value's type; constants are shared between calls.
    """
    if isinstance(value, str):
        template = parse(value)
        if template.is_constant:
            return lambda scope: value
        if template.is_single:
            part = template.parts[0]
            assert isinstance(part, Expr)
            return compile_expr(part, tools)
        return compile_text(value, tools)
    if isinstance(value, Mapping):
        if is_constant(value):
            return lambda scope: value
        fields = [(key, compile_value(inner, tools)) for key, inner in value.items()]
        return lambda scope: {key: evaluate(scope) for key, evaluate in fields}
    if isinstance(value, list | tuple):
        if is_constant(value):
            return lambda scope: value
        items = [compile_value(inner, tools) for inner in value]
        return lambda scope: [evaluate(scope) for evaluate in items]
    return lambda scope: value


def compile_text(text: str, tools: Tools) -> Callable[[Scope], str]:
    """Compile a text; values that are no text stand in it as JSON."""
    template = parse(text)
    if template.is_constant:
        return lambda scope: text
    parts: list[str | Evaluate] = [
        part if isinstance(part, str) else compile_expr(part, tools) for part in template.parts
    ]
    if len(parts) == 1 and not isinstance(parts[0], str):
        only = parts[0]
        return lambda scope: text_of(only(scope))
    return lambda scope: "".join([part if isinstance(part, str) else text_of(part(scope)) for part in parts])


def text_of(value: Any) -> str:
    """Return a value as text: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()


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
    """Compile one expression."""
    source = expr.source
    path = tuple(source.split("."))
    if all(part.isidentifier() for part in path):
        if path in _DIRECT:
            return _DIRECT[path]
        if path == ("now", "ms"):
            return lambda scope: int(tools.now() * 1000)
        if path[0] not in BUILT_IN and len(path) == 1:
            return _variable(source)
        if path[0] not in BUILT_IN and len(path) == 2:
            return _field(*path)
    name = source.removeprefix("fake.").removesuffix("()")
    if source == f"fake.{name}()" and name.isidentifier():
        pool = tools.fake.values(name)
        return lambda scope: pool[int(scope.rng.random() * len(pool))]
    return _general(expr, tools)


def _variable(name: str) -> Evaluate:
    def read(scope: Scope) -> Any:
        try:
            return scope.variables[name]
        except KeyError:
            raise MissingVariable(name) from None

    return read


def _field(name: str, field: str) -> Evaluate:
    """Read a column of a data row, or a field of a variable."""

    def read(scope: Scope) -> Any:
        row = scope.rows.get(name)
        try:
            return row[field] if row is not None else scope.variables[name][field]
        except (KeyError, TypeError):
            raise MissingVariable(f"{name}.{field}") from None

    return read


class _Now:
    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    @property
    def ms(self) -> int:
        return int(self._tools.now() * 1000)

    @property
    def iso(self) -> str:
        at = datetime.fromtimestamp(self._tools.now(), UTC)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Client:
    def __init__(self, scope: Scope) -> None:
        self.index = scope.index
        self.id = scope.client_id
        self.group = scope.group_name
        self.profile = scope.profile


class _Random:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def choice(self, values: Sequence[Any]) -> Any:
        return self._scope.rng.choice(values)

    def text(self, length: int) -> str:
        return "".join(self._scope.rng.choices(_LETTERS, k=min(length, 1 << 20)))

    # The last two, because they hide the types of the same names.

    def float(self, low: float = 0.0, high: float = 1.0) -> float:
        return self._scope.rng.uniform(low, high)

    def int(self, low: Any, high: Any) -> Any:
        return self._scope.rng.randint(low, high)


class _Fake:
    def __init__(self, scope: Scope, pool: FakePool) -> None:
        self._scope = scope
        self._pool = pool

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *arguments, **named: self._pool.draw(self._scope.rng, name, *arguments, **named)


def _general(expr: Expr, tools: Tools) -> Evaluate:
    from jinja2 import TemplateError, Undefined
    from jinja2.exceptions import UndefinedError

    from wsrun.expressions.environment import compile_expression

    compiled = compile_expression(expr.source)
    roots = {path[0] for path in expr.names}
    now = _Now(tools)
    makers: dict[str, Evaluate] = {
        "now": lambda scope: now,
        "client": _Client,
        "random": _Random,
        "fake": lambda scope: _Fake(scope, tools.fake),
        "uuid": lambda scope: lambda: str(uuid.UUID(int=scope.rng.getrandbits(128), version=4)),
        "counter": lambda scope: tools.counters,
        "id": _DIRECT["id",],
        "seq": _DIRECT["seq",],
    }
    built_in = [(name, makers[name]) for name in roots & makers.keys()]
    own = roots - makers.keys()

    def evaluate(scope: Scope) -> Any:
        names = {name: make(scope) for name, make in built_in}
        for name in own:
            if name in scope.rows:
                names[name] = scope.rows[name]
            elif name in scope.variables:
                names[name] = scope.variables[name]
        try:
            value = compiled(**names)
        except UndefinedError as error:
            raise MissingVariable(_missing(own, names, str(error))) from error
        except (TemplateError, ArithmeticError, ValueError, TypeError, LookupError) as error:
            raise MissingVariable(f"{expr.source} ({error})") from error
        if isinstance(value, Undefined):
            raise MissingVariable(_missing(own, names, expr.source))
        return value

    return evaluate


def _missing(own: set[str], names: Mapping[str, Any], text: str) -> str:
    return next((name for name in sorted(own) if name not in names), text)
