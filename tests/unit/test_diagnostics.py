"""Mistakes are drawn so that a stranger finds them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wsrun.diagnostics import Diagnostic, Location, render, render_all

LINES = ["wsrun: 1", "phases:", "  - { name: up, lenght: 5s }"]
MISTAKE = Diagnostic(
    "unknown-key", "'lenght' is not a key of a phase", Location("a.yaml", 3, 17, 6), "did you mean 'length'?"
)


def test_a_mistake_is_drawn_with_its_line_and_carets() -> None:
    """File, line, column, code and message come first; then the line, the carets and the help."""
    assert render(MISTAKE, LINES) == (
        "a.yaml:3:17: error[unknown-key]: 'lenght' is not a key of a phase\n"
        "  |\n"
        "3 |   - { name: up, lenght: 5s }\n"
        "  |                 ^^^^^^\n"
        "  = help: did you mean 'length'?"
    )


def test_a_mistake_of_the_file_as_a_whole_has_no_line() -> None:
    """Line 0 draws the path alone."""
    mistake = Diagnostic("unreadable", "there is no such file", Location("b.yaml", 0, 0))
    assert render(mistake, []) == "b.yaml: error[unreadable]: there is no such file"


def test_a_place_past_the_end_of_its_line_still_gets_a_caret() -> None:
    """A missing value has its place one column after the line's last character."""
    drawn = render(Diagnostic("empty", "nothing here", Location("a.yaml", 2, 9, 3)), LINES)
    assert drawn.splitlines()[-2:] == ["2 | phases:", "  |        ^"]


def test_all_mistakes_end_with_their_number() -> None:
    """A blank line separates two mistakes; the last line counts them."""
    drawn = render_all([MISTAKE, MISTAKE], {"a.yaml": LINES})
    assert drawn == f"{render(MISTAKE, LINES)}\n\n{render(MISTAKE, LINES)}\n\n2 mistakes in a.yaml\n"
    assert render_all([MISTAKE], {}).endswith("\n\n1 mistake in a.yaml\n")
    assert render_all([], {}) == ""


def test_colours_are_added_only_when_asked_for() -> None:
    """The text without its escapes is the same."""
    drawn = render(MISTAKE, LINES, colour=True)
    assert "\x1b[1;31merror[unknown-key]\x1b[0m" in drawn
    assert "\x1b" not in render(MISTAKE, LINES)


def test_a_long_line_is_cut_around_the_mistake() -> None:
    """The caret stays under the word, an ellipsis marks each cut."""
    line = "a" * 300 + "WORD" + "b" * 300
    text, carets = render(Diagnostic("x", "y", Location("a", 1, 301, 4)), [line]).splitlines()[-2:]
    assert text[carets.index("^") :].startswith("WORD")
    assert text.startswith("1 | …")
    assert text.endswith("…")
    assert len(text) < 110


def test_carets_stand_under_wide_characters() -> None:
    """A character that takes two columns moves the caret by two, a combining one by none."""
    drawn = render(Diagnostic("x", "y", Location("a", 1, 7, 2)), ["日本e\u0301: 木b"])
    text, carets = drawn.splitlines()[-2:]
    assert carets == "  |        ^^^"
    assert text == "1 | 日本e\u0301: 木b"


def test_control_characters_reach_no_terminal() -> None:
    """Escapes of the file or of a message are shown and not executed."""
    evil = "\x1b[31mred\u202e\ud800\r\n::error"
    drawn = render(Diagnostic("x", evil, Location("a", 1, 1, 99), evil), [evil.replace("\n", "")])
    assert drawn.isprintable() or set(filter(lambda c: not c.isprintable(), drawn)) == {"\n"}
    assert drawn.count("\n") == 4


@given(st.text(), st.integers(0, 3), st.integers(-1, 200), st.integers(-1, 200))
def test_any_place_of_any_line_can_be_drawn(line: str, row: int, column: int, length: int) -> None:
    """Drawing never fails, and never adds a line of the file's own making."""
    drawn = render(Diagnostic("x", line, Location("a", row, column, length), line), [line])
    assert len(drawn.splitlines()) == (5 if row == 1 else 2)
