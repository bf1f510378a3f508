"""Messages of HTTP, from as written to as planned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wsrun.parts import duration
from wsrun.plan import BodyPlan, HttpPlan, MessagePlan, ReplyPlan

METHODS = ("get", "post", "put", "patch", "delete")
"""The keys that say how a path is asked for."""

BODIES: Mapping[str, str] = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain; charset=utf-8",
}
"""The keys of a request's body, with the Content-Type that each has by itself."""


def request(spec: Mapping[str, Any]) -> HttpPlan:
    """Return the request that ``http`` describes."""
    method = next(method for method in METHODS if method in spec)
    kind = next((kind for kind in BODIES if kind in spec), None)
    return HttpPlan(
        method=method.upper(),
        path=spec[method],
        headers=tuple((name, str(value)) for name, value in spec.get("headers", {}).items()),
        content_type=None if kind is None else BODIES[kind],
    )


def request_body(spec: Mapping[str, Any]) -> BodyPlan:
    """Return what a request carries; without a body of its own an empty text."""
    for kind in BODIES:
        if kind in spec:
            return BodyPlan(kind=kind, source=spec[kind])  # type: ignore[arg-type]
    return BodyPlan(kind="text", source="")


def answer(spec: Mapping[str, Any] | None) -> ReplyPlan:
    """Return what the answer to a request must be; there always is one to wait for."""
    spec = spec or {}
    return ReplyPlan(
        match=None,
        expect=spec.get("expect"),
        error=spec.get("error"),
        capture=tuple(spec.get("capture", {}).items()),
        timeout=duration(spec.get("timeout"), 5.0),
    )


def sends_http(messages: Iterable[MessagePlan]) -> bool:
    """Tell whether there are requests of HTTP among messages."""
    return any(message.http is not None for message in messages)
