"""The server of the benchmarks of scale: ``server.c``, compiled here, in as many processes as are wanted.

It echoes and counts, and shares no code with wsrun: what it counted is the second account of a run. All its
processes listen on one port of 127.0.0.1, and the system spreads the connections over them, as it does for
any server that scales over processes.
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import tables
from harness import machine

SOURCE = Path(__file__).with_name("server.c")


def compiled(source: Path, folder: Path) -> Path:
    """Compile a program of one file in C; return it."""
    binary = folder / source.stem
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        sys.exit("these benchmarks need a C compiler, for their servers")
    subprocess.run([compiler, "-O2", "-o", str(binary), str(source)], check=True)
    return binary


class Counting:
    """The server, for as long as the context lasts.

    ``processes`` share the port. ``cores``, one after the other, are those that they are pinned to, and each
    then has the connections that are begun on its own. With ``logs`` the time
    at which each message was read is in ``stamps`` afterwards: seconds of CLOCK_MONOTONIC, ascending.
    """

    def __init__(self, processes: int = 1, *, cores: tuple[int, ...] = (), logs: bool = False) -> None:
        self._number, self._cores, self._logs = processes, cores, logs
        self._processes: list[subprocess.Popen[str]] = []
        self.port = 0
        self.stamps: list[float] = []
        self.totals: dict[str, Any] = {}

    def __enter__(self) -> Counting:
        self._folder = tempfile.TemporaryDirectory()
        binary = compiled(SOURCE, Path(self._folder.name))
        for number in range(self._number):
            command = [str(binary), str(self.port)]
            command.append(str(self._log(number)) if self._logs else "")
            if self._cores:
                command = ["taskset", "-c", str(self._cores[number]), *command, str(self._cores[0])]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self._processes.append(process)
            self.port = self._line(process)["port"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._folder:
            found = []
            for process in self._processes:
                assert process.stdin is not None
                process.stdin.close()
                found.append(self._line(process))
                process.wait()
            self.totals = _summed(found)
            if self._logs:
                texts = (self._log(number).read_bytes() for number in range(self._number))
                self.stamps = sorted(at for text in texts for (at,) in struct.iter_unpack("d", text))

    def url(self, path: str = "/") -> str:
        """Return the URL of a path; messages on paths that begin with /quiet are not answered."""
        return f"ws://127.0.0.1:{self.port}{path}"

    def counts(self) -> dict[str, Any]:
        """Return what all processes counted so far, and under ``each`` what one did."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write("?\n")
            process.stdin.flush()
        return _summed([self._line(process) for process in self._processes])

    def _log(self, number: int) -> Path:
        return Path(self._folder.name, f"log-{number}")

    @staticmethod
    def _line(process: subprocess.Popen[str]) -> dict[str, Any]:
        assert process.stdout is not None
        found: dict[str, Any] = json.loads(process.stdout.readline())
        return found


def publish(part: str, *, text: str, write: bool) -> None:
    """Print what was measured, with the machine; ``write``: into ``docs/benchmarks.md`` too."""
    report = f"{text.strip()}\n\nOn {machine()}."
    print(report)
    if write:
        tables.write(part, report)


def _summed(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Add up what each process counted; ``first`` and ``last`` are moments, of all of them together."""
    names = ("open", "opened", "most", "closed_clean", "closed_otherwise", "messages", "cpu")
    total: dict[str, Any] = {name: sum(one[name] for one in found) for name in names}
    total["first"] = min((one["first"] for one in found if one["opened"]), default=0.0)
    total["last"] = max(one["last"] for one in found)
    return total | {"each": found}
