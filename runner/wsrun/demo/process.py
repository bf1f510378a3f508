"""Starts a demo server as a process of its own, and ends it."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import IO

from wsrun.errors import WsrunError

START_TIMEOUT = 10.0
"""Seconds a demo server has to come up."""

STOP_TIMEOUT = 5.0
"""Seconds a demo server has to end before it is killed."""


class DemoServerError(WsrunError):
    """The demo server did not come up."""

    exit_code = 3


class DemoServer:
    """A demo server on a free port of this machine, for as long as the context lasts.

    ``arguments`` are further options of ``python -m wsrun.demo``. The server ends with its parent, even when
    that is killed, since its stdin closes then.

    Raises:
        DemoServerError: on entering, when the server is not up within ``START_TIMEOUT`` seconds.
    """

    host = "127.0.0.1"

    def __init__(self, arguments: Sequence[str] = ()) -> None:
        self._arguments = tuple(arguments)
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def __enter__(self) -> DemoServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The server's process id."""
        if self._process is None:
            raise DemoServerError("the demo server is not running")
        return self._process.pid

    def url(self, path: str = "/") -> str:
        """Return the WebSocket URL of a path."""
        return f"ws://{self.host}:{self.port}{path}"

    def http_url(self, path: str = "/") -> str:
        """Return the HTTP URL of a path."""
        return f"http://{self.host}:{self.port}{path}"

    def start(self) -> None:
        """Start the process and wait until it listens."""
        command = [sys.executable, "-m", "wsrun.demo", "--host", self.host, "--announce", "json"]
        self._process = subprocess.Popen(
            [*command, "--follow-stdin", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl+C is for the parent, whose clients may still be talking to us
        )
        try:
            self.port = _announced_port(self._process)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process; nothing happens if it has ended."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def _announced_port(process: subprocess.Popen[bytes]) -> int:
    """Wait for the announcement; a thread reads it, as reading a pipe has no timeout."""
    lines: queue.Queue[bytes] = queue.Queue()
    assert process.stdout is not None
    threading.Thread(target=_read_line, args=(process.stdout, lines), daemon=True).start()
    try:
        line = lines.get(timeout=START_TIMEOUT)
    except queue.Empty:
        raise DemoServerError(f"the demo server did not come up within {START_TIMEOUT:g} s") from None
    try:
        announcement = json.loads(line)
        return int(announcement["port"])
    except (ValueError, KeyError, TypeError):
        code = process.wait() if not line else None
        ended = f"ended with exit code {code}" if code is not None else f"said {line!r}"
        raise DemoServerError(f"the demo server did not come up: it {ended}") from None


def _read_line(stream: IO[bytes], lines: queue.Queue[bytes]) -> None:
    lines.put(stream.readline())
