"""Joins what the workers know of deliveries: who had to see a message, who saw it, who must not have.

Events are taken in the order of their times, over all workers, so that each message gets the audience that
there was when it was sent. It is settled ``2 × within`` later, when all is known that matters: what arrived,
in time or late, and who came, went or changed its audience around it. As the facts of all workers go into it
at once, the numbers are the same however the clients are spread.

Of those in the audience, whoever goes by itself ``within`` is not expected, and whoever comes into it or out
of it around the send while being there is set aside. Both whether or not the message came, so that what
is counted is not chosen by its outcome.
"""

from __future__ import annotations

import heapq
from array import array
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from wsrun.metrics.facts import Arrivals, Event, Facts, Sent, ways
from wsrun.metrics.recorder import Recorder
from wsrun.metrics.snapshot import Snapshot
from wsrun.plan import EVERYONE, DeliverPlan, Plan
from wsrun.result.audience import Audiences, Client
from wsrun.units import format_duration

KEPT = 20_000
"""Settled messages that are remembered, to know what comes of them later: late, again, or to a stranger."""

MOST_MISSED = 500_000
"""Deliveries that did not come, over all of these: a server that passes nothing on must not fill memory."""

FORGOTTEN = 60.0
"""Seconds after which a client that is gone is forgotten, and arrivals of what nobody is known to have
sent."""

JOINER = -1
"""The worker that the joined numbers come from."""

_LONGEST_VALUE = 60
_NAMED = 3


@dataclass(slots=True)
class _Message:
    """A message on its way.

    ``missing``: the numbers of those who have to see it and have not; ``missed``: how many those were when it
    was settled. ``strangers``: those outside its audience who have seen it.
    """

    sent: Sent
    sender: str
    rule: DeliverPlan
    way: int
    missing: set[int]
    strangers: set[int] = field(default_factory=set)
    missed: int = 0

    @property
    def limit(self) -> float:
        """Until when it is in time, in seconds since the start of the run."""
        return self.sent.at + self.rule.within

    @property
    def deadline(self) -> float:
        """When it is settled."""
        return self.limit + self.rule.within


