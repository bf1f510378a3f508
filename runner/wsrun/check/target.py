"""The target and how clients identify themselves."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from wsrun.check.bodies import existing_file
from wsrun.check.findings import Findings
from wsrun.check.scene import MAIN, Scene, mapping
from wsrun.patterns.regexes import RegexError, compile_regex
from wsrun.patterns.splitting import check_split_regex
from wsrun.source import Steps
from wsrun.wording import quoted

if TYPE_CHECKING:
    import ssl

_OF_ALL = {
    "sockets": "sockets have no sockets of their own",
    "http": "the base of HTTP is one for all sockets",
}
"""Keys of the target that say nothing of a single socket."""


def check_target(scene: Scene, findings: Findings) -> None:
    """Check the URLs, the files of TLS, and the token's key."""
    for path, target in scene.targets.items():
        for place, url in scene.urls(path, target):
            if isinstance(url, str) and url:
                problem = _url_problem(url)
                if problem is not None:
                    findings.add(place, "url", *problem)
        _tls(mapping(target.get("tls")), (*path, "tls"), scene, findings)
        _stream(target, path, findings)
    _sockets(scene, findings)
    _jwt(scene, findings)


def _stream(target: dict[str, Any], path: Steps, findings: Findings) -> None:
    """Check the proxy, and how messages and their JSON are found."""
    proxy, json_in, split = target.get("proxy"), target.get("json_in"), mapping(target.get("split"))
    if isinstance(proxy, str) and proxy and (problem := _proxy_problem(proxy)) is not None:
        findings.add(
            (*path, "proxy"), "url", problem, "write http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT"
        )
    if isinstance(json_in, str) and json_in:
        try:
            groups = compile_regex(json_in).groups
        except RegexError as error:
            findings.add((*path, "json_in"), "pattern", error.message, error.help)
        else:
            if not groups:
                advice = "put the JSON in parentheses: '^\\d+(.*)'"
                findings.add((*path, "json_in"), "pattern", "this regex has no group", advice)
    regex = split.get("regex")
    if isinstance(regex, str) and (found := check_split_regex(regex)) is not None:
        findings.add((*path, "split", "regex"), "pattern", *found)


def _proxy_problem(url: str) -> str | None:
    """Say what is wrong with a proxy's URL; never quoted, as it may hold a password."""
    try:
        parts = urlsplit(url)
        if parts.scheme != "http":
            return "a proxy's URL begins with http://"
        if not parts.hostname or parts.port == 0 or re.search(r"\s", url):
            return "the proxy's URL has a host or a port that cannot be"
        if parts.path.strip("/") or parts.query or parts.fragment:
            return "a proxy's URL has nothing behind its port"
    except ValueError:
        return "the proxy's URL has a host or a port that cannot be"
    return None


def _tls(tls: dict[str, Any], path: Steps, scene: Scene, findings: Findings) -> None:
    """Load the certificates and the key, as the transport will."""
    files = {
        key: existing_file(name, (*path, key), scene, findings)
        for key in ("ca", "cert", "key")
        if isinstance(name := tls.get(key), str) and name and "{{" not in name
    }
    ca, cert, key = files.get("ca"), files.get("cert"), files.get("key")
    if ca is not None:
        problem = _tls_problem(lambda context: context.load_verify_locations(ca))
        if problem is not None:
            message = f"{quoted(tls['ca'])} holds no certificate in PEM: {problem}"
            findings.add((*path, "ca"), "certificate", message, "name the file of the authority to trust")
    if cert is None or ("key" in tls and key is None):
        return
    problem = _tls_problem(lambda context: context.load_cert_chain(cert, key, password=""))
    if problem is not None:
        is_certificate = _tls_problem(lambda context: context.load_verify_locations(cert)) is None
        where = "key" if key is not None and is_certificate else "cert"
        help_text = "cert is the certificate and key its private key, both in PEM and without a password"
        message = f"{quoted(tls[where])} cannot be used: {problem}"
        findings.add((*path, where), "certificate", message, help_text)


