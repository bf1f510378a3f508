"""Bodies: hex digits, and files that must lie in the scenario's folder."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

from wsrun.bodies.hexadecimal import HexError, check_digits
from wsrun.check.findings import Findings
from wsrun.check.scene import Scene
from wsrun.expressions import ExpressionError
from wsrun.source import Steps
from wsrun.wording import closest, quoted

LARGEST_BODY = 1 << 20
"""Bytes of the largest file that is a body."""


def check_bodies(scene: Scene, findings: Findings) -> None:
    """Check the bodies of all messages."""
    for path, message in scene.all_messages():
        body = message.get("hex")
        if isinstance(body, str):
            _hex(body, (*path, "hex"), findings)
        _quoted_json(message.get("json"), (*path, "json"), findings)
        http = message.get("http")
        if isinstance(http, dict):
            _quoted_json(http.get("json"), (*path, "http", "json"), findings)
        name = message.get("file")
        if isinstance(name, str):
            file = inner_file(name, (*path, "file"), scene, findings)
            if file is not None and file.stat().st_size > LARGEST_BODY:
                text = f"{quoted(name)} has more than {LARGEST_BODY >> 20} MiB"
                findings.add((*path, "file"), "too-large", text, "send a smaller file")


def _quoted_json(body: Any, path: Steps, findings: Findings) -> None:
    """Refuse an object or a list of JSON that is written as a text: it would be sent within quotes."""
    text = body.strip() if isinstance(body, str) else ""
    if text.startswith(("{", "[")) and text.endswith(("}", "]")) and not text.startswith("{{"):
        help_text = "remove the quotes around it, or write text: in place of json:"
        findings.add(path, "quoted-json", "this JSON is a text, and would be sent in quotes", help_text)


def inner_file(name: str, path: Steps, scene: Scene, findings: Findings) -> Path | None:
    """Find a file that must lie at or below the scenario's folder.

    Whoever proposes a scenario must not thereby read what else lies on the machine, so that links are
    followed before the place is judged.

    Returns:
        Its path; None where it cannot be used, and then that has been noted.
    """
    folder = Path(scene.document.path).resolve().parent
    if not _is_usable(name) or not (folder / name).resolve().is_relative_to(folder):
        message = f"{quoted(name)} lies outside the scenario's folder"
        findings.add(path, "file", message, "put it beside the scenario, or below")
        return None
    return existing_file(name, path, scene, findings)


def existing_file(name: str, path: Steps, scene: Scene, findings: Findings) -> Path | None:
    """Find a file that may lie anywhere; a relative name starts at the scenario's folder.

    Returns:
        Its path; None where it cannot be used, and then that has been noted.
    """
    file = Path(scene.document.path).resolve().parent / name
    problem = _problem(file) if _is_usable(name) else "cannot be a file"
    if problem is not None:
        findings.add(path, "file", f"{quoted(name)} {problem}", _file_help(file, name))
        return None
    return file


def _file_help(file: Path, name: str) -> str:
    """Name the file beside the missing one that may be meant."""
    try:
        near = closest(file.name, [entry.name for entry in file.parent.iterdir()][:1000])
    except (OSError, ValueError):
        near = None
    if near is not None and near != file.name:
        return f"did you mean '{name.removesuffix(file.name)}{near}'?"
    return "paths start at the scenario's folder"


def _is_usable(name: str) -> bool:
    return "\0" not in name and len(name) < 4096


def _problem(file: Path) -> str | None:
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        return "is not there"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None if stat.S_ISREG(mode) else "is not a file"


def _hex(body: Any, path: Steps, findings: Findings) -> None:
    try:
        check_digits(body)
    except HexError as error:
        help_text = "write two digits for each byte; a template makes them with a filter: {{ seq | u16 }}"
        findings.add_part(path, error.offset, 1, "hex", error.message, help_text)
    except ExpressionError:
        return  # told with the other templates
