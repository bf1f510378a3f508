"""The levels of a search as phases, and plans that follow what was decided."""

from __future__ import annotations

from performing import plan_of

from wsrun.pacing.levels import level_at
from wsrun.pacing.population import all_changes
from wsrun.pacing.presence import Presence
from wsrun.pacing.stages import amended, stages
from wsrun.plan import Held, Plan

LIMIT = "{ clients: { from: 5, to: 20, step: 5 }, hold: 10s, settle: 2s, such_that: [ errors == 0 ] }"
AGAIN = "{ rate: { from: 5/s, to: 20/s, step: 5/s }, hold: 10s, such_that: [ errors == 0 ] }"
TEXT = f"""\
messages: {{ ping: {{ text: x }} }}
phases:
  - {{ name: before, duration: 10s, clients: 3 }}
  - {{ name: limit, search: {LIMIT} }}
  - {{ name: after, duration: 10s }}
  - {{ name: again, search: {AGAIN} }}
"""


def spans(plan: Plan) -> list[tuple[float, float]]:
    """Start and end of every phase."""
    return [(phase.start, phase.end) for phase in plan.phases]


def test_a_plan_allows_for_the_longest_way_of_a_search() -> None:
    """Each level is held, and takes about an interval to be judged."""
    plan = plan_of(TEXT)

    assert spans(plan) == [(0, 10), (10, 54), (54, 64), (64, 108)]
    assert [stage.start for stage in stages(plan.phases[1])] == [10, 21, 32, 43]
    assert [stage.clients[0].start for stage in stages(plan.phases[1])] == [5, 10, 15, 20]
    assert [stage.rate[0].start for stage in stages(plan.phases[3])] == [5, 10, 15, 20]
    assert {(s.duration, s.warm_up, s.name, s.index) for s in stages(plan.phases[1])} == {(10, 2, "limit", 1)}


def test_what_was_decided_moves_the_phases_after_it() -> None:
    """A search that ends early makes room, and one that is judged late takes more."""
    plan = plan_of(TEXT)
    held = [Held(1, 5, 10.0), Held(2, 10, 22.5)]

    going = amended(plan, 1, held)
    over = amended(going, 1, held, 33.25)

    assert [stage.start for stage in stages(going.phases[1])] == [10, 22.5, 33.5, 44.5]
    assert spans(over) == [(0, 10), (10, 33.25), (33.25, 43.25), (43.25, 87.25)]
    assert [stage.start for stage in stages(over.phases[3])] == [43.25, 54.25, 65.25, 76.25]


def test_clients_follow_the_levels_that_were_held() -> None:
    """Who enters and leaves when is that of the decided levels, and the phase after keeps the last."""
    plan = plan_of(TEXT)
    held = [Held(1, 5, 10.0), Held(2, 20, 21.0), Held(3, 10, 32.0)]
    over = amended(plan, 1, held, 43.0)
    presence = Presence(over)

    assert [presence.connected(at) for at in (9.0, 11.0, 20.9, 21.5, 31.9, 32.5, 44.0)] == [
        3,
        5,
        5,
        20,
        20,
        10,
        10,
    ]
    assert level_at(over.phases[1].clients[0], 33.0, over.phases[1].duration) == 10


def test_a_decision_changes_nothing_that_was_before_it() -> None:
    """Workers read the changes as they come, and must not have read any that are not to be."""
    plan = plan_of(TEXT)
    held = [Held(1, 5, 10.0), Held(2, 10, 21.4)]

    before = [change for change in all_changes(plan.phases) if change.at < 20]
    after = [change for change in all_changes(amended(plan, 1, held).phases) if change.at < 20]

    assert before == after
