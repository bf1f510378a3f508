"""A server of the ``websockets`` library: ``/echo``, ``/chat`` and ``GET /counts``."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from http import HTTPStatus

from announce import Counts, announce, answer, listen, parse_arguments
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response


async def run(port: int, max_connections: int | None) -> None:
    """Serve until told to end."""
    counts = Counts()

    def before_upgrade(connection: ServerConnection, request: Request) -> Response | None:
        if request.path == "/counts":
            return connection.respond(HTTPStatus.OK, counts.to_json())
        if max_connections is not None and counts.connections_open >= max_connections:
            counts.connections_refused += 1
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "full")
        return None

    async def talk(connection: ServerConnection) -> None:
        path = connection.request.path if connection.request is not None else ""
        counts.connections_opened += 1
        try:
            with contextlib.suppress(ConnectionClosed):
                async for message in connection:
                    counts.received(message)
                    reply = answer(path, message)
                    await connection.send(reply)
                    counts.sent(reply)
        finally:
            counts.connections_closed += 1

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    listener = listen(port)
    async with serve(talk, sock=listener, process_request=before_upgrade, backlog=4096):
        announce(listener)
        await stop.wait()


def main() -> None:
    """Serve until told to end."""
    options = parse_arguments()
    asyncio.run(run(options.port, options.max_connections))


if __name__ == "__main__":
    main()
