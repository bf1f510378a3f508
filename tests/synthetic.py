"""The made-up results of ``tests/data/results``, and the files made of them."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from wsrun.outputs.html import render_html
from wsrun.view import View, build_view

FOLDER = Path(__file__).parent / "data" / "results"

NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def load(name: str) -> dict[str, Any]:
    """Read a result anew, so that a test may change it."""
    result: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return result


@functools.cache
def view(name: str) -> View:
    """Return the view of a result; views cannot be changed."""
    return build_view(load(name))


@functools.cache
def page(name: str) -> str:
    """Return the report of a result without the chart library, which takes its time."""
    return render_html(view(name), charts=False)


def long_run(hours: float, interval: float = 1.0) -> dict[str, Any]:
    """Stretch the passed run to many intervals, one after the other from its calm phase."""
    result = load("pass")
    calm = [row for row in result["timeline"] if 12 <= row["t"] < 38]
    columns = [column for column in result["heat"]["columns"] if 12 <= column["t"] < 38]
    number = int(hours * 3600 / interval)
    result["timeline"] = [
        {**calm[n % len(calm)], "t": n * interval, "length": interval} for n in range(number)
    ]
    result["heat"]["columns"] = [
        {**columns[n % len(columns)], "t": n * interval, "length": interval} for n in range(number)
    ]
    end = number * interval
    result["phases"] = [{**result["phases"][1], "start": 0.0, "end": end}]
    result["run"] |= {"duration": end, "planned": end, "interval": interval}
    result["errors"], result["events"] = [], []
    result["criteria"] = [entry for entry in result["criteria"] if entry["phase"] is None]
    return result
