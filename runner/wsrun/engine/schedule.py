"""Messages at a rate: an open model that never waits for replies and never sends early.

Message k of a phase is due at the k-th offset of its arrivals and belongs to client slot k mod N, where N is
the number of clients planned at that moment; so every worker knows by itself which messages are its own, and
the choice does not depend on how many workers there are. A slot that is not open hands its message to the
next open client of the same worker. Where clients arrive, nobody knows how many there are: message k belongs
to worker k mod workers, and there to the next open client.

Where messages have priorities, all that are due by now are drawn first, and leave in their order.
"""

from __future__ import annotations

from collections.abc import Iterator

from wsrun.engine.backlog import drop, is_full
from wsrun.engine.lines import line_of
from wsrun.engine.precedence import DueMessages
from wsrun.engine.programs import Behaviour, MessageProgram
from wsrun.engine.roster import Roster
from wsrun.engine.session import Session
from wsrun.engine.world import World
from wsrun.pacing.arrivals import offsets
from wsrun.pacing.levels import level_at
from wsrun.pacing.population import whole_clients
from wsrun.plan import PhasePlan

BATCH = 64
"""Messages sent before the loop turns, so that replies are read even when the schedule is behind."""

SKIPPED_AT_ONCE = 1000
"""Messages of other workers that are passed over before the loop turns."""

MOST_DRAWN = 1000
"""Messages with priorities that are drawn, and put in order, before some of them are sent."""


