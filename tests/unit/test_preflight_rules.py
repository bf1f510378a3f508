"""The rules of the preflight on given facts: what is compared, and what is advised."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsrun.compiler import compile_plan
from wsrun.engine.sources import USABLE, Sources
from wsrun.estimate import CLIENT_MEMORY
from wsrun.preflight import MACHINE, look
from wsrun.preflight.cores import MESSAGE_CPU, cores
from wsrun.preflight.demand import Demand, demand_of, limits_of
from wsrun.preflight.descriptors import OVERHEAD, descriptors
from wsrun.preflight.facts import Facts, Folder, Timekeeping
from wsrun.preflight.finding import told
from wsrun.preflight.memory import WORKER_MEMORY, memory
from wsrun.preflight.ports import ports
from wsrun.preflight.storage import storage
from wsrun.preflight.timekeeping import timekeeping
from wsrun.source import parse

DEMAND = Demand(workers=2, connections=2000, requests=0, memory=70 << 20, rate=500.0, intervals=60.0)
FACTS = Facts(
    soft_limit=1024,
    hard_limit=20_000,
    ports=28_232,
    sources={"192.0.2.1": 1},
    memory=4 << 30,
    cores=4,
    busy=0.1,
)
FOLDER = Folder(path="wsrun-results", folder="/home/ann", trouble=None, free=10 << 30)
CLOCK = Timekeeping(platform="linux", loop="uvloop 0.21.0", clock="tsc", resolution=1e-9)


def test_a_machine_with_room_has_nothing_to_say_but_figures() -> None:
    """All is good, nothing is advised."""
    found = look(MACHINE, DEMAND, FACTS)
    assert [finding.name for finding in found] == ["descriptors", "ports", "memory", "cores"]
    assert {finding.state for finding in found} == {"good"}
    assert all(finding.text and not finding.fixes for finding in found)


# Descriptors


def test_the_hard_limit_counts_as_workers_raise_the_soft_one() -> None:
    """A thousand each are more than the soft limit has room for."""
    found = descriptors(DEMAND, FACTS)
    assert (found.state, found.figures["needed"]) == ("good", 1000 + OVERHEAD)
    assert descriptors(DEMAND, replace(FACTS, hard_limit=1024)).state == "bad"


@given(st.integers(1, 200_000), st.integers(0, 1000), st.integers(1, 64), st.integers(128, 30_000))
def test_the_number_of_workers_that_is_advised_would_do(
    connections: int, requests: int, workers: int, limit: int
) -> None:
    """And one less would not."""
    demand = replace(DEMAND, connections=connections, requests=requests, workers=workers)
    facts = replace(FACTS, hard_limit=limit)
    found = descriptors(demand, facts)
    if found.state == "good":
        return
    advised = re.fullmatch(r"use more workers: --workers (\d+)", found.fixes[0])
    assert advised is not None
    number = int(advised[1])
    assert number > workers
    assert descriptors(replace(demand, workers=number), facts).state == "good"
    assert descriptors(replace(demand, workers=number - 1), facts).state != "good"


def test_a_raised_limit_that_is_advised_would_do() -> None:
    """It is the number to type."""
    facts = replace(FACTS, hard_limit=512)
    found = descriptors(DEMAND, facts)
    raised = re.search(r"ulimit -n (\d+)", found.fixes[-1])
    assert raised is not None
    assert descriptors(DEMAND, replace(facts, hard_limit=int(raised[1]))).state == "good"


def test_a_pool_that_allows_no_more_workers_is_not_advised_more() -> None:
    """Each needs a connection of the pool."""
    found = descriptors(replace(DEMAND, most_workers=2), replace(FACTS, hard_limit=512))
    assert [fix for fix in found.fixes if "--workers" in fix] == []
    assert found.fixes[0].startswith("raise the limit")


def test_an_embedded_server_has_all_connections_in_one_process() -> None:
    """More workers do not help it."""
    demand = replace(DEMAND, connections=30_000, embedded=1, hears_local=True)
    found = descriptors(demand, FACTS)
    assert found.state == "bad"
    assert found.text == "the embedded server needs 30\u202f064, and a process may have 20\u202f000"
    assert found.fixes[0].startswith("go to a server of your own")


def test_without_a_limit_there_is_nothing_to_compare() -> None:
    """It is said so."""
    found = descriptors(DEMAND, replace(FACTS, hard_limit=None))
    assert (found.state, found.text) == ("good", "each of 2 workers needs 1\u202f064, and there is no limit")


# Ports


@pytest.mark.parametrize(
    ("connections", "sources", "state"),
    [
        (25_000, 1, "good"),
        (26_000, 1, "warning"),
        (28_233, 1, "bad"),
        (50_000, 2, "good"),
        (60_000, 2, "bad"),
    ],
)
def test_each_local_address_has_the_ports_of_the_range(connections: int, sources: int, state: str) -> None:
    """A tenth of them is left to others."""
    found = ports(replace(DEMAND, connections=connections), replace(FACTS, sources={"192.0.2.1": sources}))
    assert found.state == state
    assert (found.figures["needed"], found.figures["addresses"]) == (connections, sources)


@given(st.integers(1, 500_000), st.integers(10, 60_000))
def test_the_addresses_that_a_run_takes_are_enough_by_this_rule(connections: int, count: int) -> None:
    """The rule and the engine count alike: as many addresses as the engine asks for are good."""
    needed = Sources(connections, count).needed("192.0.2.1")
    demand = replace(DEMAND, connections=connections)
    facts = replace(FACTS, ports=count, sources={"192.0.2.1": needed})
    assert ports(demand, facts).state == "good"
    if needed > 1:
        assert ports(demand, replace(facts, sources={"192.0.2.1": needed - 1})).state != "good"


def test_ports_are_advised_a_wider_range_or_more_addresses() -> None:
    """What to type, with the target and the number of addresses."""
    found = ports(replace(DEMAND, connections=50_000), FACTS)
    assert found.fixes == (
        'widen the range, as root: sysctl -w net.ipv4.ip_local_port_range="1024 65535"',
        "or give the interface to 192.0.2.1 1 more address, as root: ip address add ADDRESS dev INTERFACE",
    )
    assert 64_512 * USABLE >= 50_000


def test_a_range_that_would_not_do_is_not_advised() -> None:
    """Only more addresses help then."""
    found = ports(replace(DEMAND, connections=200_000), FACTS)
    assert len(found.fixes) == 1
    assert "7 more addresses" in found.fixes[0]


def test_without_the_address_of_the_target_little_is_known() -> None:
    """Few connections are good wherever they go."""
    facts = replace(FACTS, sources={})
    assert ports(DEMAND, facts).state == "good"
    assert ports(replace(DEMAND, connections=50_000), facts).state == "unknown"


# Memory


def test_memory_is_clients_and_processes() -> None:
    """The estimate has its parts as figures."""
    found = memory(DEMAND, FACTS)
    assert found.state == "good"
    assert found.figures["needed"] > DEMAND.memory + 2 * found.figures["worker"]
    embedded = memory(replace(DEMAND, embedded=1), FACTS)
    assert embedded.figures["needed"] > found.figures["needed"]


@pytest.mark.parametrize(
    ("available", "state"), [(400 << 20, "good"), (300 << 20, "warning"), (99 << 20, "bad")]
)
def test_memory_that_is_tight_is_warned_of(available: int, state: str) -> None:
    """Tight is more than four fifths."""
    assert memory(DEMAND, replace(FACTS, memory=available)).state == state


def test_the_clients_that_there_is_room_for_have_room() -> None:
    """The number that is advised is good."""
    demand = replace(DEMAND, memory=100_000 * 35 * 1024)
    facts = replace(FACTS, memory=1 << 30)
    many = re.search(r"room for about (.+)$", memory(demand, facts).fixes[0])
    assert many is not None
    fewer = replace(demand, memory=int(many[1].replace("\u202f", "")) * 35 * 1024)
    assert memory(fewer, facts).state == "good"


# Cores


def test_workers_and_target_want_a_core_each() -> None:
    """Where they have none, they take turns."""
    demand = replace(DEMAND, workers=4, hears_local=True)
    found = cores(demand, FACTS)
    assert (found.state, found.fixes) == ("warning", ("use fewer workers: --workers 3",))
    assert cores(replace(demand, hears_local=False), FACTS).state == "good"


def test_a_quota_counts_like_cores() -> None:
    """A container may have 64 cores and half of one."""
    found = cores(replace(DEMAND, workers=1), replace(FACTS, quota=0.5))
    assert found.state == "warning"
    assert found.text.startswith("0.5 cores for 1 worker; ")


def test_fewer_workers_are_not_advised_where_descriptors_need_as_many() -> None:
    """One piece of advice must not make another check bad."""
    demand = replace(DEMAND, workers=8, connections=100_000)
    found = cores(demand, FACTS)
    assert found.state == "warning"
    assert found.fixes == ("use a machine or a container with more cores",)


def test_a_rate_beyond_a_worker_asks_for_more_of_them() -> None:
    """The estimate is cost times rate; the advice keeps a distance from the limit of fitness."""
    demand = replace(DEMAND, workers=1, rate=1.7 / MESSAGE_CPU)
    found = cores(demand, FACTS)
    assert (found.state, found.fixes) == ("warning", ("use more workers: --workers 3",))
    assert "170\u202f000\u202fmessages/s take about 170\u202f% of a core" in found.text
    assert cores(replace(demand, workers=3), FACTS).state == "good"


def test_a_rate_beyond_the_machine_asks_for_less() -> None:
    """Or for another machine."""
    found = cores(replace(DEMAND, rate=9 / MESSAGE_CPU), FACTS)
    assert found.fixes == (
        "lower the rate: about 240\u202f000 messages/s are safe here",
        "or use a machine with 15 cores",
    )


def test_plain_python_is_told_how_a_message_takes_less() -> None:
    """Only where CPU is short."""
    plain = replace(FACTS, is_compiled=False)
    assert cores(DEMAND, plain) == cores(DEMAND, FACTS)
    assert cores(replace(DEMAND, rate=9 / MESSAGE_CPU), plain).fixes[2:] == (
        "or install wsrun where there is a C compiler: compiled, a message takes less",
    )


def test_what_is_not_in_the_rate_is_said() -> None:
    """An estimate that leaves something out says what."""
    text = cores(replace(DEMAND, is_unpaced=True, spreads=True), FACTS).text
    assert text.endswith(", what is sent without pauses and what is delivered to others not counted")


def test_other_programs_are_seen() -> None:
    """They disturb where they leave too few cores."""
    assert cores(DEMAND, replace(FACTS, busy=1.5)).state == "good"
    found = cores(DEMAND, replace(FACTS, busy=3.0))
    assert (found.state, "other programs use 3.0" in found.text) == ("warning", True)


# The place for results, and the clock


@pytest.mark.parametrize(("free", "state"), [(1 << 30, "good"), (15 << 20, "warning"), (5 << 20, "bad")])
def test_results_need_room(free: int, state: str) -> None:
    """A minute at one interval a second is some ten megabytes."""
    assert storage(DEMAND, replace(FOLDER, free=free)).state == state


def test_a_folder_that_cannot_be_written_is_bad() -> None:
    """With the reason."""
    found = storage(DEMAND, replace(FOLDER, trouble="permission denied"))
    assert (found.state, found.text) == ("bad", "nothing can be written to wsrun-results: permission denied")
    assert found.fixes == ("name another directory: --out DIR",)


def test_clocks_and_loops() -> None:
    """What is fast is good; a slow or coarse clock is a warning; no uvloop is bad but on Windows."""
    assert timekeeping(CLOCK).text == "uvloop 0.21.0, clock tsc"
    assert timekeeping(replace(CLOCK, clock="hpet")).state == "warning"
    assert timekeeping(replace(CLOCK, resolution=0.0156)).text == "the clock advances in steps of 15.6 ms"
    assert timekeeping(replace(CLOCK, loop=None)).state == "bad"
    windows = replace(CLOCK, platform="win32", loop=None, clock=None)
    assert timekeeping(windows).state == "good"


def test_a_finding_is_one_text_for_a_log() -> None:
    """With what to do about it."""
    found = ports(replace(DEMAND, connections=200_000), FACTS)
    assert told(found) == (
        "ports: 200 000 connections, 28 232 ports on a local address; "
        "give the interface to 192.0.2.1 7 more addresses, as root: ip address add ADDRESS dev INTERFACE"
    )


def test_the_document_has_a_row_for_each_check_of_the_machine() -> None:
    """With the numbers that the code has."""
    text = (Path(__file__).parents[2] / "docs" / "preflight.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*)$", text, re.MULTILINE))
    found = [*look(MACHINE, DEMAND, FACTS), storage(DEMAND, FOLDER), timekeeping(CLOCK)]
    assert list(rows)[: len(found)] == [finding.name for finding in found]
    assert f"and {OVERHEAD} of its own" in rows["descriptors"]
    assert f"{CLIENT_MEMORY >> 10} KiB a client" in rows["memory"]
    assert f"{WORKER_MEMORY >> 20} MiB a worker" in rows["memory"]
    assert f"of {MESSAGE_CPU * 1e6:g} µs a message" in rows["cores"]


def test_a_run_is_compared_with_the_limits_that_its_check_is() -> None:
    """Connections and requests are the same; memory is no less."""
    text = """\
wsrun: 1
target: { url: "ws://one.test/", http: "http://one.test/" }
messages: { ask: { http: { get: /x } }, say: { text: x } }
phases: [ { duration: 10s, clients: { from: 0, to: 600 } }, { duration: 1s, clients: 50 } ]
"""
    plan = compile_plan(parse(text, "test.yaml", environ={}), seed=1)
    whole = demand_of(plan, 2, most_workers=None, embedded=0, hears_local=False)
    limits = limits_of(plan, 2, most_workers=None, embedded=0, hears_local=False)
    assert (limits.connections, limits.requests) == (whole.connections, whole.requests) == (600, 600)
    assert limits.memory >= whole.memory