class FanOut:
    """Turns facts into numbers; one for a run."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._ways = ways(plan)[1]
        self._within = max((m.deliver.within for m in plan.messages if m.deliver is not None), default=0.0)
        self._audiences = Audiences()
        self._recorder = Recorder(JOINER)
        self._events: list[Event] = []
        self._order = 0
        self._open: list[tuple[float, int, _Message]] = []
        self._arrivals: dict[tuple[int, str], Arrivals] = {}
        self._settled: dict[tuple[int, str], _Message] = {}
        self._missed = 0
        self._strays: list[tuple[float, int, _Message]] = []

    def add(self, facts: Facts) -> None:
        """Take the facts of one worker in one interval; the intervals of a worker come in their order."""
        self._audiences.add(facts.clients)
        self._events += facts.events
        for way, arrivals in enumerate(facts.arrivals):
            for made, new in arrivals.items():
                message = self._settled.get((way, made))
                if message is not None:
                    self._strays += [(at, number, message) for number, at in zip(*new, strict=True)]
                    continue
                known = self._arrivals.setdefault((way, made), new)
                if known is not new:
                    known.clients.extend(new.clients)
                    known.times.extend(new.times)

    def settle(self, until: float) -> None:
        """Settle what has become certain, now that every worker has told everything up to a time.

        ``until`` is seconds since the start of the run, infinity when nothing more will come.
        """
        ready = [event for event in self._events if event.at <= until]
        self._events = [event for event in self._events if event.at > until]
        # The sort is stable: what one worker told of one moment stays in its order.
        for event in sorted(ready, key=attrgetter("at")):
            self._close(event.at)
            if isinstance(event, Sent):
                self._send(event)
            else:
                self._audiences.take(event)
        self._close(until)
        # What is still open was sent later than that, less twice its own time.
        self._audiences.rest(until - 4 * self._within)
        strays, self._strays = self._strays, []
        for stray in strays:
            at, _, message = stray
            if at + message.rule.within <= until:
                self._judge(*stray)
            else:
                self._strays.append(stray)
        self._forget(until - 2 * self._within - FORGOTTEN)

    def snapshot(self, index: int, start: float, end: float) -> Snapshot:
        """Return what was settled since the last one, as the snapshot of an interval (in seconds)."""
        return self._recorder.snapshot(index, start, end, {})

    def _send(self, sent: Sent) -> None:
        rule = self._plan.messages[sent.message].deliver
        assert rule is not None
        sender = self._audiences.clients.get(sent.client)
        expected = self._audiences.members(sent.audience)
        if not rule.to_sender:
            expected.discard(sent.client)
        name = "a client that is gone" if sender is None else sender.name
        message = _Message(sent, name, rule, self._ways[sent.message], expected)
        self._order += 1
        heapq.heappush(self._open, (message.deadline, self._order, message))

    def _close(self, until: float) -> None:
        while self._open and self._open[0][0] <= until:
            message = heapq.heappop(self._open)[2]
            self._audiences.rest(message.sent.at - 2 * self._within)
            self._finish(message)

    def _finish(self, message: _Message) -> None:
        """Count what came of a message."""
        recorder, sent = self._recorder, message.sent
        key = (message.way, sent.id)
        self._set_aside(message)
        if message.missing:
            recorder.count("delivery.expected", sent.labels, len(message.missing))
        arrivals = self._arrivals.pop(key, None)
        if arrivals is not None:
            self._arrive(message, arrivals)
        if message.missing:
            self._miss(message)
        self._settled[key] = message
        message.missed = len(message.missing)
        self._missed += message.missed
        while len(self._settled) > KEPT or self._missed > MOST_MISSED:
            self._missed -= self._settled.pop(next(iter(self._settled))).missed

    def _set_aside(self, message: _Message) -> None:
        """Take those out of the expected of whom it cannot be said whether they had to see the message."""
        sent, within = message.sent, message.rule.within
        unsure = 0
        for number in message.missing & self._audiences.restless:
            client = self._audiences.clients.get(number)
            if client is None or client.went(sent.at, message.limit):
                message.missing.remove(number)
            elif client.wavered(sent.audience, sent.at - within, message.limit):
                message.missing.remove(number)
                unsure += 1
        if unsure:
            self._recorder.count("delivery.unsure", sent.labels, unsure)

    def _arrive(self, message: _Message, arrivals: Arrivals) -> None:
        """Count the arrivals of a message that is being settled."""
        recorder, sent, missing, limit = self._recorder, message.sent, message.missing, message.limit
        times = array("d")
        others: list[tuple[int, float]] = []
        received = 0
        for number, at in zip(*arrivals, strict=True):
            if number not in missing or at > message.deadline:
                others.append((number, at))
                continue
            missing.remove(number)
            times.append(at - sent.at)
            if at <= limit:
                received += 1
            else:
                self._late(message, number, at)
        if received:
            recorder.count("delivery.received", sent.labels, received)
        if times:
            recorder.samples("delivery.time", sent.labels, times)
        if len(times) > 1:
            recorder.sample("delivery.spread", sent.labels, max(times) - min(times))
        for number, at in others:
            if at > message.deadline:
                self._strays.append((at, number, message))
            else:
                self._judge(at, number, message)

    def _judge(self, at: float, number: int, message: _Message) -> None:
        """Find out what it is when somebody sees a message who was not waiting for it, or no more."""
        sent, within = message.sent, message.rule.within
        client = self._audiences.clients.get(number)
        if number in message.missing:
            message.missing.remove(number)
            self._recorder.sample("delivery.time", sent.labels, at - sent.at)
            self._late(message, number, at)
        elif client is None or (number == sent.client and not message.rule.to_sender):
            return
        elif client.was_in(sent.audience, sent.at - within, at + within) is False:
            if number not in message.strangers:
                message.strangers.add(number)
                self._leak(message, client, at)
        elif client.was_there(sent.at) and not client.went(sent.at, message.limit):
            if not client.was_in(sent.audience, sent.at, sent.at):
                if number not in message.strangers:
                    message.strangers.add(number)
                    self._recorder.count("delivery.unsure", sent.labels)
            elif not client.wavered(sent.audience, sent.at - within, message.limit):
                self._recorder.count("delivery.duplicates", sent.labels)
                self._note("delivery.duplicates", client, at, message, "came once more")

    # Findings

    def _late(self, message: _Message, number: int, at: float) -> None:
        self._recorder.count("delivery.late", message.sent.labels)
        after = f"came {at - message.sent.at:.3f} s after its send"
        self._note("delivery.late", self._audiences.clients.get(number), at, message, after)

    def _miss(self, message: _Message) -> None:
        """Name those who have not seen a message; they show in the numbers as expected and not received."""
        within = format_duration(message.rule.within)
        for number in sorted(message.missing)[:_NAMED]:
            client = self._audiences.clients.get(number)
            self._note("delivery.reach", client, message.limit, message, f"did not come within {within}")

    def _leak(self, message: _Message, client: Client, at: float) -> None:
        sent = message.sent
        self._recorder.count("isolation.leaks", sent.labels)
        text = f"seen by {client.name}: {self._told(message)}"
        self._recorder.error("leak", client.name, at, text, dict(sent.labels))

    def _note(self, metric: str, client: Client | None, at: float, message: _Message, what: str) -> None:
        name = "a client that is gone" if client is None else client.name
        self._recorder.note(metric, name, at, lambda: f"{self._told(message)} {what}")

    def _told(self, message: _Message) -> str:
        """Name a message, its sender and its audience."""
        sent = message.sent
        name, key = sent.audience
        whom = "everyone" if name == EVERYONE else f"{name} {_shown(key)}"
        return f"{self._plan.messages[sent.message].name} {sent.id} of {message.sender} for {whom}"

    def _forget(self, before: float) -> None:
        """Forget what is too old to matter."""
        self._audiences.forget(before)
        while self._arrivals:
            key = next(iter(self._arrivals))
            if self._arrivals[key].times[0] >= before:
                return
            del self._arrivals[key]


def _shown(key: Any) -> str:
    """Return a key of an audience as text (``as_key`` gives numbers and the like with what they are)."""
    value = key[1] if isinstance(key, tuple) and len(key) == 2 else key
    return str(value)[:_LONGEST_VALUE]
