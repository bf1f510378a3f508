"""The way through an HTTP proxy: a tunnel by CONNECT (RFC 9110 §9.3.6), and in it the handshake as ever."""

from __future__ import annotations

import asyncio
import re
import socket
from typing import Final

from wsrun.transports import ConnectFailure
from wsrun.transports.address import Address, parse_address

_LARGEST_HEAD: Final = 16 * 1024
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] (\d{3})(?:\s|$)")


def parse_proxy(url: str) -> Address:
    """Take the ``http://`` URL of a proxy apart; its ``user:password@`` becomes the authorization.

    Raises:
        ValueError: with one plain sentence, when it is no such URL.
    """
    if not url.lower().startswith("http://"):
        raise ValueError("the proxy's URL does not begin with http://")
    return parse_address(f"ws{url[4:]}")


async def tunnel(sock: socket.socket, proxy: Address, target: Address, user_agent: str) -> None:
    """Ask the proxy at the other end of ``sock`` for a tunnel to the target. The caller sets the deadline.

    Raises:
        ConnectFailure: there is no tunnel.
        OSError: of the connection to the proxy.
    """
    loop = asyncio.get_running_loop()
    place = target.place
    lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}", f"User-Agent: {user_agent}"]
    if proxy.authorization is not None:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    await loop.sock_sendall(sock, "\r\n".join([*lines, "", ""]).encode("latin-1"))
    answer = b""
    while b"\r\n\r\n" not in answer:
        more = await loop.sock_recv(sock, _LARGEST_HEAD)
        answer += more
        if not more or len(answer) > _LARGEST_HEAD:
            raise _failure(
                proxy, "ended the connection instead of answering" if not more else "says too much"
            )
    status = _STATUS_LINE.match(answer)
    if status is None:
        raise _failure(proxy, "does not speak HTTP")
    code = int(status[1])
    if not 200 <= code < 300:
        hint = "; it wants a user and a password in its URL" if code == 407 else ""
        raise _failure(proxy, f"refused the tunnel to {target.place} with HTTP {code}{hint}", code)
    # Nobody speaks in a tunnel before the client does.
    if not answer.endswith(b"\r\n\r\n"):
        raise _failure(proxy, "sent something behind its answer")


def _failure(proxy: Address, what: str, status: int | None = None) -> ConnectFailure:
    return ConnectFailure("failed", "proxy-failed", f"the proxy {proxy.place} {what}", status)
