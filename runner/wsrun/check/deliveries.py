"""Deliveries: whether anybody can be in their audience, and whether what arrives can name the message."""

from __future__ import annotations

import re

from wsrun.check.findings import Findings
from wsrun.check.scene import Scene, mapping, texts, written
from wsrun.wording import choose, quoted

_ID = re.compile(r"\{\{[^}]*(?<![\w.'\"])id\b")


def check_deliveries(scene: Scene, findings: Findings) -> None:
    """Check what messages with ``deliver`` need."""
    for path, message in scene.all_messages():
        wanted = mapping(message.get("deliver"))
        if "deliver" not in message:
            continue
        body = {key: value for key, value in message.items() if key in ("json", "text", "hex", "http")}
        if "python" not in message and not any(_ID.search(text) for _, text in texts(body, ())):
            what = "without {{ id }} in the body, nobody can tell which message has arrived"
            findings.add_key((*path, "deliver"), "no-id", what, "send {{ id }}, and say where it comes back")
        for name, value in mapping(wanted.get("to")).items():
            place = (*path, "deliver", "to", name)
            if name in ("group", "profile"):
                known = list(scene.groups if name == "group" else scene.profiles)
                if isinstance(value, str) and "{{" not in value and value not in known:
                    what = f"there is no {name} {quoted(value)}"
                    findings.add(place, f"unknown-{name}", what, choose(value, known, f"{name}s"))
            elif name not in (variables := sorted(set(written(scene.document.data)))):
                help_text = choose(name, [*variables, "group", "profile"], "there are")
                findings.add_key(place, "unknown-name", f"nothing writes {quoted(name)}", help_text)
