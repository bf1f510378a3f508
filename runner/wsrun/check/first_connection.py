"""The connection that a session makes by itself: what its URL and headers name must be written before it."""

from __future__ import annotations

from collections.abc import Iterator

from wsrun.check.findings import Findings
from wsrun.check.http import uses_socket
from wsrun.check.scene import Scene, mapping, texts, written
from wsrun.expressions import Expr, ExpressionError, parse
from wsrun.source import Steps
from wsrun.wording import quoted


def check_first_connection(scene: Scene, findings: Findings) -> None:
    """Tell of variables that only steps write, where the connection is made before the first step."""
    variables = frozenset(written(scene.document.data)) - {"token" if scene.jwt else ""}
    told: set[tuple[Steps, int]] = set()
    for group, profile in _who_connects_at_once(scene):
        assigned = mapping(scene.groups[group].get("assign"))
        for path, expr in _expressions(scene):
            for name in sorted({name[0] for name in expr.names - expr.optional}):
                if name not in variables or name in assigned or (path, expr.offset) in told:
                    continue
                told.add((path, expr.offset))
                who = f"{quoted(profile)} connects before its start"
                message = f"{who}, when nothing has written {quoted(name)}"
                help_text = f"add {{ connect: main }} to its start, after what writes {name}"
                findings.add_part(path, expr.offset, len(expr.source), "not-written-yet", message, help_text)


def _who_connects_at_once(scene: Scene) -> Iterator[tuple[str, str]]:
    """Every group and profile whose clients connect without a step that says so."""
    by_steps = {path[1] for path, step in scene.steps() if path[2] in ("start", "flow") and "connect" in step}
    for group, spec in scene.groups.items():
        if "pool" not in spec:
            for profile in scene.profiles_of(group):
                if profile not in by_steps and uses_socket(profile, scene):
                    yield group, profile


def _expressions(scene: Scene) -> Iterator[tuple[Steps, Expr]]:
    """Every expression that the first handshake of ``main`` fills in."""
    for key in ("url", "headers"):
        for path, text in texts(scene.target.get(key), ("target", key)):
            try:
                parts = parse(text).parts
            except ExpressionError:
                continue  # told with the other templates
            yield from ((path, part) for part in parts if isinstance(part, Expr))
