"""What this machine has for a process: cores, descriptors, memory, as the kernel and its control groups say.

Numbers are read anew at each call. None stands for a limit that there is not, or that nobody tells.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

GROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")

_MEMORY_FILES = (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes"))
"""Limit and use, in version 2 and in version 1 of control groups."""

_UNLIMITED = 1 << 60
"""Version 1 of control groups says so, or a little less, where there is no limit (of bytes)."""


def descriptor_limits() -> tuple[int | None, int | None]:
    """Return the soft and the hard limit of descriptors of a process; None: unlimited, or no such limit."""
    if sys.platform == "win32":
        return None, None
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (
        None if soft == resource.RLIM_INFINITY else soft,
        None if hard == resource.RLIM_INFINITY else hard,
    )


def affine_cores() -> int:
    """Return how many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def usable_cores() -> int:
    """Return how many processes can run all the time: the cores, within the quota; at least one."""
    quota = cpu_quota()
    cores = affine_cores()
    return cores if quota is None else max(1, min(cores, math.floor(quota)))


def cpu_quota(groups: Path = GROUPS, membership: Path = MEMBERSHIP) -> float | None:
    """Return the cores that the control groups of this process may use, as a number of whole ones.

    Every group on the way up has its say (Linux, Documentation/admin-guide/cgroup-v2.rst, ``cpu.max``;
    version 1: ``cpu.cfs_quota_us``).
    """
    shares: list[float] = []
    for folder in _folders("cpu", groups, membership):
        both = _words(folder / "cpu.max")
        if len(both) != 2:
            both = [*_words(folder / "cpu.cfs_quota_us"), *_words(folder / "cpu.cfs_period_us")]
        if len(both) == 2 and all(word.isdecimal() for word in both) and int(both[1]):
            shares.append(int(both[0]) / int(both[1]))
    return min(shares, default=None)


def available_memory(groups: Path = GROUPS, membership: Path = MEMBERSHIP) -> int:
    """Return the bytes that can be taken without swapping, within the limits of the control groups."""
    import psutil

    return min([psutil.virtual_memory().available, *_memory_left(groups, membership)])


def _memory_left(groups: Path, membership: Path) -> Iterator[int]:
    for folder in _folders("memory", groups, membership):
        for limit, used in _MEMORY_FILES:
            words = [*_words(folder / limit), *_words(folder / used)]
            if len(words) == 2 and all(word.isdecimal() for word in words) and int(words[0]) < _UNLIMITED:
                yield max(0, int(words[0]) - int(words[1]))


def _folders(controller: str, groups: Path, membership: Path) -> Iterator[Path]:
    """Yield the folders of this process's groups, from its own to the outermost.

    Within a container the path may be one of the host, which is not there: then its own is at the top.
    """
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        top = groups / controllers if controllers else groups
        if controllers and not top.is_dir():
            top = groups / controller
        own = PurePosixPath(path.lstrip("/"))
        for folder in [own, *own.parents]:
            if ".." not in folder.parts:
                yield top / folder


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        return []
