"""``python`` bodies: an extension makes them, from what it sees of the client."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from wsrun.expressions import MissingVariable, Scope, Tools
from wsrun.extensions import Client, told


class BodyFailed(MissingVariable):
    """An extension raised, or returned what is no body; the text says what, and on which line."""

    cause = "python-failed"

    def __init__(self, name: str, text: str) -> None:
        super().__init__(name, text)

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


def compile_source(source: tuple[str, bool], tools: Tools) -> Callable[[Scope], bytes]:
    """Compile a body: text and bytes are sent as they are, anything else as JSON.

    Args:
        source: the name of the extension, and whether the frame is binary, as bytes want it.
        tools: where the extensions are.

    Raises:
        ValueError: the extension is not loaded, as where a plan is only looked at.
    """
    name, is_binary = source
    function = tools.extensions.get(name)
    if function is None:
        raise ValueError(f"the extension {name} is not loaded")

    def build(scope: Scope) -> bytes:
        try:
            made = function(Client(scope))
        except MissingVariable:
            raise
        except (Exception, SystemExit) as error:
            raise BodyFailed(name, told(error)) from None
        if isinstance(made, bytes):
            if is_binary:
                return bytes(made)  # A kind of bytes may have come, which no connection takes.
            raise BodyFailed(name, "it returned bytes, and the frame is text: write frame: binary")
        try:
            return made.encode() if isinstance(made, str) else orjson.dumps(made)
        except (TypeError, ValueError):
            kind = type(made).__name__
            raise BodyFailed(name, f"it returned a {kind}, which is no text, bytes or JSON") from None

    return build
