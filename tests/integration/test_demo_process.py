"""The demo server's process: it announces itself, ends when told, and says why it does not come up."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys

import pytest
from demo_http import fetch

from wsrun.demo import process
from wsrun.demo.process import DemoServer, DemoServerError


def spawn(*arguments: str) -> subprocess.Popen[bytes]:
    """Start a server by its command line."""
    command = [sys.executable, "-m", "wsrun.demo", *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_server_knows_its_addresses() -> None:
    """Port, URLs and process id are those of a server that answers."""
    with DemoServer() as server:
        assert server.url("/echo") == f"ws://127.0.0.1:{server.port}/echo"
        assert server.http_url("/healthz") == f"http://127.0.0.1:{server.port}/healthz"
        assert fetch(server, "/healthz") == (200, "ok\n")
        os.kill(server.pid, 0)
        pid = server.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(DemoServerError):
        _ = server.pid


def test_two_servers_do_not_meet() -> None:
    """Each has a port of its own."""
    with DemoServer() as one, DemoServer() as two:
        assert one.port != two.port


@pytest.mark.parametrize("end", ["SIGTERM", "SIGINT", "stdin"])
def test_a_server_ends_in_good_order(end: str) -> None:
    """A signal ends it, and so does the end of its stdin: exit code 0, and nothing to complain of."""
    server = spawn("--announce", "json", "--follow-stdin")
    assert server.stdout is not None
    assert server.stdin is not None
    announcement = json.loads(server.stdout.readline())
    assert announcement == {"ready": True, "port": announcement["port"]}
    if end == "stdin":
        server.stdin.close()
        server.stdin = None
    else:
        server.send_signal(getattr(signal, end))
    rest, complaints = server.communicate(timeout=10)
    assert (server.returncode, rest, complaints) == (0, b"", b"")


def test_a_server_without_a_parent_to_follow_outlives_its_stdin() -> None:
    """Started by hand with stdin closed it stays; it speaks to people."""
    server = spawn()
    assert server.stdout is not None
    assert server.stdin is not None
    server.stdin.close()
    server.stdin = None
    line = server.stdout.readline().decode()
    assert "http://127.0.0.1:" in line
    port = int(line.split("http://127.0.0.1:")[1].split()[0])
    socket.create_connection(("127.0.0.1", port), timeout=10).close()
    server.terminate()
    server.communicate(timeout=10)


def test_a_port_that_is_taken_is_said_so() -> None:
    """The command line says which address it could not have; exit code 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = spawn("--port", str(port))
        _, complaints = server.communicate(timeout=10)
    assert server.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in complaints.decode()


def test_a_server_that_does_not_come_up_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    """Its exit code is in the error; what it complained of is on stderr."""
    with pytest.raises(DemoServerError, match="exit code 2"), DemoServer(["--latency", "soon"]):
        pass
    assert "soon" in capfd.readouterr().err


def test_a_server_that_says_nothing_is_an_error_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a limit to the waiting, and the process is gone afterwards."""
    monkeypatch.setattr(process, "START_TIMEOUT", 0.0)
    with pytest.raises(DemoServerError, match="did not come up within 0 s"), DemoServer():
        pass


def test_many_descriptors_are_allowed() -> None:
    """The soft limit of open files is raised to the hard one."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    low = min(soft, 256)
    resource.setrlimit(resource.RLIMIT_NOFILE, (low, hard))
    try:
        with DemoServer() as server:
            assert resource.prlimit(server.pid, resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
