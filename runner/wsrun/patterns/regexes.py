"""Regular expressions, with RE2: linear in the subject whatever the pattern, so that none can hang a run."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

LONGEST_SUBJECT: Final = 64 << 10
"""Characters (or bytes) of a payload that a regex looks at; what stands behind them is not seen."""

LARGEST_PROGRAM: Final = 3000
"""RE2's instructions of the largest regex: the worst of this size takes a quarter of a second on the longest
subject, all usual ones a millisecond."""


class RegexError(ValueError):
    """A regex does not compile; ``help`` says what may be the matter."""

    def __init__(self, message: str, help: str) -> None:  # noqa: A002
        super().__init__(message)
        self.message = message
        self.help = help


@lru_cache(maxsize=256)
def compile_regex(pattern: str, *, binary: bool = False) -> Any:
    """Compile a regex; with ``binary`` it reads bytes, of which each is one character of Latin-1.

    Raises:
        RegexError: RE2 has no such pattern (back references and look-around are not regular), or it is too
            large, or a binary one has characters beyond Latin-1.
    """
    import re2

    options = re2.Options()
    options.log_errors = False
    subject: str | bytes = pattern
    if binary:
        options.encoding = re2.Options.Encoding.LATIN1
        try:
            subject = pattern.encode("latin-1")
        except UnicodeEncodeError as error:
            raise RegexError("a byte has no such character", "write bytes as \\xff") from error
    try:
        regex = re2.compile(subject, options=options)
    except re2.error as error:
        said = error.args[0] if error.args else b"it does not compile"
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise RegexError(
            f"this regex does not compile: {text}",
            "regexes are RE2's: no back references, no look-ahead, no look-behind",
        ) from error
    except UnicodeEncodeError as error:
        raise RegexError("this regex is no text", "half of a surrogate pair stands alone in it") from error
    if regex.programsize > LARGEST_PROGRAM:
        raise RegexError("this regex is too large", "repeat less: {0,100} is a hundred times what it repeats")
    return regex


def search(regex: Any, text: str) -> Any:
    """Return the first match in a text, None where there is none; its groups are bytes of UTF-8.

    Twice as fast as giving RE2 the text, which counts where in it each group is.
    """
    return regex.search(text[:LONGEST_SUBJECT].encode("utf-8", "replace"))


def is_regex(value: Any) -> bool:
    """Whether an expected value is a text between two slashes."""
    return isinstance(value, str) and len(value) > 2 and value[0] == value[-1] == "/"


def quote(text: str) -> str:
    """Return a regex that fits this text and nothing else."""
    import re2

    quoted: str = re2.escape(text)
    return quoted