def _tls_problem(load: Callable[[ssl.SSLContext], None]) -> str | None:
    """Return why files cannot be loaded, None where they can; the text has nothing of what they hold."""
    import ssl

    try:
        load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    except ssl.SSLError as error:
        if error.reason is None:
            return "it holds no certificate or key in PEM that can be read without a password"
        return error.reason.replace("_", " ").lower()
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return None


def _sockets(scene: Scene, findings: Findings) -> None:
    """Check the sockets beside ``main``."""
    for path, target in scene.targets.items():
        if path == ("target",):
            continue
        if path[-1] == MAIN:
            message = f"{quoted(MAIN)} is the target itself"
            findings.add_key(path, "reserved-name", message, "give this socket another name")
        for key, why in _OF_ALL.items():
            if key in target:
                findings.add_key((*path, key), "conflicting-keys", why, "write it below target")


def _url_problem(url: str) -> tuple[str, str | None] | None:
    """Say what is wrong with a URL, as far as it is known before templates are filled in.

    The message never quotes the URL: it may hold a secret of the environment.
    """
    known, template, _ = url.partition("{{")
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):(?!\d)", known)
    if scheme is None:
        if template and not known:
            return None
        return "the URL does not begin with ws:// or wss://", "write ws://HOST:PORT/PATH, or demo:/echo"
    match scheme[1].lower():
        case "http":
            return "a WebSocket's URL begins with ws://, not http://", "write ws:// in its place"
        case "https":
            return "a WebSocket's URL begins with wss://, not https://", "write wss:// in its place"
        case "demo" | "demo2" as name:
            if known[len(name) + 1 : len(name) + 2] in ("", "/"):
                return None
            return f"a path follows '{name}:'", f"write {name}:/echo or {name}:/chat"
        case "ws" | "wss":
            return _address_problem(known, bool(template))
    return f"there is no scheme {quoted(scheme[1])} for a WebSocket", "write ws://, wss:// or demo:"


def _address_problem(known: str, has_more: bool) -> tuple[str, str | None] | None:
    if re.search(r"\s", known):
        return "the URL has a space in it", "write it as %20"
    if "#" in known:
        return "a WebSocket's URL has no part after '#'", "remove it, or write '#' as %23"
    if "://" not in known:
        return "'//' is missing after the scheme", "write ws://HOST:PORT/PATH"
    rest = known.split("://", 1)[1]
    if has_more and not re.search(r"[/?]", rest):
        return None
    try:
        parts = urlsplit(known)
        if not parts.hostname:
            return "the URL names no host", "write ws://HOST:PORT/PATH"
        if parts.port == 0:
            return "port 0 cannot be connected to", "write a port from 1 to 65535"
    except ValueError:
        return "the URL has a host or a port that cannot be", "write ws://HOST:PORT/PATH"
    return None


def _jwt(scene: Scene, findings: Findings) -> None:
    algorithm = scene.jwt.get("algorithm", "HS256")
    key = scene.jwt.get("key")
    if isinstance(key, str) and key and "{{" not in key:
        file = existing_file(key, ("auth", "jwt", "key"), scene, findings)
        if file is not None and isinstance(algorithm, str):
            _jwt_key(file, key, algorithm, findings)
    if "secret" in scene.jwt and isinstance(algorithm, str) and not algorithm.startswith("HS"):
        message = f"{quoted(algorithm)} signs with a private key and not with a secret"
        findings.add_key(("auth", "jwt", "secret"), "conflicting-keys", message, "write key: FILE instead")


def _jwt_key(file: Path, name: str, algorithm: str, findings: Findings) -> None:
    """Sign once with the key, as every client will."""
    from wsrun.tokens import check_key

    try:
        problem = check_key(algorithm, file.read_text())
    except UnicodeDecodeError:
        problem = "it is not text; a key is in PEM"
    except OSError as error:
        problem = (error.strerror or str(error)).lower()
    if problem is not None:
        message = f"{quoted(name)} cannot sign: {problem}"
        findings.add(
            ("auth", "jwt", "key"), "key", message, "name the private key, in PEM and without a password"
        )
