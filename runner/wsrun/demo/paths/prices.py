"""``/prices``: a feed of ticks, ten a second for each symbol that somebody wants."""

from __future__ import annotations

import time
from functools import partial
from random import Random
from typing import Any

import orjson

from wsrun.demo.http import Request
from wsrun.demo.json_connection import JsonConnection
from wsrun.demo.service import Service

INTERVAL = 0.1
"""Seconds from one tick of a symbol to the next."""

MOST_BACKLOG = 1 << 20
"""Bytes that may wait for a reader; one that is slower than that is closed with 1013."""

MOST_SYMBOLS = 1000
"""How many symbols a reader may have."""


class Symbol:
    """One symbol: its readers, and a price that wanders. The same name wanders the same way."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.readers: set[Prices] = set()
        self.seq = 0
        self._rng = Random(name)
        self._cents = self._rng.randint(1_000, 50_000)

    def tick(self) -> bytes:
        """Return the next tick."""
        self.seq += 1
        self._cents = max(1, self._cents + self._rng.randint(-25, 25))
        tick = {"op": "tick", "symbol": self.name, "seq": self.seq, "price": self._cents / 100}
        return orjson.dumps(tick)


class Market:
    """The symbols that have readers. Each ticks while it has some; its ``seq`` begins anew after that."""

    def __init__(self) -> None:
        self.symbols: dict[str, Symbol] = {}

    def subscribe(self, service: Service, reader: Prices, name: str) -> None:
        """Send somebody the ticks of a symbol."""
        symbol = self.symbols.get(name)
        if symbol is None:
            symbol = self.symbols[name] = Symbol(name)
            self._wait(service, symbol, time.monotonic())
        symbol.readers.add(reader)

    def unsubscribe(self, reader: Prices, name: str) -> None:
        """Send somebody no more ticks of a symbol."""
        symbol = self.symbols.get(name)
        if symbol is not None:
            symbol.readers.discard(reader)
            if not symbol.readers:
                del self.symbols[name]

    def _wait(self, service: Service, symbol: Symbol, last: float) -> None:
        due = last + INTERVAL
        service.when_free(due, partial(self._tick, service, symbol, due))

    def _tick(self, service: Service, symbol: Symbol, due: float) -> None:
        if self.symbols.get(symbol.name) is not symbol:
            return
        payload = symbol.tick()
        for reader in list(symbol.readers):
            if reader.backlog > MOST_BACKLOG:
                reader.close(1013, "reads too slowly")
            else:
                reader.send(payload)
        self._wait(service, symbol, due)


class Prices(JsonConnection):
    """One reader: ``{op: subscribe, id, symbols}`` and ``{op: unsubscribe, symbols}``."""

    __slots__ = ("_market", "_symbols")

    def __init__(self, service: Service, request: Request) -> None:
        super().__init__(service, request)
        self._market = service.part(Market)
        self._symbols: set[str] = set()

    def gone(self) -> None:
        """End all subscriptions."""
        for name in self._symbols:
            self._market.unsubscribe(self, name)

    def take(self, message: dict[str, Any]) -> None:
        """Change the subscriptions, and answer if the message has an id."""
        error = self._change(message.get("op"), message.get("symbols"))
        if "id" in message:
            answer = {"id": message["id"], "ok": error is None}
            self.send_json(answer if error is None else answer | {"error": error})

    def _change(self, op: object, symbols: object) -> str | None:
        """Subscribe or unsubscribe; return what is wrong with the message, if anything."""
        if op not in ("subscribe", "unsubscribe"):
            return "the op is subscribe or unsubscribe"
        if not isinstance(symbols, list) or not all(isinstance(name, str) for name in symbols):
            return "the symbols are a list of texts"
        names = set(symbols)
        if op == "unsubscribe":
            for name in names & self._symbols:
                self._market.unsubscribe(self, name)
            self._symbols -= names
        elif len(self._symbols | names) > MOST_SYMBOLS:
            return f"a reader may have {MOST_SYMBOLS} symbols"
        else:
            for name in names - self._symbols:
                self._market.subscribe(self.service, self, name)
            self._symbols |= names
        return None
