"""What the library alone costs: closed-loop round trips with picows and uvloop, without wsrun.

Three clients of growing comfort against an echo server. Each connection sends its next message when its reply
has come; connecting is not measured. These rows are the floor that wsrun's own row stands on:

- ``raw``: send, receive, nothing else;
- ``callbacks``: a JSON body with an id, the reply parsed and matched by its id, the latency kept;
- ``coroutines``: the same, with one coroutine a client that awaits a bare future for each reply.

    python benchmarks/raw_picows.py ws://127.0.0.1:9001/ --clients 100 --seconds 5

With ``--pushes`` nothing is sent: what the server pushes is counted, or parsed and its type compared.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import resource
import ssl
from array import array
from collections.abc import Awaitable, Callable
from time import monotonic

import orjson
import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

Result = tuple[int, float]
"""Round trips, and the seconds of CPU (user and system) that this process used for them."""


class _Run:
    """What the clients of one run share; messages have ``size`` bytes, or as few as they can."""

    def __init__(self, size: int = 0) -> None:
        self.running = True
        self.round_trips = 0
        self.ids = itertools.count()
        self.latencies = array("d")
        self.end = b'"}'
        if (more := size - len(self.body()[1]) - len('","text":"')) > 0:
            self.end = b'","text":"' + b"." * more + self.end
        self.constant = self.body()[1]

    def body(self) -> tuple[str, bytes]:
        """Return the next id, and a JSON message with it."""
        number = f"{next(self.ids):032x}"
        return number, b'{"type":"ping","id":"' + number.encode() + self.end


class _Client(WSListener):
    """Keeps the transport; tells picows that its write marks are of no interest."""

    def __init__(self, run: _Run) -> None:
        self.run = run

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def pause_writing(self) -> None:
        pass

    def resume_writing(self) -> None:
        pass


class _Raw(_Client):
    def start(self) -> None:
        self.transport.send(WSMsgType.TEXT, self.run.constant)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        self.run.round_trips += 1
        if self.run.running:
            transport.send(WSMsgType.TEXT, self.run.constant)


class _Callbacks(_Client):
    def start(self) -> None:
        self.waiting: dict[str, float] = {}
        self.send()

    def send(self) -> None:
        number, body = self.run.body()
        self.waiting[number] = monotonic()
        self.transport.send(WSMsgType.TEXT, body)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        sent = self.waiting.pop(orjson.loads(frame.get_payload_as_bytes())["id"])
        self.run.latencies.append(monotonic() - sent)
        self.run.round_trips += 1
        if self.run.running:
            self.send()


class _Coroutines(_Client):
    def start(self) -> None:
        self.waiting: dict[str, asyncio.Future[float]] = {}
        self.task = asyncio.get_running_loop().create_task(self.live())

    async def live(self) -> None:
        run, loop = self.run, asyncio.get_running_loop()
        while run.running:
            number, body = run.body()
            future: asyncio.Future[float] = loop.create_future()
            self.waiting[number] = future
            sent = monotonic()
            self.transport.send(WSMsgType.TEXT, body)
            run.latencies.append(await future - sent)
            run.round_trips += 1

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        at = monotonic()
        self.waiting.pop(orjson.loads(frame.get_payload_as_bytes())["id"]).set_result(at)


class _Counting(_Client):
    """Counts what is pushed."""

    def start(self) -> None:
        pass

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        self.run.round_trips += 1


class _Parsing(_Counting):
    """Counts the pushes among what comes."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if orjson.loads(frame.get_payload_as_bytes())["type"] == "push":
            self.run.round_trips += 1


Kind = type[_Raw | _Callbacks | _Coroutines | _Counting]


async def _measure(
    kind: Kind, url: str, clients: int, seconds: float, size: int = 0, tls: ssl.SSLContext | None = None
) -> Result:
    run = _Run(size)
    connected = []
    for _ in range(clients):
        _, client = await ws_connect(lambda _request, _response: kind(run), url, ssl_context=tls)
        assert isinstance(client, kind)
        connected.append(client)
    before = _cpu()
    for client in connected:
        client.start()
    await asyncio.sleep(seconds)
    result = run.round_trips, _cpu() - before
    run.running = False
    # The last replies come in before the connections go, so that nothing is pending at the end.
    await asyncio.sleep(0.1)
    for client in connected:
        client.transport.disconnect()
    waits: list[Awaitable[None]] = [client.transport.wait_disconnected() for client in connected]
    await asyncio.gather(*waits)
    return result


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run_raw(url: str, clients: int, seconds: float) -> Result:
    """Measure picows and uvloop, nothing else."""
    return uvloop.run(_measure(_Raw, url, clients, seconds))


def run_callbacks(url: str, clients: int, seconds: float) -> Result:
    """Measure with JSON, matching by id and the latency of each reply, in callbacks."""
    return uvloop.run(_measure(_Callbacks, url, clients, seconds))


def run_coroutines(url: str, clients: int, seconds: float) -> Result:
    """Measure the same as ``run_callbacks``, as one coroutine a client."""
    return uvloop.run(_measure(_Coroutines, url, clients, seconds))


ROWS: dict[str, Callable[[str, int, float], Result]] = {
    "picows core API + uvloop, nothing else": run_raw,
    "… + JSON, matched by id, latency kept: callbacks": run_callbacks,
    "… the same as a coroutine a client": run_coroutines,
}
"""The rows of the table, from the bare library upwards."""


KINDS: dict[str, tuple[Kind, Kind | None]] = {
    "raw": (_Raw, _Counting),
    "callbacks": (_Callbacks, _Parsing),
    "coroutines": (_Coroutines, None),
}
"""By a short name: the client that makes round trips, and the one that is pushed to, if there is one."""


def main() -> None:
    """Print the rows, or the one that is asked for, for a server that is already running."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("url")
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--only", choices=KINDS, help="this row alone; the options below are for it")
    parser.add_argument("--size", type=int, default=0, help="bytes of a message")
    parser.add_argument("--pushes", action="store_true", help="the server sends, unasked")
    parser.add_argument("--ca", help="an authority for wss, as a file")
    options = parser.parse_args()
    if options.only is not None:
        kind = KINDS[options.only][options.pushes]
        if kind is None:
            parser.error(f"{options.only} cannot be pushed to")
        tls = ssl.create_default_context(cafile=options.ca) if options.ca else None
        one = _measure(kind, options.url, options.clients, options.seconds, options.size, tls)
        print(*uvloop.run(one))
        return
    for name, measure in ROWS.items():
        round_trips, cpu = measure(options.url, options.clients, options.seconds)
        print(
            f"{name:<52} {cpu / round_trips * 1e6:6.2f} µs CPU / round trip  {round_trips / cpu:9,.0f} / core"
        )


if __name__ == "__main__":
    main()