class Schedule:
    """Sends one group's messages of one phase."""

    def __init__(self, world: World, roster: Roster, phase: PhasePlan, group: int) -> None:
        self._world = world
        self._roster = roster
        self._phase = phase
        self._group = group
        self._begin = world.start + phase.start
        self._clients = world.clients_level(group, phase)
        self._planned = whole_clients(self._clients.start)
        self._is_constant = self._clients.start == self._clients.end
        self._behaviours: dict[int, Behaviour] = {}
        self._has_slots = not world.has_arrived(group, phase.index)
        self._own_turn = world.seats.turn(group) if self._has_slots else world.worker
        self._offsets: Iterator[float] = offsets(
            phase.rate[group],
            phase.bursts.get(group),
            phase.duration,
            poisson=phase.poisson,
            seed=f"{world.plan.seed}/{phase.index}/{group}{_level(phase)}",
        )
        self._number = -1
        self._due = 0.0
        self._slot = 0
        self._is_own = False
        self._turn = 0
        self._until = float("inf")
        self._is_over = False
        self._drawn = DueMessages()
        self._work = self._run_by_priority if world.has_priorities else self._run

    def start(self) -> None:
        """Send from now on, each message at its time."""
        self._advance()
        if not self._is_over:
            self._world.agenda.call_at(self._due, self._work)

    def stop(self, until: float) -> None:
        """Send nothing that is due at ``until`` (absolute seconds) or later."""
        self._until = until

    @property
    def is_behind(self) -> bool:
        """Whether a stopped schedule has messages left that were due before it was stopped."""
        return bool(self._drawn) or self._has_more

    @property
    def _has_more(self) -> bool:
        return not self._is_over and self._due < self._until

    def give_up(self) -> None:
        """Count what a stopped schedule has left as dropped."""
        while self._drawn:
            self._drop(self._drawn.pop()[0], "out-of-time")
        while self._has_more:
            if self._is_own:
                self._drop(self._due, "out-of-time")
            self._advance()
        self._is_over = True

    def _advance(self) -> None:
        """Go to this worker's next message, or past some of other workers; over when there is none."""
        workers, planned, number = self._world.workers, self._planned, self._number
        for skipped, offset in enumerate(self._offsets):
            number += 1
            if not self._is_constant:
                planned = whole_clients(level_at(self._clients, offset, self._phase.duration))
            slot = number if not self._has_slots else number % planned if planned else 0
            is_own = slot % workers == self._own_turn
            if is_own or skipped >= SKIPPED_AT_ONCE:
                self._number, self._slot, self._is_own = number, slot, is_own
                self._due = self._begin + offset
                return
        self._is_over = True

    def _run(self, due: float) -> None:
        world = self._world
        now = world.clock()
        for _ in range(BATCH):
            if self._is_over or self._due > now or self._due >= self._until:
                break
            is_own = self._is_own
            if is_own:
                self._send()
            self._advance()
            if not is_own:
                break
        if self._has_more:
            world.agenda.call_at(self._due, self._run)

    def _run_by_priority(self, _: float) -> None:
        world, drawn = self._world, self._drawn
        now = world.clock()
        while self._has_more and self._due <= now and len(drawn) < MOST_DRAWN:
            if not self._is_own:
                self._advance()
                break
            session = self._choose(self._slot)
            if session is None:
                self._drop(self._due, "nobody-open")
            else:
                drawn.add(self._due, session, self._draw(session))
            self._advance()
        for _ in range(min(BATCH, len(drawn))):
            self._send_drawn(*drawn.pop())
        if drawn:
            world.agenda.call_at(now, self._run_by_priority)
        elif self._has_more:
            world.agenda.call_at(self._due, self._run_by_priority)

    def _drop(self, due: float, cause: str) -> None:
        drop(self._world, self._group, due, cause)

    def _hand_over(self, session: Session, program: MessageProgram, due: float) -> None:
        """Let a client send a message, unless its server does not read."""
        line = session.line if not program.socket else line_of(session, program.socket)
        if line is not None and is_full(line):
            self._drop(due, "not-read")
            return
        is_sent = session.speaker is not None and session.speaker.send(program, due, None)
        if is_sent and session.breaker is not None and program.has_reply:
            session.breaker.scheduled()

    def _send(self) -> None:
        session = self._choose(self._slot)
        if session is None:
            self._drop(self._due, "nobody-open")
            return
        self._hand_over(session, self._draw(session), self._due)

    def _send_drawn(self, due: float, session: Session, program: MessageProgram) -> None:
        if session not in self._world.ready or not self._can_send(session):
            # Gone since it was drawn: whoever is there sends what is its own to send.
            other = self._next_open()
            if other is None:
                self._drop(due, "nobody-open")
                return
            session, program = other, self._draw(other)
        self._hand_over(session, program, due)

    def _choose(self, slot: int) -> Session | None:
        """Return the client of a slot if it can send, else the next one that can; None: nobody."""
        session = self._roster.session_at(self._group, slot) if self._has_slots else None
        if session is None or session not in self._world.ready or not self._can_send(session):
            return self._next_open()
        return session

    def _draw(self, session: Session) -> MessageProgram:
        behaviour = self._behaviour(session.profile_index)
        # Who has no choice needs no random stream, which is made when it is first asked for.
        return behaviour.only or behaviour.draw(session.rng)

    def _behaviour(self, profile: int) -> Behaviour:
        found = self._behaviours.get(profile)
        if found is None:
            found = self._behaviours[profile] = self._world.behaviour(profile, self._phase.index)
        return found

    def _can_send(self, session: Session) -> bool:
        """Whether a client that is ready is still connected and has something to send."""
        if not (session.is_connected or session.is_browsing):
            return False
        if session.phase < self._phase.index:
            # A new phase is told to thousands of clients bit by bit; a message does not wait for that.
            session.enter_phase(self._phase.index)
            if session not in self._world.ready:
                # Its new lifecycle begins with a time in which it is idle, or away.
                return False
        return bool(self._behaviour(session.profile_index).messages)

    def _next_open(self) -> Session | None:
        clients = self._world.ready.in_group(self._group)
        for _ in clients:
            self._turn = (self._turn + 1) % len(clients)
            session = clients[self._turn]
            if self._can_send(session):
                return session
        return None


def _level(phase: PhasePlan) -> str:
    """Return what tells the levels of a search apart; nothing of any other phase."""
    return "" if phase.search is None else f"/{phase.search.held[0].number}"
