"""What this machine has for a run, read once and handed on as values, so that the rules need no machine."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from wsrun import compiled, machine
from wsrun.engine.sources import Sources, local_addresses, port_count

CLOCK_SOURCE = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")

_GLANCE = 0.2
"""Seconds of looking at how busy the cores are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Limits and room of this machine; None: not limited, or not known here.

    ``sources``: from how many local addresses each target address (numeric) is reached, as far as so many are
    needed. ``busy``: cores that other programs use now. ``is_compiled``: whether wsrun's
    per-message path is.
    """

    soft_limit: int | None
    hard_limit: int | None
    ports: int
    sources: Mapping[str, int]
    memory: int
    cores: int
    quota: float | None = None
    busy: float | None = None
    is_compiled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Where results would go. ``trouble``: why nothing can be written there; ``free``: bytes, None: unknown.

    ``folder`` is what is there already of the way to it.
    """

    path: str
    folder: str
    trouble: str | None
    free: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timekeeping:
    """What times a run. ``loop``: name and version of the event loop; ``clock``: the kernel's source of time,
    None where it does not say; ``resolution``: of the clock, in seconds."""

    platform: str
    loop: str | None
    clock: str | None
    resolution: float


def read_facts(addresses: Iterable[str], connections: int, *, glance: bool = False) -> Facts:
    """Read what the rules compare with.

    Args:
        addresses: the numeric addresses that connections go to.
        connections: how many there are at most.
        glance: whether to look how busy the cores are, which takes a moment.
    """
    soft, hard = machine.descriptor_limits()
    sources = Sources(connections)
    cores = machine.affine_cores()
    return Facts(
        soft_limit=soft,
        hard_limit=hard,
        ports=port_count(),
        sources={
            address: len(local_addresses(address, sources.needed(address))) or 1 for address in addresses
        },
        memory=machine.available_memory(),
        cores=cores,
        quota=machine.cpu_quota(),
        busy=_busy() if glance else None,
        is_compiled=compiled.build().is_compiled,
    )


def read_folder(path: Path) -> Folder:
    """Look whether a run could write below a directory, by writing a file where it would begin."""
    folder = path.absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    trouble = None
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".wsrun-check-") as file:
            file.write(b"x")
            file.flush()
    except OSError as error:
        trouble = os.strerror(error.errno).lower() if error.errno else str(error)
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        free = None
    return Folder(path=str(path), folder=str(folder), trouble=trouble, free=free)


def read_timekeeping() -> Timekeeping:
    """Look at what times a run."""
    import time

    loop = None
    if importlib.util.find_spec("uvloop") is not None:
        loop = f"uvloop {importlib.metadata.version('uvloop')}"
    try:
        clock = CLOCK_SOURCE.read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        clock = None
    return Timekeeping(
        platform=sys.platform,
        loop=loop,
        clock=clock,
        resolution=time.get_clock_info("monotonic").resolution,
    )


def _busy() -> float:
    import psutil

    return psutil.cpu_percent(_GLANCE) / 100 * (psutil.cpu_count() or 1)
