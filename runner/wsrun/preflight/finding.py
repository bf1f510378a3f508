"""What a check of the preflight found, as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from wsrun.view.formats import NARROW

State = Literal["good", "warning", "bad", "unknown"]
"""``bad``: the run cannot be driven like this. ``unknown``: it could not be looked at, and why is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check. ``text`` is one line with the figures compared; ``fixes`` are what to do, one a line.

    ``figures`` are the same for programs: seconds, bytes, numbers, by plain names.
    """

    name: str
    state: State
    text: str
    fixes: tuple[str, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the finding for programs."""
        return {
            "name": self.name,
            "state": self.state,
            "text": self.text.replace(NARROW, " "),
            "fixes": [fix.replace(NARROW, " ") for fix in self.fixes],
            "figures": dict(self.figures),
        }


@dataclass(frozen=True, slots=True)
class Section:
    """The findings about one thing: this machine, one address, one client."""

    title: str
    findings: tuple[Finding, ...]


def told(finding: Finding) -> str:
    """Return a finding as one text, with what to do about it, for a log."""
    return "; ".join((f"{finding.name}: {finding.text}", *finding.fixes)).replace(NARROW, " ")


def is_bad(sections: Iterable[Section]) -> bool:
    """Tell whether anything is bad."""
    return any(finding.state == "bad" for section in sections for finding in section.findings)
