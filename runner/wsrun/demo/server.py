"""The demo server's process: listens, announces itself, and ends when it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from typing import IO

from wsrun.demo.deadlines import Deadlines
from wsrun.demo.doorway import Doorway
from wsrun.demo.routes import answer_http, answer_upgrade
from wsrun.demo.service import Service
from wsrun.demo.settings import Settings

BACKLOG = 4096
"""Connections that may wait to be accepted; the system may allow fewer."""

LAST_WORDS = 0.2
"""Seconds between telling the clients that the server goes away and going."""


def raise_descriptor_limit() -> None:
    """Raise the limit of open files as far as the system lets this process."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        return  # macOS refuses some values; the soft limit holds then


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return the fastest event loop that is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


async def serve(settings: Settings, announce: Callable[[int], None], stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set; ``announce`` is called with the port once the server listens.

    Raises:
        OSError: the address cannot be listened on.
    """
    loop = asyncio.get_running_loop()
    service = Service(settings, Deadlines(loop))
    server = await loop.create_server(
        lambda: Doorway(service, answer_upgrade, answer_http),
        settings.host,
        settings.port,
        backlog=BACKLOG,
    )
    gc.collect()
    gc.freeze()
    announce(server.sockets[0].getsockname()[1])
    await stop.wait()
    server.close()
    if service.living:
        service.close_all(1001, "the server goes away")
        await asyncio.sleep(LAST_WORDS)
    service.deadlines.close()


def run(settings: Settings, announce: Callable[[int], None], *, follow: IO[bytes] | None = None) -> None:
    """Serve until SIGTERM or SIGINT comes, or ``follow`` reaches its end."""
    raise_descriptor_limit()
    # The secret of a demo may be short; its users need not hear of it on every handshake.
    warnings.filterwarnings("ignore", message=".*HMAC key.*")
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve_until_told(settings, announce, follow))


async def _serve_until_told(
    settings: Settings, announce: Callable[[int], None], follow: IO[bytes] | None
) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
        else:
            loop.add_signal_handler(number, stop.set)
    if follow is not None:
        threading.Thread(target=_stop_at_end, args=(follow.fileno(), loop, stop), daemon=True).start()
    await serve(settings, announce, stop)


def _stop_at_end(descriptor: int, loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Read to the end of a file; by its descriptor, since a buffered reader would hold a lock at exit."""
    with contextlib.suppress(OSError):  # a file that cannot be read has ended
        while os.read(descriptor, 4096):
            pass
    with contextlib.suppress(RuntimeError):  # the loop is closed: the server has ended before
        loop.call_soon_threadsafe(stop.set)
