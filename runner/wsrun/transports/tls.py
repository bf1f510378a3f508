"""The client side of TLS, from a scenario's ``tls`` block."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

from wsrun.plan import TlsPlan


def client_context(plan: TlsPlan) -> ssl.SSLContext:
    """Return a context for ``wss``: the system's authorities, or ``ca`` alone where one is given.

    Raises:
        OSError: a named file cannot be read.
        ssl.SSLError: a named file is not a certificate or key.
    """
    context = ssl.create_default_context(cafile=plan.ca)
    context.set_alpn_protocols(["http/1.1"])
    if plan.cert is not None:
        context.load_cert_chain(plan.cert, plan.key)
    if not plan.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.__class__ = _Undecoded
    return context


class _Undecoded(ssl.SSLContext):
    """A context that verifies as before, and whose ``verify_mode`` reads as if it did not.

    aiofastnet decodes each certificate that was verified, for ``get_extra_info("peercert")``, and writes it
    to a file for that, which makes a handshake dearer by 0.4 ms (1.2.0, ``_decode_certificate`` in
    ssl_engine_direct.pyx). It asks this attribute; OpenSSL does not, but verifies by what the context holds.
    """

    @property
    def verify_mode(self) -> ssl.VerifyMode:  # type: ignore[override]
        return ssl.CERT_NONE


def hush(loop: asyncio.AbstractEventLoop) -> None:
    """Keep from the loop's exception handler what aiofastnet tells it of a server that hangs up on TLS.

    Whoever opens the connection is told as well. aiofastnet keeps the operating system's errors to itself,
    but for an end in the middle of a handshake it has a class in place of an error (1.2.0, ``_process_eof``
    in ssl_transport.pyx).
    """
    told = loop.get_exception_handler()

    def hear(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if context.get("exception") is ConnectionResetError:
            return
        if told is None:
            loop.default_exception_handler(context)
        else:
            told(loop, context)

    loop.set_exception_handler(hear)
