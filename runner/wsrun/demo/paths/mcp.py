"""``/mcp``: an agent's tools by JSON-RPC 2.0, as the Model Context Protocol has it; calls tell their stages.

A call with a progress token is followed by one ``notifications/progress`` for each of ``STAGES``, then by its
result. What a client is to notice can be injected: ``?fault=lose:thinking&at=50000`` leaves one stage out of
the 50 000th call that the server takes, and of no other.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Literal

import orjson

from wsrun.demo.http import Request
from wsrun.demo.json_connection import JsonConnection
from wsrun.demo.latency import Latency, parse_latency
from wsrun.demo.query import read_count, read_query
from wsrun.demo.service import Service

STAGES = ("started", "thinking", "executing", "completed")
"""What a call goes through, in this order."""

VERSIONS = ("2025-06-18", "2025-03-26", "2024-11-05")
"""Versions of the protocol that are understood; who asks for another is offered the first."""

FAULTS = ("lose", "swap", "repeat", "silent", "error", "failed")
"""``lose`` a stage, ``swap`` it with the one after it, ``repeat`` it, or give the call no answer, an error of
the protocol, or a result that says it failed."""

PARSE_ERROR, INVALID_REQUEST, NO_METHOD, INVALID_PARAMS, INTERNAL = -32700, -32600, -32601, -32602, -32603
"""Codes of JSON-RPC 2.0, section 5.1."""

TOOLS = [
    {
        "name": name,
        "description": text,
        "inputSchema": {"type": "object", "properties": {argument: {"type": "string"}}},
    }
    for name, text, argument in (
        ("search", "Finds what it is asked for.", "q"),
        ("upper", "Says its text in capitals.", "text"),
    )
]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is to go wrong with a call; ``stage`` is the index of the stage meant, where one is."""

    kind: Literal["lose", "swap", "repeat", "silent", "error", "failed"]
    stage: int = 0


class Calls:
    """How many calls the server has taken, over all connections."""

    def __init__(self) -> None:
        self.taken = 0


class Mcp(JsonConnection):
    """One client of the tools.

    Raises:
        RequestError: on being made, when something in the query cannot be read.
    """

    __slots__ = ("_at", "_calls", "_fault", "_latency", "_rng")

    def __init__(self, service: Service, request: Request) -> None:
        super().__init__(service, request)
        self._latency: Latency | None = read_query(request, "latency", parse_latency, None)
        self._fault: Fault | None = read_query(request, "fault", read_fault, None)
        self._at: int | None = read_query(request, "at", read_count, None)
        self._rng = Random(request.query.get("seed"))
        self._calls = service.part(Calls)

    def refuse(self) -> None:
        """Answer what is no JSON object as JSON-RPC does."""
        self._fail(None, PARSE_ERROR, "a message is a JSON object")

    def take(self, message: dict[str, Any]) -> None:
        """Answer a request; a notification, which has no id, is only read."""
        method, identity = message.get("method"), message.get("id")
        if method is None and ("result" in message or "error" in message):
            return
        if message.get("jsonrpc") != "2.0" or not isinstance(method, str):
            self._fail(identity, INVALID_REQUEST, "this is no request of JSON-RPC 2.0")
        elif "id" not in message:
            return
        elif method == "initialize":
            self._answer(identity, self._greeting(_mapping(message.get("params"))))
        elif method == "ping":
            self._answer(identity, {})
        elif method == "tools/list":
            self._answer(identity, {"tools": TOOLS})
        elif method == "tools/call":
            self._call(identity, _mapping(message.get("params")))
        else:
            self._fail(identity, NO_METHOD, f"there is no method {method[:60]}")

    def _greeting(self, params: dict[str, Any]) -> dict[str, Any]:
        asked = params.get("protocolVersion")
        return {
            "protocolVersion": asked if asked in VERSIONS else VERSIONS[0],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "wsrun demo", "version": "1"},
        }

    def _call(self, identity: Any, params: dict[str, Any]) -> None:
        """Send the stages of a call and its result, spread evenly over its time."""
        tool = params.get("name")
        if tool not in [known["name"] for known in TOOLS]:
            self._fail(identity, INVALID_PARAMS, f"there is no tool {str(tool)[:60]}")
            return
        self._calls.taken += 1
        fault = self._fault if self._at in (None, self._calls.taken) else None
        token = _mapping(params.get("_meta")).get("progressToken")
        sent = [] if token is None else [_progress(token, stage) for stage in stages(fault)]
        sent += _result(identity, str(tool), _mapping(params.get("arguments")), fault)
        length = 0.0 if self._latency is None else self._latency.sample(self._rng)
        if length <= 0:
            for payload in sent:
                self.send(payload)
            return
        arrived = time.monotonic()
        for number, payload in enumerate(sent, start=1):
            self.service.when_free(arrived + length * number / len(sent), partial(self.send, payload))

    def _answer(self, identity: Any, result: dict[str, Any]) -> None:
        self.send_json({"jsonrpc": "2.0", "id": identity, "result": result})

    def _fail(self, identity: Any, code: int, text: str) -> None:
        self.send(_error(identity, code, text))


def read_fault(text: str) -> Fault:
    """Read a fault such as ``lose:thinking`` or ``error``."""
    kind, _, stage = text.partition(":")
    if kind not in FAULTS:
        raise ValueError(f"the fault is one of {', '.join(FAULTS)}")
    if kind not in ("lose", "swap", "repeat"):
        return Fault(kind)  # type: ignore[arg-type]
    if stage not in STAGES:
        raise ValueError(f"write {kind}:STAGE with one of {', '.join(STAGES)}")
    return Fault(kind, STAGES.index(stage))  # type: ignore[arg-type]


def stages(fault: Fault | None) -> list[int]:
    """Return the indexes of the stages that a call tells, in their order."""
    told = list(range(len(STAGES)))
    if fault is None or fault.kind not in ("lose", "swap", "repeat"):
        return told
    at = fault.stage
    if fault.kind == "lose":
        del told[at]
    elif fault.kind == "repeat":
        told.insert(at, at)
    else:
        other = at + 1 if at + 1 < len(told) else at - 1
        told[at], told[other] = told[other], told[at]
    return told


def _progress(token: Any, stage: int) -> bytes:
    params = {"progressToken": token, "progress": stage + 1, "total": len(STAGES), "message": STAGES[stage]}
    return orjson.dumps({"jsonrpc": "2.0", "method": "notifications/progress", "params": params})


def _result(identity: Any, tool: str, arguments: dict[str, Any], fault: Fault | None) -> Iterable[bytes]:
    """Return the message that ends a call, or none."""
    kind = None if fault is None else fault.kind
    if kind == "silent":
        return []
    if kind == "error":
        return [_error(identity, INTERNAL, "injected")]
    text = str(arguments.get("text", "")).upper() if tool == "upper" else f"3 of {arguments.get('q', '')}"
    result = {"content": [{"type": "text", "text": text}], "isError": kind == "failed"}
    return [orjson.dumps({"jsonrpc": "2.0", "id": identity, "result": result})]


def _error(identity: Any, code: int, text: str) -> bytes:
    return orjson.dumps({"jsonrpc": "2.0", "id": identity, "error": {"code": code, "message": text}})


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
