"""Bodies that are a file, byte for byte."""

from __future__ import annotations

from typing import Any

from wsrun.bodies.slots import Slot, join_slots
from wsrun.expressions import Tools


def compile_source(source: Any, tools: Tools) -> Slot:
    """Return a function that gives the content, which the compiler of the plan has read."""
    return join_slots([bytes(source)])
