"""Where hosts are, for a whole run: no answer of the DNS that changes moves the load elsewhere.

The address of a host is that of the first connection that was made to it, so that of several addresses
(``localhost`` is often ``::1`` and ``127.0.0.1``) one is taken where somebody listens.
"""

from __future__ import annotations

import contextlib
import ipaddress
from urllib.parse import urlsplit

Place = tuple[str, int]
"""A host, or a numeric address, and a port."""


class Addresses:
    """The addresses that one worker connects to."""

    def __init__(self) -> None:
        self._known: dict[Place, Place] = {}

    def of(self, url: str) -> Place | None:
        """Return the address of a URL's host; None: it is not settled, and the transport looks it up."""
        place = _place(url)
        if place is None:
            return None
        known = self._known.get(place)
        if known is None:
            with contextlib.suppress(ValueError):
                known = self._known[place] = (str(ipaddress.ip_address(place[0])), place[1])
        return known

    def settle(self, url: str, peer: Place | None) -> None:
        """Take note of where a connection to a host led, None where that is not known; the first counts."""
        place = _place(url)
        if place is not None and peer is not None:
            self._known.setdefault(place, peer)


def _place(url: str) -> Place | None:
    """Return host and port of a URL; None where templates made no URL of it, which the transport says."""
    try:
        parts = urlsplit(url)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "wss" else 80)
    except ValueError:
        return None
