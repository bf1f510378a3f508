"""What a plan will do can be worked out by hand, and is the same."""

from __future__ import annotations

from textwrap import dedent

import pytest

from wsrun import source
from wsrun.compiler import compile_plan
from wsrun.estimate import CLIENT_MEMORY, Estimate, estimate, message_sizes
from wsrun.plan import Plan

HEAD = """
wsrun: 1
seed: 1
target: { url: demo:/echo }
"""
PING = "messages: { ping: { text: pingping } }\n"


def plan(body: str) -> Plan:
    """Compile a scenario without looking for mistakes."""
    return compile_plan(source.parse(HEAD + dedent(body), "x.yaml", environ={}))


def of(body: str) -> Estimate:
    """Estimate a scenario."""
    return estimate(plan(body))


def test_a_schedule_is_counted_exactly() -> None:
    """A line from 0 to 100 a second over ten seconds is 500 messages, 8 bytes each."""
    (phase,) = of(PING + "phases: [ { duration: 10s, clients: 5, rate: { from: 0/s, to: 100/s } } ]").phases
    assert (phase.messages, phase.rate, phase.rate_most) == (500, 50, 100)
    assert (phase.bytes, phase.byte_rate) == (4000, 400)


def test_bursts_are_counted_with_what_is_between_them() -> None:
    """Two bursts of two seconds in twenty, and ten a second in the other sixteen."""
    burst = "{ every: 10s, length: 2s, rate: 100/s }"
    found = of(PING + f"phases: [ {{ duration: 20s, clients: 1, rate: 10/s, bursts: {burst} }} ]")
    assert found.phases[0].messages == pytest.approx(2 * 2 * 100 + 16 * 10)
    assert found.phases[0].rate_most == 100


def test_thinking_clients_send_by_the_means_of_their_pauses() -> None:
    """Half of ten clients each two seconds, half each four, over twenty seconds."""
    found = of(
        """\
        messages: { ping: { text: pingping } }
        profiles:
          quick: { mix: { ping: 1 }, think: { exponential: 2s } }
          slow: { mix: { ping: 1 }, think: { uniform: [ 3s, 5s ] } }
          quiet: {}
        clients: { all: { profiles: { quick: 1, slow: 1, quiet: 2 } } }
        phases: [ { duration: 20s, clients: 20 } ]
        """
    )
    assert found.messages == pytest.approx(5 * 20 / 2 + 5 * 20 / 4)
    assert not found.has_unpaced


def test_clients_that_arrive_late_send_less() -> None:
    """With a connect rate of one a second, ten clients are together for 55 client-seconds of ten."""
    found = of(PING + "phases: [ { duration: 10s, clients: 10, connect_rate: 1/s } ]")
    assert found.messages == pytest.approx(10 + 9 + 8 + 7 + 6 + 5 + 4 + 3 + 2 + 1)


def test_a_phase_may_change_mixes_and_profiles() -> None:
    """In the second phase everybody is a talker, and talks in longer words."""
    found = of(
        """\
        messages: { short: { text: abc }, long: { text: abcdefghi } }
        profiles:
          talker: { mix: { short: 1 }, think: 1s }
          quiet: {}
        clients: { all: { profiles: { talker: 1, quiet: 1 } } }
        phases:
          - { duration: 10s, clients: 10 }
          - { duration: 10s, profiles: { talker: 1 }, mix: { talker: { long: 1 } } }
        """
    )
    assert [phase.messages for phase in found.phases] == [50, 100]
    assert [phase.bytes for phase in found.phases] == [150, 900]


def test_steps_at_the_start_and_the_end_count() -> None:
    """Each client sends twice three messages as it comes, and one as it leaves: of five, two leave early."""
    found = of(
        """\
        messages: { ping: { text: pingping } }
        profiles:
          guest:
            start: [ { send: [ ping, ping, ping ], times: 2 }, { think: 1s }, { expect: {} } ]
            end: [ { send: ping } ]
        phases: [ { duration: 5s, clients: 5 }, { duration: 5s, clients: 3 } ]
        """
    )
    assert [phase.messages for phase in found.phases] == [30, 2]
    assert found.messages == 35
    assert found.bytes == 35 * 8


def test_clients_that_do_not_think_are_told_and_not_counted() -> None:
    """How fast they send depends on the replies."""
    found = of(
        """\
        messages: { ping: { text: pingping } }
        profiles: { mad: { mix: { ping: 1 }, think: 0s } }
        phases: [ { duration: 5s, clients: 0 }, { duration: 5s, clients: 1 } ]
        """
    )
    assert [phase.has_unpaced for phase in found.phases] == [False, True]
    assert found.has_unpaced
    assert found.messages == 0


