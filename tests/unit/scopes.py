"""A client to evaluate expressions in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hypothesis import strategies as st

from wsrun.expressions import FakePool, Tools, compile_value

ANY_TEXT = st.text(st.characters() | st.just("\udfff"))
"""Texts in which half a character may stand alone, as the library's own never do."""

NOW = 1_700_000_000.123456
"""2023-11-14T22:13:20.123Z."""


@dataclass
class Client:
    """A client that stands still: every name of an expression has a value that a test can tell."""

    message_id: str = "0000a0s0ehcz5000001z"
    seq: int = 7
    index: int = 42
    client_id: str = "people/0042"
    group_name: str = "people"
    profile: str = "active"
    variables: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    rng: Random = field(default_factory=lambda: Random(1))


def tools(seed: int = 1) -> Tools:
    """Return tools whose clock stands still and whose counters begin at 1."""
    counts: Counter[str] = Counter()

    def count(name: str) -> int:
        counts[name] += 1
        return counts[name]

    return Tools(seed=seed, counters=count, now=lambda: NOW, fake=FakePool(seed))


def evaluate(template: Any, client: Client | None = None, /, **variables: Any) -> Any:
    """Return what a JSON-like value with templates comes to for a client with these variables."""
    client = client or Client(variables=variables)
    return compile_value(template, tools())(client)
