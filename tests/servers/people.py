"""Logins that the foreign servers share: a password gives token and cookie, a cookie opens ``/members``."""

from __future__ import annotations

import itertools


class People:
    """Who has logged in. A user's password is their name, said twice."""

    def __init__(self) -> None:
        self._users: dict[str, str] = {}
        self._numbers = itertools.count(1)

    def log_in(self, user: str, password: str) -> tuple[str, str] | None:
        """Return the token and the session of a user; None for a wrong password."""
        if not user or password != user * 2:
            return None
        number = next(self._numbers)
        session = f"s{number}"
        self._users[session] = user
        return f"token-{number}-of-{user}", session

    def user(self, session: str | None) -> str | None:
        """Return who has a session."""
        return self._users.get(session or "")
