"""``wsrun report``: render a result again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from wsrun.cli.options import common
from wsrun.errors import UsageError

EPILOG = """\b
Example:
  wsrun report wsrun-results/spike/2026-11-21T101500Z/result.json

The exit code says whether the report was written, not what the verdict was.
"""


@click.command(epilog=EPILOG, short_help="Render a result.json again.")
@click.argument("result", type=click.Path(path_type=Path), metavar="RESULT")
@common
def report(result: Path, no_color: bool) -> int:
    """Render report.html, summary.txt and timeline.csv again, next to a result.json."""
    from wsrun.cli.summary import show
    from wsrun.outputs import write_all

    path = result / "result.json" if result.is_dir() else result
    content = read_result(path)
    written = write_all(content, path.parent)
    show(content, written[0], no_color=no_color)
    return 0


def read_result(path: Path) -> dict[str, Any]:
    """Read a result.json.

    Raises:
        UsageError: it is not there, or is none.
    """
    import orjson

    try:
        content = orjson.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: {os.strerror(error.errno) if error.errno else error}") from error
    except orjson.JSONDecodeError as error:
        raise UsageError(f"{path}: this is not JSON: {error}") from error
    if not isinstance(content, dict) or "wsrun_result" not in content:
        raise UsageError(f"{path}: this is not a result of wsrun")
    if content["wsrun_result"] != 1:
        raise UsageError(f"{path}: its version {content['wsrun_result']!r} is not known to this wsrun")
    return content
