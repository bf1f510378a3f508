"""The report as a page: whole, closed to the network, readable without script, and safe whatever is in it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.synthetic import NAMES, load, long_run, page, view

from wsrun import resources
from wsrun.outputs import assets, scales, svg
from wsrun.outputs.frame import Frame
from wsrun.outputs.html import render_html
from wsrun.view import build_view
from wsrun.view.formats import NARROW
from wsrun.view.picture import Limit

VOID = {"meta", "link", "br", "input", "circle", "path", "rect", "use"}
OWN_SIZE = 350 * 1024

TEXT_PAIRS = [
    *(
        (name, "ground", 4.5)
        for name in ("text", "text-2", "text-3", "fail", "warn", "pass", "invalid", "schedule", "send")
    ),
    *((name, "band", 4.5) for name in ("text", "text-2", "text-3", "fail", "warn", "schedule", "send")),
    *((name, "sunken", 4.5) for name in ("text", "text-2", "text-3")),
    ("text", "fail-ground", 4.5),
    ("fail", "fail-ground", 4.5),
    ("text", "warn-ground", 4.5),
    ("warn", "warn-ground", 4.5),
    *(
        (name, "ground", 3.0)
        for name in ("p50", "p95", "p99", "met-bar", "kind-1", "kind-2", "kind-3", "kind-4")
    ),
]


class Page(HTMLParser):
    """A page as its elements, the ids and links in it, and what script and style elements hold."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in self.raw:
            self.raw[self.open[-1]].append(data)
        else:
            self.texts.append(data)

    def all(self, attribute: str) -> list[str]:
        """Every value of an attribute."""
        return [value for _, attrs in self.tags if (value := attrs.get(attribute)) is not None]

    @property
    def text(self) -> str:
        """What a reader sees, folds open."""
        return " ".join(" ".join(self.texts).split())


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_well_formed(name: str) -> None:
    """Every element is closed, no id is used twice, every link within the page leads somewhere."""
    found = Page(page(name))
    ids = found.all("id")

    assert (found.unbalanced, found.open) == ([], [])
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in found.all("href") if link.startswith("#")} <= set(ids)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_asks_the_network_for_nothing(name: str) -> None:
    """Links lead within the page, the icon is in it, and its policy forbids everything else."""
    found = Page(page(name))

    assert {link[:1] if link[:1] == "#" else link[:19] for link in found.all("href")} <= {
        "#",
        "data:image/svg+xml,",
    }
    assert found.all("src") == found.all("action") == found.all("srcset") == []
    assert "@import" not in page(name)
    assert not re.search(r"url\((?!#)", "".join(found.raw["style"]))


