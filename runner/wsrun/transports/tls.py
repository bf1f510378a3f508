"""The client side of TLS, from a scenario's ``tls`` block."""

from __future__ import annotations

import ssl

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
    return context
