"""What a frame must be like: sources read values from it, patterns ask for them."""

from wsrun.patterns.correlation import Correlation, correlation
from wsrun.patterns.explaining import explain, explain_key, show_payload
from wsrun.patterns.frame import ABSENT, UNREAD, Answer, Frame, frames_of
from wsrun.patterns.matchers import Matcher, compile_pattern
from wsrun.patterns.parsing import Condition, Pattern, PatternError, parse_pattern
from wsrun.patterns.sources import Source, SourceError, compile_source, parse_source

__all__ = [
    "ABSENT",
    "UNREAD",
    "Answer",
    "Condition",
    "Correlation",
    "Frame",
    "Matcher",
    "Pattern",
    "PatternError",
    "Source",
    "SourceError",
    "compile_pattern",
    "compile_source",
    "correlation",
    "explain",
    "explain_key",
    "frames_of",
    "parse_pattern",
    "parse_source",
    "show_payload",
]
