"""Ledgers: what was tried, what came of it, and whether both sums are the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from wsrun.view import formats, http, load, pools, resilience
from wsrun.view.ledger import Ledger, Line, line
from wsrun.view.reading import Reading, timeout_text

CODES = {
    1000: "normal",
    1001: "going away",
    1002: "protocol error",
    1003: "unsupported data",
    1005: "no code",
    1006: "no close frame",
    1007: "invalid data",
    1008: "policy violation",
    1009: "message too big",
    1010: "extension missing",
    1011: "internal error",
    1012: "service restart",
    1013: "try again later",
    1014: "bad gateway",
    1015: "TLS failure",
}
"""What close codes mean (RFC 6455 section 7.4.1 and the IANA registry)."""

_DROPPED = {
    "nobody-open": "Dropped, nobody connected",
    "out-of-time": "Dropped, wsrun was too slow",
    "not-read": "Dropped, the server did not read",
}
_SIDES = {"client": "Closed by wsrun", "server": "Closed by the target", "network": "Lost by the network"}


def build(reading: Reading) -> tuple[tuple[Ledger, ...], ...]:
    """Return columns of ledgers: connections, messages, and what else was counted."""
    return (
        (*_connections(reading), *resilience.build(reading), *pools.build(reading)),
        (*_messages(reading), *http.build(reading)),
        _traffic(reading),
    )


def _verdict(adds_up: bool, difference: int) -> tuple[Literal["ok", "wrong"], str]:
    if adds_up:
        return "ok", "adds up"
    return "wrong", f"{formats.group(abs(difference))} unaccounted for"


def _connections(reading: Reading) -> tuple[Ledger, ...]:
    counts = reading["counts"]["connections"]
    attempted, established = counts["attempted"], counts["established"]
    statuses = ", ".join(
        f"HTTP {status}" + (f" × {formats.group(number)}" if len(counts["refused_by_status"]) > 1 else "")
        for status, number in counts["refused_by_status"].items()
    )
    lines = (
        line("Established", established, formats.share(established / attempted).text if attempted else ""),
        line("Refused", counts["refused"], statuses, bad=True),
        line("Timed out", counts["timed_out"], bad=True),
        line("Failed otherwise", counts["failed"], bad=True),
    )
    adds_up, difference = reading["counts"]["adds_up"], reading["counts"]["differences"]
    state, verdict = _verdict(adds_up["connections"], difference["connections"])
    opened = Ledger("Connections", lines, Line("Attempted", formats.group(attempted)), state, verdict)
    if not established:
        return (opened,)
    ordered = sorted(counts["closed"], key=lambda close: (close["side"] != "client", -close["count"]))
    closes = [
        Line(
            f"{_SIDES.get(close['side'], close['side'])}, {close['code']}",
            formats.group(close["count"]),
            close["reason"] or CODES.get(close["code"], ""),
            close["side"] != "client",
        )
        for close in ordered
    ]
    shown, rest = closes[:8], ordered[8:]
    if rest:
        shown.append(Line(f"{len(rest)} other ways", formats.group(sum(c["count"] for c in rest))))
    shown.append(line("Open at the end", counts["open_at_end"]))
    ended = sum(close["count"] for close in counts["closed"]) + counts["open_at_end"]
    state, verdict = _verdict(ended == established, established - ended)
    return opened, Ledger(
        "Then", tuple(shown), Line("Established", formats.group(established)), state, verdict
    )


def _messages(reading: Reading) -> tuple[Ledger, ...]:
    counts = reading["counts"]["messages"]
    sent, expected = counts["sent"], counts["expected"]
    lines = [
        line(
            "Answered",
            counts["answered"],
            formats.share(counts["answered"] / expected).text if expected else "",
        ),
        line(f"No reply {timeout_text(reading['overall']['round_trip'])}", counts["timed_out"], bad=True),
        line("Reply not as expected", counts["failed"], bad=True),
        line("Lost with their connection", counts["lost"], bad=True),
        line("Still pending at the end", counts["pending"], bad=True),
    ]
    if counts["without_reply"]:
        lines.append(line("Ask for no reply", counts["without_reply"]))
    state, verdict = _verdict(
        reading["counts"]["adds_up"]["messages"], reading["counts"]["differences"]["messages"]
    )
    also = (
        line("Frames nobody expected", counts["unmatched"]),
        line("Replies after their time", counts["late_replies"]),
        line("Replies too many", counts["extra_replies"]),
    )
    first = Ledger("Messages", tuple(lines), Line("Sent", formats.group(sent)), state, verdict)
    return first, Ledger("Then", also, None, "none", "")


def _traffic(reading: Reading) -> tuple[Ledger, ...]:
    counts, totals, rates = (
        reading["counts"]["messages"],
        reading["message_metrics"],
        reading["throughput_metrics"],
    )
    causes = counts.get("dropped_by_cause") or {"nobody-open": counts["dropped"]}
    made = (
        *load.lines(reading),
        *(
            line(_DROPPED.get(cause, f"Dropped, {cause}"), number, bad=True)
            for cause, number in causes.items()
        ),
        line("Sent late by wsrun", counts["late"], bad=True),
    )
    withdrawn = reading["counts"]["connections"].get("withdrawn")
    if withdrawn:
        made += (line("Clients that left before they connected", withdrawn),)

    def way(name: str, key: str) -> Line:
        rate = formats.per_second(rates[f"messages_per_second_{key}"]).text
        return Line(f"Frames {name}", formats.group(totals[f"messages_{key}"]), rate)

    def amount(name: str, key: str) -> Line:
        rate = formats.size(rates[f"bytes_per_second_{key}"]).text + "/s"
        return Line(f"Payload {name}", formats.size(totals[f"bytes_{key}"]).text, rate)

    wire = (
        way("sent", "sent"),
        way("received", "received"),
        amount("sent", "sent"),
        amount("received", "received"),
    )
    found = (Ledger("Load", made, None, "none", ""), Ledger("Traffic", wire, None, "none", ""))
    promised = tuple(map(_contract, reading.contracts))
    return (*found, Ledger("Contracts", promised, None, "none", "")) if promised else found


def _contract(contract: Mapping[str, Any]) -> Line:
    broken = sum(contract["violations"].values())
    checked = f"broken of {formats.group(contract['checked'])} checked"
    if contract["share"] < 1.0:
        checked += f", a share of {formats.share(contract['share']).text}"
    return line(contract["name"], broken, checked, bad=True)
