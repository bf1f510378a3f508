"""Groups with a pool: their clients have no connection of their own, and can do nothing that needs one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wsrun.check.findings import Findings
from wsrun.check.scene import Scene, mapping, sequence, texts
from wsrun.source import Steps
from wsrun.wording import quoted

_OWN_STEPS = ("connect", "close", "expect", "expect_none", "expect_close")
"""Steps that are about a client's own connection."""

_OWN_KEYS = ("resume", "lifecycle", "read")
"""Keys of profiles that are about a client's own connection."""

_MENDED = ("reconnect", "heartbeat", "breaker")
"""Keys of groups that keep a client's own connection going."""

_RULES = ("never", "sequence", "react")


def check_pools(scene: Scene, findings: Findings) -> None:
    """Check the pools, and what goes on in groups that have one."""
    for name, group in scene.groups.items():
        if "pool" not in group:
            continue
        _pool(mapping(group["pool"]), ("clients", name, "pool"), scene, findings)
        for key in _MENDED:
            if key in group:
                message = f"the connections of a pool are kept and replaced by the pool, not by {quoted(key)}"
                help_text = f"remove '{key}'; pool: {{ check: … }} looks after connections that are idle"
                findings.add_key(("clients", name, key), "conflicting-keys", message, help_text)
        for path, _ in scene.deliveries():
            message = (
                f"'deliver' asks what single clients receive, and those of {quoted(name)} share connections"
            )
            findings.add_key(path, "conflicting-keys", message, "remove 'deliver', or the group's pool")
        _profiles(name, scene, findings)
        _rules(name, group, findings)


def _pool(pool: dict[str, Any], path: Steps, scene: Scene, findings: Findings) -> None:
    least, most = pool.get("min"), pool.get("max")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        message = "the pool keeps more connections open than it may have"
        findings.add((*path, "min"), "out-of-range", message, f"write at most {most}")
    check = pool.get("check")
    sent = scene.messages.get(check) if isinstance(check, str) else check
    if isinstance(sent, dict) and "reply" not in sent:
        text = "a check without a reply tells nothing of the connection"
        findings.add((*path, "check"), "needs-key", text, "give the message a reply: { match: … }")
    if "every" in pool and "check" not in pool:
        text = "'every' goes with 'check', which is not here"
        findings.add_key((*path, "every"), "needs-key", text, "add check: MESSAGE, or remove 'every'")


def _profiles(name: str, scene: Scene, findings: Findings) -> None:
    used = scene.profiles_of(name)
    used += [profile for phase in scene.phases for profile in mapping(phase.get("profiles"))]
    for path, step in scene.steps():
        if path[1] not in used:
            continue
        for key in _OWN_STEPS:
            if key in step:
                message = f"the clients of {quoted(name)} borrow connections, and have none to {_WHAT[key]}"
                help_text = "let a reply do it: reply: { match, until, expect }; or remove the group's pool"
                findings.add_key((*path, key), "no-connection", message, help_text)
    for profile in dict.fromkeys(used):
        written = scene.profiles.get(profile, {})
        for key in _OWN_KEYS:
            if key in written:
                message = f"{quoted(key)} is about a connection of one's own, and {quoted(name)} has a pool"
                findings.add_key(("profiles", profile, key), "conflicting-keys", message, f"remove '{key}'")
    for place, message_name in _sent(used, scene):
        written = scene.messages.get(message_name, {})
        if written.get("socket", "main") != "main":
            message = (
                f"{quoted(message_name)} goes over another socket, and the pool of {quoted(name)} is of main"
            )
            findings.add_key(place, "conflicting-keys", message, "remove 'socket', or the group's pool")


_WHAT = {
    "connect": "open",
    "close": "close",
    "expect": "expect something on",
    "expect_none": "expect something on",
    "expect_close": "expect a close of",
}


def _sent(used: list[str], scene: Scene) -> Iterator[tuple[Steps, str]]:
    """Yield the messages by name that profiles send, and where."""
    for profile in dict.fromkeys(used):
        for message in mapping(scene.profiles.get(profile, {}).get("mix")):
            yield ("profiles", profile, "mix", message), message
    for path, step in scene.steps():
        if path[1] in used:
            yield from (
                ((*path, "send"), sent) for _, sent in scene.sent(step, path) if isinstance(sent, str)
            )


def _rules(name: str, group: dict[str, Any], findings: Findings) -> None:
    """Rules look at connections, which are nobody's: they can name no client, and do nothing to one."""
    for kind in _RULES:
        for index, rule in enumerate(map(mapping, sequence(group.get(kind)))):
            path: Steps = ("clients", name, kind, index)
            for place, text in texts(rule.get("where"), (*path, "where")):
                if "{{" in text:
                    message = "on a connection of a pool nobody knows whose message it is"
                    findings.add(place, "no-client", message, "write a pattern without templates")
            for key in ("capture", "close"):
                if key in rule:
                    message = (
                        f"a connection of a pool belongs to no client, so that a rule cannot {_DOES[key]}"
                    )
                    findings.add_key((*path, key), "no-client", message, f"remove '{key}'")


_DOES = {"capture": "write its variables", "close": "make it leave"}
