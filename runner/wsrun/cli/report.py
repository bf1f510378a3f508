"""``wsrun report``: render a result again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from wsrun.cli.options import common
from wsrun.errors import OutputError, UsageError
from wsrun.wording import cut

EPILOG = """\b
Example:
  wsrun report wsrun-results/spike/2026-11-21T101500Z/result.json
  wsrun report wsrun-results/spike/2026-11-21T101500Z      the same; of a run that was killed,
                                                           what its journal has

The exit code says whether the report was written, not what the verdict was.
"""


@click.command(epilog=EPILOG, short_help="Render a result.json again.")
@click.argument("result", type=click.Path(path_type=Path), metavar="RESULT")
@common
def report(result: Path, no_color: bool) -> int:
    """Render report.html and all other files again, next to a result.json or a lost run's journal."""
    from wsrun.cli.summary import show
    from wsrun.outputs import write_all

    path = result / "result.json" if result.is_dir() else result
    journal = path.parent / "journal.jsonl"
    if path.suffix == ".jsonl" or (result.is_dir() and not path.exists() and journal.exists()):
        import orjson

        from wsrun.coordinator.salvage import salvage
        from wsrun.files import write_whole
        from wsrun.result.secrets import encodable_data

        path = path if path.suffix == ".jsonl" else journal
        content = salvage(path)
        if not (path.parent / "result.json").exists():
            write_whole(path.parent / "result.json", orjson.dumps(encodable_data(content)))
    else:
        content = read_result(path)
    try:
        written = write_all(content, path.parent)
    except OutputError:
        raise
    except Exception as error:
        # Checked only now: the check of a long run's result takes longer than its report.
        problem = shape_problem(content)
        if problem is None:
            raise
        raise UsageError(f"{path}: this is not a result of wsrun: {problem}") from error
    show(content, written[0], no_color=no_color)
    return 0


def shape_problem(result: Any) -> str | None:
    """Return what is wrong with the shape of a result by its schema, None where nothing is."""
    import orjson
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    from wsrun import resources

    validator = Draft202012Validator(orjson.loads(resources.schema("result")))
    found = best_match(validator.iter_errors(result))
    if found is None:
        return None
    place = ".".join(map(str, found.absolute_path))
    return f"{place}: {cut(found.message)}" if place else cut(found.message)


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
