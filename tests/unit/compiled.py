"""Scenarios compiled from a text: what the tests of the compiler share."""

from __future__ import annotations

from typing import Any

from wsrun.compiler import compile_plan
from wsrun.plan import Plan, TargetPlan
from wsrun.source import parse

HEAD = "wsrun: 1\ntarget: { url: ws://h/ }\n"
PHASES = "phases: [ { duration: 10s, clients: 2 } ]\n"
REPLY = "reply: { match: { $.id: 1 } }"
FIVE_LINES = HEAD + "messages: { ping: { text: hi } }\n" + PHASES


def compiled(text: str, *, path: str = "spike.yaml", **options: Any) -> Plan:
    """Compile a whole scenario."""
    return compile_plan(parse(text, path, environ={}), **{"seed": 1, **options})


def with_target(target: str, *, path: str = "spike.yaml") -> TargetPlan:
    return compiled(FIVE_LINES.replace("{ url: ws://h/ }", target), path=path).target


def phases(text: str, more: str = "") -> Plan:
    return compiled(HEAD + "messages: { ping: { text: hi } }\n" + more + f"phases: {text}\n")
