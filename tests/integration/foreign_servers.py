"""Starts one of the servers of ``tests/servers``, and reads its counts."""

from __future__ import annotations

import json
import select
import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from urllib.request import urlopen

FOLDER = Path(__file__).parent.parent / "servers"

_LIBRARIES = FOLDER / "protocols"
_PYTHON = _LIBRARIES / ".venv" / "bin" / "python"

PROTOCOLS = ("binary", "graphql", "mcp", "socketio", "stomp")
"""Servers of protocols above WebSocket; ``tests/protocols.sh`` installs what they need."""

COMMANDS = {
    "aiohttp": [sys.executable, str(FOLDER / "aiohttp_server.py")],
    "fastapi": [sys.executable, str(FOLDER / "fastapi_app.py")],
    "websockets": [sys.executable, str(FOLDER / "websockets_server.py")],
    "node": ["node", str(FOLDER / "node_ws" / "server.js")],
    **{name: ["node", str(_LIBRARIES / f"{name}_server.mjs")] for name in ("graphql", "socketio", "stomp")},
    **{name: [str(_PYTHON), str(_LIBRARIES / f"{name}_server.py")] for name in ("binary", "mcp")},
}
"""How each server is started."""

START_TIMEOUT = 20.0
"""Seconds a server has to come up."""


def is_available(name: str) -> bool:
    """Whether a server can run here: those of node need node and ``npm install``, others their libraries."""
    if name in ("binary", "mcp"):
        return _PYTHON.is_file()
    if name in PROTOCOLS:
        return shutil.which("node") is not None and (_LIBRARIES / "node_modules").is_dir()
    if name != "node":
        return True
    return shutil.which("node") is not None and (FOLDER / "node_ws" / "node_modules" / "ws").is_dir()


class ForeignServer:
    """A server that is not wsrun's, on a free port of this machine, for as long as the context lasts."""

    def __init__(self, name: str, *arguments: str) -> None:
        self._command = [*COMMANDS[name], *arguments]
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def __enter__(self) -> ForeignServer:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], START_TIMEOUT)
        line = self._process.stdout.readline() if ready else b""
        if not line:
            self._stop()
            raise RuntimeError(f"{self._command} did not come up")
        self.port = int(json.loads(line)["port"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def url(self, path: str = "/echo") -> str:
        """Return the WebSocket URL of a path."""
        return f"ws://127.0.0.1:{self.port}{path}"

    def http_url(self, path: str = "") -> str:
        """Return the HTTP URL of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def counts(self) -> dict[str, int]:
        """Return what the server has counted."""
        with urlopen(f"http://127.0.0.1:{self.port}/counts", timeout=10) as response:
            counts: dict[str, int] = json.load(response)
        return counts

    def _stop(self) -> None:
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
