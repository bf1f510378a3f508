"""What the clients of one worker share: the compiled plan, the clock, where they are in the run."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wsrun.data import RowPicker
from wsrun.engine.addresses import Addresses
from wsrun.engine.agenda import Agenda
from wsrun.engine.backlog import LATE_KEPT, MOST_UNSENT
from wsrun.engine.breaker import Breakers
from wsrun.engine.connection_log import ConnectionLog
from wsrun.engine.contracts import compile_contracts
from wsrun.engine.course import Course, Leg
from wsrun.engine.deadlines import Deadlines
from wsrun.engine.fanout import compile_fanout
from wsrun.engine.gate import Gate
from wsrun.engine.heartbeat import Heartbeats
from wsrun.engine.http_program import USER_AGENT
from wsrun.engine.observers import compile_rules
from wsrun.engine.programs import Behaviour, MessageProgram, ProgramCompiler
from wsrun.engine.ready import Ready
from wsrun.engine.rendezvous import Rendezvous, has_syncs
from wsrun.engine.request import Request
from wsrun.engine.room import Room
from wsrun.engine.rows import Deck
from wsrun.engine.seats import Seats
from wsrun.engine.sockets import SocketProgram, compile_sockets
from wsrun.engine.sources import Sources, planned_connections
from wsrun.engine.trace import Trace
from wsrun.expressions import FakePool, Tools, compile_value
from wsrun.expressions.id_maker import TimeDigits
from wsrun.extensions import load
from wsrun.metrics.recorder import DRAIN, Cell, Recorder, Stretch, Traffic
from wsrun.pacing.connections import sockets_used
from wsrun.pacing.levels import level_at
from wsrun.pacing.population import most_births
from wsrun.pacing.shares import cycle, shares
from wsrun.plan import Level, PhasePlan, Plan
from wsrun.transports import Transport
from wsrun.transports.http import HttpTransport

if TYPE_CHECKING:
    from wsrun.engine.http_line import HttpLine
    from wsrun.engine.line import Line
    from wsrun.engine.pool import Pool
    from wsrun.engine.session import Session


HTTP = -1
"""What stands for HTTP where sockets are told apart by their index."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What differs between a real run and one in virtual time.

    ``clock`` gives absolute seconds that never go back; ``unix_offset`` added to them is the time of day.
    """

    clock: Callable[[], float] = time.monotonic
    unix_offset: float = field(default_factory=lambda: time.time() - time.monotonic())
    real_time: bool = True


class World:
    """One worker's share of a run: workers number 0…workers-1, clients are dealt by their seats."""

    def __init__(
        self,
        plan: Plan,
        transport: Transport,
        loop: asyncio.AbstractEventLoop,
        *,
        worker: int = 0,
        workers: int = 1,
        surroundings: Surroundings | None = None,
        http: HttpTransport | None = None,
    ) -> None:
        """Compile the plan; ``begin`` must be called before any client is made.

        ``http`` is None where no message is one of HTTP.
        """
        around = surroundings or Surroundings()
        self.plan = plan
        self.course = Course(plan)
        self.transport = transport
        self.http = http
        self.loop = loop
        self.worker = worker
        self.workers = workers
        self.start = 0.0
        self.clock = around.clock
        self.unix_offset = around.unix_offset
        self.time_digits = TimeDigits()
        self.agenda = Agenda(loop, around.clock, real_time=around.real_time)
        self.deadlines: Deadlines[Request] = Deadlines(_expire)
        self.recorder = Trace(worker) if plan.once else Recorder(worker)
        self.stretches: list[Stretch] = []
        self._starts: list[float] = []
        self.stretch: Stretch
        self.handshakes = Gate(1)
        self.most_unsent = MOST_UNSENT
        self.late_kept = LATE_KEPT
        self.room = Room()
        self.ready = Ready()
        self.user_agent = USER_AGENT
        self._named_counters: dict[str, int] = {}
        tools = Tools(
            seed=plan.seed,
            counters=self._next_of,
            now=lambda: around.clock() + around.unix_offset,
            fake=FakePool(plan.seed),
            extensions={one.name: load(one) for one in plan.extensions},
        )
        compiled = ProgramCompiler(plan, tools, self.deadlines)
        self.messages = compiled.messages
        self.breakers = Breakers(self)
        self.heartbeats = Heartbeats(plan, compiled.messages)
        self.has_priorities = any(message.priority != "normal" for message in plan.messages)
        self.profiles = compiled.profiles
        self.has_slow_readers = any(profile.read is not None for profile in plan.profiles)
        contracts = compile_contracts(plan.contracts, compiled, plan.seed, worker)
        self.fanout = compile_fanout(plan, self, compiled.messages, tools)
        watches = [] if self.fanout is None else self.fanout.watches
        self.rules = [compile_rules(group, compiled, contracts, watches) for group in plan.groups]
        self.correlators = tuple(compiled.correlators)
        self._matches = [None if m.reply is None else compiled.matcher(m.reply.match) for m in plan.messages]
        self.sockets = compile_sockets(plan, compiled)
        self.assign = [
            tuple((name, compile_value(value, tools)) for name, value in group.assign)
            for group in plan.groups
        ]
        self.claims = None if plan.jwt is None else compile_value(dict(plan.jwt.claims), tools)
        self.pickers = tuple((data, RowPicker(data, plan.seed)) for data in plan.data)
        self.keeps_rows_apart = any(data.take == "unique" for data in plan.data)
        self.decks = {data.name: Deck(data, worker, workers) for data in plan.data}
        self.addresses = Addresses()
        self.sources = Sources(planned_connections(plan))
        self.log = ConnectionLog(self)
        self.open: Counter[tuple[int, int, int]] = Counter()
        self.present = 0
        self._on_sockets = sockets_used(plan)
        self._numbers: dict[tuple[int, int, int, int], tuple[list[Cell | None], Traffic]] = {}
        self.seats = Seats(plan, worker, workers)
        self.rendezvous = Rendezvous(self) if has_syncs(plan) else None
        self.births = most_births(plan.phases)
        self.pools: dict[int, Pool] = {}
        self._behaviours: dict[tuple[int, int], Behaviour] = {}
        self._shares: dict[tuple[tuple[int, float], ...], tuple[int, list[int]]] = {}

    # Where we are

    def begin(self, start: float) -> None:
        """Fix the moment at which the run starts, in absolute seconds of the clock."""
        self.start = start
        self.stretches, self._starts = [], []
        self.stretch = self.extend()[0]

    def extend(self) -> list[Stretch]:
        """Learn what the course has come to, and return the stretches of it."""
        self.plan = self.course.plan
        made: list[Stretch] = []
        for stretch in stretches(self.plan, self.course.leg):
            stretch.index = len(self.stretches)
            stretch.start += self.start
            if self.stretches:
                self.stretches[-1].end = stretch.start
            self.stretches.append(stretch)
            self._starts.append(stretch.start)
            made.append(stretch)
        return made

    def stretch_at(self, at: float) -> Stretch:
        """Return the part of the run that a moment belongs to."""
        return self.stretches[max(bisect_right(self._starts, at) - 1, 0)]

    def elapsed(self, at: float) -> float:
        """Seconds since the start of the run."""
        return at - self.start

    # Connections

    def opened(self, session: Session, socket: SocketProgram) -> None:
        """Take note of a connection that was made."""
        self.open[session.group, session.profile_index, socket.index] += 1
        session.connections += 1
        self.present += session.connections == 1
        if self.rendezvous is not None:
            self.rendezvous.came(session)

    def closed(self, session: Session, socket: SocketProgram) -> None:
        """Take note of a connection that is over."""
        self.open[session.group, session.profile_index, socket.index] -= 1
        session.connections -= 1
        self.present -= session.connections == 0

    def count_browsing(self, number: int) -> None:
        """Take note that a client that needs no connection came (1) or went (-1)."""
        self.present += number

    def needs_socket(self, group: int, slot: int, phase: int) -> bool:
        """Whether a client uses a WebSocket in a phase or later, by the profiles that it has then."""
        phases = range(phase, max(len(self.plan.phases), phase + 1))
        return any(self._on_sockets[self.profile_of(group, slot, one)] for one in phases)

    # Numbers

    def numbers(
        self, group: int, profile: int, stretch: Stretch, socket: SocketProgram | None
    ) -> tuple[list[Cell | None], Traffic]:
        """Return where clients of a group and profile write what a socket does in a part of the run.

        ``socket`` is None for HTTP.
        """
        key = (group, profile, stretch.index, HTTP if socket is None else socket.index)
        found = self._numbers.get(key)
        if found is None:
            traffic = self.recorder.traffic(**self.labels(group, profile, stretch, socket))
            found = self._numbers[key] = ([None] * len(self.messages), traffic)
        return found

    def cell(self, line: Line | HttpLine, program: MessageProgram) -> Cell:
        """Make the cell of a message that a line sends for the first time in this part of the run."""
        session = line.session
        plan = program.plan
        cell = self.recorder.cell(
            has_reply=program.has_reply,
            **self.labels(session.group, session.profile_index, line.stretch, line.socket),
            message=program.name,
            kind=plan.kind,
            priority=plan.priority if self.has_priorities else None,
        )
        line.cells[program.index] = cell
        return cell

    def labels(
        self, group: int, profile: int, stretch: Stretch, socket: SocketProgram | None = None
    ) -> dict[str, str | None]:
        """The labels of a client's numbers, or of those of one of its sockets."""
        return {
            "group": self.plan.groups[group].name,
            # A connection of a pool belongs to nobody, and has none.
            "profile": self.plan.profiles[profile].name if profile >= 0 else None,
            "socket": None if socket is None else socket.label,
            **stretch.labels,
        }

    def connect_labels(self, session: Session, socket: SocketProgram) -> dict[str, str | None]:
        """The labels of a connection that a client begins now."""
        labels = self.labels(session.group, session.profile_index, self.stretch, socket)
        return labels | self.stretch.connect_labels

    def belongs(self, program: MessageProgram, session: Session) -> Any:
        """Bind the whole ``match`` of a message, for a request that no table can hold."""
        matcher = self._matches[program.index]
        assert matcher is not None
        return matcher.bind(session)

    # Behaviour

    def profile_of(self, group: int, slot: int, phase: int) -> int:
        """Return the profile of a client slot in a phase (the drain counts as the last phase)."""
        phases = self.plan.phases
        weights = phases[min(phase, len(phases) - 1)].profiles or self.plan.groups[group].profiles
        if len(weights) == 1:
            return weights[0][0]
        length, order = self._shares.get(weights) or (cycle([weight for _, weight in weights]), [])
        # Those who arrive have no end of slots; the order begins again.
        slot %= length
        if slot >= len(order):
            order = shares([weight for _, weight in weights], min(2 * slot + 64, length))
            self._shares[weights] = length, order
        return weights[order[slot]][0]

    def behaviour(self, profile: int, phase: int) -> Behaviour:
        """Return what clients of a profile do in a phase."""
        phase = min(phase, len(self.plan.phases) - 1)
        key = (profile, phase)
        found = self._behaviours.get(key)
        if found is None:
            plan = self.plan.profiles[profile]
            mix = self.plan.phases[phase].mix.get(profile, plan.mix)
            found = self._behaviours[key] = Behaviour(mix, plan.think, self.messages)
        return found

    def role(self, session: Session) -> Behaviour | None:
        """Return what a client does by itself now; None: it only is there, for a schedule or to listen."""
        phase = self.stretch.phase
        if phase >= len(self.plan.phases) or self.is_scheduled(session.group, phase):
            return None
        behaviour = self.behaviour(session.profile_index, phase)
        return behaviour if behaviour.messages and not session.holds else None

    def is_scheduled(self, group: int, phase: int) -> bool:
        """Whether the messages of a group follow the schedule of the phase and not think times."""
        return group in self.plan.phases[phase].rate

    def has_rows(self, number: int) -> bool:
        """Whether data that is taken once has a row left for the client of a number."""
        return all(
            data.per == "message" or picker.row_for(number, 0) is not None for data, picker in self.pickers
        )

    def has_arrived(self, group: int, phase: int) -> bool:
        """Whether some clients of a group may have come by arrivals, in a phase or before it."""
        return any(group in one.arrivals for one in self.plan.phases[: phase + 1])

    def groups_that_change(self, phase: int) -> set[int]:
        """Return the groups whose clients have another role in a phase than in the one before."""
        now, before = self.plan.phases[phase], self.plan.phases[phase - 1] if phase else None
        changed = set()
        for group in self.plan.groups:
            roles = [
                (group.index in one.rate, one.profiles, sorted(one.mix.items()))
                for one in (now, before)
                if one
            ]
            if len(roles) < 2 or roles[0] != roles[1]:
                changed.add(group.index)
        return changed

    def clients_level(self, group: int, phase: PhasePlan) -> Level:
        """Return the planned clients of a group in a phase, or in a stage of one."""
        if group in phase.clients:
            return phase.clients[group]
        for plan in reversed(self.plan.phases[: phase.index]):
            level = plan.clients.get(group)
            if level is not None:
                last = level_at(level, plan.duration, plan.duration)
                return Level(start=last, end=last)
        return Level(start=0.0, end=0.0)

    def _next_of(self, name: str) -> int:
        # Interleaved over the workers, so that no number is given twice in a run.
        number = self._named_counters.get(name, self.worker)
        self._named_counters[name] = number + self.workers
        return number + 1


def _expire(request: Request) -> None:
    request.line.expire(request)


def stretches(plan: Plan, leg: Leg) -> list[Stretch]:
    """Return the stretches of a part of the way, in seconds since the start of the run.

    What comes between two levels of a search, while the first is judged, is nobody's: like a warm-up.
    """
    made: list[Stretch] = []

    def add(phase: int, name: str, warm_up: bool, begin: float, level: int | None = None) -> None:
        made.append(Stretch(len(made), phase, name, warm_up, begin, float("inf"), level))

    for stage in leg.stages:
        level = None if stage.search is None else stage.search.held[0].number
        if stage.warm_up > 0:
            add(stage.index, stage.name, True, stage.start, level)
        if stage.warm_up < stage.duration:
            add(stage.index, stage.name, False, stage.start + stage.warm_up, level)
        if level is not None:
            add(stage.index, stage.name, True, stage.end, level)
    if leg.end is not None:
        add(len(plan.phases), DRAIN, False, leg.end)
    return made
