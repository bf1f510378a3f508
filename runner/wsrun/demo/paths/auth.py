"""``/auth``: an echo for those who bring a good token, or the cookie of a login; ``/chat`` knows them too."""

from __future__ import annotations

from collections import Counter

from wsrun.demo.answers import Answer
from wsrun.demo.connection import Connection
from wsrun.demo.http import Request, Response
from wsrun.demo.login import Sessions, refusal, user_of
from wsrun.demo.paths.chat import Chat
from wsrun.demo.paths.echo import Echo
from wsrun.demo.query import read_count, read_query
from wsrun.demo.service import Service


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
    user = user_of(service, request)
    if isinstance(user, Response):
        return user
    if user is None:
        return refusal("there is no token, neither in Authorization: Bearer nor in ?token=, and no cookie")
    most = read_query(request, "max_per_user", read_count, service.settings.max_per_user)
    if most is not None and service.part(Users).connections[user] >= most:
        why = f"{user} has {most} connections already"
        code = read_query(request, "refuse", read_close_code, 0)
        if code:
            return TurnedAway(service, request, code, why[:100])
        return Response(429, f"{why}\n".encode(), headers={"Retry-After": "1"})
    connection = Authenticated(service, request, user)
    connection.set_cookie = visit(service, user)
    return connection


def read_close_code(text: str) -> int:
    """Read a code that a close frame may carry."""
    code = read_count(text)
    if not 1000 <= code <= 4999:
        raise ValueError("close codes are 1000 to 4999")
    return code


def chat(service: Service, request: Request) -> Answer:
    """Let anybody into the chat: who says who they are is called so, and is refused where that is not true.

    Raises:
        RequestError: the query cannot be read.
    """
    user = user_of(service, request)
    if isinstance(user, Response):
        return user
    if user is None and request.query.get("login") == "required":
        return refusal("log in first: there is neither a token nor a cookie")
    person = Chat(service, request)
    if user is not None:
        person.name = user
        person.set_cookie = visit(service, user)
    return person


def visit(service: Service, user: str) -> str:
    """Return the cookie that says how often a user has connected."""
    return f"visits={service.part(Sessions).visit(user)}; Path=/"
