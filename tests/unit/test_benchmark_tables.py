"""What benchmarks write into docs/benchmarks.md."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks import tables

PAGE = "# Page\n<!-- a: begin -->\nold\n<!-- a: end -->\nby hand\n<!-- b: begin -->\n<!-- b: end -->\n"


def test_only_what_is_between_the_marks_is_replaced(tmp_path: Path) -> None:
    """Other parts and what is written by hand stay as they are."""
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")

    tables.write("a", "| new |\n", page)
    tables.write("b", "too\n\n", page)

    expected = PAGE.replace("old", "| new |").replace("<!-- b: end", "too\n<!-- b: end")
    assert page.read_text(encoding="utf-8") == expected


@pytest.mark.parametrize(
    "page",
    [
        "no marks",
        "<!-- a: begin -->\n",
        "<!-- a: end -->\n<!-- a: begin -->\n",
        "<!-- a: begin -->\n<!-- a: end -->\n<!-- a: begin -->\n<!-- a: end -->\n",
    ],
)
def test_a_page_without_its_marks_is_not_written(page: str) -> None:
    """It is told which marks it needs."""
    with pytest.raises(ValueError, match="<!-- a: begin -->"):
        tables.replaced(page, "a", "text")


def test_a_table_aligns_figures_to_the_right() -> None:
    """The first column is text."""
    assert (
        tables.markdown(("what", "µs"), [("wsrun", "7.1")]) == "| what | µs |\n| --- | --: |\n| wsrun | 7.1 |"
    )


def test_the_page_has_a_part_for_each_benchmark() -> None:
    """The marks in the repository's page are whole."""
    text = tables.PAGE.read_text(encoding="utf-8")
    for name in ("peers", "scale-setup", "scale-idle", "scale-open", "scale-workers"):
        assert tables.replaced(text, name, "text") != text
