"""How a context verifies, and what the loop's exception handler hears of TLS."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import pytest

from wsrun.plan import TlsPlan
from wsrun.transports.direct_tls import hush, is_direct
from wsrun.transports.tls import client_context

HUNG_UP = {"message": "SSL handshake failed", "exception": ConnectionResetError}


@pytest.mark.parametrize(("verify", "mode"), [(True, ssl.CERT_REQUIRED), (False, ssl.CERT_NONE)])
def test_a_context_verifies_whatever_it_says(verify: bool, mode: ssl.VerifyMode) -> None:
    """What OpenSSL is told is the scenario's word; the attribute only spares the decoding of certificates."""
    context = client_context(TlsPlan(verify=verify))
    told = ssl.SSLContext.verify_mode
    assert isinstance(told, property)
    assert told.fget is not None
    assert told.fget(context) == mode
    assert context.check_hostname == verify
    assert context.verify_mode == (ssl.CERT_NONE if is_direct(context) else mode)


def heard_by(loop: asyncio.AbstractEventLoop, *contexts: dict[str, Any]) -> None:
    hush(loop)
    for context in contexts:
        loop.call_exception_handler(context)


def test_the_handler_before_hears_all_but_hang_ups() -> None:
    """Errors go on to who heard them before; also a reset that is an error and not a class."""
    loop = asyncio.new_event_loop()
    others: list[dict[str, Any]] = [
        {"message": "no exception at all"},
        {"message": "reset", "exception": ConnectionResetError(104, "reset by peer")},
    ]
    heard: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _loop, context: heard.append(context))
    heard_by(loop, HUNG_UP, *others)
    loop.close()
    assert heard == others


def test_without_a_handler_before_the_loop_logs(caplog: pytest.LogCaptureFixture) -> None:
    """The loop's own way to tell is kept too."""
    loop = asyncio.new_event_loop()
    heard_by(loop, HUNG_UP, {"message": "a task failed", "exception": ValueError("told")})
    loop.close()
    assert [record.getMessage() for record in caplog.records] == ["a task failed"]
