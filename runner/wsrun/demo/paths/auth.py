"""``/auth``: an echo for those who bring a good token."""

from __future__ import annotations

from collections import Counter

import jwt

from wsrun.demo.answers import Answer
from wsrun.demo.connection import Connection
from wsrun.demo.http import Request, Response
from wsrun.demo.paths.echo import Echo
from wsrun.demo.query import read_count, read_query
from wsrun.demo.service import Service

ALGORITHM = "HS256"


class Users:
    """How many connections each user has."""

    def __init__(self) -> None:
        self.connections: Counter[str] = Counter()


class TurnedAway(Connection):
    """One connection too many, which learns that only when it is open."""

    __slots__ = ("_code", "_why")

    def __init__(self, service: Service, request: Request, code: int, why: str) -> None:
        super().__init__(service, request)
        self._code = code
        self._why = why

    def opened(self) -> None:
        """Close at once."""
        self.close(self._code, self._why)

    def received(self, payload: bytes, *, is_text: bool) -> None:
        """Hear nothing."""


class Authenticated(Echo):
    """The connection of a known user."""

    __slots__ = ("_user", "_users")

    def __init__(self, service: Service, request: Request, user: str) -> None:
        super().__init__(service, request)
        self._user = user
        self._users = service.part(Users)

    def opened(self) -> None:
        """Count towards the user's connections."""
        self._users.connections[self._user] += 1

    def gone(self) -> None:
        """Count no more."""
        self._users.connections[self._user] -= 1
        if self._users.connections[self._user] == 0:
            del self._users.connections[self._user]


def answer(service: Service, request: Request) -> Answer:
    """Let a user in whose token is good: 401 if it is not, 429 if the user has too many connections.

    With ``?refuse=CODE`` who has too many is let in, and closed with that code at once.

    Raises:
        RequestError: ``max_per_user`` or ``refuse`` in the query cannot be read.
    """
    token = bearer_token(request)
    if token is None:
        return refusal("there is no token, neither in Authorization: Bearer nor in ?token=")
    try:
        claims = jwt.decode(
            token, service.settings.jwt_secret, algorithms=[ALGORITHM], options={"verify_aud": False}
        )
    except jwt.ExpiredSignatureError:
        return refusal("the token has expired")
    except jwt.InvalidTokenError as error:
        return refusal(f"the token is not good: {error}")
    user = claims.get("sub", "")
    most = read_query(request, "max_per_user", read_count, service.settings.max_per_user)
    if most is not None and service.part(Users).connections[user] >= most:
        why = f"{user} has {most} connections already"
        code = read_query(request, "refuse", read_close_code, 0)
        if code:
            return TurnedAway(service, request, code, why[:100])
        return Response(429, f"{why}\n".encode(), headers={"Retry-After": "1"})
    return Authenticated(service, request, user)


def read_close_code(text: str) -> int:
    """Read a code that a close frame may carry."""
    code = read_count(text)
    if not 1000 <= code <= 4999:
        raise ValueError("close codes are 1000 to 4999")
    return code


def bearer_token(request: Request) -> str | None:
    """Return the token of a request, from its header or else its query."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.query.get("token") or None


def refusal(text: str) -> Response:
    """Return a 401 that says why."""
    return Response(401, f"{text}\n".encode(), headers={"WWW-Authenticate": "Bearer"})
