"""What a worker knows of each socket that a client may have: where it goes, and how its frames are read."""

from __future__ import annotations

from typing import Any

from wsrun.engine.programs import NO_TABLE, ProgramCompiler
from wsrun.expressions import compile_text
from wsrun.patterns import Frame
from wsrun.plan import Plan, TargetPlan


class SocketProgram:
    """One socket, ready to be connected.

    ``label`` is its name in the numbers, None where a client has one socket only. ``frame`` makes a frame of
    what it receives. ``hot_field`` is the one top-level JSON field that tells every reply to what is sent
    over it, if there is such a field, and ``hot_table`` the correlator of that field.
    """

    __slots__ = (
        "frame",
        "headers",
        "hot_field",
        "hot_table",
        "index",
        "label",
        "name",
        "ssl",
        "target",
        "url",
    )

    def __init__(self, index: int, plan: Plan, compiler: ProgramCompiler) -> None:
        target = plan.targets[index]
        self.index = index
        self.target = target
        self.name = target.name
        self.label = target.name if plan.sockets else None
        self.url = compile_text(target.url, compiler.tools)
        self.headers = tuple((name, compile_text(value, compiler.tools)) for name, value in target.headers)
        self.ssl = _ssl_context(target)
        self.frame: type[Frame] = _frames_of(target)
        self.hot_table = 0
        self.hot_field: str | None = None
        tables = {message.table for message in compiler.messages if message.socket == index} - {NO_TABLE}
        if len(tables) == 1:
            (self.hot_table,) = tables
            self.hot_field = _field(compiler, self.hot_table)


def compile_sockets(plan: Plan, compiler: ProgramCompiler) -> tuple[SocketProgram, ...]:
    """Compile the sockets of a plan, ``main`` first."""
    return tuple(SocketProgram(index, plan, compiler) for index in range(len(plan.targets)))


def _field(compiler: ProgramCompiler, table: int) -> str | None:
    path = compiler.correlators[table].json_path
    if path is None or len(path) != 1 or not isinstance(path[0], str):
        return None
    return path[0]


def _frames_of(target: TargetPlan) -> type[Frame]:
    """Return the kind of frame that knows the name of its socket."""
    if target.name == Frame.socket:
        return Frame
    return type("SocketFrame", (Frame,), {"__slots__": (), "socket": target.name})


def _ssl_context(target: TargetPlan) -> Any:
    if not target.url.startswith("wss:"):
        return None
    from wsrun.transports.tls import client_context

    return client_context(target.tls)
