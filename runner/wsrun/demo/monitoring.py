"""The HTTP side of the demo server: what it has seen, and what it is told to do."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from html import escape
from itertools import islice

from wsrun.demo.http import Request, RequestError, Response, json_response
from wsrun.demo.items import add_item, list_items, read_item, remove_item, write_item
from wsrun.demo.latency import parse_fraction
from wsrun.demo.login import log_in, log_out, who_am_i
from wsrun.demo.paths import PATHS
from wsrun.demo.paths.deliveries import Deliveries
from wsrun.demo.query import read_count, read_query
from wsrun.demo.service import Service
from wsrun.units import parse_duration

MOST_LISTED = 1000
"""How many connections ``/monitoring/active-connections`` lists at most."""


def statistics(service: Service, request: Request) -> Response:
    """Show connections and handshake times."""
    return json_response(service.counts.statistics(time.time()))


def active_connections(service: Service, request: Request) -> Response:
    """List the open connections, oldest first."""
    return json_response(
        [
            {
                "id": connection.number,
                "path": connection.path,
                "peer": connection.peer,
                "connected_at": connection.opened_at,
                "messages": connection.messages_received,
            }
            for connection in islice(service.living.values(), MOST_LISTED)
        ]
    )


def counts(service: Service, request: Request) -> Response:
    """Show the exact totals."""
    return json_response(service.counts.totals(service.living.values()))


def chat(service: Service, request: Request) -> Response:
    """Show what was said in the chat, how often it was passed on, and what was done wrong on purpose."""
    return json_response(service.part(Deliveries).totals())


def reset(service: Service, request: Request) -> Response:
    """Begin all counts and statistics anew."""
    service.counts.reset(service.living.values())
    return json_response({"reset": True})


def stall(service: Service, request: Request) -> Response:
    """Freeze all answers and pushes for a while; HTTP stays awake."""
    seconds = read_query(request, "for", parse_duration, None)
    if seconds is None:
        raise RequestError(400, "say how long: /admin/stall?for=2s")
    service.stall(seconds)
    return json_response({"stalled_for": seconds})


def drop(service: Service, request: Request) -> Response:
    """End open connections: by a reset, or with a close code."""
    share = read_query(request, "share", parse_fraction, 1.0)
    code = read_query(request, "code", read_count, None)
    if code is not None and code > 0xFFFF:
        raise RequestError(400, "a close code has 16 bits")
    living = list(service.living.values())
    chosen = random.sample(living, round(share * len(living)))
    for connection in chosen:
        if code is None:
            connection.reset()
        else:
            connection.close(code)
    return json_response({"dropped": len(chosen)})


def health(service: Service, request: Request) -> Response:
    """Say that the server is there."""
    return Response(200, b"ok\n")


def home(service: Service, request: Request) -> Response:
    """Name the paths."""
    sockets = "".join(
        f"<li><code>{escape(name)}</code> {escape(path.text)}\n" for name, path in PATHS.items()
    )
    pages = "".join(f"<li><code>{method} {name}</code>\n" for method, name in PAGES)
    page = (
        "<!doctype html><html lang=en><meta charset=utf-8><title>wsrun demo server</title>\n"
        f"<h1>wsrun demo server</h1>\n<h2>WebSocket</h2>\n<ul>\n{sockets}</ul>\n"
        f"<h2>HTTP</h2>\n<ul>\n{pages}</ul>\n</html>\n"
    )
    return Response(200, page.encode(), "text/html; charset=utf-8")


Page = Callable[[Service, Request], Response]

PAGES: dict[tuple[str, str], Page] = {
    ("GET", "/"): home,
    ("GET", "/healthz"): health,
    ("POST", "/login"): log_in,
    ("POST", "/logout"): log_out,
    ("GET", "/me"): who_am_i,
    ("GET", "/api/items"): list_items,
    ("POST", "/api/items"): add_item,
    ("GET", "/api/items/*"): read_item,
    ("PUT", "/api/items/*"): write_item,
    ("PATCH", "/api/items/*"): write_item,
    ("DELETE", "/api/items/*"): remove_item,
    ("GET", "/monitoring/websocket-stats"): statistics,
    ("GET", "/monitoring/active-connections"): active_connections,
    ("GET", "/monitoring/counts"): counts,
    ("GET", "/monitoring/chat"): chat,
    ("POST", "/monitoring/reset-stats"): reset,
    ("POST", "/admin/stall"): stall,
    ("POST", "/admin/drop"): drop,
}
"""The HTTP pages, by method and path; a last ``*`` is any name."""
