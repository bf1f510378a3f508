"""Clients that arrive: how long they stay, how many there may be, and whether there are rows for them."""

from __future__ import annotations

from typing import Any

from wsrun.check.findings import Findings
from wsrun.check.load import by_group
from wsrun.check.scene import Scene, mapping
from wsrun.source import Steps
from wsrun.wording import quoted


def check_arrivals(scene: Scene, findings: Findings) -> None:
    """Check what goes with ``arrivals`` in all phases."""
    for index, phase in enumerate(scene.phases):
        path: Steps = ("phases", index)
        if "arrivals" in phase:
            _stay(phase, path, scene, findings)
            _unique(phase, path, scene, findings)
            continue
        for key in ("stay", "at_most"):
            if key in phase:
                message = f"'{key}' goes with 'arrivals', which are not here"
                findings.add_key((*path, key), "needs-key", message, f"add arrivals, or remove '{key}'")


def most_visitors(scene: Scene) -> int:
    """The most clients that may be there by arrivals at once, where ``at_most`` says so."""
    limits = [phase.get("at_most") for phase in scene.phases if "arrivals" in phase]
    return max((limit for limit in limits if isinstance(limit, int)), default=0)


def _stay(phase: dict[str, Any], path: Steps, scene: Scene, findings: Findings) -> None:
    """Those with a flow stay as long as it takes, and all others for ``stay``."""
    arriving = _arriving(phase, scene)
    staying = [name for name in arriving if "flow" not in scene.profiles[name]]
    if staying and "stay" not in phase:
        names = " and ".join(map(quoted, staying[:2]))
        message = f"nothing says how long those stay who arrive with the profile {names}"
        findings.add_key(
            (*path, "arrivals"), "needs-key", message, "add stay: 30s, or give the profile a flow"
        )
    elif arriving and not staying and "stay" in phase:
        message = "nobody stays for a time here: who arrives with a flow does it once"
        findings.add_key((*path, "stay"), "conflicting-keys", message, "remove 'stay'")


def _arriving(phase: dict[str, Any], scene: Scene) -> list[str]:
    """The profiles with which clients may arrive."""
    chosen = [name for name in mapping(phase.get("profiles")) if name in scene.profiles]
    groups = [group for group, _ in by_group(phase["arrivals"], "arrivals", scene) if group in scene.groups]
    names = chosen or [name for group in groups for name in scene.profiles_of(group)]
    return list(dict.fromkeys(names))


def _unique(phase: dict[str, Any], path: Steps, scene: Scene, findings: Findings) -> None:
    """Rows for the living alone need a limit of how many live."""
    for name, source in scene.data.items():
        if (
            source.get("take") == "unique"
            and source.get("per", "client") == "client"
            and "at_most" not in phase
        ):
            message = (
                f"any number of clients may be there at once, and each needs a row of {quoted(name)} alone"
            )
            findings.add_key(
                (*path, "arrivals"), "needs-key", message, "add at_most: 100, or write take: cycle"
            )
            return
