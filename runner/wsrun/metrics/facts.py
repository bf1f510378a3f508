"""What one worker knows of deliveries: who was in which audience, what was sent to it, and what arrived.

No worker alone can say whether a message reached everybody, as the audience is spread over all of them. So
each hands on facts, once an interval, and ``wsrun.result.fanout`` joins them. Facts are few bytes: twelve
for each delivery. All times are seconds since the start of the run, by the clock that workers share.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from wsrun.plan import DeliverPlan, Plan

if TYPE_CHECKING:
    from wsrun.metrics.snapshot import Labels


Audience = tuple[str, Any]
"""What clients must have in common (as in ``DeliverPlan.to``), and the value of it, as a key that hashes."""


class Held(NamedTuple):
    """A client has other values from now on: ``keys`` are all that it has under ``name``."""

    at: float
    client: int
    name: str
    keys: tuple[Any, ...]


class Entered(NamedTuple):
    """A client is past ``start``; ``again``: it was so before, and has been away by its own will."""

    at: float
    client: int
    again: bool


class Left(NamedTuple):
    """A client goes by itself: it was told to leave, or a step of its own closes."""

    at: float
    client: int


class Gone(NamedTuple):
    """A client is no more, for whatever reason."""

    at: float
    client: int


class Sent(NamedTuple):
    """A message went out to an audience; ``message`` is its index, ``labels`` are those of its numbers."""

    at: float
    client: int
    id: str
    message: int
    audience: Audience
    labels: Labels


Event = Held | Entered | Left | Gone | Sent


class Arrivals(NamedTuple):
    """Where one message came: the numbers of the clients, and the time of each; in the order of coming."""

    clients: array[int]
    times: array[float]


@dataclass(slots=True)
class Facts:
    """The facts of one worker in one interval.

    ``clients`` are those that appeared: name and group by number. ``events`` are in the order in which they
    happened. ``arrivals`` has, for each of the ``ways``, what came, by the id of the message.
    """

    clients: dict[int, tuple[str, str]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    arrivals: list[dict[str, Arrivals]] = field(default_factory=list)


def ways(plan: Plan) -> tuple[list[DeliverPlan], dict[int, int]]:
    """Return the distinct ways in which frames are recognised, and the way of each message by its index.

    Messages that are recognised alike share one, so that a frame is looked at once.
    """
    distinct: list[DeliverPlan] = []
    by_message: dict[int, int] = {}
    for message in plan.messages:
        wanted = message.deliver
        if wanted is None:
            continue
        for number, known in enumerate(distinct):
            if (known.where, known.id) == (wanted.where, wanted.id):
                by_message[message.index] = number
                break
        else:
            by_message[message.index] = len(distinct)
            distinct.append(wanted)
    return distinct, by_message
