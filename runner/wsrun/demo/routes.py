"""Which request is answered by whom."""

from __future__ import annotations

from wsrun.demo.connection import Connection
from wsrun.demo.http import Request, Response
from wsrun.demo.paths import paths
from wsrun.demo.service import Service


def answer_upgrade(service: Service, request: Request) -> Connection | Response:
    """Return the connection that takes an upgrade request, or the refusal."""
    path = paths().get(request.path)
    if path is None:
        return unknown_path()
    return path.answer(service, request)


def answer_http(service: Service, request: Request) -> Response:
    """Answer a plain HTTP request."""
    return unknown_path()


def unknown_path() -> Response:
    """Return a refusal that names the paths there are."""
    return Response(404, ("no such path; WebSocket paths: " + " ".join(paths()) + "\n").encode())
