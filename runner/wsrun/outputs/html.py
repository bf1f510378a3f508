"""The report as one HTML file that needs nothing else: no network, and no script for its text.

Jinja2 escapes everything (``autoescape=True``, whatever a template is called), data for the script stands in
a JSON block, and the page forbids itself every connection by a content security policy that admits the one
inline script by its hash. Templates, styles and scripts are in ``reports/html``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from wsrun.outputs import assets, chart_data, curves, scales, svg
from wsrun.resources import directory
from wsrun.view import View, criteria, formats, generator, happenings, latencies
from wsrun.view.criteria import MARK_WORDS
from wsrun.view.sockets import HEADS
from wsrun.view.words import cut

if TYPE_CHECKING:
    from jinja2 import Environment

TITLE_MARKS = {"pass": "✓", "fail": "✕", "invalid": "◆"}


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the page and its link in the bar; ``tone`` is how its count is drawn."""

    anchor: str
    name: str
    template: str
    count: str = ""
    tone: str = ""


def render_html(view: View, *, charts: bool = True) -> str:
    """Draw a view as a page.

    Args:
        view: what to draw.
        charts: False leaves the chart library out (2 MB), and with it the three figures that need it.
    """
    environment = _environment(view)
    style, script = assets.style(environment), assets.script()
    shown, folded = criteria.folded(view.criteria)
    with_charts = charts and view.picture is not None
    page = environment.get_template("report.html.j2").render(
        view=view,
        title_mark=TITLE_MARKS[view.verdict.name],
        policy=assets.policy(script),
        icon=assets.icon(view.verdict.name),
        css=_trusted(style),
        script=_trusted(script),
        data=_data(chart_data.build(view)),
        plotly=assets.plotly() if with_charts else "",
        sections=sections(view),
        ended=formats.date(view.ended),
        shown_criteria=shown,
        folded_criteria=folded,
        drawing=svg.draw(view.picture) if view.picture is not None else None,
        curves=tuple(map(curves.draw, view.searches)),
        **_words(view),
    )
    return page + "\n"


def sections(view: View) -> list[Section]:
    """Return the sections that this view has something for, in the order of the page."""
    failed = sum(1 for row in view.criteria if row.mark == "failed")
    warned = sum(1 for row in view.criteria if row.mark == "warning")
    count, tone = (str(failed), "failed") if failed else (str(warned), "warning") if warned else ("", "")
    kinds = str(view.errors.kinds) if view.errors.kinds else ""
    found = [
        Section("criteria", "Criteria", "sections/criteria.html.j2", count, tone) if view.criteria else None,
        Section("steps", "Steps", "sections/steps.html.j2") if view.visits else None,
        Section("timeline", "Timeline", "sections/timeline.html.j2") if view.picture else None,
        Section("search", "Search", "sections/search.html.j2") if view.searches else None,
        Section("phases", "Phases", "sections/phases.html.j2") if view.phases else None,
        Section("latency", "Latency", "sections/latency.html.j2") if view.picture else None,
        Section("deliveries", "Deliveries", "sections/deliveries.html.j2")
        if view.deliveries or view.broken
        else None,
        Section("counts", "Counts", "sections/counts.html.j2") if view.ledgers else None,
        Section("errors", "Errors", "sections/errors.html.j2", kinds) if view.picture or kinds else None,
        Section("generator", "Generator", "sections/generator.html.j2") if view.generator else None,
        Section("scenario", "Scenario", "sections/scenario.html.j2"),
    ]
    return [section for section in found if section is not None]


def _environment(view: View) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(directory("reports") / "html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "cut": cut,
        "group": formats.group,
        "span": formats.span,
        "mark_word": lambda mark: MARK_WORDS[mark],
        "spark": partial(svg.spark, length=view.length),
        "histogram": svg.histogram,
    }
    if view.phases is not None:
        low, high = view.phases.low, view.phases.high
        environment.filters["range_at"] = partial(scales.on_log, low=low, high=high)
        environment.filters["in_range"] = lambda value: low <= value <= high
    return environment


def _words(view: View) -> dict[str, Any]:
    """Return the labels that describe charts, and what else only this face says."""
    words: dict[str, Any] = {
        "counts_lead": _counts_lead(view),
        "socket_heads": HEADS,
        "worker_heads": generator.COLUMNS,
        "error_times": (),
        "range_ticks": (),
    }
    if view.picture is not None:
        stat = view.picture.stat
        words["picture_label"] = (
            f"{stat} round trip and {stat} service time over {formats.span(view.length)}, "
            "with the clients below; the table under Timeline has the numbers"
        )
        words["timeline_label"] = happenings.summary(view.length, len(view.borders))
        words["error_times"] = scales.time_ticks(view.length, 5)
    if view.phases is not None:
        low, high = view.phases.low, view.phases.high
        words["range_ticks"] = [
            scales.Tick(scales.on_log(value, low, high), formats.limit_of_axis(value))
            for value in scales.log_ticks(low, high)
        ]
    if view.latencies is not None and view.latencies.heat is not None:
        words["heat_label"] = latencies.sentence_of_heat(view.latencies.heat)
    return words


def _counts_lead(view: View) -> str:
    wrong = [ledger for column in view.ledgers for ledger in column if ledger.state == "wrong"]
    if not wrong:
        return "Every attempt and every message is accounted for."
    return "The sums do not agree, so some of what happened was not seen, and the run is invalid."


def _trusted(text: str) -> Any:
    """Mark what comes from ``reports/`` as markup; nothing else ever is."""
    from markupsafe import Markup

    if "</" in text.replace("</g", ""):
        raise AssertionError("a style or script of the report could end its own element")
    return Markup(text)


def _data(data: dict[str, Any]) -> Any:
    """Write data as JSON that cannot leave its element: <, >, & and ' are written as codes."""
    from jinja2.utils import htmlsafe_json_dumps

    return htmlsafe_json_dumps(data, separators=(",", ":"))
