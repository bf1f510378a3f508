"""Contracts: whether their documents can be read, and their schemas used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wsrun import source
from wsrun.check.bodies import inner_file
from wsrun.check.findings import Findings
from wsrun.check.scene import Scene
from wsrun.contracts import Mistake, messages_of, mistakes, target_paths
from wsrun.contracts.reading import KINDS
from wsrun.diagnostics import Diagnostic
from wsrun.errors import ScenarioError
from wsrun.source import Document, Steps


def check_contracts(scene: Scene, findings: Findings) -> None:
    """Check the documents of all contracts; what is wrong in one is told at its place there."""
    for (path, contract), name in zip(scene.contracts(), scene.contract_names, strict=True):
        for kind in KINDS:
            file = contract.get(kind)
            if isinstance(file, str) and not findings.is_told((*path, kind)):
                _document(kind, file, (*path, kind), name, scene, findings)


def _document(kind: str, file: str, path: Steps, name: str, scene: Scene, findings: Findings) -> None:
    if inner_file(file, path, scene, findings) is None:
        return
    try:
        document = source.read_plain(Path(scene.document.path).parent / file)
    except ScenarioError as error:
        findings.diagnostics.extend(error.diagnostics)
        return
    messages = messages_of(kind, name, document.data, target_paths(scene.target))
    if isinstance(messages, Mistake):
        _tell(messages, kind, document, findings)
        return
    found: dict[Mistake, Any] = {}
    for message in messages:
        found |= dict.fromkeys(mistakes(document.data, message))
    for mistake in found:
        _tell(mistake, "schema", document, findings)


def _tell(mistake: Mistake, code: str, document: Document, findings: Findings) -> None:
    location = document.location(mistake.path)
    findings.diagnostics.append(Diagnostic(code, mistake.message, location, mistake.help))
