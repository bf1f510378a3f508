"""What a message carries: one module a kind, compiled to a function from client to bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wsrun.bodies import file, form, hexadecimal, json, python, text
from wsrun.expressions import Scope, Tools
from wsrun.plan import BodyPlan

Build = Callable[[Scope], bytes]

KINDS: dict[str, Callable[[Any, Tools], Build]] = {
    "file": file.compile_source,
    "form": form.compile_source,
    "hex": hexadecimal.compile_source,
    "json": json.compile_source,
    "python": python.compile_source,
    "text": text.compile_source,
}
"""The table of body kinds, by their key in a message."""


def compile_body(plan: BodyPlan, tools: Tools) -> Build:
    """Compile a body; the result raises ``MissingVariable`` when a name has no value yet."""
    return KINDS[plan.kind](plan.source, tools)
