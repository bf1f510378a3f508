"""Runs the command ``wsrun`` as a user would: the installed script, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_SCRIPT = Path(sys.executable).parent / "wsrun"
COMMAND = [str(_SCRIPT)] if _SCRIPT.exists() else [sys.executable, "-m", "wsrun"]
"""The installed script; in an environment without it, the module."""

LIMIT = 60.0
"""Seconds after which a command that has not ended is a failed test."""

# All is sent in a step: a schedule could be late on a busy machine, and then the run would be invalid.
QUICK = """\
wsrun: 1
target: {{ url: "{url}" }}
messages: {{ ping: {{ json: {{ id: "{{{{ id }}}}" }}, reply: {{ match: {{ $.id: "{{{{ id }}}}" }} }} }} }}
profiles: {{ pinger: {{ start: [ {{ send: ping, times: 25 }} ] }} }}
phases: [ {{ name: only, duration: {duration}, clients: 2 }} ]
criteria: [ "{criterion}", connect.success == 100% ]
"""


def scenario(
    folder: Path,
    *,
    name: str = "quick",
    url: str = "demo:/echo",
    duration: str = "500ms",
    criterion: str = "errors == 0",
) -> Path:
    """Write a scenario that is over in half a second."""
    path = folder / f"{name}.yaml"
    path.write_text(QUICK.format(url=url, duration=duration, criterion=criterion))
    return path


def environment(**changes: str) -> dict[str, str]:
    """The environment of a command: this one's, less what a developer may have set, with changes."""
    keep = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TERM", "COLUMNS")}
    return {**keep, **changes}


def wsrun(
    *words: str | Path, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, with what it says captured."""
    return subprocess.run(
        [*COMMAND, *map(str, words)],
        cwd=cwd,
        env=dict(env or environment()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def results(folder: Path) -> list[Path]:
    """The directories of all runs below a folder, the oldest first."""
    return sorted(
        (path.parent for path in folder.rglob("result.json")), key=lambda path: path.stat().st_mtime
    )


def result(folder: Path) -> dict[str, Any]:
    """The only result below a folder."""
    (directory,) = results(folder)
    content: dict[str, Any] = json.loads((directory / "result.json").read_text())
    return content
