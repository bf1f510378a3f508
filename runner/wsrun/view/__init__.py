"""What every face of a result shows, as values: sentences, figures, rows and lines ready to be drawn.

``build_view`` turns a result (see ``schemas/result.schema.json``) into a ``View``. It is a pure function: no
file, no clock, no network. Whatever a stranger may have written is harmless text in it, and how anything is
drawn is not its business. May import layers below the judge, and no output.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wsrun.view import (
    criteria,
    deliveries,
    errors,
    findings,
    formats,
    generator,
    happenings,
    latencies,
    ledgers,
    load,
    numbers,
    phases,
    picture,
    scenario,
    searches,
    sockets,
    trends,
    verdict,
    visits,
)
from wsrun.view.ledger import Ledger
from wsrun.view.picture import Limit
from wsrun.view.reading import Reading
from wsrun.view.series import Point
from wsrun.view.words import counted, cut

__all__ = ["View", "build_view"]


@dataclass(frozen=True, slots=True)
class View:
    """A result, ready to be drawn.

    Parts that a run has nothing for are None or empty: an unreachable target leaves no picture. ``name`` is
    cut to a length that fits a line; ``whole_name`` and ``whole_description`` are not. ``extent`` says how
    long the run was and how much it sent.
    """

    name: str
    whole_name: str
    description: str
    whole_description: str
    identity: str
    version: str
    ended: str
    extent: str
    length: float
    models: tuple[load.Model, ...]
    verdict: verdict.Verdict
    findings: tuple[findings.Finding, ...]
    more_findings: str
    criteria: tuple[criteria.Row, ...]
    criteria_note: str
    picture: picture.Picture | None
    limits: tuple[Limit, ...]
    stopped_at: float | None
    visits: visits.Visits | None
    numbers: tuple[numbers.KeyNumber, ...]
    points: tuple[Point, ...]
    borders: tuple[float, ...]
    events: tuple[happenings.EventGroup, ...]
    timeline: happenings.TimelineTable | None
    trends: trends.Trends | None
    searches: tuple[searches.Search, ...]
    phases: phases.Phases | None
    latencies: latencies.Latencies | None
    nothing_asked: str
    broken: tuple[deliveries.Broken, ...]
    deliveries: tuple[deliveries.Row, ...]
    ledgers: tuple[tuple[Ledger, ...], ...]
    sockets: tuple[sockets.SocketRow, ...]
    errors: errors.Errors
    generator: generator.Generator | None
    scenario: scenario.Scenario

    @property
    def title(self) -> str:
        """The verdict in one line, without its mark: ``chat-spike failed``."""
        return f"{self.name} {self.verdict.title}"


def build_view(result: Mapping[str, Any]) -> View:
    """Turn a result into what is shown of it.

    Args:
        result: the content of a result.json; it is not changed.
    """
    reading = Reading.of(result)
    merged = picture.points(reading)
    rows = criteria.rows(reading)
    found, more = findings.build(reading)
    reached = reading.was_reached and bool(merged)
    name, description = reading["scenario"]["name"], reading["scenario"]["description"] or ""
    return View(
        name=cut(name),
        whole_name=name,
        description=cut(description, 160),
        whole_description=description,
        identity=reading["id"],
        version=reading["run"]["versions"]["wsrun"],
        ended=reading["run"]["ended"],
        extent=_extent(reading),
        length=reading.length,
        models=load.build(reading) if reached else (),
        verdict=verdict.build(reading, rows),
        findings=found,
        more_findings=more,
        criteria=rows,
        criteria_note=_criteria_note(reading),
        picture=picture.build(reading, merged) if reached else None,
        limits=picture.limits(reading),
        stopped_at=reading["stopped"]["at"] if reading["stopped"] else None,
        visits=visits.build(reading),
        numbers=numbers.build(reading, merged) if reached else (),
        points=tuple(merged),
        borders=tuple(picture.borders(reading)),
        events=happenings.events(reading),
        timeline=happenings.timeline(reading) if reached else None,
        trends=trends.build(reading) if reached else None,
        searches=searches.build(reading) if reached else (),
        phases=phases.build(reading) if reached else None,
        latencies=latencies.build(reading) if reached else None,
        nothing_asked=_nothing_asked(reading) if reached else "",
        deliveries=deliveries.rows(reading) if reached else (),
        broken=deliveries.broken(reading) if reached else (),
        ledgers=ledgers.build(reading) if reached else (),
        sockets=sockets.build(reading) if reached else (),
        errors=errors.build(reading),
        generator=generator.build(reading) if reached else None,
        scenario=scenario.build(reading),
    )


def _extent(reading: Reading) -> str:
    sent = counted(reading["counts"]["messages"]["sent"], "message")
    return f"{formats.span(reading['run']['duration'] or 0)}, {sent}"


def _criteria_note(reading: Reading) -> str:
    warm = [phase["name"] for phase in reading.phases if phase["warm_up"]]
    if reading.is_doubtful:
        return "None of them is judged, because the numbers are in doubt; what was observed stays."
    left_out = f"Warm-up ({', '.join(warm)}) and drain are left out." if 0 < len(warm) < 4 else ""
    if len(warm) >= 4:
        left_out = f"The warm-up of {len(warm)} phases and the drain are left out."
    return (
        f"{left_out} The bar shows how much of what the limit allows was used; the tick is the limit.".strip()
    )


def _nothing_asked(reading: Reading) -> str:
    messages = reading["counts"]["messages"]
    if not messages["sent"]:
        return "Nothing was sent, so there is no round trip to measure."
    if not messages["expected"]:
        return "No message asks for a reply, so there is no round trip to measure."
    if reading.has_searches:
        return "All that was measured belongs to searches: Search has the latency of each level."
    return "No reply came and none timed out, so there is no round trip to show."
