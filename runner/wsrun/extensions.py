"""Python of a scenario's author: found, given a view of the client, its mistakes told by their line.

Nothing here is reached unless the operator has allowed it: ``check`` refuses ``extensions`` otherwise.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import MappingProxyType, ModuleType
from typing import Any

_OWN = Path(__file__).parent
_PYTHON = Path(traceback.__file__).parent
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionPlan:
    """An object of a module: ``target`` is ``module:object``, ``folder`` the scenario's (absolute)."""

    name: str
    target: str
    folder: str


class ExtensionError(Exception):
    """A module or an object cannot be had; the text says why."""


class Client:
    """What an extension sees of a client, and of the message that is made. Nothing of it can be written."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Any) -> None:
        self._scope = scope

    @property
    def id(self) -> str:
        """The client's name, unique in the run."""
        return str(self._scope.client_id)

    @property
    def index(self) -> int:
        """The number of the client in its group."""
        return int(self._scope.index)

    @property
    def group(self) -> str:
        """The name of its group."""
        return str(self._scope.group_name)

    @property
    def profile(self) -> str:
        """The name of its profile."""
        return str(self._scope.profile)

    @property
    def message_id(self) -> str:
        """The ``id`` of the message that is made; in a step, that of the last one."""
        return str(self._scope.message_id)

    @property
    def seq(self) -> int:
        """The number of the message on its connection."""
        return int(self._scope.seq)

    @property
    def variables(self) -> Mapping[str, Any]:
        """The client's variables, as they are now."""
        return MappingProxyType(self._scope.variables)

    @property
    def data(self) -> Mapping[str, Mapping[str, Any]]:
        """The current row of each data source, by its name."""
        return MappingProxyType(self._scope.rows)

    @property
    def random(self) -> Random:
        """The client's own random stream, which the seed fixes."""
        rng: Random = self._scope.rng
        return rng


def load(plan: ExtensionPlan) -> Any:
    """Import what an extension names; the scenario's folder is looked at first, then ``sys.path``.

    Raises:
        ExtensionError: there is no such module or object, it cannot be imported, or is no function.
    """
    module_name, _, path = plan.target.partition(":")
    try:
        found: Any = _module(module_name, Path(plan.folder))
    except ExtensionError:
        raise
    except (Exception, SystemExit) as error:
        raise ExtensionError(f"{module_name} cannot be imported: {told(error)}") from error
    for step in path.split("."):
        if not hasattr(found, step):
            raise ExtensionError(f"there is no {step} in {module_name}")
        found = getattr(found, step)
    if not callable(found):
        raise ExtensionError(f"{path} in {module_name} cannot be called")
    return found


def told(error: BaseException) -> str:
    """Say what an extension raised, and on which line of its author's."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    text = " ".join(text.split())
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST - 1]}…"
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f"{type(error).__name__}: {error.msg} ({Path(error.filename).name}, line {error.lineno})"
    places = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    theirs = [place for place in places if not place[0].is_relative_to(_OWN) and _is_code(place[0])]
    # What the author wrote, where a library below it failed.
    mine = [place for place in theirs if "site-packages" not in place[0].parts] or theirs
    return f"{text} ({mine[-1][0].name}, line {mine[-1][1]})" if mine else text


def _is_code(file: Path) -> bool:
    """Whether a file is somebody's, and no part of Python itself."""
    part = file.is_relative_to(_PYTHON) and "site-packages" not in file.parts
    return file.is_absolute() and not part


def _module(name: str, folder: Path) -> ModuleType:
    """Import a module. One of the scenario's folder never stands in the way of another of the same name."""
    file = folder.joinpath(*name.split(".")).with_suffix(".py")
    if not file.is_file() or "." in name:
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
        return importlib.import_module(name)
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(file):
        return known
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ExtensionError(f"{file.name} cannot be imported")
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    module = importlib.util.module_from_spec(spec)
    if known is None:
        sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        if known is None:
            sys.modules.pop(name, None)
        raise
    return module
