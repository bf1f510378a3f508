"""Constant bytes around slots, joined in as few steps as their number allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wsrun.expressions import Scope

Slot = Callable[[Scope], bytes]


def join_slots(parts: Sequence[bytes | Slot]) -> Slot:
    """Return a function that joins the parts; neighbouring constants are joined once and for all."""
    merged: list[bytes | Slot] = []
    for part in parts:
        if isinstance(part, bytes) and merged and isinstance(merged[-1], bytes):
            merged[-1] += part
        elif part != b"":
            merged.append(part)
    match merged:
        case []:
            return lambda scope: b""
        case [bytes() as whole]:
            return lambda scope: whole
        case [bytes() as before, slot, bytes() as after] if not isinstance(slot, bytes):
            # One slot is the commonest body of all: {type: ping, id: "{{ id }}"}.
            return lambda scope: before + slot(scope) + after
        case [bytes() as one, first, bytes() as two, second, bytes() as three] if not (
            isinstance(first, bytes) or isinstance(second, bytes)
        ):
            return lambda scope: b"%b%b%b%b%b" % (one, first(scope), two, second(scope), three)
    return lambda scope: b"".join([part if isinstance(part, bytes) else part(scope) for part in merged])
