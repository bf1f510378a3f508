"""A headless Chromium, driven over its DevTools socket: opens files and tells what it saw."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

EXECUTABLE = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-extensions", "--remote-debugging-port=0"),
)

_DRAWN = """
new Promise((done) => {
  const isDrawn = () => document.readyState === 'complete'
    && (!document.getElementById('plotly') || document.documentElement.dataset.drawn === 'true');
  const look = () => (isDrawn() ? done(true) : setTimeout(look, 20));
  look();
})
"""

_SETTLED = """
new Promise((done) => {
  const frames = (left) => (left ? requestAnimationFrame(() => frames(left - 1)) : done(true));
  setTimeout(() => frames(2), 60);
})
"""


class Browser:
    """One page: ``messages`` of its console and its policy, and the ``requests`` that it made."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.session: str | None = None
        self.messages: list[str] = []
        self.requests: list[str] = []

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the DevTools protocol."""
        number = len(self._waiting) + 1
        self._waiting[number] = asyncio.get_running_loop().create_future()
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self.session is not None:
            message["sessionId"] = self.session
        await self._connection.send(json.dumps(message))
        async with asyncio.timeout(30):
            answer = await self._waiting[number]
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    async def listen(self) -> None:
        """Take answers and events until the connection ends."""
        async for raw in self._connection:
            message = json.loads(raw)
            params = message.get("params", {})
            match message.get("method"):
                case None:
                    self._waiting[message["id"]].set_result(message)
                case "Log.entryAdded":
                    self.messages.append(params["entry"]["text"])
                case "Runtime.consoleAPICalled":
                    self.messages.append(str([one.get("value") for one in params["args"]]))
                case "Runtime.exceptionThrown":
                    self.messages.append(str(params["exceptionDetails"]))
                case "Network.requestWillBeSent":
                    self.requests.append(params["request"]["url"])

    async def value(self, expression: str) -> Any:
        """Evaluate an expression in the page, waiting for it if it is a promise."""
        found = await self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    async def open(self, path: Path, width: int, *, dark: bool = False) -> None:
        """Open a file and wait until its charts are drawn."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])
        await self.resize(width)
        await self.call("Page.navigate", url=path.as_uri())
        await self.value(_DRAWN)

    async def resize(self, width: int) -> None:
        """Give the window another width and wait until the page has followed."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        await self.call("Emulation.setDeviceMetricsOverride", **size)
        await self.value(_SETTLED)

    async def mouse(self, kind: str, x: float, y: float, *, is_down: bool = False) -> None:
        """Move, press or release the mouse, and let the page react."""
        button: dict[str, Any] = {"button": "left", "clickCount": 1} if kind != "mouseMoved" else {}
        held = {"buttons": 1, "button": "left"} if is_down and kind == "mouseMoved" else {}
        await self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **button, **held)


@contextlib.asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Run a browser with a profile of its own; it ends with the block."""
    assert EXECUTABLE is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            EXECUTABLE,
            *_FLAGS,
            f"--user-data-dir={profile}",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with connect(await _address(process), max_size=None, compression=None) as connection:
                page = Browser(connection)
                async with asyncio.TaskGroup() as tasks:
                    listening = tasks.create_task(page.listen())
                    targets = (await page.call("Target.getTargets"))["targetInfos"]
                    target = next(one["targetId"] for one in targets if one["type"] == "page")
                    attached = await page.call("Target.attachToTarget", targetId=target, flatten=True)
                    page.session = attached["sessionId"]
                    for domain in ("Page", "Runtime", "Log", "Network"):
                        await page.call(f"{domain}.enable")
                    yield page
                    listening.cancel()
        finally:
            process.terminate()
            await process.communicate()


async def _address(process: asyncio.subprocess.Process) -> str:
    """Read where the browser listens from its log."""
    assert process.stderr is not None
    async with asyncio.timeout(30):
        while line := await process.stderr.readline():
            if match := re.search(rb"ws://\S+", line):
                return match.group().decode()
    raise AssertionError("the browser ended before it listened")
