"""A FastAPI application under uvicorn: ``/echo``, ``/chat``, ``GET /counts``, and logins for ``/members``."""

from __future__ import annotations

import asyncio

import uvicorn
from announce import Counts, announce, answer, listen, parse_arguments
from fastapi import Body, Cookie, FastAPI, Response, WebSocket, WebSocketDisconnect
from people import People


def make_app(counts: Counts, max_connections: int | None) -> FastAPI:
    """Return the application; it counts into ``counts``."""
    app = FastAPI()
    people = People()

    @app.post("/login")
    async def log_in(response: Response, user: str = Body(), password: str = Body()) -> dict[str, str]:
        counts.requests += 1
        found = people.log_in(user, password)
        if found is None:
            response.status_code = 401
            return {"error": "wrong password"}
        response.set_cookie("session", found[1])
        return {"access_token": found[0]}

    @app.get("/me")
    async def who_am_i(
        response: Response, session: str | None = Cookie(None), seat: str | None = Cookie(None)
    ) -> dict[str, object]:
        counts.requests += 1
        user = people.user(session)
        response.status_code = 200 if user else 401
        return {"user": user, "cookies": {"session": session, "seat": seat}}

    @app.get("/counts")
    async def show_counts() -> Response:
        return Response(counts.to_json(), media_type="application/json")

    @app.websocket("/{name}")
    async def talk(websocket: WebSocket, name: str) -> None:
        if max_connections is not None and counts.connections_open >= max_connections:
            counts.connections_refused += 1
            await websocket.send_denial_response(Response("full", status_code=503))
            return
        if name == "members" and people.user(websocket.cookies.get("session")) is None:
            counts.connections_refused += 1
            await websocket.send_denial_response(Response("log in", status_code=401))
            return
        counts.connections_opened += 1
        try:
            await websocket.accept(headers=[(b"set-cookie", b"seat=7")] if name == "members" else None)
            await converse(websocket, f"/{name}")
        except WebSocketDisconnect:
            return  # the client went while it was being answered
        finally:
            counts.connections_closed += 1

    async def converse(websocket: WebSocket, path: str) -> None:
        while True:
            event = await websocket.receive()
            if event["type"] == "websocket.disconnect":
                return
            message = event["text"] if event.get("text") is not None else event["bytes"]
            counts.received(message)
            reply = answer(path, message)
            if isinstance(reply, str):
                await websocket.send_text(reply)
            else:
                await websocket.send_bytes(reply)
            counts.sent(reply)

    return app


def main() -> None:
    """Serve until told to end."""
    options = parse_arguments()
    config = uvicorn.Config(
        make_app(Counts(), options.max_connections),
        ws="websockets-sansio",
        log_level="critical",
        timeout_graceful_shutdown=1,
    )
    with listen(options.port) as listener:
        announce(listener)
        asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    main()
