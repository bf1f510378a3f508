"""Results that are awkward to show: nobody there, no data, one second, hostile text, far too much."""

from __future__ import annotations

import copy
from typing import Any

import count
from assemble import result
from judging import criterion, rule
from simulate import Phase, Run, simulate

HOSTILE = (
    "</script><script>alert(1)</script> <img src=x onerror=alert(2)> "
    "\u202etxet\u202c \x1b[31m \ud800 =1+1 {{ 7 * 7 }}"
)


def results(failed: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return every awkward result by name; ``failed`` is one to start from."""
    return {
        "unreachable": unreachable(),
        "no-data": no_data(),
        "short": short(),
        "hostile": hostile(copy.deepcopy(failed)),
        "large": large(),
    }


def _named(
    found: dict[str, Any], name: str, description: str | None, load: str, source: str
) -> dict[str, Any]:
    found["scenario"] |= {"name": name, "description": description, "load": load, "source": source}
    found["scenario"]["path"] = f"scenarios/{name}.yaml"
    found["run"]["command"] = f"wsrun scenarios/{name}.yaml"
    for entry in found["criteria"]:
        line = next((n for n, text in enumerate(source.splitlines(), 1) if entry["check"] in text), 1)
        entry["location"] = {"path": f"scenarios/{name}.yaml", "line": line, "column": 5}
    return found


def unreachable() -> dict[str, Any]:
    """Nobody listens at the target."""
    found = result(Run((Phase("phase-1", 10, 20, 20),)), stopped=0.0)
    found["criteria"] = [
        criterion("connect.success == 100%", None, 1.0, "share", status="not_judged"),
        criterion("errors == 0", None, 0, "number", status="not_judged"),
    ]
    text = "connection refused at 127.0.0.1:9, 3 attempts"
    reason = {
        "code": "target-unreachable",
        "text": text,
        "remedy": "start the target, or name another with --target",
    }
    found["target"] |= {"url": "ws://127.0.0.1:9/", "addresses": ["127.0.0.1:9"], "subprotocols": []}
    found |= {"state": "unreachable", "verdict": "invalid", "exit_code": 3, "reasons": [reason]}
    found["timeline"] = []
    source = """\
wsrun: 1
target: { url: ws://127.0.0.1:9/ }
messages: { ping: { text: hi } }
phases: [ { duration: 10s, clients: 20 } ]
"""
    return _named(found, "smoke", None, "20 clients", source)


def no_data() -> dict[str, Any]:
    """Clients that connect and say nothing, and a criterion on messages."""
    run = simulate((Phase("phase-1", 10, 20, 20),), seed=1, rate=1, harm=0, refused=0, closed=0)
    run.messages.clear()
    found = result(run)
    found["messages"], found["profiles"] = [], []
    found["criteria"] = [
        criterion("connect.success == 100%", 1.0, 1.0, "share", samples=20),
        criterion(
            "round_trip(message=ping).p95 < 50ms",
            None,
            0.05,
            "seconds",
            samples=0,
            note="no message ping was answered or timed out",
        ),
    ]
    source = """\
wsrun: 1
target: { url: demo:/echo }
messages: { ping: { text: hi } }
profiles: { quiet: {} }
phases: [ { duration: 10s, clients: 20 } ]
criteria:
  - connect.success == 100%
  - round_trip(message=ping).p95 < 50ms
"""
    return rule(_named(found, "listeners", "Twenty clients that only listen.", "20 clients", source))


def short() -> dict[str, Any]:
    """One client for one second: too few replies for most percentiles."""
    run = simulate((Phase("phase-1", 1, 2, 2),), seed=3, rate=8, harm=0, refused=0, closed=0)
    found = result(run, interval=0.1)
    found["timeline"] = [row for row in found["timeline"] if row["t"] < 1.2]
    found["heat"]["columns"] = [column for column in found["heat"]["columns"] if column["t"] < 1.2]
    found["phases"][-1]["end"] = 1.2
    found["run"] |= {"duration": 1.2, "drain": 2.0, "workers": 1}
    found["criteria"] = [
        criterion("connect.success == 100%", 1.0, 1.0, "share", samples=2),
        criterion("errors == 0", 0, 0, "number", samples=len(run.messages)),
    ]
    source = """\
wsrun: 1
target: { url: demo:/echo }
messages: { ping: { json: { id: "{{ id }}" } } }
phases: [ { duration: 1s, clients: 2 } ]
"""
    return rule(_named(found, "smoke", None, "2 clients", source))


def hostile(found: dict[str, Any]) -> dict[str, Any]:
    """Markup, direction characters, escapes and lone surrogates wherever a stranger can put text."""
    found["scenario"] |= {"name": HOSTILE, "description": HOSTILE * 3, "source": f"name: {HOSTILE}\n"}
    found["target"] |= {"url": f"ws://{HOSTILE}/", "subprotocols": [HOSTILE]}
    found["messages"][0] |= {"name": HOSTILE, "kind": HOSTILE}
    found["profiles"][0] |= {"name": HOSTILE, "think_text": HOSTILE}
    found["phases"][1]["name"] = HOSTILE
    for entry in found["errors"]:
        entry |= {"cause": entry["cause"] + HOSTILE, "text": HOSTILE, "worst_client": HOSTILE}
        entry["samples"] = [{"at": 1.0, "client": HOSTILE, "text": HOSTILE * 200}]
    for row in found["timeline"]:
        row["failures"] = {cause + HOSTILE: n for cause, n in row["failures"].items()}
    for event in found["events"]:
        event["text"] += HOSTILE
    found["criteria"][0] |= {"because": HOSTILE, "note": HOSTILE}
    found["criteria"][1]["check"] += HOSTILE
    found["counts"]["connections"]["closed"][0]["reason"] = HOSTILE
    found["run"]["command"] = HOSTILE
    found["machine"]["host"] = HOSTILE
    found["curves"] = []
    return found


def large() -> dict[str, Any]:
    """Return fifty phases, two hundred kinds of failure, sixty criteria and forty messages."""
    phases = tuple(
        Phase(
            f"level-{n:02}",
            3,
            20 * n,
            20 * n,
            stress=0.4 if n in (31, 44) else 0.0,
            warm_up=3 if n == 1 else 0,
        )
        for n in range(1, 51)
    )
    run = simulate(phases, seed=8, rate=0.25, harm=0.7, refused=0, closed=0)
    found = result(run)
    found["curves"] = count.curves(run, [None, "level-44"])
    _many_criteria(found)
    _many_messages(found)
    _many_errors(found)
    source = "wsrun: 1\ndescription: a ladder of fifty levels\n" + "".join(
        f"  - {entry['check']}\n" for entry in found["criteria"]
    )
    found = _named(
        found,
        "ladder-of-fifty-levels",
        "Fifty levels, each three seconds.",
        "20 → 1\u202f000 clients",
        source,
    )
    return rule(found)


def _many_criteria(found: dict[str, Any]) -> None:
    for n, row in enumerate(found["phases"][:50]):
        trips = row["round_trip"]
        check = f"round_trip(phase={row['name']}).p95 < {40 + 2 * n}ms"
        found["criteria"].append(
            criterion(check, trips["p95"], (40 + 2 * n) / 1000, "seconds", samples=trips["count"])
        )
    for n in range(10):
        found["criteria"].append(criterion(f"closed(code={4000 + n}) == 0", 0, 0, "number"))


def _many_messages(found: dict[str, Any]) -> None:
    say = found["messages"][0]
    found["messages"] = [
        {**say, "name": f"message-{n:02}", "sent": say["sent"] // (n + 1), "expected": say["sent"] // (n + 1)}
        for n in range(40)
    ]


def _many_errors(found: dict[str, Any]) -> None:
    row, total = found["timeline"], len(found["timeline"])
    found["errors"] = [
        {
            "cause": f"kind-{n:03}",
            "text": f"Made-up failure number {n}",
            "count": (401 - 2 * n) // 8 + 1,
            "of": 20000,
            "of_text": "messages",
            "first": float(n % 100),
            "last": float(n % 100 + 40),
            "series": [[float(n % 100 + 4 * k), ((401 - 2 * n) // 8 + 1) // 10] for k in range(10)],
            "clients": 100 - n // 2,
            "worst_client": None,
            "worst_count": 3,
            "samples": [],
        }
        for n in range(200)
    ]
    for n in range(200):
        row[(n * 3) % total]["failures"][f"kind-{n:03}"] = (401 - 2 * n) // 8 + 1
