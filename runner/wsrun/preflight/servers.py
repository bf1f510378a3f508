"""The servers that a plan goes to, each address once, as written and as it will be connected to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from wsrun.pacing.connections import sockets_used
from wsrun.plan import Plan, TargetPlan
from wsrun.result.secrets import mask_url
from wsrun.transports.address import Address, parse_address
from wsrun.transports.proxy import parse_proxy


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server. ``url`` may be a template still; ``socket`` is the index of the first socket that goes
    there, None for the base of HTTP. ``is_spare``: another server of the same socket stands in for it."""

    title: str
    url: str
    socket: int | None
    target: TargetPlan
    is_spare: bool = False

    @property
    def is_known(self) -> bool:
        """Whether its host and port are the same for all clients."""
        return "{{" not in (urlsplit(self.url).netloc or "{{")

    @property
    def address(self) -> Address:
        """Where it is; only where that is known.

        Raises:
            ValueError: its URL is not valid.
        """
        # A template in the path is nothing to connect to.
        parts = urlsplit(self.url.partition("{{")[0])
        scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
        return parse_address(parts._replace(scheme=scheme).geturl())

    @property
    def door(self) -> Address:
        """Where connections to it go first: to the proxy, if there is one.

        Raises:
            ValueError: a URL is not valid.
        """
        return self.address if self.target.proxy is None else parse_proxy(self.target.proxy)


def server_at(servers: Sequence[Server], url: str) -> Server | None:
    """Return the server that a client's URL leads to: that whose own, up to a template, is most like it."""
    alike = [one for one in servers if (url.startswith(_known(one)) if "{{" in one.url else url == one.url)]
    return max(alike, key=lambda one: len(_known(one)), default=None)


def _known(server: Server) -> str:
    return server.url.partition("{{")[0]


def servers_of(written: Plan, plan: Plan) -> tuple[Server, ...]:
    """Return the servers of a plan.

    Args:
        written: the plan as it was compiled, for titles.
        plan: the same, with the addresses of embedded servers.
    """
    found: dict[str, Server] = {}
    for server in _all(written, plan):
        found.setdefault(server.url, server)
    return tuple(found.values())


def _all(written: Plan, plan: Plan) -> Iterator[Server]:
    if plan.target.http is None or any(sockets_used(plan)):
        for index, (shown, target) in enumerate(zip(written.targets, plan.targets, strict=True)):
            for title, url in zip(shown.urls, target.urls, strict=True):
                yield Server(
                    title=_title(target.name if plan.sockets else "", title),
                    url=url,
                    socket=index,
                    target=target,
                    is_spare=len(target.urls) > 1,
                )
    if written.target.http is not None and plan.target.http is not None:
        title = _title("http", written.target.http)
        yield Server(title=title, url=plan.target.http, socket=None, target=plan.target)


def _title(name: str, url: str) -> str:
    shown = mask_url(url, is_demo=url.startswith("demo"))
    return f"{name}: {shown}" if name else shown
