"""What to think of a WebSocket handshake."""

from __future__ import annotations

from wsrun.preflight.finding import Finding
from wsrun.preflight.witness import Attempt
from wsrun.transports import ConnectFailure
from wsrun.transports.failures import clean
from wsrun.view.formats import seconds

_HINTS = {
    400: "the server does not like the request: look at path, query, headers and subprotocols",
    401: "say who you are: target.headers: { Authorization: … }, or auth: { jwt: … }",
    403: "look at the token or cookie that is sent, and whether the server wants an Origin header",
    404: "check the path of the URL: nothing is there",
    405: "check the path of the URL: it takes other requests",
    407: "give the proxy its user and password: target.proxy: http://USER:PASSWORD@HOST:PORT",
    426: "the server wants another protocol: check path and target.subprotocols",
    429: "the server limits connections: wait, plan fewer, or connect slower (connect_rate)",
    503: "the server is overloaded, or what is behind it is down",
}

_CAUSES = {
    "handshake-timeout": "check that this port speaks WebSocket, and that the server is not overloaded",
    "not-websocket": "check port and path of the URL: something else than a WebSocket server is there",
    "bad-handshake": "look at what stands before the server: a proxy must pass on Upgrade and its headers",
    "eof": "look into the log of the server: it hung up",
    "reset": "look into the log of the server: it hung up",
    "missing-variable": "write the value before the connection: assign, auth, or a step before connect",
}


def handshake(attempt: Attempt) -> Finding:
    """Judge a handshake: what was agreed against what was asked for, or why there was none."""
    if attempt.failure is not None:
        if attempt.endpoint.needs_answer:
            # Whether it is the refusal that the step wants is told by the step.
            return Finding(name="handshake", state="good", text=attempt.failure.text)
        return refused(attempt.failure)
    timings, endpoint = attempt.timings, attempt.endpoint
    took = None if timings is None else timings.upgrade
    parts = [f"HTTP 101 in {seconds(took)}"]
    fixes = []
    if attempt.subprotocol is not None:
        parts.append(f"subprotocol {clean(attempt.subprotocol)}")
    elif endpoint.subprotocols:
        parts.append(f"none of the subprotocols {', '.join(endpoint.subprotocols)} was chosen")
        fixes.append("look at target.subprotocols: the server knows none of them, or needs none")
    if attempt.extensions:
        parts.append(f"extensions {', '.join(map(clean, attempt.extensions))}")
    elif endpoint.compression:
        parts.append("compression was declined")
        fixes.append("turn compression on in the server, or leave out target.compression")
    figures = {
        "seconds": took,
        "subprotocol": attempt.subprotocol,
        "extensions": list(attempt.extensions),
    }
    return Finding(
        name="handshake",
        state="warning" if fixes else "good",
        text=", ".join(parts),
        fixes=tuple(fixes),
        figures=figures,
    )


def refused(failure: ConnectFailure) -> Finding:
    """Judge a handshake that failed: what the server said, and what may help."""
    said = clean(" ".join(failure.body.decode("utf-8", "replace").split()))
    text = f"{failure.text}; it says: {said}" if said else failure.text
    where = next((value for name, value in failure.headers if name.lower() == "location"), None)
    fix = _HINTS.get(failure.status or 0) or _CAUSES.get(failure.cause)
    if failure.status is not None and 300 <= failure.status < 400:
        fix = "go where it leads, if that is a WebSocket"
        fix += f": {clean(where)}" if where else ""
    elif fix is None and failure.status is not None and failure.status >= 500:
        fix = "look into the log of the server: it failed"
    figures = {"cause": failure.cause, "status": failure.status}
    return Finding(
        name="handshake", state="bad", text=text, fixes=() if fix is None else (fix,), figures=figures
    )
