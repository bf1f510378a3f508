"""Made-up names, sentences and addresses by Faker, in pools because making one takes 50 µs and more."""

from __future__ import annotations

import difflib
import zlib
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

POOL = 500
"""Values made for each distinct call."""


class FakePool:
    """Values by call; each call's pool is made when first asked for, and the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._pools: dict[str, tuple[Any, ...]] = {}

    def values(self, name: str, *arguments: Any, **named: Any) -> tuple[Any, ...]:
        """Return the pool of ``fake.name(arguments)``."""
        key = f"{name}{arguments!r}{sorted(named.items())!r}"
        pool = self._pools.get(key)
        if pool is None:
            from faker import Faker

            faker = Faker()
            faker.seed_instance(self._seed ^ zlib.crc32(key.encode()))
            make: Callable[..., Any] = getattr(faker, name)
            pool = self._pools[key] = tuple(_plain(make(*arguments, **named)) for _ in range(POOL))
        return pool

    def draw(self, rng: Random, name: str, *arguments: Any, **named: Any) -> Any:
        """Draw one value."""
        pool = self.values(name, *arguments, **named)
        return pool[int(rng.random() * len(pool))]


def check_fake(names: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Return those names that Faker does not know, each with the nearest that it does."""
    from faker import Faker

    faker = Faker()
    unknown = [name for name in names if name.startswith("_") or not hasattr(faker, name)]
    known = [name for name in dir(faker) if not name.startswith("_")] if unknown else []
    return [(name, difflib.get_close_matches(name, known, 3)) for name in unknown]


def _plain(value: Any) -> Any:
    """Return a value that JSON has; dates, decimals and the like become text."""
    return value if value is None or isinstance(value, str | int | float | bool | list | dict) else str(value)
