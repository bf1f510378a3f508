"""Made-up names, sentences and addresses: Faker's, drawn from pools, as making one takes 50 µs and more."""

from __future__ import annotations

import difflib
import math
import zlib
from collections.abc import Iterable, Mapping
from functools import cache
from random import Random
from typing import Any, Final

POOL: Final = 500
"""Values made for each distinct call with constant arguments, fewer where they are long."""

_MOST: Final = 10_000
_MOST_TEXT: Final = 1 << 19
_WIDE: Final = frozenset({"pyint", "random_int"})
_LEFT_OUT: Final = frozenset(
    (
        *("binary", "csv", "dsv", "enum", "fixed_width", "image", "json", "json_bytes", "psv", "seed_locale"),
        *("pyiterable", "pyobject", "pystruct", "tar", "time_series", "tsv", "uuid1", "uuid7", "xml", "zip"),
    )
)
"""Makers of files and streams, and of what depends on the machine."""


class FakePool:
    """Values by call, the same for the same seed; Faker is imported when the first call is made."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._pools: dict[str, tuple[Any, ...]] = {}
        self._made: Any = None

    def values(self, name: str, *arguments: Any, **named: Any) -> tuple[Any, ...]:
        """Return the pool of ``fake.name(arguments)``, made now if it is asked for the first time.

        Raises:
            ValueError: Faker does not know the name, or cannot make anything of the arguments.
        """
        key = _key(name, arguments, named)
        pool = self._pools.get(key)
        if pool is None:
            seed = self._seed ^ zlib.crc32(key.encode("utf-8", "replace"))
            pool = tuple(self._make(seed, POOL, name, arguments, named))
            self._pools[key] = pool
        return pool

    def draw(self, rng: Random, name: str, *arguments: Any, **named: Any) -> Any:
        """Draw a value: from the pool if there is one, else made for this call alone.

        Calls whose arguments vary have no pool, so that neither time nor memory grows with their number.

        Raises:
            ValueError: as for ``values``.
        """
        pool = self._pools.get(_key(name, arguments, named))
        if pool is not None:
            return pool[int(rng.random() * len(pool))]
        return self._make(rng.getrandbits(64), 1, name, arguments, named)[0]

    def _make(
        self, seed: int, count: int, name: str, arguments: tuple[Any, ...], named: Mapping[str, Any]
    ) -> list[Any]:
        if name not in provider_names():
            raise ValueError(f"Faker does not know how to make {name!r}")
        if _size(name, arguments, named) > _MOST:
            raise ValueError(f"fake.{name} takes numbers up to {_MOST}, all of them multiplied")
        if self._made is None:
            self._made = _faker()
        self._made.seed_instance(seed)
        make = getattr(self._made, name)
        values: list[Any] = []
        size = 0
        try:
            while len(values) < count and size < _MOST_TEXT:
                values.append(_plain(make(*arguments, **named)))
                size += len(str(values[-1]))
            return values
        except Exception as error:  # Providers raise what they like when their arguments are wrong.
            raise ValueError(f"fake.{name}: {error}") from error


def check_fake(names: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Return those names that Faker does not know, each with the nearest that it does."""
    known = provider_names()
    return [(name, difflib.get_close_matches(name, known, 3)) for name in names if name not in known]


@cache
def provider_names() -> frozenset[str]:
    """Return what Faker can make: the methods of its providers, less some."""
    return frozenset(
        name
        for provider in _faker().get_providers()
        for name in dir(provider)
        if not name.startswith(("_", "add_", "set_", "del_")) and callable(getattr(provider, name))
    ).difference(_LEFT_OUT)


def _faker() -> Any:
    from faker import Faker

    return Faker()


def _key(name: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> str:
    return f"{name}{arguments!r}{sorted(named.items())!r}"


def _size(name: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> int:
    """Return the product of the numbers among the arguments, unless numbers are what the call makes.

    So many sentences of so many words: the product is what bounds the work.
    """
    if name in _WIDE:
        return 0
    return math.prod(abs(size) for size in (*arguments, *named.values()) if isinstance(size, int) and size)


def _plain(value: Any) -> Any:
    """Return a value that JSON has; dates, decimals and the like become text."""
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value if value is None or isinstance(value, str | int | float) else str(value)
