"""What is compiled: modules, their classes, and the C types of the classes' attributes.

An attribute that is not named here is a Python object. ``INDEX`` and ``FLAG`` make arithmetic cheap,
``REAL`` a time; the name of a class of this table, or of a type that Cython knows, makes access to it cheap.
None fits every type but the first three. An attribute that the class does not have is an error, also in the
unit tests, which need no compiler.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

REAL = "double"
INDEX = "Py_ssize_t"
FLAG = "bint"
NUMBERS = (REAL, INDEX, FLAG, "long long")
"""What is no Python object, and can be neither None nor compared by ``is``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Class:
    """A class that becomes a C structure.

    ``types`` are C types by attribute. ``methods`` are declarations of those that other compiled modules call
    without looking them up; their parameters are those of the Python source, a default is ``=*``.
    ``variables`` are the types of local variables, by method and name.
    """

    types: Mapping[str, str] = field(default_factory=dict)
    methods: Sequence[str] = ()
    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def each(kind: str, names: str) -> dict[str, str]:
    """Give all of these names one type."""
    return dict.fromkeys(names.split(), kind)


MODULES: Mapping[str, Mapping[str, Class]] = {
    "wsrun.bodies.slots": {},
    "wsrun.engine.agenda": {
        "Agenda": Class(
            types={"_armed": REAL, "_heap": "list", "_order": INDEX},
            methods=[
                "cpdef call_at(self, double due, object function)",
                "cpdef _push(self, double due, object what)",
            ],
        ),
    },
    "wsrun.engine.alarm": {"TimerfdAlarm": Class(types={"_is_seen": FLAG})},
    "wsrun.engine.belonging": {},
    "wsrun.engine.exchange": {
        "Exchange": Class(
            types={
                **each(FLAG, "_is_going_on _is_made"),
                "_behaviour": "Behaviour",
                "_line": "Line",
                "_request": "Request",
                "_session": "Session",
            },
            methods=["cpdef set_result(self, bint good)"],
            variables={
                "set_result": {"behaviour": "Behaviour", "program": "MessageProgram", "session": "Session"}
            },
        ),
    },
    "wsrun.engine.line": {
        "Line": Class(
            types={
                **each(FLAG, "is_closing is_hanging_up"),
                **each(INDEX, "order seq"),
                **each("list", "cells waiting"),
                "mailbox": "Mailbox",
                "observers": "Observers",
                "session": "Session",
                "stretch": "Stretch",
                "table": "dict",
                "tables": "tuple",
                "taking": "Taking",
                "traffic": "Traffic",
                "world": "World",
            },
            methods=[
                "cpdef received(self, object payload, double at)",
                "cpdef bint send(self, MessageProgram program, object due, object future, Request old=*)",
                "cpdef sort(self, Frame frame)",
                "cpdef turn(self, Stretch stretch)",
            ],
            variables={
                "received": {
                    "cell": "Cell",
                    "exchange": "Exchange",
                    "request": "Request",
                    "table": "dict",
                    "taking": "Taking",
                    "text": "str",
                    "traffic": "Traffic",
                },
                "send": {
                    **each(REAL, "at lag now sent"),
                    "cell": "Cell",
                    "order": INDEX,
                    "payload": "bytes",
                    "session": "Session",
                    "stretch": "Stretch",
                    "table": "dict",
                    "world": "World",
                },
            },
        ),
    },
    "wsrun.engine.mailbox": {"Mailbox": Class()},
    "wsrun.engine.observers": {
        "Observers": Class(
            types={"look_on": FLAG},
            methods=[
                "cpdef _react(self, Reaction reaction, object frame)",
                "cpdef bint take(self, object frame)",
            ],
        ),
        "Reaction": Class(types={"captures": "tuple"}),
    },
    "wsrun.engine.programs": {
        "Behaviour": Class(),
        "MessageProgram": Class(
            types={
                **each(FLAG, "binary has_reply key_is_id needs_renewal simple uses_id"),
                **each(INDEX, "index table"),
                "timeout": REAL,
            },
        ),
    },
    "wsrun.engine.request": {
        "PatternRequest": Class(types={"answers": INDEX, "latest": REAL}),
        "Request": Class(
            types={
                **each(REAL, "due sent"),
                "cell": "Cell",
                "done": FLAG,
                "order": INDEX,
                "program": "MessageProgram",
            },
            methods=["cpdef use(self, Cell cell, double due, double sent, Py_ssize_t order, object key)"],
        ),
    },
    "wsrun.engine.schedule": {
        "Schedule": Class(
            types={
                **each(REAL, "_begin _due _until"),
                **each(FLAG, "_has_slots _is_constant _is_over _is_own"),
                **each(INDEX, "_group _number _own_turn _planned _slot _turn"),
                "_behaviours": "dict",
            },
            methods=[
                "cpdef _advance(self)",
                "cpdef bint _can_send(self, Session session)",
                "cpdef _send(self)",
            ],
        ),
    },
    "wsrun.engine.session": {
        "Session": Class(
            types={
                **each(FLAG, "is_born is_ending leaving roused"),
                "ids": "IdMaker",
                "message_id": "str",
                "seq": INDEX,
            },
        ),
    },
    "wsrun.engine.taking": {"Taking": Class(types={"field": "str", "values": "frozenset"})},
    "wsrun.engine.world": {
        "World": Class(types={"unix_offset": REAL}),
    },
    "wsrun.expressions.id_maker": {"IdMaker": Class(), "TimeDigits": Class()},
    "wsrun.metrics.recorder": {
        "Cell": Class(
            types={
                **each(
                    INDEX, "bytes_sent extra_replies failed late late_replies lost pending sent timed_out"
                ),
                "has_reply": FLAG,
                **each("Samples", "first gaps round_trip service_time"),
            },
        ),
        "Stretch": Class(types={**each(REAL, "end start"), "warm_up": FLAG}),
        "Traffic": Class(types=each(INDEX, "bytes_received mailbox_dropped received unmatched")),
    },
    "wsrun.metrics.samples": {"Samples": Class()},
    "wsrun.patterns.frame": {
        "Frame": Class(types={"at": REAL, "is_known": FLAG}, methods=["cpdef json(self)"]),
    },
    "wsrun.patterns.matchers": {},
    "wsrun.patterns.sources": {},
    "wsrun.patterns.tests": {},
}
"""Classes by module.

A ``.pyx`` beside the ``.py`` of such a module is compiled instead of it; a ``.pxd`` there is taken as it is.
"""

HAND_WRITTEN: Sequence[str] = (
    "wsrun.transports.frames_compiled",
    # What it is made of is Linux's alone.
    *(("wsrun.transports.readers_compiled",) if sys.platform == "linux" else ()),
)
"""Modules that have a ``.pyx`` alone."""
