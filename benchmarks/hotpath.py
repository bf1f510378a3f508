"""What one message costs on wsrun's side, step by step: microseconds per operation, best of five rounds.

    PYTHONPATH=runner python benchmarks/hotpath.py [--json] [name …]

Each row is one operation in a loop, less the loop itself; names choose the rows that contain one. What
makes a message comes first, then what finds out what a reply is, then both in a connection of the engine.
``benchmarks/roundtrip.py`` measures all of it together, with the transport and a server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import metadata
from random import Random
from typing import Any

import orjson

from wsrun.bodies import compile_body
from wsrun.compiler import compile_plan
from wsrun.engine.line import Line
from wsrun.engine.session import Session
from wsrun.engine.world import World
from wsrun.expressions import FakePool, IdMaker, Tools, compile_value
from wsrun.metrics.recorder import Recorder
from wsrun.patterns import Frame, compile_pattern, compile_source, correlation, parse_pattern, parse_source
from wsrun.plan import BodyPlan
from wsrun.source import parse
from wsrun.transports import Endpoint, Sink

ROUNDS = 5
LOOPS = 100_000
ID = "0000a0s0ehcz5000001z"
REPLY = f'{{"type":"pong","id":"{ID}","ok":true}}'
PAGE = orjson.dumps({"items": [{"id": n, "price": n * 1.5} for n in range(10)], "next": None}).decode()

SCENARIO = """
wsrun: 1
target: { url: ws://127.0.0.1:1/ }
messages:
  ping: { json: { type: ping, id: "{{ id }}" }, reply: { match: { $.id: "{{ id }}" } } }
profiles: { p: { mix: { ping: 1 }, think: 0s } }
phases: [ { duration: 1h, clients: 1 } ]
"""

RULES = {
    "never a field": "never: [ { where: { $.error: { exists: true } } } ]",
    "never, on a variable": 'never: [ { where: { $.owner: { not: "{{ client.id }}" } } } ]',
    "sequence": "sequence: [ { where: { $.n: { exists: true } }, value: $.n } ]",
    "sequence, noted": "sequence: [ { value: $.ok } ]",
}
"""Rules that look at each frame before its reply is found."""

Row = tuple[str, Callable[[], Any]]


class Client:
    """A client whose names all have values."""

    def __init__(self) -> None:
        self.message_id = ID
        self.seq = 7
        self.index = 42
        self.client_id = "people/0042"
        self.group_name = "people"
        self.profile = "active"
        self.variables: dict[str, Any] = {"room": "r7"}
        self.rows: dict[str, Mapping[str, Any]] = {"people": {"name": "Ada"}}
        self.rng = Random(1)


class Wire:
    """A connection that swallows everything."""

    is_open = True

    def send_text(self, payload: bytes) -> None:
        """Swallow a message."""


class Nowhere:
    """A transport that connects to nothing."""

    name = "nowhere"

    async def open(self, endpoint: Endpoint, sink: Sink) -> Any:
        """Never called here."""
        raise NotImplementedError


def making(tools: Tools, client: Client) -> Iterator[Row]:
    """Yield the rows that make a message."""
    ids = IdMaker(5)
    yield "id: make", lambda: ids.make((time.time() + 0.0) * 1e6)

    def body(kind: Any, source: Any) -> Callable[[], bytes]:
        build = compile_body(BodyPlan(kind=kind, source=source), tools)
        return lambda: build(client)

    chat = {"type": "say", "id": "{{ id }}", "room": "{{ room }}", "text": "{{ fake.sentence() }}"}
    yield "body: {type: ping, id: {{ id }}}", body("json", {"type": "ping", "id": "{{ id }}"})
    yield "body: chat, three slots", body("json", chat)
    yield "body: text, id and seq", body("text", '42{{ seq }}["say",{"mid":"{{ id }}"}]')
    yield "body: hex, {{ seq | u16 }}", body("hex", "30 {{ seq | u16 }} 00ff")
    for source in ("room", "people.name", "client.index % 50", "random.int(1, 6)", "uuid()", "now.iso"):
        evaluate = compile_value("{{ " + source + " }}", tools)
        yield f"expression: {source}", partial(evaluate, client)


def parsed(read: Callable[[Frame], Any], text: str) -> Any:
    """Read a source of a frame that was not looked at before."""
    return read(Frame(text, 0.0))


def reading(tools: Tools, client: Client) -> Iterator[Row]:
    """Yield the rows that find out what a frame is."""
    yield "reply: orjson.loads and a field", lambda: orjson.loads(REPLY)["id"]
    found = correlation(parse_pattern({"$.id": "{{ id }}"}), tools)
    assert found is not None
    table = {found.expected(client): object()}
    extract = found.extracts[0]
    yield "reply: parse and correlate", lambda: table[extract(Frame(REPLY, 0.0))]
    socket_io = correlation(parse_pattern({r"/^43(\d+)/": "{{ seq }}"}), tools)
    assert socket_io is not None
    by_regex = socket_io.extracts[0]
    yield "reply: correlate by regex", lambda: by_regex(Frame('437["ok"]', 0.0))
    for path in ("$.id", "$.items[2].id", "$.items[*].id", "$..price", "$.items[?@.id == 3].price"):
        read = compile_source(parse_source(path))
        text = REPLY if path == "$.id" else PAGE
        yield f"source: {path}", partial(parsed, read, text)
    pattern = {"$.type": "pong", "$.id": "{{ id }}", "$.ok": {"in": [True, None]}}
    matcher = compile_pattern(parse_pattern(pattern), tools)
    fits = matcher.bind(client)
    yield "matcher: bind three conditions", lambda: matcher.bind(client)
    yield "matcher: three conditions", lambda: fits(Frame(REPLY, 0.0))
    binary = compile_pattern(parse_pattern({"hex": "20 xx ff.."}), tools).bind(None)
    yield "matcher: hex", lambda: binary(Frame(b"\x20\x05\xff\x00", 0.0))


class Exchange:
    """The engine's side of one connection, on the simple path: one lookup tells whose reply a frame is."""

    def __init__(self, loop: asyncio.AbstractEventLoop, rules: str = "") -> None:
        """``rules`` are those that look at every frame."""
        text = SCENARIO + (f"clients: {{ all: {{ {rules} }} }}\n" if rules else "")
        plan = compile_plan(parse(text, "hotpath.yaml", environ={}), seed=1)
        self.world = World(plan, Nowhere(), loop)
        self.world.begin(self.world.clock())
        self.session = Session(self.world, 0, 0, 0, 0)
        self.line = Line(self.session, self.world.sockets[0], mailbox=False)
        self.line.connection = Wire()  # type: ignore[assignment]
        self.line.first_due = None

    def times(self, count: int) -> tuple[float, float]:
        """Send many messages, then receive all their replies; return the microseconds of one of each."""
        (program,) = self.world.messages
        session, send, received, clock = self.session, self.line.send, self.line.received, time.perf_counter
        now = self.world.clock()
        replies = []
        spent = 0.0
        for _ in range(count):
            started = clock()
            send(program, None, None)
            spent += clock() - started
            replies.append(REPLY.replace(ID, session.message_id))
        started = clock()
        for reply in replies:
            received(reply, now)
        came = clock() - started
        program.queue.clear()
        assert not self.line.requests()
        return spent / count * 1e6, came / count * 1e6


def folding() -> float:
    """Return the microseconds of a snapshot: 10 messages, 4 profiles, 5 phases, of which one goes on."""
    recorder, rng = Recorder(0), Random(1)
    cells = [
        recorder.cell(has_reply=True, phase=f"{phase}", profile=f"{profile}", message=f"{message}")
        for phase in range(5)
        for profile in range(4)
        for message in range(10)
    ]
    times = []
    for index in range(10):
        for number in range(20_000):
            cell = cells[number % 40]
            cell.sent += 1
            latency = rng.lognormvariate(-6, 0.5)
            cell.round_trip.add(latency)
            cell.service_time.add(latency)
        started = time.perf_counter()
        recorder.snapshot(index, index, index + 1, {})
        times.append(time.perf_counter() - started)
    return min(times) * 1e6


def measure(work: Callable[[], Any]) -> float:
    """Return the microseconds of one call: the best of the rounds, less the loop."""

    def best(call: Callable[[], Any], loops: int) -> float:
        times = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            for _ in range(loops):
                call()
            times.append((time.perf_counter() - started) / loops)
        return min(times)

    loops = max(min(LOOPS, int(0.1 / best(work, 100))), 100)
    return (best(work, loops) - best(lambda: None, LOOPS)) * 1e6


def machine() -> str:
    """Say where the numbers come from."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("orjson", "jinja2", "google-re2"))
    return f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}, {versions}"


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    arguments.add_argument("names", nargs="*", help="only rows that contain one of these")
    arguments.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = arguments.parse_args()
    client = Client()
    tools = Tools(seed=1, counters=lambda name: 1, now=time.time, fake=FakePool(1))
    rows: dict[str, float] = {}

    def add(name: str, cost: Callable[[], float]) -> None:
        if chosen.names and not any(word in name for word in chosen.names):
            return
        rows[name] = cost()
        if not chosen.json:
            print(f"{name:<40} {rows[name]:8.3f}")

    if not chosen.json:
        print(f"{machine()}; microseconds per operation, best of {ROUNDS}")
    for name, work in (*making(tools, client), *reading(tools, client)):
        add(name, partial(measure, work))
    loop = asyncio.new_event_loop()
    exchange = Exchange(loop)
    add("line: send (two clock readings with it)", lambda: min(exchange.times(2000)[0] for _ in range(20)))
    add("line: received", lambda: min(exchange.times(2000)[1] for _ in range(20)))
    for name, rule in RULES.items():
        watched = Exchange(loop, rule)
        add(f"line: received, {name}", lambda watched=watched: min(watched.times(2000)[1] for _ in range(20)))
    add("recorder: an interval of 20 000 messages, 40 of 200 cells", folding)
    loop.close()
    if chosen.json:
        print(json.dumps({"machine": machine(), "microseconds": rows}))


if __name__ == "__main__":
    main()
