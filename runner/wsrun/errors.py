"""The exceptions of wsrun; each class owns the exit code that it ends in.

::

    WsrunError
    ├── UsageError            2  the command line, or a path on it, is wrong
    ├── ScenarioError         2  the scenario is wrong; carries every diagnostic
    ├── TargetUnreachable     3  nobody answers at the target, so nothing can be measured
    ├── WorkerLost            3  a worker process ended or fell silent
    ├── OutputError           5  a result could not be written durably
    └── InternalError         4  a defect of wsrun itself

A missed criterion is a value of the result and never an exception. Only ``cli`` prints or exits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsrun.diagnostics import Diagnostic


class WsrunError(Exception):
    """Base of everything that wsrun raises on purpose."""

    exit_code = 4


class UsageError(WsrunError):
    """The command line, or a file named on it, cannot be used."""

    exit_code = 2


class ScenarioError(WsrunError):
    """A scenario has mistakes; all of them are in ``diagnostics``, sorted by place."""

    exit_code = 2

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(diagnostics)
        self.diagnostics = tuple(diagnostics)

    def __str__(self) -> str:
        return "\n".join(str(diagnostic) for diagnostic in self.diagnostics)


class TargetUnreachable(WsrunError):
    """The target cannot be reached at all."""

    exit_code = 3


class WorkerLost(WsrunError):
    """A worker process ended before its work did."""

    exit_code = 3


class OutputError(WsrunError):
    """A result file could not be written and synced."""

    exit_code = 5


class InternalError(WsrunError):
    """wsrun contradicted itself."""

    exit_code = 4