def test_the_policy_admits_the_one_inline_script_by_its_hash() -> None:
    """What a browser would compute is what the policy says."""
    found = Page(page("fail"))
    script, data = found.raw["script"]
    policy = next(content for content in found.all("content") if "default-src" in content)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

    assert policy == (
        f"default-src 'none'; script-src 'sha256-{digest}' blob:; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    assert json.loads(data)["length"] == 95
    assert not [attrs for _, attrs in found.tags if any(name.startswith("on") for name in attrs)]


def test_hostile_text_is_text_and_nothing_else() -> None:
    """No element, attribute or script comes of it; direction characters are codes."""
    hostile, plain = Page(page("hostile")), Page(page("fail"))

    assert "<script>alert" not in page("hostile")
    assert "<img" not in page("hostile")
    assert len(hostile.raw["script"]) == len(plain.raw["script"])
    assert {tag for tag, _ in hostile.tags} == {tag for tag, _ in plain.tags}
    assert "\u202e" not in page("hostile")
    assert r"\u202etxet\u202c \x1b[31m \ud800 =1+1 {{ 7 * 7 }}" in hostile.text
    json.loads(hostile.raw["script"][1])


@given(st.text(st.characters(), max_size=40))
def test_no_name_can_break_out_of_the_page(name: str) -> None:
    """Whatever a scenario is called, the page has the same elements."""
    result = load("unreachable")
    result["scenario"]["name"] = name
    result["reasons"][0]["text"] = name
    result["target"]["url"] = name
    usual = [tag for tag, _ in Page(page("unreachable")).tags]
    found = Page(render_html(build_view(result)))

    assert found.unbalanced == found.open == []
    assert {tag for tag, _ in found.tags} <= {*usual, "details", "summary"}


@pytest.mark.parametrize("name", NAMES)
def test_a_page_says_everything_without_script(name: str) -> None:
    """Every sentence and number of the view stands in the page itself."""
    text = html.unescape(re.sub(r"<[^>]+>", "", re.sub(r"(?s)<(script|style).*?</\1>", "", page(name))))
    squeezed = re.sub(r"\s+", " ", text)
    found = view(name)
    expected = [found.verdict.line, found.verdict.tally]
    expected += [finding.title for finding in found.findings if finding.title]
    expected += [part for number in found.numbers for part in (number.name, number.figure.text, number.about)]
    expected += [part for row in found.criteria for part in (row.check, row.observed.text, row.limit.text)]
    expected += [row.p99 for row in (found.phases.rows if found.phases else ())]
    expected += [line.number for column in found.ledgers for ledger in column for line in ledger.lines]
    expected += [row.count for row in (*found.errors.drawn, *found.errors.listed)]

    assert [part for part in expected if re.sub(r"\s+", " ", part) not in squeezed] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_small_whatever_the_run(name: str) -> None:
    """Everything but the chart library stays below 350 KiB."""
    assert len(page(name).encode()) < OWN_SIZE


def test_a_page_of_a_long_run_is_small_too() -> None:
    """Ten thousand intervals are drawn as six hundred points."""
    assert len(render_html(build_view(long_run(3)), charts=False).encode()) < OWN_SIZE


def test_the_whole_file_stays_below_two_and_a_half_megabytes() -> None:
    """The library is the installed one, compressed, and the same bytes each time."""
    whole = render_html(view("large"))
    carried = re.search(r'<script type="text/plain" id="plotly">([^<]+)</script>', whole)

    assert len(whole.encode()) < 2_500_000
    assert carried is not None
    assert b"plotly.js" in gzip.decompress(base64.b64decode(carried.group(1)))[:200]
    assert render_html(view("large")) == whole


def test_a_page_without_a_picture_carries_no_library() -> None:
    """Nobody was there, so there is nothing to draw."""
    assert 'id="plotly"' not in render_html(view("unreachable"))


@pytest.mark.parametrize("name", NAMES)
def test_headings_and_tables_are_real(name: str) -> None:
    """One h1; every table has heads with a scope; marks and charts have a text."""
    found = Page(page(name))
    heads = [attrs for tag, attrs in found.tags if tag == "th"]
    images = [attrs for _, attrs in found.tags if attrs.get("role") == "img"]

    assert [tag for tag, _ in found.tags if tag == "h1"] == ["h1"]
    assert all(attrs.get("scope") for attrs in heads)
    assert all(attrs.get("aria-label") for attrs in images)
    assert ("html", {"lang": "en"}) in found.tags
    assert "#findings" in found.all("href")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("pass", "✓ chat-spike passed · wsrun"),
        ("fail", "✕ chat-spike failed · wsrun"),
        ("invalid", "◆ chat-spike is invalid · wsrun"),
    ],
)
def test_the_tab_tells_the_verdict(name: str, title: str) -> None:
    """Its title in words, its icon by shape."""
    assert f"<title>{title}</title>" in page(name)
    assert assets.icon("pass") != assets.icon("fail") != assets.icon("invalid")


def test_sections_without_anything_are_left_out() -> None:
    """An unreachable target has criteria and a scenario; a silent run says that nothing was sent."""
    assert "timeline" not in Page(page("unreachable")).all("id")
    assert "Nothing was sent, so there is no round trip to measure." in page("no-data")
    assert 'id="heat-figure"' not in page("no-data")


def test_what_is_red_in_a_failed_run_is_not_in_an_invalid_one() -> None:
    """Without a verdict on the target no criterion is marked as failed."""
    failed, invalid = (
        [
            attrs.get("class")
            for _, attrs in Page(page(name)).tags
            if (attrs.get("class") or "").startswith("is-")
        ]
        for name in ("fail", "invalid")
    )

    assert failed.count("is-failed") == 1
    assert set(invalid) == {"is-not-judged"}


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back", "least"), TEXT_PAIRS)
def test_every_pair_of_colours_has_the_contrast_it_needs(
    front: str, back: str, least: float, theme: int
) -> None:
    """4.5 for text and 3 for marks, in both themes."""
    tokens = assets.tokens()
    light, dark = sorted((luminance(tokens[name][theme]) for name in (front, back)), reverse=True)

    assert (light + 0.05) / (dark + 0.05) >= least


