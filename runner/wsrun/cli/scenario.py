"""Scenario files from the command line: read, checked and compiled, with every mistake drawn on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wsrun.cli.stream import face
from wsrun.errors import ScenarioError

if TYPE_CHECKING:
    from wsrun.source import Document

Overrides = tuple[tuple[str, str], ...]


def with_target(overrides: Overrides, target: str | None) -> Overrides:
    """Return the overrides with ``--target`` as one of them, so that it is checked like the file's URL."""
    return overrides if target is None else (*overrides, ("target.url", target))


def load(
    paths: Sequence[Path], overrides: Overrides, *, allow_python: bool = False, no_color: bool = False
) -> tuple[list[Document], int]:
    """Read and check scenario files, and draw the mistakes of all of them on stderr.

    Returns:
        The documents that have no mistakes, in order, and how many files have some.
    """
    from wsrun.check import load_scenario
    from wsrun.diagnostics import render_all
    from wsrun.source import lines_by_path

    colour = face(sys.stderr, os.environ, no_color=no_color).colour
    documents: list[Document] = []
    wrong = 0
    for path in paths:
        _refuse_command(path)
        try:
            documents.append(load_scenario(path, os.environ, overrides, allow_python=allow_python))
        except ScenarioError as error:
            if wrong:
                sys.stderr.write("\n")
            sys.stderr.write(
                render_all(error.diagnostics, lines_by_path(path, overrides, error.diagnostics), colour)
            )
            wrong += 1
    return documents, wrong


def _refuse_command(path: Path) -> None:
    """Recognise a command taken for a file: ``wsrun --no-color validate x.yaml``, ``wsrun validte``."""
    from wsrun.cli.commands import names
    from wsrun.wording import closest, quoted

    if path.exists():
        return
    if str(path) in names():
        raise click.UsageError(f"there is no file '{path}'; options go behind the name of a command")
    near = closest(str(path), names())
    if near is not None:
        raise click.UsageError(f"no file {quoted(str(path))}; did you mean the command {near}?")
