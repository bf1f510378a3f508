"""How a preflight is written, and what the command makes of it."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

from click.testing import CliRunner

from wsrun.cli.check import check
from wsrun.cli.preflight_text import section_lines, summary
from wsrun.cli.stream import Face
from wsrun.compiler import compile_plan
from wsrun.preflight import MACHINE as MACHINE_RULES
from wsrun.preflight import look
from wsrun.preflight.demand import demand_of
from wsrun.preflight.facts import Facts, Folder, Timekeeping
from wsrun.preflight.finding import Finding, Section
from wsrun.preflight.storage import storage
from wsrun.preflight.timekeeping import timekeeping
from wsrun.source import parse

FILE = Face(can_redraw=False, colour=False, unicode=True, width=80)
ASCII = Face(can_redraw=False, colour=False, unicode=False, width=80)
TERMINAL = Face(can_redraw=True, colour=True, unicode=True, width=80)

MACHINE = Section(
    "this machine",
    (
        Finding(
            name="descriptors",
            state="bad",
            text="a worker needs 25\u202f064, and a process may have 20\u202f000",
            fixes=("use more workers: --workers 2", "or raise the limit, as root: ulimit -n 25064"),
        ),
        Finding(
            name="ports", state="good", text="25\u202f000 connections, 28\u202f232 ports on a local address"
        ),
        Finding(name="clock", state="warning", text="the kernel's clock is hpet, which is slow to read"),
    ),
)
CLIENT = Section(
    "one client of all",
    (
        Finding(name="connect main", state="good", text="done in 1.20\u202fms"),
        Finding(name='expect {"$.type":"welcome","$.version":{"min":2}}', state="unknown", text="not done"),
    ),
)


def drawn(paper: Face) -> str:
    lines = [line for section in (MACHINE, CLIENT) for line in section_lines(section, paper)]
    return "\n".join([*lines, summary([MACHINE, CLIENT], 3, paper)]) + "\n"


def test_each_check_has_a_line_and_its_fixes_below() -> None:
    """Marks and names are aligned, long names are cut, and numbers have plain spaces."""
    assert drawn(FILE) == dedent(
        """\
        this machine
          ✗ descriptors  a worker needs 25 064, and a process may have 20 000
            → use more workers: --workers 2
            → or raise the limit, as root: ulimit -n 25064
          ✓ ports        25 000 connections, 28 232 ports on a local address
          ! clock        the kernel's clock is hpet, which is slow to read
        one client of all
          ✓ connect main                      done in 1.20 ms
          ? expect {"$.type":"welcome","$.v…  not done
        ✗ 1 bad: the run cannot be driven like this; 1 warning; 1 not known; exit code 3
        """
    )


def test_without_such_letters_there_are_words() -> None:
    """A log in ASCII loses nothing."""
    lines = drawn(ASCII).splitlines()
    assert lines[1].startswith("  bad       descriptors  a worker")
    assert lines[2] == "    -> use more workers: --workers 2"
    assert lines[4].startswith("  ok        ports")
    assert lines[5].startswith("  warning   clock")


def test_colours_are_for_terminals() -> None:
    """A mark has the colour of its state."""
    assert "\x1b[31m✗\x1b[0m descriptors" in drawn(TERMINAL)
    assert "\x1b" not in drawn(FILE)


def test_the_last_line_sums_up() -> None:
    """What is good needs one word, the worst comes first."""
    good = Section("x", (Finding(name="a", state="good", text="b"),))
    warned = Section("x", (Finding(name="a", state="warning", text="b"),) * 2)
    assert summary([good, good], 0, FILE) == "✓ all 2 checks are good; exit code 0"
    assert summary([good, warned], 0, FILE) == "! 2 warnings; exit code 0"


def test_what_the_document_shows_is_what_is_said() -> None:
    """Of this machine, for the scenario that is shown beside it."""
    text = (Path(__file__).parents[2] / "docs" / "preflight.md").read_text("utf-8")
    shown = re.search(r"^this machine\n.*?(?=^wss:)", text, re.MULTILINE | re.DOTALL)
    written = re.search(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert shown is not None
    assert written is not None
    plan = compile_plan(parse(written[1], "crowd.yaml", environ={}), seed=1)
    demand = demand_of(plan, 1, most_workers=None, embedded=0, hears_local=False)
    facts = Facts(
        soft_limit=1024,
        hard_limit=20_000,
        ports=28_232,
        sources={"192.0.2.7": 1},
        memory=6 << 30,
        cores=2,
        busy=0.1,
    )
    folder = Folder(path="wsrun-results", folder="/home/ann", trouble=None, free=73 << 30)
    clock = Timekeeping(platform="linux", loop="uvloop 0.23.0", clock="tsc", resolution=1e-9)
    findings = (*look(MACHINE_RULES, demand, facts), storage(demand, folder), timekeeping(clock))
    assert "\n".join(section_lines(Section("this machine", findings), FILE)) + "\n" == shown[0]


def test_the_help_teaches() -> None:
    """What is looked at, that a real client comes, and what the exit code says."""
    text = " ".join(CliRunner().invoke(check, ["--help"]).output.split())
    for words in ("descriptors, ports, memory", "That client is a real one", "Exit codes: 0", "--workers"):
        assert words in text
