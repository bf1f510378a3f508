"""Certificates and keys are loaded before the run, and a wrong one is told at its place in the scenario."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.certificates import self_signed

from wsrun.check import all_mistakes
from wsrun.source import examine


def mistakes(folder: Path, tls: str, more: str = "") -> list[tuple[str, int, str]]:
    """Return code, column and message of every mistake in a scenario with this ``tls`` on its second line."""
    text = (
        f"wsrun: 1\ntarget: {{ url: wss://127.0.0.1:1/, tls: {{ {tls} }} }}\n{more}"
        "messages: { ping: { text: ping } }\nphases: [ { duration: 1s, clients: 1 } ]\n"
    )
    document = examine(text, str(folder / "s.yaml"), environ={})
    return [(one.code, one.location.column, one.message) for one in all_mistakes(document)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a certificate, its key, the key of another, and a text."""
    other = tmp_path / "other"
    other.mkdir()
    self_signed(other)
    self_signed(tmp_path)
    (tmp_path / "notes.txt").write_text("no certificate")
    (tmp_path / "binary.pem").write_bytes(b"\xff\xfe\x00")
    return tmp_path


@pytest.mark.parametrize("tls", ["ca: server.pem", "ca: server.pem, cert: server.pem, key: server.key"])
def test_files_that_can_be_loaded_are_taken(tls: str, folder: Path) -> None:
    """As an authority, and as a certificate of our own."""
    assert mistakes(folder, tls) == []


@pytest.mark.parametrize(
    ("tls", "name", "said"),
    [
        ("ca: notes.txt", "notes.txt", "'notes.txt' holds no certificate in PEM"),
        ("ca: server.key", "server.key", "'server.key' holds no certificate in PEM"),
        ("cert: notes.txt, key: server.key", "notes.txt", "'notes.txt' cannot be used"),
        ("cert: server.pem, key: other/server.key", "other/server.key", "'other/server.key' cannot be used"),
        ("cert: server.pem, key: notes.txt", "notes.txt", "'notes.txt' cannot be used"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_where_it_is_named(
    tls: str, name: str, said: str, folder: Path
) -> None:
    """Not when the first connection is made, and not by its place in the library."""
    ((code, column, message),) = mistakes(folder, tls)

    assert code == "certificate"
    assert said in message
    assert column == f"target: {{ url: wss://127.0.0.1:1/, tls: {{ {tls}".index(f" {name}") + 2


@pytest.mark.parametrize(
    ("key", "algorithm", "said"),
    [
        ("server.key", "ES256", None),
        ("server.key", "RS256", "this key is none for RS256"),
        ("notes.txt", "ES256", "this key is none for ES256"),
        ("notes.txt", "HS256", None),
        ("server.pem", "HS256", "this key is none for HS256"),
        ("binary.pem", "RS256", "it is not text; a key is in PEM"),
    ],
)
def test_the_key_of_a_token_signs_once_before_the_run(
    key: str, algorithm: str, said: str | None, folder: Path
) -> None:
    """A client that cannot sign would fail at birth, each of them."""
    auth = f"auth: {{ jwt: {{ key: {key}, algorithm: {algorithm} }} }}\n"
    found = mistakes(folder, "verify: true", auth)

    assert [code for code, _, _ in found] == ([] if said is None else ["key"])
    assert said is None or found[0][2] == f"{key!r} cannot sign: {said}"
