"""The demo server's chat, request/reply, pushes and prices over real sockets."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from demo_http import fetch, fetch_json
from demo_talks import ask, converse
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from wsrun.demo.latency import parse_latency
from wsrun.demo.process import DemoServer


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    """One server for all tests here."""
    with DemoServer() as running:
        yield running


# Chat


def test_what_is_said_reaches_the_others_of_the_room_and_nobody_else(server: DemoServer) -> None:
    """The sender gets an answer, the other members the message, another room nothing."""

    async def talk(anna: ClientConnection, ben: ClientConnection, cleo: ClientConnection) -> None:
        for socket, room in ((anna, "a"), (ben, "a"), (cleo, "c")):
            answer = await ask(socket, type="join", id=1, room=room)
            assert answer == {"reply_to": 1, "ok": True, "type": "joined", "room": room}
        assert await ask(anna, type="say", id="m1", text="hello") == {"reply_to": "m1", "ok": True}
        said = json.loads(await ben.recv())
        assert said.pop("from").startswith("person-")
        assert said == {"type": "said", "id": "m1", "room": "a", "text": "hello"}
        # Had anything been sent to them, it would come before these answers.
        assert await ask(cleo, type="who", id=2) == {"reply_to": 2, "ok": True, "people": 1}
        assert await ask(anna, type="who", id=3) == {"reply_to": 3, "ok": True, "people": 2}

    converse(server, "/chat", 3, talk)


def test_who_joined_no_room_is_answered_and_heard_by_nobody(server: DemoServer) -> None:
    """Thousands who only say something do not multiply their messages."""

    async def talk(anna: ClientConnection, ben: ClientConnection) -> None:
        assert (await ask(ben, type="join", id=1))["room"] == "lobby"
        assert await ask(anna, type="say", id=2, text="hi") == {"reply_to": 2, "ok": True}
        assert await ask(anna, type="say", id=3, text="hi", room="lobby") == {"reply_to": 3, "ok": True}
        assert await ask(ben, type="who", id=4) == {"reply_to": 4, "ok": True, "people": 1}
        assert await ask(anna, type="who", id=5) == {"reply_to": 5, "ok": True, "people": 2}

    converse(server, "/chat", 2, talk)


def test_a_message_in_fragments_is_one_message(server: DemoServer) -> None:
    """JSON may come in pieces; a piece of nothing is a protocol error."""

    async def talk(socket: ClientConnection) -> None:
        await socket.send(['{"type": ', '"who", ', '"id": 1}'])
        assert json.loads(await socket.recv())["reply_to"] == 1
        socket.transport.write(b"\x80\x80" + bytes(4))
        with pytest.raises(ConnectionClosed) as caught:
            await socket.recv()
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1002

    converse(server, "/chat", 1, talk)


def test_who_has_left_a_room_hears_it_no_more(server: DemoServer) -> None:
    """Leaving, and going away altogether, both end a membership."""

    async def talk(anna: ClientConnection, ben: ClientConnection, cleo: ClientConnection) -> None:
        for socket in (anna, ben, cleo):
            await ask(socket, type="join", id=1, room="x")
        await cleo.close()
        await ben.send(json.dumps({"type": "leave"}))
        assert await ask(ben, type="who", id=2, room="x") == {"reply_to": 2, "ok": True, "people": 1}
        assert await ask(anna, type="say", id=3) == {"reply_to": 3, "ok": True}
        assert (await ask(ben, type="who", id=4, room="x"))["reply_to"] == 4

    converse(server, "/chat", 3, talk)


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ('{"type": "shout", "id": 1}', "the type is one of join, say, who, leave"),
        ('{"id": 1}', "the type is one of join, say, who, leave"),
        ('{"type": ["say"], "id": 1}', "the type is one of join, say, who, leave"),
        ('{"type": "join", "id": 1, "room": 5}', "a room is named by a text"),
        ("hello", "a message is a JSON object"),
        ("[1]", "a message is a JSON object"),
    ],
)
def test_a_message_that_makes_no_sense_is_answered_with_the_reason(
    server: DemoServer, message: str, error: str
) -> None:
    """Nothing is swallowed, and the connection stays."""

    async def talk(socket: ClientConnection) -> None:
        await socket.send(message)
        answer = json.loads(await socket.recv())
        assert (answer["ok"], answer["error"]) == (False, error)
        assert (await ask(socket, type="who", id=9))["reply_to"] == 9

    converse(server, "/chat", 1, talk)


# Request and reply


@pytest.mark.parametrize(
    ("path", "message", "delay"),
    [
        ("/rpc", {}, 0.0),
        ("/rpc", {"delay": "12ms"}, 0.012),
        ("/rpc?latency=constant:7ms", {}, 0.007),
        ("/rpc?latency=constant:200ms", {"delay": "5ms"}, 0.005),
        ("/rpc?latency=uniform:3ms:4ms", {}, 0.003),
    ],
)
def test_no_reply_comes_before_its_delay(
    server: DemoServer, path: str, message: dict[str, Any], delay: float
) -> None:
    """The delay is that of the message, else of the connection, and is never cut short."""

    async def talk(socket: ClientConnection) -> None:
        for number in range(20):
            started = time.monotonic()
            assert await ask(socket, id=number, **message) == {"id": number, "ok": True}
            assert time.monotonic() - started >= delay

    converse(server, path, 1, talk)


def test_a_seed_makes_the_delays_repeat(server: DemoServer) -> None:
    """Requests sent at once are answered in the order of the delays that the seed gives."""
    latency, rng = parse_latency("uniform:0ms:400ms"), Random("26")
    delays = [latency.sample(rng) for _ in range(8)]
    order = sorted(range(8), key=delays.__getitem__)

    async def talk(socket: ClientConnection) -> None:
        for number in range(8):
            await socket.send(json.dumps({"id": number}))
        assert [json.loads(await socket.recv())["id"] for _ in range(8)] == order

    converse(server, "/rpc?latency=uniform:0ms:400ms&seed=26", 1, talk)


def test_the_server_has_a_latency_of_its_own_if_told_so() -> None:
    """``--latency`` is what a connection has that says none."""
    with DemoServer(["--latency", "constant:15ms"]) as server:

        async def talk(socket: ClientConnection) -> None:
            started = time.monotonic()
            await ask(socket, id=1)
            assert time.monotonic() - started >= 0.015

        converse(server, "/rpc", 1, talk)


def test_a_delay_that_cannot_be_read_is_answered_with_the_reason(server: DemoServer) -> None:
    """A wrong delay of a message fails that message only."""

    async def talk(socket: ClientConnection) -> None:
        for delay in ("5", 5, None, ["5ms"]):
            answer = await ask(socket, id=1, delay=delay)
            assert (answer["id"], answer["ok"]) == (1, False)
            assert answer["error"].startswith("delay: ")
        assert await ask(socket, id=2) == {"id": 2, "ok": True}

    converse(server, "/rpc", 1, talk)


@pytest.mark.parametrize("path", ["/rpc?latency=soon", "/push?rate=5", "/push?rate=0/s", "/push?size=9GiB"])
def test_a_query_that_cannot_be_read_refuses_the_upgrade(server: DemoServer, path: str) -> None:
    """The refusal is a 400 that names the parameter."""

    async def run() -> InvalidStatus:
        with pytest.raises(InvalidStatus) as caught:
            await connect(server.url(path))
        return caught.value

    response = asyncio.run(run()).response
    assert response.status_code == 400
    assert path.partition("?")[2].encode() in response.body


@pytest.mark.parametrize("path", ["/echo", "/rpc", "/rpc?latency=constant:1ms"])
def test_a_stall_holds_every_answer_back_and_loses_none(server: DemoServer, path: str) -> None:
    """Answers come after the stall, also to those who connect in it, while HTTP stays awake."""

    async def talk(socket: ClientConnection) -> None:
        started = time.monotonic()
        assert fetch_json(server, "/admin/stall?for=150ms", "POST") == {"stalled_for": 0.15}
        async with connect(server.url(path)) as late:
            for number in range(3):
                await socket.send(json.dumps({"id": number}))
            await late.send('{"id": "late"}')
            assert fetch(server, "/healthz") == (200, "ok\n")
            assert [json.loads(await socket.recv())["id"] for _ in range(3)] == [0, 1, 2]
            assert json.loads(await late.recv())["id"] == "late"
        assert time.monotonic() - started >= 0.15
        assert (await ask(socket, id=4))["id"] == 4

    converse(server, path, 1, talk)


# Pushes


def test_pushes_are_numbered_filled_up_and_never_early(server: DemoServer) -> None:
    """Push n comes n intervals after the upgrade at the earliest, and has the size asked for."""

    async def run() -> None:
        started = time.monotonic()
        async with connect(server.url("/push?rate=200/s&size=100")) as socket:
            for number in range(1, 21):
                text = await asyncio.wait_for(socket.recv(), 10)
                assert time.monotonic() - started >= number / 200
                push = json.loads(text)
                assert (push["type"], push["n"], len(text)) == ("push", number, 100)
                assert abs(push["t"] / 1000 - time.time()) < 60

    asyncio.run(run())


def test_pushes_without_a_size_carry_nothing_more(server: DemoServer) -> None:
    """The three fields are all there is when the size asked for is smaller than they are."""

    async def run() -> None:
        async with connect(server.url("/push?rate=1/10ms&size=5B")) as socket:
            assert set(json.loads(await asyncio.wait_for(socket.recv(), 10))) == {"type", "n", "t"}

    asyncio.run(run())


# Prices


def test_a_reader_gets_the_ticks_of_its_symbols_in_order(server: DemoServer) -> None:
    """Each symbol counts by ones; a symbol that was not asked for does not come."""

    async def talk(anna: ClientConnection, ben: ClientConnection) -> None:
        assert await ask(anna, op="subscribe", id=1, symbols=["ACME", "EMCA"]) == {"id": 1, "ok": True}
        assert await ask(ben, op="subscribe", id=1, symbols=["OTHER"]) == {"id": 1, "ok": True}
        last: dict[str, int] = {}
        for _ in range(6):
            tick = json.loads(await anna.recv())
            assert (tick["op"], set(tick)) == ("tick", {"op", "symbol", "seq", "price"})
            assert tick["seq"] == last.get(tick["symbol"], tick["seq"] - 1) + 1
            last[tick["symbol"]] = tick["seq"]
        assert set(last) == {"ACME", "EMCA"}
        assert json.loads(await ben.recv())["symbol"] == "OTHER"

    converse(server, "/prices", 2, talk)


def test_all_readers_of_a_symbol_see_the_same_ticks(server: DemoServer) -> None:
    """A tick is one event, whoever reads it."""

    async def talk(anna: ClientConnection, ben: ClientConnection) -> None:
        for socket in (anna, ben):
            await ask(socket, op="subscribe", id=1, symbols=["SAME"])
        seen = [
            {(t := json.loads(await socket.recv()))["seq"]: t["price"] for _ in range(3)}
            for socket in (anna, ben)
        ]
        shared = seen[0].keys() & seen[1].keys()
        assert shared
        assert all(seen[0][seq] == seen[1][seq] for seq in shared)

    converse(server, "/prices", 2, talk)


def test_a_reader_who_unsubscribed_gets_no_more(server: DemoServer) -> None:
    """After the answer to an unsubscribe no tick of that symbol comes."""

    async def talk(socket: ClientConnection) -> None:
        await ask(socket, op="subscribe", id=1, symbols=["ONE", "TWO"])
        await socket.send(json.dumps({"op": "unsubscribe", "id": 2, "symbols": ["ONE"]}))
        while json.loads(await socket.recv()).get("id") != 2:
            pass
        assert {json.loads(await socket.recv())["symbol"] for _ in range(3)} == {"TWO"}

    converse(server, "/prices", 1, talk)


@pytest.mark.parametrize(
    "message", [{"op": "buy"}, {"op": "subscribe"}, {"op": "subscribe", "symbols": [1]}, {"symbols": []}]
)
def test_a_wrong_subscription_is_answered_with_the_reason(
    server: DemoServer, message: dict[str, Any]
) -> None:
    """It is refused as a whole."""

    async def talk(socket: ClientConnection) -> None:
        answer = await ask(socket, id=1, **message)
        assert (answer["id"], answer["ok"]) == (1, False)
        assert answer["error"]

    converse(server, "/prices", 1, talk)
