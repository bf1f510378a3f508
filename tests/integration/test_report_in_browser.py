"""The report in a real browser: drawn, quiet, within every width, and in both themes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from tests.integration.browser import EXECUTABLE, Browser, browser
from tests.synthetic import load, view

from wsrun.outputs.html import render_html
from wsrun.view import build_view

pytestmark = [
    pytest.mark.skipif(EXECUTABLE is None, reason="no Chromium is installed"),
    pytest.mark.slow,
]

WIDTHS = (320, 400, 820, 1400, 2560)

ACROSS = "[document.documentElement.scrollWidth, innerWidth]"

CHARTS = (
    "[...document.querySelectorAll('.js-plotly-plot')].map((chart) => chart.id || chart.clientWidth > 200)"
)

FOLDED = "document.querySelectorAll('details:not([open])').length"

THEME = "document.documentElement.dataset.theme ?? null"


def chart(name: str) -> str:
    """The expression for a drawn figure."""
    return f"document.querySelector('#{name}-figure .js-plotly-plot')"


PLACE = f"(({{x, y}}) => [x, y])({chart('timeline')}.getBoundingClientRect())"
"""Where the timeline is in the window."""


async def drag(page: Browser) -> None:
    """Zoom into the middle of the timeline, in a window of 1 400 pixels."""
    left, top = await page.value(PLACE)
    await page.mouse("mousePressed", left + 500, top + 300)
    for x in range(500, 801, 50):
        await page.mouse("mouseMoved", left + x, top + 300, is_down=True)
    await page.mouse("mouseReleased", left + 800, top + 300)


def written(folder: Path, name: str) -> Path:
    """Write the report of a made-up result."""
    path = folder / f"{name}.html"
    path.write_text(render_html(view(name)), encoding="utf-8")
    return path


def run(visit: Callable[[Browser], Coroutine[Any, Any, None]]) -> None:
    """Run a visit in a browser of its own."""

    async def main() -> None:
        async with browser() as page:
            await visit(page)

    asyncio.run(main())


def test_a_report_is_drawn_without_a_word_to_the_console_or_the_network(tmp_path: Path) -> None:
    """Three charts at every width, nothing wider than the window, no message, no request but to itself."""
    path = written(tmp_path, "fail")

    async def visit(page: Browser) -> None:
        await page.open(path, WIDTHS[0])
        for width in WIDTHS:
            await page.resize(width)
            across, window = await page.value(ACROSS)
            assert across <= window == width
            assert await page.value(CHARTS) == [True, True, True]
        assert page.messages == []
        assert {url.partition(":")[0] for url in page.requests} <= {"file", "about", "blob", "data"}

    run(visit)


def test_awkward_reports_are_drawn_as_quietly(tmp_path: Path) -> None:
    """Markup in names runs nothing, and fifty phases with long tables stay within a phone."""
    paths = [written(tmp_path, name) for name in ("hostile", "large")]

    async def visit(page: Browser) -> None:
        for path in paths:
            await page.open(path, 320)
            across, window = await page.value(ACROSS)
            assert across <= window
            assert await page.value("document.querySelectorAll('img').length") == 0
        assert page.messages == []

    run(visit)


def test_one_moment_is_shown_in_all_charts_and_zoom_is_shared(tmp_path: Path) -> None:
    """The pointer over one chart moves every crosshair; a drag zooms every time axis; a theme redraws."""
    path = written(tmp_path, "fail")

    async def visit(page: Browser) -> None:
        await page.open(path, 1400)
        await page.value("document.querySelector('#timeline-figure').scrollIntoView()")
        left, top = await page.value(PLACE)
        for x in (640, 641):
            await page.mouse("mouseMoved", left + x, top + 300)
        crosses = "[...document.querySelectorAll('.crosshair')].filter((line) => !line.hidden).length"
        assert await page.value(crosses) == 4
        assert "at 4" in await page.value("document.querySelector('[data-read=schedule]').textContent")

        await drag(page)
        ranges = [await page.value(f"{chart(name)}.layout.xaxis.range") for name in ("timeline", "heat")]
        assert ranges[0] == ranges[1]
        assert 30 < ranges[0][0] < ranges[0][1] < 70

        colour = f"{chart('curve')}.layout.xaxis.gridcolor"
        light = await page.value(colour)
        await page.value("document.getElementById('theme').click()")
        assert await page.value(colour) != light
        assert page.messages == []

    run(visit)


def test_the_warm_up_is_hatched_in_every_chart_over_time_and_follows_the_zoom(tmp_path: Path) -> None:
    """As in the static picture: what no criterion sees looks so, under the pointer and zoomed too."""
    path = written(tmp_path, "fail")
    strips = (
        "[...document.querySelectorAll('.drawn > .warm')].map((strip) => strip.hidden ? 0 : "
        "strip.getBoundingClientRect().width)"
    )

    async def visit(page: Browser) -> None:
        await page.open(path, 1400)
        widths = await page.value(strips)
        assert len(widths) == 2
        length = await page.value(f"{chart('timeline')}.layout.xaxis.range[1]")
        plot = await page.value(f"{chart('timeline')}._fullLayout.xaxis._length")
        warm_up = next(phase for phase in load("fail")["phases"] if phase["warm_up"])
        wanted = plot * (warm_up["end"] - warm_up["start"]) / length
        assert all(abs(width - wanted) < 2 for width in widths)
        await page.value("document.querySelector('#timeline-figure').scrollIntoView()")
        await drag(page)
        assert await page.value(strips) == [0, 0]
        assert page.messages == []

    run(visit)


def test_the_name_of_a_limit_stands_on_no_line(tmp_path: Path) -> None:
    """Before the limit, unless a peak stands there: then above its end."""
    names = "[...document.querySelectorAll('#timeline .annotation-text')]"
    name = f"{names}.find((one) => /p95/.test(one.textContent))"
    right = f"{name}.getBoundingClientRect().right - {chart('timeline')}.getBoundingClientRect().left"
    result = load("fail")
    paths = []
    for peak in (0.02, 1.0):
        for row in result["timeline"]:
            if 50 <= row["t"] < 70:
                row["round_trip"] |= {"p50": 0.01, "p95": peak if row["t"] % 2 else 0.02, "p99": 1.5}
                row["service_time"]["p99"] = 1.5
        paths.append(tmp_path / f"{peak}.html")
        paths[-1].write_text(render_html(build_view(result)), encoding="utf-8")

    async def visit(page: Browser) -> None:
        places = []
        for path in paths:
            await page.open(path, 1400)
            places.append(await page.value(right) / await page.value(f"{chart('timeline')}.clientWidth"))
        assert places[0] < 0.76
        assert places[1] > 0.9

    run(visit)


def test_the_end_of_a_run_is_named_on_its_axis(tmp_path: Path) -> None:
    """Where a run ends on a tick, the label of that is there, and not cut off."""
    result = load("fail")
    result["phases"][-1]["end"] = 100.0
    last = result["timeline"][-1]
    last["length"] = 100.0 - last["t"]
    path = tmp_path / "hundred.html"
    path.write_text(render_html(build_view(result)), encoding="utf-8")
    label = f"[...{chart('timeline')}.querySelectorAll('.xtick > text')].at(-1)"
    over = f"{label}.getBoundingClientRect().right - {chart('timeline')}.getBoundingClientRect().right"

    async def visit(page: Browser) -> None:
        for width in (400, 1400):
            await page.open(path, width)
            assert (await page.value(f"{label}.textContent")).startswith("100")
            assert await page.value(over) <= 0.5

    run(visit)


def test_printing_opens_every_fold_and_restores_the_page(tmp_path: Path) -> None:
    """On paper nothing is folded or dark; afterwards everything is as it was."""
    path = written(tmp_path, "fail")

    async def visit(page: Browser) -> None:
        await page.open(path, 1400, dark=True)
        before = await page.value(FOLDED)
        assert before > 0
        await page.value("dispatchEvent(new Event('beforeprint'))")
        assert await page.value(f"[{FOLDED}, {THEME}]") == [0, "light"]
        await page.value("dispatchEvent(new Event('afterprint'))")
        assert await page.value(f"[{FOLDED}, {THEME}]") == [before, None]

    run(visit)
