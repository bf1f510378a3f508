"""Options that several commands have, and what a command and ``invoke`` know of each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from wsrun.cli import directory

MOST_WORKERS = 1024


@dataclass(slots=True)
class Session:
    """What main and a command share: the words of the command line, and where a traceback would go."""

    words: Sequence[str]
    debug: bool = False
    directory: Path | None = None
    """Where this run writes, once it has a directory."""


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that every command that reads a scenario has."""

    def note(context: click.Context, _: click.Parameter, value: bool) -> bool:
        context.ensure_object(Session).debug = value
        return value

    command = click.option(
        "--debug", is_flag=True, callback=note, expose_value=False, help="Print the traceback of a defect."
    )(command)
    return click.option("--no-color", is_flag=True, help="No colours (NO_COLOR does the same).")(command)


def read_overrides(
    context: click.Context, parameter: click.Parameter, values: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Split each ``path=value`` at its first equals sign."""
    pairs = []
    for value in values:
        path, equals, content = value.partition("=")
        if not equals or not path:
            message = f"'{value}' is not path=value, as in phases.spike.clients=500"
            raise click.BadParameter(message, context, parameter)
        pairs.append((path, content))
    return tuple(pairs)


def override_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that change a scenario from outside."""
    command = click.option(
        "--set",
        "overrides",
        callback=read_overrides,
        multiple=True,
        metavar="PATH=VALUE",
        help="Put a value in place of the scenario's: --set phases.spike.clients=500. Repeatable.",
    )(command)
    command = click.option(
        "--allow-python",
        is_flag=True,
        help="Run the Python that the scenario's extensions name: only where you trust its author.",
    )(command)
    return click.option("--target", metavar="URL", help="Go to this URL instead of target.url.")(command)


def seed_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that makes a run repeatable."""
    return click.option(
        "--seed",
        type=click.IntRange(min=0),
        metavar="N",
        help="Where chance starts: the same seed gives each client the same profile, rows, messages and "
        "values. With think times, how many messages it sends still depends on how fast the server answers.",
    )(command)


def read_workers(context: click.Context, parameter: click.Parameter, value: str) -> int | None:
    """Return the number of worker processes; None for ``auto``."""
    if value == "auto":
        return None
    if not value.isdecimal() or not 1 <= int(value) <= MOST_WORKERS:
        raise click.BadParameter(
            f"'{value}' is neither a number of processes from 1 to {MOST_WORKERS} nor auto",
            context,
            parameter,
        )
    return int(value)


def resource_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what of this machine a run uses: where it writes, with how many processes."""
    command = click.option(
        "--transport",
        type=click.Choice(["fast", "reference"]),
        default="fast",
        show_default=True,
        help="reference: another WebSocket library, as a second witness, and for compression.",
    )(command)
    command = click.option(
        "--workers",
        callback=read_workers,
        default="auto",
        metavar="N|auto",
        help="Processes that make the load; auto: by the cores.",
    )(command)
    return click.option(
        "--out",
        type=click.Path(path_type=Path, file_okay=False),
        default=directory.DEFAULT,
        metavar="DIR",
        show_default=True,
        help="Write to DIR/<scenario>/<time>/.",
    )(command)
