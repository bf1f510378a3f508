"""The demo server's logins and items: what is answered to whom."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from wsrun.demo.deadlines import Deadlines
from wsrun.demo.http import Request, Response
from wsrun.demo.login import Sessions, bearer_token, cookies
from wsrun.demo.routes import answer_http, answer_upgrade
from wsrun.demo.service import Service
from wsrun.demo.settings import Settings

JSON = {"content-type": "application/json"}


@pytest.fixture
def service() -> Iterator[Service]:
    """A server without connections."""
    loop = asyncio.new_event_loop()
    deadlines = Deadlines(loop)
    yield Service(Settings(jwt_secret="x" * 32), deadlines)
    deadlines.close()
    loop.close()


def ask(service: Service, method: str, path: str, body: bytes = b"", **headers: str) -> Response:
    """Return the answer to a request."""
    return answer_http(service, Request(method, path, {}, headers, body=body))


def login(service: Service, user: str = "ann") -> tuple[str, str]:
    """Return the token and the cookie of a login."""
    body = json.dumps({"user": user, "password": f"demo-{user}"}).encode()
    answer = ask(service, "POST", "/login", body)
    assert answer.status == 200
    return json.loads(answer.body)["token"], answer.headers["Set-Cookie"].partition(";")[0]


@pytest.mark.parametrize("way", ["token", "cookie"])
def test_who_has_logged_in_is_known_again(service: Service, way: str) -> None:
    """By the token or by the cookie."""
    token, cookie = login(service)
    headers = {"authorization": f"Bearer {token}"} if way == "token" else {"cookie": f"a=b; {cookie}"}
    answer = ask(service, "GET", "/me", **headers)
    assert (answer.status, json.loads(answer.body)["user"]) == (200, "ann")


@pytest.mark.parametrize(
    "body",
    [
        b'{"user":"ann","password":"demo-bob"}',
        b'{"user":"ann"}',
        b'{"user":"","password":"demo-"}',
        b'{"user":5}',
    ],
)
def test_a_wrong_password_is_refused(service: Service, body: bytes) -> None:
    """With 401, and without a cookie."""
    answer = ask(service, "POST", "/login", body)
    assert answer.status == 401
    assert answer.headers == {}


def test_a_form_logs_in_too(service: Service) -> None:
    """As browsers send it."""
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert ask(service, "POST", "/login", b"user=a+b&password=demo-a%20b", **form).status == 200


def test_a_session_ends_with_the_logout(service: Service) -> None:
    """Its cookie is worth nothing any more, and neither is one that never was."""
    _, cookie = login(service)
    answer = ask(service, "POST", "/logout", cookie=cookie)
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert ask(service, "GET", "/me", cookie=cookie).status == 401
    assert ask(service, "GET", "/me", cookie="session=guess").status == 401
    assert ask(service, "GET", "/me").status == 401


def test_the_chat_knows_who_has_logged_in(service: Service) -> None:
    """They have their own name and a cookie; a bad token is refused, and none only where one is required."""

    def enter(query: dict[str, str], **headers: str) -> Any:
        return answer_upgrade(service, Request("GET", "/chat", query, headers))

    token, cookie = login(service)
    assert (enter({"token": token}).name, enter({}, cookie=cookie).set_cookie) == ("ann", "visits=2; Path=/")
    assert enter({"token": "nonsense"}).status == 401
    assert enter({}).name is None
    assert enter({"login": "required"}).status == 401


def test_headers_are_read_as_they_come() -> None:
    """A token from the header or the query; cookies that are none are no cookies."""
    assert bearer_token(Request("GET", "/", {"token": "q"}, {"authorization": "bearer h"})) == "h"
    assert bearer_token(Request("GET", "/", {"token": "q"}, {"authorization": "basic h"})) == "q"
    assert cookies(Request("GET", "/", {}, {"cookie": "a=1; b=2"})) == {"a": "1", "b": "2"}
    assert cookies(Request("GET", "/", {}, {"cookie": "\x00"})) == {}


def test_visits_are_counted_by_user() -> None:
    """Each user from one on."""
    sessions = Sessions()
    assert [sessions.visit("ann"), sessions.visit("ann"), sessions.visit("bob")] == [1, 2, 1]


def test_items_are_added_read_written_and_removed(service: Service) -> None:
    """An API as small as it can be."""
    added = ask(service, "POST", "/api/items", b'{"name":"jam"}')
    place = added.headers["Location"]
    assert added.status == 201
    assert json.loads(ask(service, "GET", place).body)["item"] == {"name": "jam"}
    assert ask(service, "PATCH", place, b'{"name":"jelly"}').status == 200
    assert json.loads(ask(service, "GET", place).body)["item"] == {"name": "jelly"}
    assert json.loads(ask(service, "GET", "/api/items").body)["count"] == 4
    assert ask(service, "DELETE", place).status == 200
    assert [ask(service, method, place).status for method in ("GET", "DELETE", "POST")] == [404, 404, 405]
