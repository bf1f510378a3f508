"""TLS by aiofastnet, which calls OpenSSL from C, where asyncio and uvloop call Python's ``ssl``. See ADR 16.

What is said here of its inside is of the versions that were read; beside any other, TLS is the loop's own.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from functools import cache
from importlib import metadata
from typing import Any

_VERSIONS_READ = "1.2."


def is_direct(context: ssl.SSLContext) -> bool:
    """Whether connections by this context may be aiofastnet's.

    Not where keys are logged: for that, Python looks at an object of its own behind OpenSSL's, which is not
    there, and the process would end by a segmentation fault.
    """
    return context.keylog_filename is None and _is_here()


def leave_undecoded(context: ssl.SSLContext) -> None:
    """Spare connections by this context the decoding of certificates; they are verified as before."""
    if is_direct(context):
        context.__class__ = _Undecoded


class _Undecoded(ssl.SSLContext):
    """A context that verifies as before, and whose ``verify_mode`` reads as if it did not.

    aiofastnet decodes each certificate that was verified, for ``get_extra_info("peercert")``, and writes it
    to a file for that, which makes a handshake dearer by 0.4 ms (``_decode_certificate`` in
    ssl_engine_direct.pyx). It asks this attribute; OpenSSL does not, but verifies by what the context holds.
    """

    @property
    def verify_mode(self) -> ssl.VerifyMode:  # type: ignore[override]
        return ssl.CERT_NONE


def resume_reading(transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
    """Have a transport, aiofastnet's or another, read again.

    aiofastnet goes to the socket first, and so misses what OpenSSL holds already if nothing more comes, and
    finds no room for what does (``_read_ready`` in ssl_transport.pyx). So it is sent to OpenSSL before.
    """
    read_what_is_held = getattr(transport, "_retry_ssl_read", None)
    if read_what_is_held is not None:
        loop.call_soon(read_what_is_held)
    transport.resume_reading()


def hush(loop: asyncio.AbstractEventLoop) -> None:
    """Keep from the loop's exception handler what aiofastnet tells it of a server that hangs up on TLS.

    Whoever opens the connection is told as well. aiofastnet keeps the operating system's errors to itself,
    but for an end in the middle of a handshake it has a class in place of an error (``_process_eof`` in
    ssl_transport.pyx).
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


@cache
def _is_here() -> bool:
    # On Windows' own loop, and where OpenSSL is linked into Python itself (as uv's is), aiofastnet goes
    # another way, which tells of no end.
    if sys.platform == "win32":
        return False
    try:
        if not metadata.version("aiofastnet").startswith(_VERSIONS_READ):
            return False
        from aiofastnet.openssl_compat import OPENSSL_DYN_LIBS
    except ImportError:
        return False
    return OPENSSL_DYN_LIBS is not None
