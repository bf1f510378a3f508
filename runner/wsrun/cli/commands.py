"""The table of commands, and how everything that goes wrong becomes an exit code."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from click_default_group import DefaultGroup

from wsrun import __version__, compiled
from wsrun.cli.options import Session
from wsrun.errors import InternalError, ScenarioError, WsrunError

DEFAULT = "run"
NOT_YET = ("compare", "history", "conformance", "init")
"""Commands that a later version brings."""

HELP = """Run scenarios against WebSocket services, and judge what came of it.

A scenario is a YAML file: whom to connect to, what to say, how many do so and when, and what must hold.

\b
  wsrun scenarios/smoke.yaml            run it; the exit code is the verdict
  wsrun validate scenarios/*.yaml       every mistake of every file
  wsrun plan scenarios/spike.yaml       what would happen, before it does
  wsrun check scenarios/spike.yaml      what would go wrong, on this machine and at the target
  wsrun spike.yaml --target wss://staging.example.org/chat
"""

EPILOG = """\b
Exit codes:
  0  pass: every criterion was met
  1  fail: the target missed a criterion
  2  the command line or a scenario is wrong; nothing was run
  3  invalid: it cannot be known (target unreachable, generator saturated, worker lost)
  4  internal error
  5  results could not be written
  130, 143  interrupted, terminated; the report of what was is there
"""


class Commands(DefaultGroup):  # type: ignore[misc]
    """Commands by name; ``wsrun FILE`` is ``wsrun run FILE``."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; the default one for anything that is not a command's name."""
        if cmd_name in NOT_YET and not Path(cmd_name).exists():
            raise click.UsageError(f"'wsrun {cmd_name}' is not available yet", ctx)
        command: click.Command | None = super().get_command(ctx, cmd_name)
        return command


def build() -> click.Group:
    """Put the commands together; none of them imports more than click before it runs."""
    from wsrun.cli.check import check
    from wsrun.cli.demo import demo
    from wsrun.cli.plan import plan
    from wsrun.cli.report import report
    from wsrun.cli.run import run
    from wsrun.cli.schema import schema
    from wsrun.cli.validate import validate

    group = Commands(
        name="wsrun",
        default=DEFAULT,
        help=HELP,
        epilog=EPILOG,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    for command in (run, validate, plan, check, report, demo, schema):
        group.add_command(command)
    version: Callable[[click.Group], click.Group] = click.option(
        "--version",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_tell_version,
        help="Show the version, and whether it is compiled.",
    )
    return version(group)


def _tell_version(context: click.Context, parameter: click.Parameter, is_asked: bool) -> None:
    if is_asked:
        click.echo(f"wsrun {__version__}, {compiled.told()}")
        context.exit()


def names() -> tuple[str, ...]:
    """Return the names of all commands."""
    return tuple(build().commands)


def invoke(words: Sequence[str]) -> int:
    """Run one command line.

    Args:
        words: the arguments behind ``wsrun``.

    Returns:
        The exit code; whatever there was to say has been said.
    """
    session = Session(words=tuple(words))
    try:
        code = build().main(list(words), prog_name="wsrun", standalone_mode=False, obj=session)
    except click.ClickException as error:
        _say_usage(error)
        return 2
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted")
        _say_what_is_kept(session)
        return 130
    except ScenarioError as error:
        _say(str(error))
        return error.exit_code
    except WsrunError as error:
        _say(f"error: {error}")
        return error.exit_code
    except Exception as error:
        return _internal_error(error, session)
    return code if isinstance(code, int) else 0


def _say(text: str) -> None:
    sys.stderr.write(text.rstrip("\n") + "\n")


def _say_usage(error: click.ClickException) -> None:
    """Say what is wrong with the command line, in one line, and how to learn more."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        _say(error.format_message())
        return
    _say(f"error: {error.format_message()}")
    context = getattr(error, "ctx", None)
    if context is not None:
        _say(f"{context.get_usage()}\n'{context.command_path} --help' says more.")


def _internal_error(error: Exception, session: Session) -> int:
    """Keep the traceback of a defect where its reader can find it; one line goes to the terminal."""
    text = "".join(traceback.format_exception(error))
    summary = (str(error).splitlines() or [""])[0][:200]
    _say(f"internal error: {type(error).__name__}: {summary}".rstrip(": "))
    if session.debug:
        _say(text)
    with contextlib.suppress(OSError):
        path = _keep(text, session.directory)
        _say(f"the traceback is in {path}; please report it")
    _say_what_is_kept(session)
    return InternalError.exit_code


def _say_what_is_kept(session: Session) -> None:
    """Say how a result that was measured, and whose report was not written, is still to be had."""
    directory = session.directory
    if directory is not None and (directory / "result.json").is_file():
        _say(f"what was measured is kept: wsrun report {shlex.quote(str(directory))}")


def _keep(text: str, directory: Path | None) -> Path:
    if directory is not None and directory.is_dir():
        path = directory / "traceback.txt"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    else:
        descriptor, name = tempfile.mkstemp(prefix="wsrun-traceback-", suffix=".txt")
        path = Path(name)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return path
