"""Steps: conditions that are expressions, weights of choices, sockets and codes of closes."""

from __future__ import annotations

from typing import Any

from wsrun.check.findings import Findings
from wsrun.check.scene import MAIN, Scene, mapping, sequence
from wsrun.expressions import ExpressionError, parse
from wsrun.source import Steps
from wsrun.wording import choose, cut, quoted

CONDITIONS = ("while", "if")
"""Keys of steps whose value is one expression."""

_NEVER_SENT = {
    1004: "has no meaning",
    1005: "stands for a close without a code",
    1006: "stands for an end without a close",
}
"""Codes that RFC 6455 keeps out of close frames, and why."""


def check_steps(scene: Scene, findings: Findings) -> None:
    """Check every step of every profile."""
    for path, step in scene.steps():
        for key in CONDITIONS:
            if key in step:
                _condition(step[key], (*path, key), findings)
        for key in ("connect", "close", "socket"):
            check_socket(step.get(key), (*path, key), scene, findings)
        if "choose" in step:
            _weights(step["choose"], (*path, "choose"), findings)
        _code(step.get("code"), (*path, "code"), findings)
        if "sync" in step and path[2] == "end":
            message = "nobody is waited for who is leaving, and so a 'sync' in 'end' waits for nobody"
            findings.add_key((*path, "sync"), "no-effect", message, "put it into start or flow")


def _condition(text: Any, path: Steps, findings: Findings) -> None:
    if not isinstance(text, str):
        return
    try:
        is_single = parse(text).is_single
    except ExpressionError:
        return  # told with the other templates
    if not is_single:
        # What has text around an expression is a text, and a text is always true.
        help_text = "write the whole condition between {{ and }}"
        if "{{" not in text:
            help_text = f'write {path[-1]}: "{{{{ {cut(text)} }}}}"'
        findings.add(path, "condition", f"{quoted(str(path[-1]))} takes one expression", help_text)


def check_socket(name: Any, path: Steps, scene: Scene, findings: Findings) -> None:
    """Check that a socket which is named exists."""
    if isinstance(name, str) and name not in scene.sockets:
        advice = choose(name, scene.sockets, "sockets")
        if len(scene.sockets) == 1:
            advice = f"write {MAIN}, or name others under target: {{ sockets: … }}"
        findings.add(path, "unknown-socket", f"there is no socket {quoted(name)}", advice)


def _weights(choices: Any, path: Steps, findings: Findings) -> None:
    weights = [mapping(choice).get("weight") for choice in sequence(choices)]
    if weights and all(isinstance(weight, int | float) and not weight for weight in weights):
        findings.add_key(path, "all-zero", "all weights are zero", "give one of them a weight")


def _code(code: Any, path: Steps, findings: Findings) -> None:
    if isinstance(code, bool) or not isinstance(code, int):
        return
    if code in _NEVER_SENT:
        findings.add(path, "out-of-range", f"{code} {_NEVER_SENT[code]}, and is never sent", "write 1000")
    elif 1015 <= code < 3000:
        message = f"{code} is a code that nobody has given a meaning"
        findings.add(path, "out-of-range", message, "write 1000 to 1014, or 3000 to 4999")
