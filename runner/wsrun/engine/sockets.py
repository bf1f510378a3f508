"""What a worker knows of each socket that a client may have: where it goes, and how its frames are read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from wsrun.engine.programs import NO_TABLE, ProgramCompiler
from wsrun.expressions import Scope, compile_text
from wsrun.patterns import Frame, frames_of
from wsrun.patterns.splitting import LengthSplitter, RegexSplitter, Splitter
from wsrun.plan import Plan, SplitPlan, TargetPlan


class ServerProgram(NamedTuple):
    """Where a connection goes; ``label`` is its name in the numbers, None where there is one server only."""

    url: Callable[[Scope], str]
    ssl: Any
    label: str | None


class SocketProgram:
    """One socket, ready to be connected.

    ``label`` is its name in the numbers, None where a client has one socket only. ``frame`` makes a frame of
    what it receives, ``splitter`` cuts a stream that ignores frames into messages. ``hot_field`` is the one
    top-level JSON field that tells every reply to what is sent over it, if there is such a field, and
    ``hot_table`` the correlator of that field.
    """

    __slots__ = (
        "frame",
        "headers",
        "hot_field",
        "hot_table",
        "index",
        "label",
        "name",
        "servers",
        "splitter",
        "target",
    )

    def __init__(self, index: int, plan: Plan, compiler: ProgramCompiler) -> None:
        target = plan.targets[index]
        self.index = index
        self.target = target
        self.name = target.name
        self.label = target.name if plan.sockets else None
        self.headers = tuple((name, compile_text(value, compiler.tools)) for name, value in target.headers)
        names = target.servers or (None,)
        self.servers = tuple(
            ServerProgram(compile_text(url, compiler.tools), _ssl_context(target, url), name)
            for url, name in zip(target.urls, names, strict=True)
        )
        self.frame: type[Frame] = frames_of(target.name, target.json_in)
        self.splitter = None if target.split is None else partial(_splitter, target.split, target.max_message)
        self.hot_table = 0
        self.hot_field: str | None = None
        tables = {message.table for message in compiler.messages if message.socket == index} - {NO_TABLE}
        if len(tables) == 1 and target.json_in is None:
            (self.hot_table,) = tables
            self.hot_field = _field(compiler, self.hot_table)


def compile_sockets(plan: Plan, compiler: ProgramCompiler) -> tuple[SocketProgram, ...]:
    """Compile the sockets of a plan, ``main`` first."""
    return tuple(SocketProgram(index, plan, compiler) for index in range(len(plan.targets)))


def _splitter(split: SplitPlan, max_message: int) -> Splitter:
    """Make the splitter of one connection."""
    if split.length is not None:
        return LengthSplitter(split.length, split.at, max_message)
    return RegexSplitter(split.regex or "", max_message)


def _field(compiler: ProgramCompiler, table: int) -> str | None:
    path = compiler.correlators[table].json_path
    if path is None or len(path) != 1 or not isinstance(path[0], str):
        return None
    return path[0]


def _ssl_context(target: TargetPlan, url: str) -> Any:
    if not url.startswith("wss:"):
        return None
    from wsrun.transports.tls import client_context

    return client_context(target.tls)
