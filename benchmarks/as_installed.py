"""The package as users have it: the compiled wheel of this checkout, in a folder for PYTHONPATH.

It is built with pip where the sources have changed since it was last, into ``build/as-installed``, which git
ignores; the environment that measures stays as it is. ``WSRUN_COMPILE=never`` measures a wheel of plain
Python instead.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
CACHE = TOP / "build" / "as-installed"
PARTS = ("runner/wsrun", "schemas", "reports", "compiling", "hatch_build.py", "pyproject.toml")


class NotInstalled(Exception):
    """The wheel could not be built, or is not one for this environment."""


@functools.cache
def folder() -> Path:
    """Return the folder; built at the first call.

    Raises:
        NotInstalled: see there.
    """
    mode = os.environ.get("WSRUN_COMPILE") or "always"
    place = CACHE / mode / key()
    if not place.exists():
        shutil.rmtree(place.parent, ignore_errors=True)
        _build(place, mode)
    told = _told(place)
    if mode == "always" and told != "compiled":
        raise NotInstalled(f"the wheel of this checkout is not what it should be: {told}")
    return place


def key(top: Path = TOP) -> str:
    """Return what stands for the sources, for Python, and for picows, which it is compiled against."""
    content = hashlib.sha256(f"{sys.version} {metadata.version('picows')}".encode())
    for path in sorted(_files(top)):
        content.update(f"{path.relative_to(top)}\0".encode())
        content.update(path.read_bytes())
    return content.hexdigest()[:16]


def rerun() -> None:
    """Begin this program anew with the wheel, unless it has it already, or only tells its options."""
    if {"-h", "--help"} & set(sys.argv):
        return
    try:
        first = str(folder())
    except NotInstalled as why:
        sys.exit(str(why))
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if paths[0] != first:
        variables = {**os.environ, "PYTHONPATH": os.pathsep.join([first, *filter(None, paths)])}
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], variables)


def _files(top: Path) -> Iterator[Path]:
    for part in PARTS:
        path = top / part
        found = path.rglob("*") if path.is_dir() else [path]
        yield from (file for file in found if file.is_file() and file.suffix not in (".pyc", ".so", ".pyd"))


def _build(place: Path, mode: str) -> None:
    print("building the wheel of this checkout", file=sys.stderr, flush=True)
    wheels = place.with_name("wheel")
    # Wherever pip builds, it is to find the picows of this environment.
    wanted = place.with_name("constraints.txt")
    wanted.parent.mkdir(parents=True)
    wanted.write_text(f"picows=={metadata.version('picows')}\n")
    constraints = {"PIP_CONSTRAINT": str(wanted), "PIP_BUILD_CONSTRAINT": str(wanted)}
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(wheels), str(TOP)]
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, env={**variables, **constraints, "WSRUN_COMPILE": mode}, check=False)
    if done.returncode:
        raise NotInstalled("the wheel of this checkout could not be built; pip has said why")
    (wheel,) = wheels.glob("wsrun-*.whl")
    unpacked = place.with_name("unpacked")
    with zipfile.ZipFile(wheel) as content:
        content.extractall(unpacked)
    unpacked.rename(place)


def _told(place: Path) -> str:
    """Ask the package itself; in a process of its own, because this one may have another."""
    code = "from wsrun import compiled; print(compiled.told())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
