"""Every metric that exists: what it means, its unit, its statistics and its labels, in one table.

The recorder, the check of criteria, the judge, the reference and the reports all read this table; a metric
that is not in it does not exist. Imports nothing but the grammar of criteria.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Literal

from wsrun.criteria import MetricRef
from wsrun.metric import Metric, Unit

_CLIENT = ("group", "profile", "phase")
_SOCKET = (*_CLIENT, "socket")
_SERVER = (*_SOCKET, "server")
_MESSAGE = ("group", "profile", "message", "kind", "priority", "socket", "phase")
_TRIED = ("connect.attempted", "messages.sent", "pool.timeouts", "expect.passed", "expect.failed")


def _distribution(name: str, labels: tuple[str, ...], text: str, *, available: bool = True) -> Metric:
    return Metric(
        name=name, kind="distribution", unit="seconds", labels=labels, text=text, available=available
    )


def _counter(
    name: str,
    labels: tuple[str, ...],
    text: str,
    when: tuple[str, ...] = (),
    *,
    unit: Unit = "number",
    available: bool = True,
) -> Metric:
    return Metric(
        name=name,
        kind="counter",
        unit=unit,
        labels=labels,
        text=text,
        has_data_when=when,
        available=available,
    )


def _gauge(
    name: str,
    labels: tuple[str, ...],
    unit: Unit,
    text: str,
    together: Literal["sum", "most"] = "sum",
    *,
    available: bool = True,
) -> Metric:
    return Metric(
        name=name, kind="gauge", unit=unit, labels=labels, text=text, together=together, available=available
    )


def _connections() -> Iterable[Metric]:
    tried = ("connect.attempted",)
    failed = (*_SERVER, "cause")
    yield _distribution("connect.time", _SERVER, "From the attempt to the end of a good handshake.")
    yield _distribution("connect.dns", _SERVER, "Looking up the address of the host.")
    yield _distribution("connect.tcp", _SERVER, "Opening the TCP connection.")
    yield _distribution("connect.tls", _SERVER, "The TLS handshake.")
    yield _distribution(
        "connect.upgrade", _SERVER, "From the HTTP request to the answer that opens the WebSocket."
    )
    yield _distribution(
        "connect.first_message", _SERVER, "From the end of the handshake to the first message received."
    )
    yield _counter("connect.attempted", _SERVER, "Connections that were begun.")
    yield _counter("connect.established", _SERVER, "Connections whose handshake succeeded.", tried)
    yield _counter(
        "connect.refused",
        (*_SERVER, "status", "cause"),
        "Handshakes that the server answered with an HTTP status other than 101.",
        tried,
    )
    yield _counter("connect.timed_out", failed, "Connections not established within connect_timeout.", tried)
    yield _counter(
        "connect.failed",
        failed,
        "Connections that failed otherwise: no address, no answer, TLS, a broken handshake.",
        tried,
    )
    arrivals = ("connect.attempted", "connect.dropped")
    yield _counter(
        "connect.dropped", _CLIENT, "Arrivals left out because at_most clients were there.", arrivals
    )
    yield _counter(
        "connect.late",
        _CLIENT,
        "Arrivals whose connection was begun more than 10 ms after its time.",
        arrivals,
    )
    yield Metric(
        name="connect.success",
        kind="ratio",
        unit="share",
        labels=_SERVER,
        text="Established connections as a share of those attempted.",
        part=("connect.established",),
        whole=tried,
    )
    yield _counter(
        "closed",
        (*_SERVER, "code", "side"),
        "Closed connections, by code and by the side that closed.",
        ("open", "connect.established"),
    )
    yield _gauge("open", _SOCKET, "number", "Open connections.")


def _messages() -> Iterable[Metric]:
    being_open = ("open", "connect.established", "messages.received")
    sent = ("messages.sent",)
    expected = ("replies.expected",)
    yield _distribution(
        "round_trip",
        _MESSAGE,
        "From the scheduled time of a message to its complete reply; a timeout counts as its timeout.",
    )
    yield _distribution(
        "service_time",
        _MESSAGE,
        "From the send of a message to its complete reply; answered messages only.",
    )
    yield _distribution(
        "reply.first", _MESSAGE, "From the send of a message to the first frame of its reply."
    )
    yield _distribution(
        "http.time",
        (*_MESSAGE, "status"),
        "From the send of an HTTP request to the end of its answer, whatever that says.",
    )
    yield _distribution("reply.gap", _MESSAGE, "Between two frames of one reply.")
    yield _counter("messages.sent", _MESSAGE, "Messages handed to a connection.", being_open)
    yield _counter("messages.received", _SOCKET, "Messages received, replies included.", being_open)
    yield _counter("messages.unmatched", _SOCKET, "Received messages that nothing waited for.", being_open)
    yield _counter("messages.late", _MESSAGE, "Messages sent noticeably after their scheduled time.", sent)
    yield _counter(
        "messages.dropped",
        ("group", "phase", "cause"),
        "Scheduled messages not sent: nobody was open, wsrun was too slow, or the server did not read.",
        ("messages.sent", "messages.dropped"),
    )
    yield _counter("bytes.sent", _MESSAGE, "Bytes of the bodies sent.", being_open, unit="bytes")
    yield _counter("bytes.received", _SOCKET, "Bytes of the bodies received.", being_open, unit="bytes")
    yield _counter("replies.expected", _MESSAGE, "Messages sent that have a reply to wait for.", sent)
    yield _counter("replies.answered", _MESSAGE, "Messages whose reply came and was good.", expected)
    yield _counter(
        "replies.failed",
        _MESSAGE,
        "Messages whose reply came and was an error, or not as expected.",
        expected,
    )
    yield _counter(
        "replies.timed_out", _MESSAGE, "Messages without a complete reply within their timeout.", expected
    )
    yield _counter(
        "replies.lost", _MESSAGE, "Messages whose connection went before the reply came.", expected
    )
    yield _counter(
        "replies.pending", _MESSAGE, "Messages still without a reply when the drain ended.", expected
    )
    yield _counter(
        "replies.late", _MESSAGE, "Replies that came after the timeout of their message.", expected
    )
    yield _counter("replies.extra", _MESSAGE, "Further replies to messages that had been answered.", expected)
    yield _counter(
        "mailbox.dropped",
        _SOCKET,
        "Received messages thrown away because 1 000, or 1 MiB, were waiting to be read.",
        being_open,
    )
    received = ("messages.received",)
    yield _counter("sequence.lost", _SOCKET, "Numbers of a sequence that never came.", received)
    yield _counter(
        "sequence.reordered", _SOCKET, "Messages that came after one with a higher number.", received
    )
    yield _counter("sequence.duplicated", _SOCKET, "Messages whose number had come before.", received)
    yield _counter(
        "contract.violations",
        (*_SOCKET, "message"),
        "Received messages that break their schema; message is that of the contract.",
        ("contract.violations",),
    )
    yield _counter("forbidden", _CLIENT, "Received messages that a never rule forbids.", received)
    tried = ("expect.passed", "expect.failed")
    yield _counter("expect.passed", _CLIENT, "Expect steps of all three kinds that were met.", tried)
    yield _counter("expect.failed", _CLIENT, "Expect steps of all three kinds that were not met.", tried)
    yield _counter(
        "errors",
        (*_SOCKET, "cause", "message", "code", "status"),
        "Everything that went wrong: connects, replies, steps and closes, by cause.",
        (*_TRIED, "open"),
    )
    yield Metric(
        name="errors.ratio",
        kind="ratio",
        unit="share",
        labels=(*_CLIENT, "message"),
        text="Errors as a share of what was tried: connections, messages and expect steps.",
        part=("errors",),
        whole=_TRIED,
    )


def _resilience() -> Iterable[Metric]:
    lost = ("closed",)
    yield _counter("reconnect.done", _CLIENT, "Losses that were made good: connected, and resumed.", lost)
    yield _counter(
        "reconnect.failed",
        _CLIENT,
        "Losses that were given up: too many tries, or a step of resume that failed.",
        lost,
    )
    yield _counter(
        "reconnect.missed",
        _CLIENT,
        "Numbers of a sequence that fell into the gap of a reconnect and never came.",
        ("reconnect.done",),
    )
    yield _distribution("heartbeat.latency", _CLIENT, "From a heartbeat to its answer, answered ones only.")
    being_open = ("open", "connect.established")
    yield _counter("heartbeat.missed", _CLIENT, "Heartbeats without an answer in time.", being_open)
    yield _gauge("breaker.open", _CLIENT, "number", "Open circuit breakers.")
    yield _distribution("reconnect.time", _CLIENT, "From a loss to the end of resume.")


def _deliveries() -> Iterable[Metric]:
    sent, expected = ("messages.sent",), ("delivery.expected",)
    times = {
        "delivery.time": "From the send of a message to its arrival at a client that must see it.",
        "delivery.spread": "From the first to the last client that a message reached.",
    }
    for name, text in times.items():
        yield _distribution(name, _MESSAGE, text)
    counts = {
        "delivery.expected": ("Deliveries that had to happen: one a message and client.", sent),
        "delivery.received": ("Deliveries that happened in time.", expected),
        "delivery.late": ("Deliveries after the time allowed.", expected),
        "delivery.duplicates": ("Deliveries to a client that had the message already.", expected),
        "delivery.unsure": ("Deliveries set aside because the audience was changing.", sent),
        "isolation.leaks": ("Messages seen by a client that they were not meant for.", sent),
    }
    for name, (text, when) in counts.items():
        yield _counter(name, _MESSAGE, text, when)
    yield Metric(
        name="delivery.reach",
        kind="ratio",
        unit="share",
        labels=_MESSAGE,
        text="Deliveries in time as a share of those expected.",
        part=("delivery.received",),
        whole=expected,
    )


def _pools() -> Iterable[Metric]:
    yield _distribution("pool.wait", _CLIENT, "How long a send waited for a connection of the pool.")
    yield _counter(
        "pool.timeouts",
        _CLIENT,
        "Sends that got no connection of the pool in time.",
        ("messages.sent", "pool.timeouts"),
    )
    yield _gauge("pool.size", ("group", "phase"), "number", "Connections in the pools.")


def _generator() -> Iterable[Metric]:
    phase = ("phase",)
    yield _gauge(
        "generator.cpu", phase, "share", "CPU of the busiest worker, as a share of one core.", "most"
    )
    yield _gauge("generator.memory", phase, "bytes", "Memory of all workers.")
    yield _gauge(
        "generator.lag", phase, "seconds", "How late the event loop of a worker was, at most.", "most"
    )
    yield _gauge("generator.descriptors", phase, "number", "Open files of the worker with the most.", "most")
    yield _gauge(
        "generator.gc",
        phase,
        "seconds",
        "How long a worker stood still to collect garbage, each time.",
        "most",
    )
    yield _distribution("generator.lateness", phase, "From the set time of a message to its send.")
    yield _gauge("generator.backlog", phase, "bytes", "Bytes sent that the network has not taken yet.")


def _searches() -> Iterable[Metric]:
    levels = {
        "search.best": "The highest level that met `such_that`, in clients or messages a second; 0: none.",
        "search.degraded": "The lowest level at which the target had degraded.",
        "search.broken": "The lowest level that missed `such_that`.",
    }
    for name, text in levels.items():
        yield Metric(name=name, kind="ratio", unit="number", labels=("phase",), text=text)


def _not_yet() -> Iterable[Metric]:
    yield _gauge("monitor.NAME.KEY", ("phase",), "number", "A number read by a monitor.", available=False)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for rows in (
        _connections(),
        _messages(),
        _resilience(),
        _deliveries(),
        _pools(),
        _generator(),
        _searches(),
        _not_yet(),
    )
    for metric in rows
}
"""The catalogue, by name, in the order of the reference."""


def resolve(reference: MetricRef) -> Metric | None:
    """Return the metric that a criterion names, None if there is none; labels and statistic are not looked
    at."""
    if reference.name.startswith("monitor.") and reference.name.count(".") == 2:
        return METRICS["monitor.NAME.KEY"]
    return METRICS.get(reference.name)


def suggestions(name: str) -> list[str]:
    """Return up to three names of metrics that may be meant by a wrong one, the likeliest first."""
    known = [metric.name for metric in METRICS.values() if "NAME" not in metric.name]
    wanted = name.casefold().replace("-", "_")
    tails = [other for other in known if other.rpartition(".")[2] == wanted or other.startswith(f"{wanted}.")]
    close = get_close_matches(wanted, known, n=3, cutoff=0.7)
    return list(dict.fromkeys([*close, *tails]))[:3]
