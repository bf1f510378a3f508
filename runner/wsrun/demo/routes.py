"""Which request is answered by whom."""

from __future__ import annotations

from wsrun.demo.answers import Answer
from wsrun.demo.http import Request, Response
from wsrun.demo.monitoring import PAGES
from wsrun.demo.paths import PATHS
from wsrun.demo.service import Service


def answer_upgrade(service: Service, request: Request) -> Answer:
    """Return who takes an upgrade request, or the refusal.

    Raises:
        RequestError: a parameter of the query cannot be read.
    """
    most = service.settings.max_connections
    if most is not None and len(service.living) >= most:
        text = f"the server has its {most} connections\n".encode()
        return Response(503, text, headers={"Retry-After": "1"})
    path = PATHS.get(request.path)
    return unknown_path() if path is None else path.answer(service, request)


def answer_http(service: Service, request: Request) -> Response:
    """Answer a plain HTTP request.

    Raises:
        RequestError: a parameter of the query cannot be read.
    """
    parent = request.path.rpartition("/")[0]
    names = (request.path, f"{parent}/*")
    for name in names:
        page = PAGES.get((request.method, name))
        if page is not None:
            return page(service, request)
    methods = [method for method, path in PAGES if path in names]
    if methods:
        return Response(405, headers={"Allow": ", ".join(methods)})
    if request.path in PATHS:
        return Response(426, b"this path speaks WebSocket only\n", headers={"Upgrade": "websocket"})
    return unknown_path()


def unknown_path() -> Response:
    """Return a refusal that names the paths there are."""
    sockets = " ".join(PATHS)
    pages = " ".join(dict.fromkeys(path for _, path in PAGES))
    return Response(404, f"no such path\nWebSocket: {sockets}\nHTTP: {pages}\n".encode())
