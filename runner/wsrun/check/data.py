"""Data files: whether they can be read, and whether there are rows enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wsrun.check.arrivals import most_visitors
from wsrun.check.bodies import inner_file
from wsrun.check.findings import Findings
from wsrun.check.load import most_slots
from wsrun.check.scene import Scene
from wsrun.data import DataError, read_rows
from wsrun.source import Steps


def check_data(scene: Scene, findings: Findings) -> Mapping[str, tuple[str, ...] | None]:
    """Check all data files.

    Returns:
        The columns of each source, in the order of its file; None where it could not be read.
    """
    return {name: _columns(name, source, scene, findings) for name, source in scene.data.items()}


def _columns(name: str, source: dict[str, Any], scene: Scene, findings: Findings) -> tuple[str, ...] | None:
    path: Steps = ("data", name, "file")
    written = source.get("file")
    if not isinstance(written, str) or "{{" in written:
        return None
    file = inner_file(written, path, scene, findings)
    if file is None:
        return None
    try:
        rows = read_rows(file)
    except DataError as error:
        help_text = "a CSV with a header, a JSON list of objects, or JSON lines"
        findings.add(path, "file", error.message, help_text)
        return None
    if source.get("per") == "message" and source.get("take") == "unique":
        message = "'take: unique' is for clients, which live, and this data is per message"
        help_text = "write take: each, for a row that no other message has"
        findings.add(("data", name, "take"), "take-per-message", message, help_text)
    # Each client has a row of its own while it is there: a slot of its group, or a seat of those who arrive.
    most = most_slots(scene) + most_visitors(scene)
    if source.get("take") == "unique" and source.get("per", "client") == "client" and len(rows) < most:
        message = f"{len(rows)} rows are too few for {most} clients that must not share one"
        findings.add(("data", name, "take"), "too-few-rows", message, "add rows, or write take: cycle")
    return tuple(dict.fromkeys(column for row in rows for column in row))
