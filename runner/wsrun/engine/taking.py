"""The short way of what ``react`` rules only take: a look at one field, and nothing is made for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsrun.engine.observers import Reaction


class Taking:
    """The first rules of a group, as far as they take a message for one text in one top-level JSON field.

    A message whose ``field`` has one of ``values`` is taken by one of them, and that is all that happens.
    """

    __slots__ = ("field", "values")

    def __init__(self, field: str, values: Iterable[str]) -> None:
        self.field = field
        self.values = frozenset(values)


def taking(reactions: Iterable[Reaction]) -> Taking | None:
    """Return what the first of these rules have in common; None where the first does more than to take."""
    field: str | None = None
    values: list[str] = []
    for reaction in reactions:
        plain = reaction.where.matcher.plain
        does_more = reaction.captures or reaction.sends or reaction.close is not None
        if plain is None or does_more or plain[0] != (field or plain[0]):
            break
        field = plain[0]
        values.append(plain[1])
    return None if field is None else Taking(field, values)
