"""Names of messages, profiles and groups where they are used, and the weights beside them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from wsrun.check.findings import Findings
from wsrun.check.load import RESERVED_GROUPS
from wsrun.check.scene import Scene, mapping
from wsrun.check.steps import check_socket
from wsrun.source import Steps
from wsrun.wording import choose, quoted


def check_references(scene: Scene, findings: Findings) -> None:
    """Check that everything that is named exists."""
    for name, profile in scene.profiles.items():
        _weights(profile.get("mix"), ("profiles", name, "mix"), "message", scene.messages, findings)
    for path, step in (*scene.steps(), *scene.rules("react")):
        for place, sent in scene.sent(step, path):
            if isinstance(sent, str):
                _known(sent, place, "message", scene.messages, findings)
    for path, message in scene.all_messages():
        check_socket(message.get("socket"), (*path, "socket"), scene, findings)
    for path, sent in scene.heartbeats():
        if isinstance(sent, str):
            _known(sent, path, "message", scene.messages, findings)
    for place, check in scene.pool_checks():
        if isinstance(check, str):
            _known(check, place, "message", scene.messages, findings)
    for name, group in scene.groups.items():
        _group(name, group, scene, findings)
    for index, phase in enumerate(scene.phases):
        _phase(phase, ("phases", index), scene, findings)
    if len(scene.profiles) > 1 and "clients" not in scene.document.data:
        names = ", ".join(f"{name}: 1" for name in list(scene.profiles)[:3])
        findings.add_key(
            ("profiles",),
            "unclear-profile",
            "there are several profiles, and nothing says which clients have them",
            f"write clients: {{ all: {{ profiles: {{ {names} }} }} }}",
        )


def _group(name: str, group: dict[str, Any], scene: Scene, findings: Findings) -> None:
    path: Steps = ("clients", name)
    if name in RESERVED_GROUPS:
        message = f"a group cannot be named {quoted(name)}, which is a key of levels"
        findings.add_key(path, "reserved-name", message, "give it another name")
    if "profiles" in group:
        _weights(group["profiles"], (*path, "profiles"), "profile", scene.profiles, findings)
    elif len(scene.profiles) > 1 and "clients" in scene.document.data:
        names = ", ".join(f"{profile}: 1" for profile in list(scene.profiles)[:3])
        message = f"there are several profiles, and the group {quoted(name)} does not say which it has"
        findings.add_key(path, "unclear-profile", message, f"write profiles: {{ {names} }}")


def _phase(phase: dict[str, Any], path: Steps, scene: Scene, findings: Findings) -> None:
    _weights(phase.get("profiles"), (*path, "profiles"), "profile", scene.profiles, findings)
    for name, mix in mapping(phase.get("mix")).items():
        _known_key(name, (*path, "mix", name), "profile", scene.profiles, findings)
        if "flow" in scene.profiles.get(name, {}):
            message = f"the profile {quoted(name)} has a flow, which no mix can replace"
            help_text = "give the profile a mix instead, or remove this one"
            findings.add_key((*path, "mix", name), "conflicting-keys", message, help_text)
        _weights(mix, (*path, "mix", name), "message", scene.messages, findings)


def _weights(value: Any, path: Steps, what: str, known: Collection[str], findings: Findings) -> None:
    """Check a mapping from names to weights."""
    weights = mapping(value)
    for name in weights:
        _known_key(name, (*path, name), what, known, findings)
    numbers = [weight for weight in weights.values() if isinstance(weight, int | float)]
    if weights and len(numbers) == len(weights) and not any(numbers):
        findings.add_key(path, "all-zero", "all weights are zero", "give one of them a weight")


def _known(name: str, path: Steps, what: str, known: Collection[str], findings: Findings) -> None:
    if name not in known:
        message, help_text = f"there is no {what} {quoted(name)}", choose(name, known, f"{what}s")
        findings.add(path, f"unknown-{what}", message, help_text)


def _known_key(name: str, path: Steps, what: str, known: Collection[str], findings: Findings) -> None:
    if name not in known:
        message, help_text = f"there is no {what} {quoted(name)}", choose(name, known, f"{what}s")
        findings.add_key(path, f"unknown-{what}", message, help_text)
