"""Who reads the sockets of open connections, where it is not their transports.

A loop's own way to a message leads through a callback for each socket: a handle, a context, the interpreter's
lock. Readers have one callback for all of them: it asks the kernel which sockets have something (by an
``epoll`` inside the loop's own), and reads one after the other into the buffers of their protocols. All else,
writing, closing and what is at the end of a connection, stays with the transports. See ADR 15.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from importlib import import_module
from typing import Protocol

from wsrun.compiled import build


class Reader(Protocol):
    """Reads for one transport, until there is an end to see: that is the transport's own again."""

    def pause(self) -> None:
        """Leave what comes in the kernel.

        Raises:
            RuntimeError: the transport reads by itself again, and cannot be paused now.
        """

    def resume(self) -> None:
        """Read again.

        Raises:
            RuntimeError: the transport reads by itself again, and cannot be resumed now.
        """

    def stop(self) -> None:
        """Read no more; at the end of a connection, after which its descriptor may be another's."""


class Readers(Protocol):
    """The readers of one event loop."""

    def reader(self, transport: asyncio.Transport) -> Reader | None:
        """Read for an open transport of a socket, without TLS, from now on; None where the kernel will not.

        Its protocol is an ``asyncio.BufferedProtocol`` and stays the same. A protocol that fails loses its
        connection, as with any transport: the loop's exception handler is told.
        """


def readers(loop: asyncio.AbstractEventLoop) -> Readers | None:
    """Return readers for a loop; None where there are none: not on Linux, not compiled, no descriptor."""
    if sys.platform != "linux" or not build().is_compiled:
        return None
    with contextlib.suppress(OSError):
        made: Readers = import_module("wsrun.transports.readers_compiled").Readers(loop)
        return made
    return None
