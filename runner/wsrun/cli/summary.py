"""The end of a run on standard output: the verdict, what decided it, and where the report is."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wsrun.cli.stream import face

WIDEST = 100
"""Columns beyond which a summary is no easier to read."""


def show(result: Mapping[str, Any], report: Path | None, *, no_color: bool = False) -> None:
    """Print what a result says; ``report`` is where the HTML is, None if it could not be written."""
    from wsrun.outputs.text import render_text
    from wsrun.view import build_view

    paper = face(sys.stdout, os.environ, no_color=no_color)
    text = render_text(
        build_view(result),
        width=min(paper.width, WIDEST),
        unicode=paper.unicode,
        colour=paper.colour,
        report="" if report is None else str(report),
    )
    sys.stdout.write(text)
    sys.stdout.flush()
