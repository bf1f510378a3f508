"""Plain HTTP requests to a server under test."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from wsrun.demo.process import DemoServer


def fetch(server: DemoServer, path: str, method: str = "GET") -> tuple[int, str]:
    """Return the status and the body of an answer."""
    request = Request(server.http_url(path), method=method)
    try:
        with urlopen(request, timeout=10) as response:
            return response.status, response.read().decode()
    except HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()


def fetch_json(server: DemoServer, path: str, method: str = "GET") -> Any:
    """Return the JSON of an answer that has to be a good one."""
    status, body = fetch(server, path, method)
    assert status == 200, body
    return json.loads(body)


def counts_once_closed(server: DemoServer, closed: int) -> dict[str, Any]:
    """Return the server's counts as soon as it has seen so many connections end."""
    deadline = time.monotonic() + 10
    while True:
        counts: dict[str, Any] = fetch_json(server, "/monitoring/counts")
        if counts["connections_closed"] >= closed or time.monotonic() > deadline:
            return counts
        time.sleep(0.01)