def test_flows_send_by_the_thinks_in_a_pass() -> None:
    """Two, three and half of four messages, in two, three and one seconds: 7 in 6 of each client."""
    found = of(
        """\
        messages: { ping: { text: pingping } }
        profiles:
          p:
            flow:
              - { send: ping, times: 2 }
              - { think: 2s }
              - { repeat: [ { send: ping }, { think: 1s } ], times: 3 }
              - choose:
                  - { weight: 1, do: [ { send: [ ping, ping ], times: 2 } ] }
                  - { weight: 1, do: [] }
              - { if: "{{ client.index }}", then: [ { expect_none: {}, for: 1s } ] }
        phases: [ { duration: 12s, clients: 6 } ]
        """
    )
    assert found.messages == pytest.approx(6 * 7 / 6 * 12)
    assert not found.has_unpaced


def test_flows_without_a_think_are_told_and_not_counted() -> None:
    """A flow that only sends and awaits is as fast as the target."""
    found = of(
        PING + "profiles: { p: { flow: [ { send: ping } ] } }\nphases: [ { duration: 9s, clients: 6 } ]"
    )
    assert (found.messages, found.has_unpaced) == (0, True)


def test_connects_of_flows_are_counted_by_their_passes() -> None:
    """Six clients that connect anew every two seconds; in the start it is one each, as without a step."""
    again = of(
        PING
        + "profiles: { p: { flow: [ { connect: main }, { send: ping }, { think: 2s }, { close: main } ] } }\n"
        "phases: [ { duration: 12s, clients: 6 } ]"
    )
    once = of(
        PING + "profiles: { p: { start: [ { think: 1s }, { connect: main } ], mix: { ping: 1 } } }\n"
        "phases: [ { duration: 12s, clients: 6 } ]"
    )

    assert (again.connects, again.phases[0].connects_most) == (36, 9)
    assert (once.connects, once.phases[0].connects_most) == (6, 6)


def test_a_flow_that_only_connects_is_told_and_not_counted() -> None:
    """It connects as fast as the target lets it."""
    found = of(
        PING + "profiles: { p: { flow: [ { connect: main }, { close: main } ] } }\n"
        "phases: [ { duration: 9s, clients: 6 } ]"
    )
    assert (found.connects, found.has_unpaced) == (0, True)


def test_what_rules_send_is_told_and_not_counted() -> None:
    """Nobody knows beforehand how often the target will say it."""
    rule = "clients: { all: { react: [ { where: {}, send: ping } ] } }\n"
    found = of(PING + rule + "phases: [ { duration: 9s, clients: 6 } ]")
    captured = of(
        PING + rule.replace("send: ping", "capture: { a: $.b }") + "phases: [ { duration: 9s, clients: 6 } ]"
    )

    assert found.has_reactions
    assert not captured.has_reactions


@pytest.mark.parametrize(("kind", "told"), [("online: 1s, offline: 1s", True), ("", False)])
def test_who_comes_and_goes_is_told_and_not_counted(kind: str, told: bool) -> None:
    """The numbers are those of clients that stay."""
    lifecycle = f", lifecycle: {{ kind: intermittent, {kind} }}" if kind else ""
    profiles = f"profiles: {{ p: {{ mix: {{ ping: 1 }}{lifecycle} }} }}\n"
    found = of(PING + profiles + "phases: [ { duration: 9s, clients: 6 } ]")

    assert found.has_lifecycles is told
    assert found.connects == 6


def test_judging_a_level_waits_for_its_deliveries() -> None:
    """Whom its last message reached is known two times ``within`` after it, so that a search takes longer."""
    deliver = 'say: { json: { id: "{{ id }}" }, deliver: { to: everyone, where: {}, id: $.id, within: 3s } }'
    search = "search: { clients: { from: 2, to: 6, step: 2 }, hold: 10s, such_that: [ errors == 0 ] }"
    short = of(PING + f"phases: [ {{ {search} }} ]")
    long = of(f"messages: {{ {deliver} }}\nphases: [ {{ {search} }} ]")

    assert short.duration == 3 * (10 + 1)
    assert long.duration == 3 * (10 + 1 + 2 * 3)


def test_flows_keep_their_pace_beside_a_schedule() -> None:
    """Ten a second by the schedule, and one a second of the client with a flow."""
    found = of(
        """\
        messages: { ping: { text: pingping } }
        profiles: { p: { flow: [ { send: ping }, { think: 1s } ] }, q: { mix: { ping: 1 } } }
        clients: { all: { profiles: { p: 1, q: 1 } } }
        phases: [ { duration: 10s, clients: 2, rate: 10/s } ]
        """
    )
    assert found.messages == pytest.approx(100 + 10)


