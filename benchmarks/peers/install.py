"""Install Artillery and Locust into a folder of their own: ``python -m benchmarks.peers.install FOLDER``.

Artillery comes from npm, without the browsers that it can drive; Locust and websocket-client from pip, in
an environment of their own. What cannot be installed is said and left out. k6 and Tsung have packages of
their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str]) -> int:
    """Install both; 1 when one of them could not be."""
    if len(arguments) != 1:
        print("usage: python -m benchmarks.peers.install FOLDER", file=sys.stderr)
        return 2
    folder = Path(arguments[0]).resolve()
    good = [_artillery(folder / "artillery"), _locust(folder / "locust")]
    print(f"now: WSRUN_PEERS={folder} python -m benchmarks.peers")
    return 0 if all(good) else 1


def _artillery(folder: Path) -> bool:
    if shutil.which("npm") is None:
        print("Artillery needs npm, which is not here")
        return False
    folder.mkdir(parents=True, exist_ok=True)
    # With a package.json of its own, npm does not look for one further up.
    (folder / "package.json").write_text('{"private": true}\n', encoding="utf-8")
    command = ["npm", "install", "--no-audit", "--no-fund", "artillery"]
    return _done(command, folder, {"PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD": "1"})


def _locust(folder: Path) -> bool:
    venv.create(folder, with_pip=True)
    return _done([str(folder / "bin" / "pip"), "install", "-q", "locust", "websocket-client"], folder, {})


def _done(command: Sequence[str], folder: Path, variables: dict[str, str]) -> bool:
    return subprocess.run(command, cwd=folder, env={**os.environ, **variables}, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
