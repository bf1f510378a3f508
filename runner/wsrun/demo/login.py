"""Who is who at the demo server: ``/login`` gives a token and a cookie, and both are known again."""

from __future__ import annotations

import secrets
import time
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl

import jwt
import orjson

from wsrun.demo.http import Request, RequestError, Response, json_response
from wsrun.demo.service import Service

ALGORITHM = "HS256"
COOKIE = "session"
LIFETIME = 3600
"""Seconds for which a token of ``/login`` is good."""

MOST_SESSIONS = 100_000
"""Logins that are remembered; of more, the oldest is forgotten."""


class Sessions:
    """Who has logged in, by the value of their cookie; and how often each user has connected."""

    def __init__(self) -> None:
        self.users: dict[str, str] = {}
        self.visits: dict[str, int] = {}

    def open(self, user: str) -> str:
        """Remember a user, and return what their cookie is to be."""
        if len(self.users) >= MOST_SESSIONS:
            del self.users[next(iter(self.users))]
        value = secrets.token_urlsafe(16)
        self.users[value] = user
        return value

    def visit(self, user: str) -> int:
        """Return how often a user has connected, this time included."""
        if len(self.visits) >= MOST_SESSIONS and user not in self.visits:
            del self.visits[next(iter(self.visits))]
        self.visits[user] = self.visits.get(user, 0) + 1
        return self.visits[user]


def log_in(service: Service, request: Request) -> Response:
    """Let a user in whose password is ``demo-`` and their name; the fields come as JSON or as a form.

    Raises:
        RequestError: the body is neither.
    """
    fields = _fields(request)
    user, password = fields.get("user"), fields.get("password")
    if not isinstance(user, str) or not user or password != f"demo-{user}":
        return json_response({"ok": False, "error": "wrong user or password"}, 401)
    now = int(time.time())
    claims = {"sub": user, "iat": now, "exp": now + LIFETIME}
    token = jwt.encode(claims, service.settings.jwt_secret, algorithm=ALGORITHM)
    answer = json_response({"ok": True, "user": user, "token": token, "expires_in": LIFETIME})
    answer.headers["Set-Cookie"] = f"{COOKIE}={service.part(Sessions).open(user)}; Path=/; HttpOnly"
    return answer


def log_out(service: Service, request: Request) -> Response:
    """End the session of the cookie, if there is one."""
    service.part(Sessions).users.pop(cookies(request).get(COOKIE, ""), None)
    answer = json_response({"ok": True})
    answer.headers["Set-Cookie"] = f"{COOKIE}=; Path=/; Max-Age=0"
    return answer


def who_am_i(service: Service, request: Request) -> Response:
    """Tell who asks, and which cookies came along."""
    user = user_of(service, request)
    if isinstance(user, Response):
        return user
    if user is None:
        return refusal("log in first: there is neither a token nor a cookie")
    return json_response({"user": user, "cookies": sorted(cookies(request))})


def user_of(service: Service, request: Request) -> str | Response | None:
    """Return whom a token or else a cookie names; a refusal if it is no good, None if neither is there."""
    token = bearer_token(request)
    if token is not None:
        return user_of_token(service, token)
    value = cookies(request).get(COOKIE)
    if value is None:
        return None
    user = service.part(Sessions).users.get(value)
    return refusal("the session is over, or never was") if user is None else user


def user_of_token(service: Service, token: str) -> str | Response:
    """Return the ``sub`` of a good token, or a refusal."""
    try:
        claims = jwt.decode(
            token, service.settings.jwt_secret, algorithms=[ALGORITHM], options={"verify_aud": False}
        )
    except jwt.ExpiredSignatureError:
        return refusal("the token has expired")
    except jwt.InvalidTokenError as error:
        return refusal(f"the token is not good: {error}")
    return str(claims.get("sub", ""))


def bearer_token(request: Request) -> str | None:
    """Return the token of a request, from its header or else its query."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.query.get("token") or None


def cookies(request: Request) -> dict[str, str]:
    """Return the cookies that came with a request, by name."""
    try:
        found = SimpleCookie(request.headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in found.items()}


def refusal(text: str) -> Response:
    """Return a 401 that says why."""
    return Response(401, f"{text}\n".encode(), headers={"WWW-Authenticate": "Bearer"})


def _fields(request: Request) -> dict[str, object]:
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        fields = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        fields = None
    if not isinstance(fields, dict):
        raise RequestError(400, "the body is a JSON object or a form, with user and password")
    return fields
