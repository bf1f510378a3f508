"""A circuit breaker a client: after too many failures it attempts nothing for a while.

==========  ==========================================  =======================================
state       until                                       then
==========  ==========================================  =======================================
closed      ``failures`` of them within ``within``      open
open        ``cool_down`` is over                       half-open
half-open   something attempted has succeeded, or not   closed, or open for another cool-down
==========  ==========================================  =======================================

Failures are connections that were not made or were lost, and replies that timed out or were not good;
successes are connections made and good replies. Replies that were lost with their connection are not counted
beside it. (M. Nygard, Release It!, 2nd ed. 2018, section 5.2.)
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Literal

from wsrun.engine.holding import hold, release
from wsrun.metrics.snapshot import Gauge, Series, series
from wsrun.plan_resilience import BreakerPlan

if TYPE_CHECKING:
    from wsrun.engine.session import Session
    from wsrun.engine.world import World

State = Literal["closed", "open", "half-open"]


class Circuit:
    """The states of a breaker; times are seconds of any clock that does not go back."""

    __slots__ = ("_failures", "_plan", "state")

    def __init__(self, plan: BreakerPlan) -> None:
        self._plan = plan
        self._failures: deque[float] = deque(maxlen=plan.failures)
        self.state: State = "closed"

    def fail(self, now: float) -> bool:
        """Take note of a failure; True when it opens the breaker. While it is open, nothing counts."""
        if self.state == "closed":
            failures = self._failures
            failures.append(now)
            if len(failures) < self._plan.failures or now - failures[0] > self._plan.within:
                return False
        elif self.state == "open":
            return False
        self.state = "open"
        self._failures.clear()
        return True

    def cool(self) -> None:
        """Let something be attempted after the cool-down."""
        if self.state == "open":
            self.state = "half-open"

    def succeed(self) -> bool:
        """Take note of a success; True when it closes the breaker."""
        if self.state != "half-open":
            return False
        self.state = "closed"
        return True


class Breaker:
    """The breaker of one client: it holds the client while it is open."""

    __slots__ = ("_circuit", "_key", "_plan", "_session", "_trying")

    def __init__(self, session: Session, plan: BreakerPlan) -> None:
        self._session = session
        self._plan = plan
        self._circuit = Circuit(plan)
        self._key: tuple[int, int] | None = None
        self._trying = False

    def failed(self) -> None:
        """Take note of something that failed."""
        session = self._session
        self._end_trial()
        world = session.world
        now = world.clock()
        if self._circuit.fail(now):
            self._key = (session.group, session.profile_index)
            world.breakers.add(self._key, 1)
            hold(session)
            world.agenda.call_at(now + self._plan.cool_down, self._cool)

    def succeeded(self) -> None:
        """Take note of something that went well."""
        self._end_trial()
        self._circuit.succeed()

    def scheduled(self) -> None:
        """Take note of a scheduled message: half-open, the client gets no other one before its outcome."""
        if self._circuit.state == "half-open" and not self._trying:
            self._trying = True
            hold(self._session)

    async def permit(self) -> bool:
        """Wait until something may be attempted; False when the client is told to leave before."""
        session = self._session
        while self._circuit.state == "open":
            if session.leaving:
                return session.is_ending
            await session.sleep(None)
        return True

    def end(self) -> None:
        """Forget the client, which is gone."""
        if self._key is not None:
            self._session.world.breakers.add(self._key, -1)
            self._key = None

    def _cool(self, _: float) -> None:
        if self._key is None:
            return
        self.end()
        self._circuit.cool()
        release(self._session)
        # Whoever waits to connect may do so, even where its lifecycle still has it idle.
        self._session.rouse()

    def _end_trial(self) -> None:
        if self._trying:
            self._trying = False
            release(self._session)


class Breakers:
    """How many breakers of a worker are open, by group and profile."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._open: dict[tuple[int, int], list[int]] = {
            (group.index, profile): [0, 0, 0]
            for group in world.plan.groups
            if group.breaker is not None
            for profile, _ in group.profiles
        }

    def add(self, key: tuple[int, int], number: int) -> None:
        """Count breakers that opened, or did so no more."""
        now, low, high = self._open.get(key, (0, 0, 0))
        now += number
        self._open[key] = [now, min(low, now), max(high, now)]

    def gauges(self) -> dict[Series, Gauge]:
        """Return the readings of the interval that ends now, and begin the next."""
        world = self._world
        made = {}
        for key, (now, low, high) in self._open.items():
            labels = world.labels(*key, world.stretch)
            name = series("breaker.open", worker=str(world.worker), **labels)
            made[name] = Gauge(float(low), float(high), float(now), 1, float(now))
            self._open[key] = [now, now, now]
        return made
