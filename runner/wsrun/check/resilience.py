"""Connections that come and go: values that contradict each other, and keys that would do nothing."""

from __future__ import annotations

from typing import Any

from wsrun.check.findings import Findings
from wsrun.check.scene import Scene, duration, mapping
from wsrun.plan_resilience import LIFECYCLES
from wsrun.source import Steps
from wsrun.wording import joined, quoted


def check_resilience(scene: Scene, findings: Findings) -> None:
    """Check how clients are lost and come back."""
    for name, group in scene.groups.items():
        backoff = mapping(mapping(group.get("reconnect")).get("backoff"))
        first, most = duration(backoff.get("from", "100ms")), duration(backoff.get("to", "10s"))
        if first is not None and most is not None and first > most:
            key = "to" if "to" in backoff else "from"
            message = "the longest wait is shorter than the first one"
            place = ("clients", name, "reconnect", "backoff", key)
            findings.add(place, "out-of-range", message, "write the shorter one into from")
    for path, sent in scene.heartbeats():
        known = scene.messages.get(sent) if isinstance(sent, str) else mapping(sent)
        if known is not None and "reply" not in known:
            text = "a heartbeat is answered, and this message has no reply"
            findings.add(path, "needs-key", text, "write reply: { match: … } into the message")
    for name, profile in scene.profiles.items():
        _lifecycle(mapping(profile.get("lifecycle")), ("profiles", name, "lifecycle"), findings)
        used = [group for group in scene.groups if name in scene.profiles_of(group)]
        if "resume" in profile and not any("reconnect" in scene.groups[group] for group in used):
            message = f"no group with the profile {quoted(name)} reconnects, so that 'resume' is never done"
            help_text = "write reconnect: {} into a group of clients"
            findings.add_key(("profiles", name, "resume"), "needs-key", message, help_text)


def _lifecycle(lifecycle: dict[str, Any], path: Steps, findings: Findings) -> None:
    """Check that a lifecycle has the times of its kind and no others."""
    kind = lifecycle.get("kind")
    if not isinstance(kind, str):
        return
    wanted = LIFECYCLES.get(kind, ())
    for key in wanted:
        if key not in lifecycle:
            findings.add(path, "missing-key", f"{quoted(kind)} needs {quoted(key)}", f"write {key}: 10s")
    for key in lifecycle:
        if key not in ("kind", *wanted):
            message = f"{quoted(key)} is no time of a lifecycle that is {kind}"
            help_text = f"write {joined(wanted, 'and')}" if wanted else "an extension gives the times itself"
            findings.add_key((*path, key), "conflicting-keys", message, help_text)
