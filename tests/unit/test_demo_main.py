"""The command line of the demo server."""

from __future__ import annotations

import pytest

from wsrun.demo.__main__ import main, parse_arguments


def test_everything_has_a_default() -> None:
    """Without options the server is a private one on a free port."""
    options = parse_arguments([])
    assert (options.host, options.port, options.announce, options.follow_stdin) == (
        "127.0.0.1",
        0,
        "text",
        False,
    )
    assert (options.jwt_secret, options.max_per_user, options.max_connections) == ("demo-secret", None, None)


def test_a_wrong_latency_ends_it_before_it_starts(capsys: pytest.CaptureFixture[str]) -> None:
    """A latency that cannot be read is a usage error: exit code 2 and the reason."""
    assert main(["--latency", "constant:10"]) == 2
    assert "--latency: " in capsys.readouterr().err
