"""An aiohttp server: ``/echo``, ``/chat``, ``GET /counts``, logins, and answers of HTTP that go wrong."""

from __future__ import annotations

import asyncio

from aiohttp import WSMsgType, web
from announce import Counts, announce, answer, listen, parse_arguments
from people import People


class Server:
    """Its handlers, and what they share."""

    def __init__(self, max_connections: int | None) -> None:
        self.counts = Counts()
        self.people = People()
        self._most = max_connections

    def app(self) -> web.Application:
        """Return the application."""
        app = web.Application()
        app.router.add_post("/login", self.log_in)
        app.router.add_get("/counts", self.show_counts)
        app.router.add_get("/me", self.who_am_i)
        app.router.add_get("/slow", self.be_slow)
        app.router.add_get("/drop", self.drop)
        app.router.add_get("/big", self.big)
        app.router.add_get("/redirect", self.redirect)
        app.router.add_route("*", "/status/{status}", self.status)
        app.router.add_get("/{name}", self.talk)
        return app

    async def show_counts(self, request: web.Request) -> web.Response:
        """Show the counts."""
        return web.Response(text=self.counts.to_json(), content_type="application/json")

    async def log_in(self, request: web.Request) -> web.Response:
        """Give a token and a cookie; the fields come as JSON or as a form."""
        self.counts.requests += 1
        fields = await (request.json() if request.content_type == "application/json" else request.post())
        found = self.people.log_in(str(fields.get("user")), str(fields.get("password")))
        if found is None:
            return web.json_response({"error": "wrong password"}, status=401)
        response = web.json_response({"access_token": found[0]})
        response.set_cookie("session", found[1])
        return response

    async def who_am_i(self, request: web.Request) -> web.Response:
        """Tell who asks, and what cookies there are."""
        self.counts.requests += 1
        user = self.people.user(request.cookies.get("session"))
        return web.json_response(
            {"user": user, "cookies": dict(request.cookies)}, status=200 if user else 401
        )

    async def be_slow(self, request: web.Request) -> web.Response:
        """Answer after some seconds."""
        self.counts.requests += 1
        await asyncio.sleep(float(request.query["for"]))
        return web.Response(text="slow")

    async def drop(self, request: web.Request) -> web.Response:
        """End the connection instead of an answer."""
        self.counts.requests += 1
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def big(self, request: web.Request) -> web.Response:
        """Answer with as many bytes as asked for."""
        self.counts.requests += 1
        return web.Response(body=bytes(int(request.query["size"])))

    async def redirect(self, request: web.Request) -> web.Response:
        """Send elsewhere."""
        self.counts.requests += 1
        return web.Response(status=302, headers={"Location": "/status/500"})

    async def status(self, request: web.Request) -> web.Response:
        """Answer with a status."""
        self.counts.requests += 1
        body = f"{request.method} {(await request.read()).decode()}"
        return web.Response(status=int(request.match_info["status"]), text=body)

    async def talk(self, request: web.Request) -> web.StreamResponse:
        """Converse over a WebSocket; ``/members`` is for those who have logged in."""
        counts = self.counts
        if self._most is not None and counts.connections_open >= self._most:
            counts.connections_refused += 1
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        if request.path == "/members":
            if self.people.user(request.cookies.get("session")) is None:
                counts.connections_refused += 1
                return web.Response(status=401)
            socket.set_cookie("seat", "7")
        await socket.prepare(request)
        counts.connections_opened += 1
        try:
            async for message in socket:
                if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    break
                counts.received(message.data)
                reply = answer(request.path, message.data)
                counts.sent(reply)
                await (socket.send_str(reply) if isinstance(reply, str) else socket.send_bytes(reply))
        finally:
            counts.connections_closed += 1
        return socket


async def serve() -> None:
    """Serve until told to end."""
    options = parse_arguments()
    runner = web.AppRunner(Server(options.max_connections).app())
    await runner.setup()
    with listen(options.port) as listener:
        await web.SockSite(runner, listener).start()
        announce(listener)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
