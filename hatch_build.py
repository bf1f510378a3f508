"""The build hook of the wheel: compiles the per-message path where that is possible.

``WSRUN_COMPILE=never`` makes a wheel of plain Python, ``always`` fails where compiling fails; otherwise a
failure is told, and the wheel is of plain Python too. Editable installs are never compiled: their sources
change, and nothing stale may lie beside them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FACTS = "wsrun/compiled.json"


class CompilingHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds extension modules, and a file that says what they were built with, to the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; ``version`` is "standard" or "editable"."""
        if version != "standard":
            return
        # Kept until the wheel is written.
        self.folder = tempfile.TemporaryDirectory(prefix="wsrun-build-")
        folder = Path(self.folder.name)
        wanted = os.environ.get("WSRUN_COMPILE", "")
        why_not = "WSRUN_COMPILE was never" if wanted == "never" else self._compile(folder)
        if why_not is None:
            built = [FACTS, *_extensions(folder)]
            build_data["pure_python"] = False
            build_data["infer_tag"] = True
        elif wanted == "always":
            raise RuntimeError(f"wsrun could not be compiled: {why_not}")
        else:
            if not wanted:
                self.app.display_warning(f"wsrun will be slower, in pure Python: {why_not}")
            built = [FACTS]
            (folder / "wsrun").mkdir(exist_ok=True)
            (folder / FACTS).write_text(json.dumps({"why_not": f"{why_not} when it was built"}))
        build_data["force_include"].update({str(folder / path): path for path in built})

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was compiled; it is in the wheel."""
        if version == "standard":
            self.folder.cleanup()

    def _compile(self, folder: Path) -> str | None:
        """Return None, or why it could not be done."""
        self.app.display_waiting("compiling the per-message path; WSRUN_COMPILE=never does without")
        done = subprocess.run(
            [sys.executable, "-m", "compiling", str(Path(self.root, "runner", "wsrun")), str(folder)],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return None
        self.app.display_info(done.stdout + done.stderr)
        return (done.stderr.strip().splitlines() or [f"the compiler ended with {done.returncode}"])[-1]


def _extensions(folder: Path) -> list[str]:
    found = (path for path in (folder / "wsrun").rglob("*") if path.suffix in (".so", ".pyd"))
    return sorted(path.relative_to(folder).as_posix() for path in found)
