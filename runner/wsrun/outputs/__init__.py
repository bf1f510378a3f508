"""The files that are made of a result. Every output reads the result, or its view, and nothing else.

Adding an output is one module and one row of ``OUTPUTS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from wsrun.files import write_whole
from wsrun.view import View, build_view

Render = Callable[[Mapping[str, Any], View], str]


def _html(_: Mapping[str, Any], view: View) -> str:
    from wsrun.outputs.html import render_html

    return render_html(view)


def _text(_: Mapping[str, Any], view: View) -> str:
    from wsrun.outputs.text import render_text

    return render_text(view)


def _csv(result: Mapping[str, Any], _: View) -> str:
    from wsrun.outputs.csv import render_csv

    return render_csv(result)


def _connections(result: Mapping[str, Any], _: View) -> str:
    from wsrun.outputs.connections import render_connections

    return render_connections(result)


def _hgrm(name: str) -> Render:
    def render(result: Mapping[str, Any], _: View) -> str:
        from wsrun.outputs.hgrm import render_hgrm

        return render_hgrm(result, name)

    return render


OUTPUTS: Mapping[str, Render] = {
    "report.html": _html,
    "summary.txt": _text,
    "timeline.csv": _csv,
    "connections.csv": _connections,
    "round_trip.hgrm": _hgrm("round_trip"),
    "service_time.hgrm": _hgrm("service_time"),
}
"""File names and how each is made; libraries are imported when one is."""


def write_all(result: Mapping[str, Any], directory: Path) -> list[Path]:
    """Write every output of a result, each whole or not at all, readable by its owner only.

    Args:
        result: the content of a result.json.
        directory: where to; it exists.

    Returns:
        The files written, the report first.

    Raises:
        OutputError: one could not be written and synced.
    """
    view = build_view(result)
    written = []
    for name, render in OUTPUTS.items():
        path = directory / name
        write_whole(path, render(result, view).encode("utf-8"))
        written.append(path)
    return written
