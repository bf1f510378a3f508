"""Make extension modules of the table's modules: ``python -m compiling SOURCE FOLDER``.

It runs in a process of its own, because compilers print, and end the process, as they like.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import sys
import sysconfig
import traceback
from importlib import metadata
from pathlib import Path

from compiling import declarations, table

FACTS = "compiled.json"
"""What was built and with what; ``wsrun/compiled.py`` reads it."""

_DIRECTIVES = {"language_level": 3, "annotation_typing": False, "auto_pickle": False, "nonecheck": True}
# -O2 takes half as long again, and saves a message 0.02 µs of 8 (`benchmarks/hotpath.py`, `roundtrip.py`).
_FLAGS = [] if sys.platform == "win32" else ["-O1", "-g0"]


class CannotCompile(Exception):
    """Why there is no compiling here, in words for whoever installs."""


def build(source: Path, folder: Path) -> dict[str, object]:
    """Compile, and return the facts: ``modules`` (names) and the ``picows`` and ``cython`` it was done with.

    Args:
        source: the folder ``wsrun``; nothing is written there.
        folder: an empty one; the extension modules are in ``folder/wsrun/…`` afterwards.

    Raises:
        CannotCompile: something is missing that compiling needs.
        DeclarationError: the table and the source do not agree.
        Exception: whatever Cython and the compiler raise.
    """
    look_around()
    shutil.copytree(
        source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyd")
    )
    declarations.write(folder, table.MODULES)
    names = [*table.MODULES, *table.HAND_WRITTEN]
    # Relative paths: they are in the extension modules, and tracebacks find the source by them.
    with contextlib.chdir(folder):
        _compile({name: _source(name) for name in names})
    return {
        "modules": names,
        "cython": metadata.version("cython"),
        "picows": metadata.version("picows"),
    }


def look_around() -> None:
    """Raise CannotCompile before anything is begun, where it is certain to fail."""
    if sys.implementation.name != "cpython":
        raise CannotCompile(f"only CPython is compiled for, and this was {sys.implementation.name}")
    if sys.platform == "win32":
        return
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    if shutil.which(compiler) is None:
        raise CannotCompile(f"there was no C compiler ({compiler})")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        raise CannotCompile("there were no header files of Python (python3-dev)")


def _source(name: str) -> str:
    path = Path(*name.split("."))
    written = path.with_suffix(".pyx")
    return str(written if written.exists() else path.with_suffix(".py"))


def _compile(sources: dict[str, str]) -> None:
    from Cython.Build import cythonize
    from Cython.Compiler import Options
    from setuptools import Distribution, Extension

    Options.emit_code_comments = False  # Twice the text for the C compiler to read.
    cores = os.cpu_count() or 1
    extensions = cythonize(
        [Extension(name, [path], extra_compile_args=_FLAGS) for name, path in sources.items()],
        include_path=["."],
        compiler_directives=_DIRECTIVES,
        nthreads=cores,
    )
    command = Distribution({"name": "wsrun", "ext_modules": extensions}).get_command_obj("build_ext")
    command.inplace = True
    command.parallel = cores
    command.ensure_finalized()
    command.run()


def main(words: list[str]) -> int:
    """Build, and write the facts; 1 with the reason as the last line of what is said."""
    source, folder = map(Path, words)
    try:
        facts = build(source.resolve(), folder.resolve())
    except CannotCompile as why:
        print(why, file=sys.stderr)
        return 1
    except Exception as error:
        traceback.print_exc()
        summary = (str(error).strip().splitlines() or [""])[-1]
        print(f"compiling failed ({type(error).__name__}: {summary})", file=sys.stderr)
        return 1
    (folder / source.name / FACTS).write_text(json.dumps(facts, indent=1), encoding="utf-8")
    return 0