def test_groups_are_added_up() -> None:
    """One group on a schedule, the other thinking."""
    found = of(
        """\
        messages: { ping: { text: pingping } }
        clients: { a: {}, b: {} }
        phases: [ { duration: 10s, clients: { a: 2, b: 3 }, rate: { a: 7/s } } ]
        """
    )
    assert found.messages == pytest.approx(70 + 30)
    assert found.phases[0].rate_most == pytest.approx(10)
    assert (found.clients_most, found.connects) == (5, 5)


def test_clients_come_and_go_with_the_levels() -> None:
    """Numbers before and after each phase, connects in each, and the most there ever are."""
    found = of(
        """\
        messages: { ping: { text: pingping } }
        phases:
          - { duration: 10s, clients: 100, connect_rate: 50/s }
          - { duration: 10s, clients: 2000 }
          - { duration: 10s, clients: 100 }
          - { duration: 10s, clients: { from: 100, to: 120 } }
        """
    )
    assert [(p.clients_before, p.clients_after) for p in found.phases] == [
        (0, 100),
        (100, 2000),
        (2000, 100),
        (100, 120),
    ]
    assert [p.connects for p in found.phases] == [100, 1900, 0, 20]
    assert [p.connects_most for p in found.phases] == [50, 1900, 0, 2]
    assert found.clients_most == found.descriptors == 2000
    assert found.memory == 2000 * CLIENT_MEMORY


def test_those_who_left_at_the_start_of_a_phase_send_nothing_in_it() -> None:
    """The peak of a phase is that of those who stay."""
    found = of(PING + "phases: [ { duration: 5s, clients: 50 }, { duration: 5s, clients: 5 } ]")
    assert [phase.rate_most for phase in found.phases] == [50, 5]


def test_sizes_are_those_of_the_bodies() -> None:
    """An id has twenty characters, hex two digits a byte, a variable of the server's is guessed."""
    sizes = message_sizes(
        plan(
            """\
            messages:
              ping: { json: { id: "{{ id }}" } }
              raw: { hex: "00ff{{ seq | u32 }}" }
              room: { text: "{{ room }}!" }
              later: { text: "{{ captured }}" }
              bytes: { hex: "{{ captured | u32 }}" }
            clients: { all: { assign: { room: "r{{ client.index }}" } } }
            phases: [ { duration: 1s, clients: 1 } ]
            """
        )
    )
    assert sizes[:4] == (len('{"id":""}') + 20, 6, 3, 12)
    assert sizes[4] > 0


def test_those_who_arrive_are_expected_by_rate_and_stay() -> None:
    """Twenty a second for two seconds each are forty; they connect, send at their pace, and go."""
    found = of(
        "messages: { hi: { text: hello } }\n"
        "profiles: { p: { start: [ { send: hi } ], mix: { hi: 1 }, think: 500ms } }\n"
        "phases: [ { duration: 60s, arrivals: 20/s, stay: 2s }, { duration: 10s } ]"
    )
    first, second = found.phases
    assert (first.clients_before, first.clients_after, second.clients_after) == (0, 40, 0)
    assert (first.connects, second.connects, found.clients_most) == (1200, 0, 40)
    assert found.has_arrivals
    # One in the start, and two a second for two seconds.
    assert found.messages == pytest.approx(1200 * 5, rel=0.01)


def test_a_flow_is_done_once_by_those_who_arrive() -> None:
    """Three messages a visit, each of which takes as long as its pauses."""
    found = of(
        "messages: { hi: { text: hello } }\n"
        "profiles: { p: { flow: [ { send: hi, times: 3 }, { think: 4s } ] } }\n"
        "phases: [ { duration: 100s, arrivals: 5/s } ]"
    )
    assert found.phases[0].clients_after == 20
    assert found.messages == pytest.approx(1500)
    assert found.phases[0].rate_most == pytest.approx(15)
    assert not found.has_unpaced


def test_requests_are_counted_and_who_only_makes_them_connects_nowhere() -> None:
    """Two browsers ask once a second, two talkers connect, ask once and speak."""
    found = of("""
        messages: { home: { http: { get: / } }, ping: { text: pingping } }
        profiles:
          browser: { mix: { home: 1 }, think: 1s }
          talker: { start: [ { send: home } ], mix: { ping: 1 }, think: 1s }
        clients: { web: { profiles: { browser: 1 } }, chat: { profiles: { talker: 1 } } }
        phases: [ { duration: 10s, clients: { web: 2, chat: 2 } } ]
    """)
    assert (found.clients_most, found.connections_most, found.connects) == (4, 2, 2)
    assert (found.messages, found.requests) == (42, 22)
