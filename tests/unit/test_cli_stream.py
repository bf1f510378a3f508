"""Standard output and error outlive whoever reads them."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

import pytest

from wsrun.cli.stream import Stream, face


class Broken(io.StringIO):
    """A stream whose reader is gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError


def terminal(encoding: str = "utf-8") -> Any:
    """A stream that says it is a terminal."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    stream.isatty = lambda: True  # type: ignore[method-assign]
    return stream


def ascii_stream() -> tuple[Stream, io.BytesIO]:
    """A stream that knows ASCII only, and what arrives in it."""
    raw = io.BytesIO()
    return Stream(io.TextIOWrapper(raw, encoding="ascii")), raw


def test_text_arrives() -> None:
    """A stream that is read passes text on."""
    target = io.StringIO()
    stream = Stream(target)
    assert stream.write("hello") == 5
    stream.flush()
    assert target.getvalue() == "hello"


@pytest.mark.parametrize("target", [None, Broken()])
def test_nobody_there_is_no_error(target: io.StringIO | None) -> None:
    """A closed descriptor and a broken pipe take text without a word."""
    stream = Stream(target)
    assert stream.write("hello") == 5
    stream.flush()
    assert stream.write("again") == 5
    assert not stream.isatty()


def test_a_closed_stream_takes_text_too() -> None:
    """Python says ValueError of a closed file."""
    target = io.StringIO()
    target.close()
    assert Stream(target).write("hello") == 5


def test_after_a_failure_the_descriptor_leads_nowhere() -> None:
    """What Python still holds for a broken pipe can be flushed when the interpreter ends."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as target:
        stream = Stream(target)
        stream.write("hello")
        stream.flush()
        target.write("rest")
        target.flush()


def test_ascii_gets_the_nearest_sign() -> None:
    """Thin spaces, dashes and arrows have stand-ins; anything else is a code."""
    stream, raw = ascii_stream()
    stream.write("2\u202f000 → 3 µs – ☃\n")
    stream.flush()
    assert raw.getvalue() == b"2 000 -> 3 us - \\u2603\n"


def test_half_a_surrogate_is_a_code() -> None:
    """A file name that is no UTF-8 can be told in UTF-8."""
    raw = io.BytesIO()
    stream = Stream(io.TextIOWrapper(raw, encoding="utf-8"))
    stream.write("a\udcffb")
    stream.flush()
    assert raw.getvalue() == b"a\\udcffb"


def test_only_a_terminal_has_colours() -> None:
    """A pipe, NO_COLOR, --no-color and a dumb terminal have none."""
    assert face(terminal(), {"TERM": "xterm"}).colour
    assert not face(io.StringIO(), {"TERM": "xterm"}).colour
    assert not face(terminal(), {"TERM": "xterm", "NO_COLOR": "1"}).colour
    assert face(terminal(), {"TERM": "xterm", "NO_COLOR": ""}).colour
    assert not face(terminal(), {"TERM": "xterm"}, no_color=True).colour


@pytest.mark.parametrize("name", ["dumb", "unknown", "", None])
def test_a_dumb_terminal_cannot_be_redrawn(name: str | None) -> None:
    """Nor one that does not say what it is."""
    environ = {} if name is None else {"TERM": name}
    assert not face(terminal(), environ).can_redraw


def test_colours_may_be_off_where_redrawing_is_on() -> None:
    """NO_COLOR is about colours alone."""
    assert face(terminal(), {"TERM": "xterm", "NO_COLOR": "1"}).can_redraw


def test_the_encoding_says_whether_there_is_unicode() -> None:
    """UTF-8 has it, ASCII and Latin-1 have not."""
    found = [face(terminal(name), {"TERM": "xterm"}).unicode for name in ("utf-8", "ascii", "latin-1")]
    assert found == [True, False, False]


def test_a_terminal_that_knows_no_width_has_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Width 0 is what some of them answer."""
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("os.get_terminal_size", lambda _=1: os.terminal_size((0, 0)))
    assert face(terminal(), {"TERM": "xterm"}).width == 80
    assert face(sys.stdout if not sys.stdout.isatty() else io.StringIO(), {}).width == 80
