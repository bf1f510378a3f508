"""What a scenario means: whether its names exist and its values can be. The whole way from file to document.

``load_scenario`` is what commands call. Each module here checks one part of a scenario and notes what it
finds; all of them look at values without trust in their shape, so that a mistake of shape hides no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from wsrun import source
from wsrun.diagnostics import Diagnostic
from wsrun.errors import ScenarioError
from wsrun.source import Document, Steps
from wsrun.validate import shape_mistakes

MOST = 200
"""Diagnostics that are told of one file; who makes more has mistaken the kind of file."""


def load_scenario(
    path: Path,
    environ: Mapping[str, str],
    overrides: Sequence[tuple[str, str]] = (),
    *,
    allow_python: bool = False,
) -> Document:
    """Read and check a scenario file.

    Args:
        path: the file.
        environ: what ``${NAME}`` stands for.
        overrides: pairs of path and value that go before the file's.
        allow_python: whether the operator lets the file's author run Python.

    Returns:
        A document without mistakes.

    Raises:
        ScenarioError: with every mistake of the file, sorted by place.
    """
    document = source.read(path, environ=environ, overrides=overrides)
    mistakes = all_mistakes(document, allow_python=allow_python)
    if mistakes:
        raise ScenarioError(mistakes)
    return document


def all_mistakes(document: Document, *, allow_python: bool = False) -> list[Diagnostic]:
    """Return every mistake of a document that was read, sorted by place, those of ``--set`` last."""
    shape = shape_mistakes(document)
    found = [*document.problems, *(mistake.diagnostic for mistake in shape)]
    found += _meaning(document, [mistake.path for mistake in shape], allow_python)
    unique = dict.fromkeys(found)
    in_order = sorted(unique, key=lambda mistake: (mistake.location.path != document.path, mistake.location))
    return in_order[:MOST]


def check_meaning(document: Document) -> list[Diagnostic]:
    """Return all wrong names and impossible values of a document whose shape is right, sorted by place."""
    return sorted(dict.fromkeys(_meaning(document, ())), key=lambda mistake: mistake.location)


def _meaning(document: Document, told: Iterable[Steps], allow_python: bool = False) -> list[Diagnostic]:
    from wsrun.check.arrivals import check_arrivals
    from wsrun.check.bodies import check_bodies
    from wsrun.check.contracts import check_contracts
    from wsrun.check.criteria import check_criteria
    from wsrun.check.data import check_data
    from wsrun.check.deliveries import check_deliveries
    from wsrun.check.extensions import check_extensions
    from wsrun.check.findings import Findings
    from wsrun.check.first_connection import check_first_connection
    from wsrun.check.http import check_http
    from wsrun.check.load import check_load
    from wsrun.check.patterns import check_patterns
    from wsrun.check.pool import check_pools
    from wsrun.check.references import check_references
    from wsrun.check.resilience import check_resilience
    from wsrun.check.rules import check_rules
    from wsrun.check.scene import Scene
    from wsrun.check.searches import check_searches
    from wsrun.check.steps import check_steps
    from wsrun.check.target import check_target
    from wsrun.check.templates import check_templates

    scene, findings = Scene(document), Findings(document, told)
    check_target(scene, findings)
    check_first_connection(scene, findings)
    check_http(scene, findings)
    check_references(scene, findings)
    check_load(scene, findings)
    check_arrivals(scene, findings)
    check_searches(scene, findings)
    check_pools(scene, findings)
    check_steps(scene, findings)
    check_bodies(scene, findings)
    check_templates(scene, findings, check_data(scene, findings))
    check_patterns(scene, findings)
    check_rules(scene, findings)
    check_resilience(scene, findings)
    check_contracts(scene, findings)
    check_extensions(scene, findings, allow_python=allow_python)
    check_deliveries(scene, findings)
    check_criteria(scene, findings)
    return findings.diagnostics