def test_every_colour_that_is_used_is_a_token() -> None:
    """Styles and scripts name colours, they do not invent them."""
    folder = resources.directory("reports") / "html"
    styles = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("css/*.css")))
    named = set(re.findall(r'colour\("([a-z0-9-]+)"\)', assets.script()))
    used = set(re.findall(r"var\(--([a-z0-9-]+)", page("fail")))
    defined = set(re.findall(r"--([a-z0-9-]+):", page("fail")))

    assert named <= set(assets.tokens())
    assert used <= defined
    assert set(re.findall(r"#[0-9a-f]{3,6}\b", styles)) <= {"#000"}


@given(st.floats(min_value=1e-3, max_value=1e7))
def test_an_axis_ends_just_above_its_values(value: float) -> None:
    """Two to four gridlines, the last at or above the highest value and never twice as high."""
    top, step = scales.nice_top(value)

    assert value <= top * (1 + 1e-9) <= value * 2.01
    assert 2 <= round(top / step) <= 4


@pytest.mark.parametrize(
    ("length", "last"), [(1.2, "1 200 ms"), (95, "90 s"), (3600, "60 min"), (259_200, "72 h")]
)
def test_time_is_written_in_the_unit_of_the_run(length: float, last: str) -> None:
    """Milliseconds to hours, about ten ticks."""
    ticks = scales.time_ticks(length)

    assert ticks[-1].label.replace(NARROW, " ") == last
    assert len(ticks) <= scales.TICKS + 1


def test_lines_have_gaps_and_lone_points_are_dots() -> None:
    """A gap ends a stretch; a single point is drawn by the cap of a line without length."""
    frame = Frame(10, 1, 100)
    line: Any = [(0, 0.5), (1, 0.25), (2, None), (5, 1.0), (6, None)]

    assert frame.path(line) == "M0 50L100 75M500 0h0"
    assert frame.between(line, [(0, 0.0), (10, 0.0)]) == "M0 50L100 75L100 100L0 100Z"


LIMIT = Limit("p95", "round_trip", 0.02, "limit p95 20 ms", 30, 40, "error", False, "after")
BEFORE = [(20.0, 0.0), (26.0, 0.05), (29.0, 0.0)]
"""A peak where the name of the limit usually stands."""


@pytest.mark.parametrize(
    ("line", "side"),
    [
        ([(0.0, 0.03), (40.0, 0.03)], "before"),
        (BEFORE, "above"),
        ([*BEFORE, (30.0, None), (30.1, 0.023), (40.0, 0.023)], "below"),
        ([*BEFORE, (39.0, 0.001), (39.5, 0.05), (40.0, 0.001)], "above-start"),
        ([(t / 10, 0.04 if t % 2 else 0.001) for t in range(400)], "before"),
    ],
)
def test_the_name_of_a_limit_stands_where_no_line_passes(line: Any, side: str) -> None:
    """Before the limit, above or below its end, or its start; where nothing is free, as usual."""
    picture = view("fail").picture
    assert picture is not None
    shown = replace(picture, length=40.0, schedule=line, send=[], limits=(LIMIT,), ticks=(), answered=[])

    assert svg.draw(shown).limits[0].label_side == side


def test_two_values_close_together_do_not_cover_each_other() -> None:
    """Their ticks keep their places, their texts stand a line apart."""
    picture = view("short").picture
    assert picture is not None
    first, second = svg.draw(picture).ticks

    assert 0 < second.y - first.y < 16
    assert (second.y + second.shift) - (first.y + first.shift) == pytest.approx(16)


def test_failure_marks_give_way_to_each_other() -> None:
    """Overlapping ones stand in lanes of their own."""
    picture = view("fail").picture
    assert picture is not None
    marks = svg.draw(picture).marks

    assert [(mark.label, mark.lane) for mark in marks] == [
        ("37 × 503", 0),
        ("323 × reply timeout", 1),
        ("17 × reply lost", 2),
        ("12 × 1013", 0),
    ]


def test_the_warm_up_of_a_phase_is_hatched_in_the_picture() -> None:
    """A peak there must not be read as judged."""
    result = load("pass")
    for phase in result["phases"]:
        phase["warm_up"] = 6.0 if phase["name"] == "spike" else 0.0
    shown = render_html(build_view(result), charts=False)

    assert shown.count('class="warm"') == 2
    assert "<span>warm-up</span>" in shown


def test_the_values_of_a_phase_stand_within_it() -> None:
    """At its end, to the left: to the right they would be read as the next phase's."""
    picture = view("fail").picture
    assert picture is not None

    assert picture.phase == "spike"
    assert {tick.side for tick in svg.draw(picture).ticks} == {"left"}
