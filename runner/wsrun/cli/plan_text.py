"""A plan for people: its timeline as a table, what it takes, and every setting in a scenario's spelling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wsrun import units
from wsrun.cli.stream import Face
from wsrun.cli.yaml_writer import as_yaml
from wsrun.coordinator.staffing import least_workers
from wsrun.estimate import CLIENT_MEMORY, Estimate, PhaseEstimate
from wsrun.outputs.text import wrap
from wsrun.plan import Plan, SearchPlan
from wsrun.view import formats
from wsrun.view.formats import NARROW

_HEADINGS = (
    "phase",
    "from",
    "lasts",
    "clients",
    "connects",
    "at most",
    "messages",
    "a second",
    "at most",
    "sent",
)
MOST_LEVELS = 8
"""Of more levels of a search than this, the first and the last are named."""

_DISPENSABLE = (1, 5, 7)
"""Columns that a narrow terminal goes without, the first of them first."""


def plan_text(
    plan: Plan, expected: Estimate, written: Mapping[str, Any], paper: Face, descriptor_limit: int | None
) -> str:
    """Write a plan.

    Args:
        plan: what is planned.
        expected: its estimate.
        written: its settings, as ``settings.settings`` returns them.
        paper: what it is written on.
        descriptor_limit: how many descriptors a process may have here, None if not limited.
    """
    lines = [_strong(plan.name, paper)]
    if plan.description:
        lines += wrap(plan.description, paper.width)
    lines += ["", *_table(expected, paper), ""]
    lines += [line for note in _notes(plan, expected, descriptor_limit) for line in wrap(note, paper.width)]
    lines += ["", _strong("Everything, with its defaults", paper), ""]
    text = "\n".join(lines) + "\n" + as_yaml(written)
    return text.replace(NARROW, " ")


def _table(expected: Estimate, paper: Face) -> list[str]:
    rows = [_HEADINGS, *map(_row, expected.phases), _totals(expected)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    columns = list(range(len(_HEADINGS)))
    for column in _DISPENSABLE:
        if paper.can_redraw and sum(widths[kept] + 2 for kept in columns) - 2 > paper.width:
            columns.remove(column)

    def line(cells: Sequence[str]) -> str:
        first, *rest = columns
        numbers = [cells[column].rjust(widths[column]) for column in rest]
        return "  ".join([cells[first].ljust(widths[first]), *numbers]).rstrip()

    head, *body = map(line, rows)
    return [f"\x1b[2m{head}\x1b[0m" if paper.colour else head, *body]


def _row(phase: PhaseEstimate) -> tuple[str, ...]:
    before, after = formats.group(phase.clients_before), formats.group(phase.clients_after)
    more = "+" if phase.has_unpaced else ""
    return (
        phase.name,
        units.format_duration(phase.start),
        units.format_duration(phase.duration),
        after if before == after else f"{before} → {after}",
        formats.group(phase.connects),
        f"{formats.group(phase.connects_most)}/s",
        formats.group(round(phase.messages)) + more,
        formats.significant(phase.rate) + more,
        formats.significant(phase.rate_most) + more,
        str(formats.size(phase.bytes)) + more,
    )


def _totals(expected: Estimate) -> tuple[str, ...]:
    more = "+" if expected.has_unpaced else ""
    return (
        "in all",
        "",
        units.format_duration(expected.duration),
        f"≤ {formats.group(expected.clients_most)}",
        formats.group(expected.connects),
        f"{formats.group(max(phase.connects_most for phase in expected.phases))}/s",
        formats.group(round(expected.messages)) + more,
        formats.significant(expected.messages / expected.duration) + more,
        formats.significant(max(phase.rate_most for phase in expected.phases)) + more,
        str(formats.size(expected.bytes)) + more,
    )


def _notes(plan: Plan, expected: Estimate, descriptor_limit: int | None) -> list[str]:
    connections = formats.group(expected.connections_most)
    each = (
        f" ({formats.size(CLIENT_MEMORY)} each)" if expected.connections_most == expected.clients_most else ""
    )
    notes = [
        *(_searched(phase.name, phase.search, phase.duration) for phase in plan.phases if phase.search),
        f"After the last phase, replies are awaited for at most {units.format_duration(expected.drain)}.",
        f"{connections} connections take about {formats.size(expected.memory)} of memory{each}"
        f" and {connections} descriptors, over all workers.",
        "What clients send at their think times is an estimate: pauses are taken at their mean,"
        " and waiting for replies is not in it.",
    ]
    if expected.has_arrivals:
        notes.append(
            "Of clients that arrive, the expected number is shown: rate × stay; of a flow, its pauses alone."
        )
    if expected.requests:
        notes.append(f"{formats.group(round(expected.requests))} of the messages are HTTP requests.")
    if expected.has_unpaced:
        notes.append("+: and what clients send that do not think; that depends on how fast the replies come.")
    if expected.has_lifecycles:
        notes.append(
            "Clients with a lifecycle are counted as if they stayed and were busy all the time: there will be"
            " fewer of them and of their messages at a time, and at least these connects, as each return is"
            " one more."
        )
    if expected.has_reactions:
        notes.append("What react rules send is not in it: that depends on what comes.")
    if descriptor_limit is not None and expected.descriptors > descriptor_limit:
        notes.append(
            f"A process may have {formats.group(descriptor_limit)} descriptors here: that needs"
            f" {least_workers(plan, descriptor_limit)} workers, which a run has by itself, or a higher limit"
            " (ulimit -n)."
        )
    return notes


def _searched(name: str, search: SearchPlan, length: float) -> str:
    """Say which levels a search may hold, and how long that takes."""
    rate = search.axis == "rate"
    values = [
        units.format_rate(held.value) if rate else formats.number(held.value).text for held in search.held
    ]
    shown = values if len(values) <= MOST_LEVELS else [*values[:3], "…", values[-1]]
    what = "messages a second" if rate else "clients"
    return (
        f"{name} searches over {what}: at most {len(values)} levels ({', '.join(shown)}) of"
        f" {units.format_duration(search.hold)} and about {units.format_duration(search.pause)} to judge"
        f" each, {units.format_duration(length)} in all; it ends when its answer is known, and what"
        " follows then begins earlier."
    )


def _strong(text: str, paper: Face) -> str:
    return f"\x1b[1m{text}\x1b[0m" if paper.colour else text
