"""Causes of errors: the table has all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import wsrun
from wsrun.causes import CAUSES, FAMILIES, cause_text, is_cause

PACKAGE = Path(wsrun.__file__).parent
_BEFORE = (
    r'ConnectFailure\("[a-z_]+", |Closing\(1006, [^,]+, "[a-z]+", |cause = |errno\.[A-Z]+: \(|return '
    r"|\.(?:error|fail|finish)\((?:request, )?"
)
_CAUSE = r"[a-z0-9]+(?:-[a-z0-9]+)+|eof|reset|dns|forbidden|unreachable|unknown|aborted"
SAID = re.compile(f'(?:{_BEFORE})"({_CAUSE})"')


def test_every_cause_that_is_counted_has_its_sentence() -> None:
    """What transports and engine write as a cause is in the table."""
    files = [*(PACKAGE / "transports").glob("*.py"), *(PACKAGE / "engine").glob("*.py")]
    said = {cause for file in files for cause in SAID.findall(file.read_text(encoding="utf-8"))}

    assert {"connection-refused", "reply-timeout", "eof", "not-connected", "bad-request"} <= said
    assert said - CAUSES.keys() == set()


@pytest.mark.parametrize(
    "cause", ["reply-timeout", "refused-503", "refused-301", "closed-1013", "closed-4999"]
)
def test_a_cause_is_known(cause: str) -> None:
    """Fixed ones, and those with a number."""
    assert is_cause(cause)


@pytest.mark.parametrize("text", ["reply-timeot", "refused-", "refused-101", "closed-99", "closed-12345", ""])
def test_what_nothing_is_counted_by_is_no_cause(text: str) -> None:
    """Misspelt ones, and numbers that no answer and no close frame has."""
    assert not is_cause(text)


def test_a_cause_is_told_in_plain_words() -> None:
    """With its number, if it has one; one of a later version still reads well."""
    assert cause_text("reply-lost") == "The connection ended before the reply"
    assert cause_text("refused-503") == "The server refused the connection with HTTP 503"
    assert cause_text("closed-1013") == "The connection was closed with 1013"
    assert cause_text("gone-fishing") == "Gone fishing"
    assert cause_text("answered-404") == "An HTTP request was answered with 404"
    assert len(FAMILIES) == 3
