"""Extensions: whether the operator allows them, whether they can be had, and whether names are theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wsrun.check.findings import Findings
from wsrun.check.scene import Scene, mapping
from wsrun.extensions import ExtensionError, ExtensionPlan, load
from wsrun.plan_resilience import LIFECYCLES
from wsrun.source import Steps
from wsrun.wording import choose, quoted


def check_extensions(scene: Scene, findings: Findings, *, allow_python: bool) -> None:
    """Check the extensions, and the names by which they are meant; modules are imported only if allowed."""
    extensions = mapping(scene.document.data.get("extensions"))
    if extensions and not allow_python:
        help_text = "read it, and if you trust it, run with --allow-python"
        message = "this scenario runs Python of its author, which is not allowed"
        findings.add_key(("extensions",), "python-not-allowed", message, help_text)
    elif extensions:
        folder = str(Path(scene.document.path).resolve().parent)
        for name, target in extensions.items():
            if isinstance(target, str) and not findings.is_told(("extensions", name)):
                _load(name, target, folder, findings)
    for path, body in scene.all_messages():
        _named(body.get("python"), (*path, "python"), extensions, findings)
    for name, profile in scene.profiles.items():
        kind = mapping(profile.get("lifecycle")).get("kind")
        _lifecycle(kind, ("profiles", name, "lifecycle", "kind"), extensions, findings)
    for path, step in scene.steps():
        _named(step.get("call"), (*path, "call"), extensions, findings)


def _lifecycle(kind: Any, path: Steps, extensions: dict[str, Any], findings: Findings) -> None:
    """Check the kind of a lifecycle, which may be one of ours."""
    if isinstance(kind, str) and kind not in LIFECYCLES and kind not in extensions:
        message = f"there is no lifecycle {quoted(kind)}"
        help_text = choose(kind, (*LIFECYCLES, *extensions), "lifecycles")
        findings.add(path, "unknown-extension", message, help_text)


def _load(name: str, target: str, folder: str, findings: Findings) -> None:
    try:
        load(ExtensionPlan(name=name, target=target, folder=folder))
    except ExtensionError as error:
        help_text = "modules are looked for in the scenario's folder, then where Python finds them"
        findings.add(("extensions", name), "extension", str(error), help_text)


def _named(name: Any, path: Steps, extensions: dict[str, Any], findings: Findings) -> None:
    if isinstance(name, str) and name not in extensions:
        message = f"there is no extension {quoted(name)}"
        help_text = choose(name, extensions, "extensions") if extensions else "write extensions at the top"
        findings.add(path, "unknown-extension", message, help_text)
