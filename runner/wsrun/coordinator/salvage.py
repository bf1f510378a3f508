"""A result from a journal alone: what was measured of a run whose process was killed before it could say so.

The header of a journal has what the plan was made of, secrets masked: enough to compile it again and to judge
by it, though not to run it.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wsrun.compiler import compile_plan
from wsrun.coordinator.journal import VERSION, read_journal
from wsrun.coordinator.search import Searches
from wsrun.coordinator.target import Destination
from wsrun.errors import ScenarioError, UsageError
from wsrun.metrics.snapshot import Snapshot
from wsrun.plan import Plan
from wsrun.result.build import RunRecord, build
from wsrun.result.collector import Collector
from wsrun.result.secrets import MASK, Secrets, mask_url
from wsrun.source import parse
from wsrun.verdict import SALVAGED

if TYPE_CHECKING:
    from wsrun.coordinator.run import RunOptions

_VARIABLE = re.compile(r"\$\{(\w+)")
_BARE_MASK = re.compile(rf"([:,-]\s+|\[\s*){re.escape(MASK)}(?=\s*(?:$|[,}}\]]|\s#))", re.MULTILINE)
"""A masked value where YAML would take the stars for the name of an alias."""


def journal_header(
    plan: Plan, options: RunOptions, destination: Destination, secrets: Secrets
) -> dict[str, Any]:
    """Return what a journal says of its run before the first interval, without secrets."""
    environ = {name: os.environ[name] for name in _VARIABLE.findall(plan.source) if name in os.environ}
    return {
        "name": plan.name,
        "seed": plan.seed,
        "digest": plan.digest,
        "source": secrets.source(),
        "path": plan.path,
        "folder": str(Path.cwd()),
        "overrides": [[path, secrets.value(path, value)] for path, value in options.overrides],
        "environ": {name: secrets.value(name, value) for name, value in environ.items()},
        "command": secrets.command(options.command),
        "target": mask_url(plan.target.url, is_demo=destination.kind == "demo"),
        "target_kind": destination.kind,
        "addresses": list(destination.addresses),
    }


def salvage(path: Path) -> dict[str, Any]:
    """Build the result of a run from its journal: what was measured, marked as partial, and never a pass.

    Raises:
        UsageError: this is no journal, or its scenario can no longer be compiled.
    """
    documents = read_journal(path)
    try:
        header = next(documents, None)
    except OSError as error:
        raise UsageError(f"{path}: {os.strerror(error.errno) if error.errno else error}") from error
    if header is None or header.get("journal") != VERSION or "command" not in header:
        raise UsageError(f"{path}: this is not a journal of this version of wsrun")
    plan = _plan(header, path)
    collector = Collector(plan, header["workers"])
    searches = Searches(plan, collector)
    end: Mapping[str, Any] = {}
    for document in documents:
        if "snapshot" in document:
            collector.add(Snapshot.from_json(document["snapshot"]))
            # What is joined has been written down, too.
            collector.joined.clear()
        elif "decided" in document:
            searches.decide(document["decided"])
        elif "stopped" in document:
            collector.stop(document["stopped"])
        end = document.get("end", end)
    collector.finish()
    return build(searches.plan, collector, _record(header, collector, end))


def _plan(header: Mapping[str, Any], path: Path) -> Plan:
    source = _BARE_MASK.sub(rf'\g<1>"{MASK}"', header["source"])
    where = str(Path(header["folder"], header["path"]))
    try:
        document = parse(
            source,
            where,
            environ=header["environ"],
            overrides=[
                (name, f'"{MASK}"' if value == MASK else value) for name, value in header["overrides"]
            ],
        )
        plan = compile_plan(document, seed=header["seed"])
    except ScenarioError as error:
        told = error.diagnostics[0].message
        raise UsageError(f"{path}: the scenario of this run cannot be compiled again: {told}") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: the scenario of this run cannot be compiled again: {error}") from error
    criteria = tuple(
        dataclasses.replace(one, location=dataclasses.replace(one.location, path=header["path"]))
        if one.location is not None and one.location.path == where
        else one
        for one in plan.criteria
    )
    return dataclasses.replace(
        plan,
        name=header["name"],
        path=header["path"],
        digest=header["digest"],
        target=dataclasses.replace(plan.target, url=header["target"]),
        criteria=criteria,
    )


def _record(header: Mapping[str, Any], collector: Collector, end: Mapping[str, Any]) -> RunRecord:
    rows = collector.rows()
    seen = float(rows[-1]["t"] + rows[-1]["length"]) if rows else 0.0
    ran = float(end.get("ran", seen))
    return RunRecord(
        command=header["command"],
        started=header["started"],
        ended=header["started"],
        ran=ran,
        workers=header["workers"],
        transport=header["transport"],
        state=end.get("state", "terminated"),
        stopped=end["stopped"] if end else {"at": ran, "why": SALVAGED},
        target_kind=header["target_kind"],
        addresses=tuple(header["addresses"]),
        salvaged=True,
    )
