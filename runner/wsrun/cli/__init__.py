"""The command line: the only place that reads arguments, prints, and decides how the process ends.

One module a command. Whatever is heavy is imported by the command that needs it, when it runs.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from wsrun.cli.stream import Stream


def main() -> NoReturn:
    """Run the command that ``sys.argv`` names and end the process with its exit code."""
    _open_standard_descriptors()
    sys.stdout = Stream(sys.stdout)
    sys.stderr = Stream(sys.stderr)

    from wsrun.cli.commands import invoke

    code = invoke(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)


def _open_standard_descriptors() -> None:
    """Fill 0 to 2 where the caller closed them, lest a result gets such a number and a print lands in it."""
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor <= 2:
        os.set_inheritable(descriptor, True)  # or the same happens in the processes that are started
        descriptor = os.dup(descriptor)
    os.close(descriptor)
