"""``wsrun validate``: every mistake of every file, and nothing run."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from wsrun.cli.options import common, override_options

EPILOG = """\b
Examples:
  wsrun validate scenarios/*.yaml
  wsrun validate spike.yaml --set phases.spike.clients=20000

Nothing is connected to. The exit code is 0 when all files can be run, else 2.
"""


@click.command(epilog=EPILOG, short_help="Show every mistake of every file.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@override_options
@common
def validate(
    files: tuple[Path, ...],
    target: str | None,
    overrides: tuple[tuple[str, str], ...],
    allow_python: bool,
    no_color: bool,
) -> int:
    """Show every mistake of every scenario, each with its line and what to write instead."""
    from wsrun.cli.scenario import load, with_target

    documents, wrong = load(
        files, with_target(overrides, target), allow_python=allow_python, no_color=no_color
    )
    for document in documents:
        sys.stdout.write(f"{document.path}: ok\n")
    return 2 if wrong else 0
