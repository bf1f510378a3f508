"""The server of the comparison, ``echo.c``: compiled, started on its core, and asked for its counts."""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent


class Counts(NamedTuple):
    """What the server counted: connections that are open, messages echoed, messages pushed."""

    open: int
    echoed: int
    pushed: int


class Server(NamedTuple):
    """A running server."""

    port: int
    process: int

    def counts(self) -> Counts:
        """Ask it."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/counts", timeout=10) as answer:
            return read_counts(answer.read().decode())


def read_counts(text: str) -> Counts:
    """Return the counts that the server's answer has."""
    return Counts(*map(int, text.split()))


def compiled(source: Path, folder: Path, *options: str) -> Path | None:
    """Compile a program; None where there is no compiler, or a library is missing."""
    compiler, program = shutil.which("cc"), folder / source.stem
    if compiler is None:
        return None
    done = subprocess.run(
        [compiler, "-O2", "-o", str(program), str(source), *options], capture_output=True, check=False
    )
    return program if done.returncode == 0 else None


class Programs(NamedTuple):
    """What was compiled, and the certificate of the server (None: no TLS here)."""

    echo: Path
    floor: Path
    certificate: Path | None
    key: Path | None


def prepared(folder: Path) -> Programs:
    """Compile the programs and make a certificate.

    Raises:
        OSError: there is no C compiler.
    """
    floor = compiled(HERE / "clients" / "floor.c", folder)
    with_tls = compiled(HERE / "echo.c", folder, "-DTLS", "-lssl", "-lcrypto")
    echo = with_tls or compiled(HERE / "echo.c", folder)
    if echo is None or floor is None:
        raise OSError("the server of the comparison is compiled by cc: install a C compiler")
    if with_tls is None or shutil.which("openssl") is None:
        return Programs(echo, floor, None, None)
    certificate, key = folder / "server.pem", folder / "server.key"
    command = (
        "openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 2 -subj /CN=echo"
    )
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    return Programs(echo, floor, certificate, key)


@contextmanager
def serving(programs: Programs, core: int) -> Iterator[Server]:
    """Run the server on one core."""
    files = [str(path) for path in (programs.certificate, programs.key) if path is not None]
    process = subprocess.Popen(
        [str(programs.echo), *files],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    try:
        assert process.stdout is not None
        yield Server(int(process.stdout.readline()), process.pid)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
