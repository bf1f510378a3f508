"""Tokens for clients: JSON Web Tokens (RFC 7519) signed with the scenario's own key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wsrun.plan import JwtPlan


def mint(plan: JwtPlan, claims: Mapping[str, Any], now: float) -> str:
    """Return a signed token; ``iat`` and ``exp`` are added where the claims have none.

    Args:
        plan: Key, algorithm and lifetime.
        claims: The evaluated claims of one client.
        now: Seconds since 1970.
    """
    import jwt

    issued = int(now)
    payload = {"iat": issued, "exp": issued + int(plan.lifetime), **claims}
    return jwt.encode(payload, plan.key, algorithm=plan.algorithm)
