"""A message of HTTP, compiled once per worker into what makes its requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wsrun import __version__
from wsrun.expressions import Scope, Tools, compile_text
from wsrun.plan import HttpPlan, TargetPlan
from wsrun.transports.http import HttpRequest

USER_AGENT = f"wsrun/{__version__}"
"""What clients call themselves where the scenario has no name for them."""


class HttpProgram:
    """Makes the requests of one message; a header of its own goes before one of the target."""

    __slots__ = ("_headers", "_method", "_url")

    def __init__(self, plan: HttpPlan, target: TargetPlan, tools: Tools) -> None:
        assert target.http is not None
        self._method = plan.method
        self._url = compile_text(join(target.http, plan.path), tools)
        written = {name.lower(): (name, value) for name, value in (*target.headers, *plan.headers)}
        written.setdefault("user-agent", ("User-Agent", USER_AGENT))
        if plan.content_type is not None:
            written.setdefault("content-type", ("Content-Type", plan.content_type))
        self._headers: tuple[tuple[str, Callable[[Scope], str]], ...] = tuple(
            (name, compile_text(value, tools)) for name, value in written.values()
        )

    def make(self, scope: Scope, body: bytes) -> HttpRequest:
        """Return a client's request.

        Raises:
            MissingVariable: a name in it has no value yet.
        """
        headers = tuple((name, value(scope)) for name, value in self._headers)
        return HttpRequest(self._method, self._url(scope), headers, body or None)


def texts(plan: HttpPlan, target: TargetPlan) -> list[Any]:
    """Return every text that a request is made of, its body excepted."""
    headers = [value for _, value in (*target.headers, *plan.headers)]
    return [target.http or "", plan.path, *headers]


def join(base: str, path: str) -> str:
    """Return a path below the base of the target."""
    return f"{base.rstrip('/')}/{path.lstrip('/')}"
