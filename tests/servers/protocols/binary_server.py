"""A server of a binary protocol with a fixed header, which the library ``construct`` reads and writes.

::

    0        1        2        4        8           12
    +--------+--------+--------+--------+-----------+----------
    | magic  | kind   | flags  | id     | length    | payload …
    +--------+--------+--------+--------+-----------+----------
      0xB5     u8       u16      u32      u32, all big end first

Kinds: 1 hello, 2 welcome, 3 read (payload: u16 register), 4 value (u16 register, f64 value), 5 watch (u16
register, u16 times), 6 tick (as value, with the id of its watch), 7 done, 8 error (text), 9 bye.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from http import HTTPStatus
from pathlib import Path

from construct import Bytes, Const, ConstructError, Float64b, Int8ub, Int16ub, Int32ub, Struct, this
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

sys.path.insert(0, str(Path(__file__).parents[1]))

from announce import announce, listen

HELLO, WELCOME, READ, VALUE, WATCH, TICK, DONE, ERROR, BYE = range(1, 10)
FRAME = Struct(
    "magic" / Const(0xB5, Int8ub),
    "kind" / Int8ub,
    "flags" / Int16ub,
    "id" / Int32ub,
    "length" / Int32ub,
    "payload" / Bytes(this.length),
)
REGISTER = Struct("register" / Int16ub)
VALUE_OF = Struct("register" / Int16ub, "value" / Float64b)
WATCHING = Struct("register" / Int16ub, "times" / Int16ub)
COUNTS: Counter[str] = Counter()


class Client:
    """One connection."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection
        self.watches: set[asyncio.Task[None]] = set()

    async def send(self, kind: int, identity: int, payload: bytes = b"") -> None:
        """Send a frame."""
        COUNTS["messages_sent"] += 1
        frame = {"kind": kind, "flags": 0, "id": identity, "length": len(payload), "payload": payload}
        await self.connection.send(FRAME.build(frame))

    async def take(self, message: str | bytes) -> None:
        """Answer a frame."""
        COUNTS["messages_received"] += 1
        try:
            frame = FRAME.parse(message if isinstance(message, bytes) else message.encode())
        except ConstructError as error:
            COUNTS["unreadable"] += 1
            await self.send(ERROR, 0, str(error).encode())
            return
        if frame.kind == HELLO:
            COUNTS["hellos"] += 1
            await self.send(WELCOME, frame.id)
        elif frame.kind == READ:
            COUNTS["reads"] += 1
            register = REGISTER.parse(frame.payload).register
            if register >= 1000:
                await self.send(ERROR, frame.id, b"no such register")
            else:
                await self.send(
                    VALUE, frame.id, VALUE_OF.build({"register": register, "value": register / 2})
                )
        elif frame.kind == WATCH:
            COUNTS["watches"] += 1
            task = asyncio.create_task(self.watch(frame.id, WATCHING.parse(frame.payload)))
            self.watches.add(task)
            task.add_done_callback(self.watches.discard)
        elif frame.kind == BYE:
            COUNTS["byes"] += 1

    async def watch(self, identity: int, watching: Struct) -> None:
        """Tell a register so many times, then that it is done."""
        try:
            for number in range(watching.times):
                await asyncio.sleep(0.01)
                value = VALUE_OF.build({"register": watching.register, "value": float(number)})
                await self.send(TICK, identity, value)
                COUNTS["ticks"] += 1
            await self.send(DONE, identity)
        except ConnectionClosed:
            COUNTS["cut"] += 1


async def talk(connection: ServerConnection) -> None:
    """One connection, from its handshake on."""
    COUNTS["connections_opened"] += 1
    client = Client(connection)
    try:
        async for message in connection:
            await client.take(message)
    except ConnectionClosed:
        COUNTS["cut"] += 1
    finally:
        COUNTS["connections_closed"] += 1


def page(connection: ServerConnection, request: Request) -> Response | None:
    """Answer ``GET /counts``."""
    if request.path == "/counts":
        return connection.respond(HTTPStatus.OK, json.dumps(COUNTS))
    return None


async def main() -> None:
    """Serve until stdin ends."""
    listener = listen(0)
    async with serve(talk, sock=listener, process_request=page, compression=None) as server:
        announce(listener)
        await server.serve_forever()


asyncio.run(main())
