"""Tokens for clients: JSON Web Tokens (RFC 7519) signed with the scenario's own key."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from wsrun.expressions import MissingVariable
from wsrun.plan import JwtPlan


class TokenError(MissingVariable):
    """A token cannot be made, so that ``{{ token }}`` has no value.

    ``message`` is one plain sentence without a full stop, and without the key.
    """

    def __init__(self, message: str) -> None:
        super().__init__("token", message)
        self.message = message


def mint(plan: JwtPlan, claims: Mapping[str, Any], now: float) -> str:
    """Return a signed token; ``iat`` and ``exp`` are added where the claims have none.

    Args:
        plan: Key, algorithm and lifetime.
        claims: The evaluated claims of one client.
        now: Seconds since 1970.

    Raises:
        TokenError: the key does not belong to the algorithm, or a registered claim has a wrong type.
    """
    import jwt
    from jwt.warnings import InsecureKeyLengthWarning

    key = _prepared(plan.algorithm, plan.key)
    issued = int(now)
    payload = {"iat": issued, "exp": issued + int(plan.lifetime), **claims}
    with warnings.catch_warnings():
        # A short secret is the business of the service under test, whose secret it is.
        warnings.simplefilter("ignore", InsecureKeyLengthWarning)
        try:
            return jwt.encode(payload, key, algorithm=plan.algorithm)
        except (jwt.PyJWTError, TypeError, ValueError) as error:
            raise TokenError(f"a token cannot be made of these claims: {error}") from error


def check_key(algorithm: str, key: str) -> str | None:
    """Return why a key cannot sign, None when it can; the text does not hold the key."""
    try:
        mint(JwtPlan(key=key, algorithm=algorithm, claims={}), {}, 0.0)
    except TokenError as error:
        return error.message
    return None


@lru_cache(maxsize=8)
def _prepared(algorithm: str, key: str) -> Any:
    """Return a key as its algorithm needs it; reading a PEM takes longer than signing with it."""
    import jwt

    try:
        return jwt.get_algorithm_by_name(algorithm).prepare_key(key)
    except NotImplementedError as error:
        raise TokenError(f"there is no algorithm {algorithm}") from error
    except (jwt.PyJWTError, TypeError, ValueError) as error:
        raise TokenError(f"this key is none for {algorithm}") from error
