"""The place for results: whether it can be written, and has room."""

from __future__ import annotations

import shlex

from wsrun.preflight.demand import Demand
from wsrun.preflight.facts import Folder
from wsrun.preflight.finding import Finding, State
from wsrun.view.formats import size

FILES = 8 << 20
"""Bytes of the files of a short run: 3 MiB were measured, 2 MiB of them the report's script."""

INTERVAL = 32 * 1024
"""Bytes that an interval adds to the journal and the tables: an estimate; 28 KB were measured."""


def storage(demand: Demand, folder: Folder) -> Finding:
    """Compare an estimate of what a run writes with what is free."""
    needed = FILES + round(demand.intervals * INTERVAL)
    figures = {"path": folder.path, "needed": needed, "free": folder.free}
    shown = shlex.quote(folder.path)
    if folder.trouble is not None:
        return Finding(
            name="results",
            state="bad",
            text=f"nothing can be written to {shown}: {folder.trouble}",
            fixes=("name another directory: --out DIR",),
            figures=figures,
        )
    if folder.free is None:
        text = f"{shown} can be written; what is free there is not known"
        return Finding(name="results", state="good", text=text, figures=figures)
    state: State = "good"
    if needed > folder.free:
        state = "bad"
    elif needed * 2 > folder.free:
        state = "warning"
    text = f"about {size(needed)} to {shown}, where {size(folder.free)} are free"
    fixes = () if state == "good" else ("make room there, or name another directory: --out DIR",)
    return Finding(name="results", state=state, text=text, fixes=fixes, figures=figures)
