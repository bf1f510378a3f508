"""What control groups allow, read from files like the kernel's."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from wsrun import machine


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")


def member(folder: Path, text: str) -> tuple[Path, Path]:
    """Make this process a member of groups."""
    write(folder, {"membership": text})
    return folder / "cgroup", folder / "membership"


def test_the_tightest_quota_on_the_way_up_counts(tmp_path: Path) -> None:
    """Version 2: each group has its own, and "max" is none."""
    write(
        tmp_path / "cgroup",
        {
            "a/b/cpu.max": "max 100000\n",
            "a/cpu.max": "150000 100000\n",
            "cpu.max": "400000 100000\n",
        },
    )
    assert machine.cpu_quota(*member(tmp_path, "0::/a/b\n")) == 1.5
    assert machine.cpu_quota(*member(tmp_path, "0::/\n")) == 4.0


def test_within_a_container_its_own_group_is_the_top(tmp_path: Path) -> None:
    """The path may be the host's, or lead out of what is seen here."""
    write(tmp_path / "cgroup", {"cpu.max": "50000 100000\n"})
    for path in ("/docker/abc", "/../../abc", "/"):
        assert machine.cpu_quota(*member(tmp_path, f"0::{path}\n")) == 0.5


def test_version_1_has_a_folder_a_controller(tmp_path: Path) -> None:
    """And minus one for no quota."""
    write(
        tmp_path / "cgroup",
        {
            "cpu,cpuacct/x/cpu.cfs_quota_us": "250000\n",
            "cpu,cpuacct/x/cpu.cfs_period_us": "100000\n",
            "cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
            "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        },
    )
    assert machine.cpu_quota(*member(tmp_path, "4:memory:/x\n3:cpu,cpuacct:/x\n0::/\n")) == 2.5
    assert machine.cpu_quota(*member(tmp_path, "3:cpu,cpuacct:/\n")) is None


def test_without_control_groups_there_is_no_quota(tmp_path: Path) -> None:
    """Nor an error; what makes no sense is none either."""
    assert machine.cpu_quota(tmp_path, tmp_path / "nothing") is None
    write(tmp_path / "cgroup", {"cpu.max": "100000 0\n"})
    assert machine.cpu_quota(*member(tmp_path, "0::/\n")) is None


def test_memory_within_a_group_is_what_it_has_left(tmp_path: Path) -> None:
    """Used and all; a group beyond its limit has nothing left."""
    write(tmp_path / "cgroup", {"memory.max": "9000\n", "memory.current": "2000\n"})
    assert machine.available_memory(*member(tmp_path, "0::/\n")) == 7000
    write(tmp_path / "cgroup", {"memory.current": "10000\n"})
    assert machine.available_memory(*member(tmp_path, "0::/\n")) == 0


def test_memory_that_nobody_limits_is_the_machines(tmp_path: Path) -> None:
    """Version 1 says so with a number that no machine has."""
    write(
        tmp_path / "cgroup",
        {"memory/memory.limit_in_bytes": f"{2**63 - 4096}\n", "memory/memory.usage_in_bytes": "1\n"},
    )
    left = machine.available_memory(*member(tmp_path, "4:memory:/\n"))
    assert 1 << 20 < left <= psutil.virtual_memory().total


@pytest.mark.parametrize(("quota", "cores"), [(None, 8), (2.5, 2), (0.25, 1), (64.0, 8)])
def test_whole_cores_within_the_quota_are_used(
    quota: float | None, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that is put to sleep for a part of each period would be late all the time."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    monkeypatch.setattr(machine, "cpu_quota", lambda: quota)
    assert machine.usable_cores() == cores
