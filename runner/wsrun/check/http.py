"""Messages of HTTP need a base for their paths, and have nothing that only messages of a WebSocket have."""

from __future__ import annotations

import re
from typing import Any

from wsrun.check.findings import Findings
from wsrun.check.scene import Scene, mapping
from wsrun.source import Steps
from wsrun.wording import quoted

METHODS = ("get", "post", "put", "patch", "delete")
BASE = ("target", "http")

_OF_FRAMES = {
    "frame": "an HTTP request has no frame",
    "socket": "an HTTP request goes over no socket",
}
_OF_REPLIES = {
    "match": "an HTTP request has one answer, which nothing needs to find",
    "until": "an HTTP request has one answer, which completes the reply",
    "in_order": "an HTTP request has one answer",
    "count": "an HTTP request has one answer",
}
_ON_SOCKETS = frozenset(("connect", "close", "expect", "expect_none", "expect_close"))


def check_http(scene: Scene, findings: Findings) -> None:
    """Check the base of HTTP paths, and every message of HTTP."""
    base = scene.target.get("http")
    if isinstance(base, str) and base:
        problem = _base_problem(base)
        if problem is not None:
            findings.add(BASE, "url", *problem)
    for path, message in scene.all_messages():
        if "http" in message:
            _message(message, path, scene, findings)
        elif isinstance(message.get("reply"), dict) and "match" not in message["reply"]:
            help_text = 'write match: { $.id: "{{ id }}" }'
            findings.add_key((*path, "reply"), "missing-key", "a reply needs 'match'", help_text)


def is_request(sent: Any, scene: Scene) -> bool:
    """Whether what a step or a mix sends, a name or a message in place, is a request of HTTP."""
    return "http" in (scene.messages.get(sent, {}) if isinstance(sent, str) else mapping(sent))


def uses_socket(profile: str, scene: Scene) -> bool:
    """Whether anything of a profile uses a WebSocket; whoever only listens does."""
    spec = scene.profiles.get(profile, {})
    steps = [(path, step) for path, step in scene.steps() if path[1] == profile]
    if any(_ON_SOCKETS & set(step) for _, step in steps):
        return True
    mixes = [mapping(spec.get("mix")), *(mapping(mapping(p.get("mix")).get(profile)) for p in scene.phases)]
    sent = [name for mix in mixes for name in mix]
    sent += [one for path, step in steps for _, one in scene.sent(step, path)]
    listens = not spec.get("flow") and not spec.get("mix")
    return listens or not sent or not all(is_request(one, scene) for one in sent)


def is_all_http(scene: Scene) -> bool:
    """Whether no client uses a WebSocket."""
    return not any(uses_socket(profile, scene) for profile in scene.profiles)


def _message(message: dict[str, Any], path: Steps, scene: Scene, findings: Findings) -> None:
    request = mapping(message.get("http"))
    if "http" not in scene.target:
        text = "this is a path below 'target.http', which is not here"
        is_embedded = str(scene.target.get("url")).startswith("demo:")
        base = "demo:/" if is_embedded else "http://HOST:PORT"
        findings.add_key((*path, "http"), "needs-key", text, f"add http: {base} to target")
    for key, text in _OF_FRAMES.items():
        if key in message:
            findings.add_key((*path, key), "conflicting-keys", text, f"remove '{key}'")
    reply = mapping(message.get("reply"))
    for key, text in _OF_REPLIES.items():
        if key in reply:
            help_text = f"remove '{key}'; what the answer must be stands under expect"
            findings.add_key((*path, "reply", key), "conflicting-keys", text, help_text)
    for method in METHODS:
        name = request.get(method)
        if isinstance(name, str) and name and not name.startswith(("/", "{{")):
            place = (*path, "http", method)
            if re.match(r"[a-z]+://", name):
                help_text = "write the server into target.http, and here the path alone"
            else:
                help_text = f"write {method}: /{name}"
            findings.add(place, "url", f"the path of {quoted(method)} does not begin with '/'", help_text)


def _base_problem(base: str) -> tuple[str, str | None] | None:
    """Say what is wrong with the base of paths; the message never quotes it, as it may hold a secret."""
    known = base.partition("{{")[0]
    if not known:
        return None
    scheme, colon, rest = known.partition(":")
    match scheme.lower() if colon else "":
        case "http" | "https":
            if not rest.startswith("//"):
                return "'//' is missing after the scheme", "write http://HOST:PORT"
            if rest == "//" and known == base:
                return "the URL names no host", "write http://HOST:PORT"
            if "?" in rest or "#" in rest:
                return "the base of paths has a query", "write the query into the paths"
            return None
        case "demo":
            return None if rest[:1] in ("", "/") else ("a path follows 'demo:'", "write demo:/")
        case "demo2":
            return "a second embedded server is not available yet", "write demo:/"
        case "ws" | "wss":
            secure = "s" if scheme.lower() == "wss" else ""
            return "the base of HTTP paths does not begin with ws://", f"write http{secure}:// in its place"
    return (
        "the base of HTTP paths does not begin with http:// or https://",
        "write http://HOST:PORT, or demo:/",
    )
