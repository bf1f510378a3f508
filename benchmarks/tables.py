"""The measured parts of ``docs/benchmarks.md``: each lies between two marks and is replaced as a whole.

A benchmark that was told to write calls ``write("NAME", text)``; the page has ``<!-- NAME: begin -->`` and
``<!-- NAME: end -->`` on lines of their own. What stands outside of marks is written by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"


def replaced(page: str, name: str, text: str) -> str:
    """Return the text of a page with what is between the marks of a name replaced.

    Raises:
        ValueError: the page does not have both marks, once each and in their order.
    """
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed or begin in after or end in after:
        raise ValueError(f"the page needs one line '{begin.strip()}' and below it one line '{end}'")
    return f"{before}{begin}{text.strip()}\n{end}{after}"


def write(name: str, text: str, page: Path = PAGE) -> None:
    """Replace one part of the page in place.

    Raises:
        ValueError: the page does not have the marks of this name.
    """
    page.write_text(replaced(page.read_text(encoding="utf-8"), name, text), encoding="utf-8")


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]], right: int = 1) -> str:
    """Return a table in Markdown; columns from number ``right`` on are aligned to the right."""
    rule = ["---" if column < right else "--:" for column in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))
