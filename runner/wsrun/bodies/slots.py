"""Constant bytes around slots, joined in as few steps as their number allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wsrun.expressions import Scope

Slot = Callable[[Scope], bytes]


def id_slot(scope: Scope) -> bytes:
    """Return the id of the message, which has nothing to escape in any notation."""
    return scope.message_id.encode()


def join_slots(parts: Sequence[bytes | Slot]) -> Slot:
    """Return a function that joins the parts, each bytes or a function that gives bytes.

    Neighbouring constants are joined once and for all. Up to three slots are written out, because a loop over
    the parts takes twice as long (``benchmarks/hotpath.py``).
    """
    constants, slots = [b""], []
    for part in parts:
        if isinstance(part, bytes):
            constants[-1] += part
        else:
            slots.append(part)
            constants.append(b"")
    match slots, constants:
        case [], [whole]:
            return lambda scope: whole
        case [slot], [before, after] if slot is id_slot:
            # The commonest body of all, {type: ping, id: "{{ id }}"}: text is joined and encoded in one go.
            opening, closing = before.decode(), after.decode()
            return lambda scope: f"{opening}{scope.message_id}{closing}".encode()
        case [slot], [before, after]:
            return lambda scope: before + slot(scope) + after
        case [one, two], [a, b, c]:
            return lambda scope: b"".join((a, one(scope), b, two(scope), c))
        case [one, two, three], [a, b, c, d]:
            return lambda scope: b"".join((a, one(scope), b, two(scope), c, three(scope), d))
    first, *rest = constants
    pairs = tuple(zip(slots, rest, strict=True))
    return lambda scope: first + b"".join([piece for slot, after in pairs for piece in (slot(scope), after)])
