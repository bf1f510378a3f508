"""Parse events to a tree of nodes: keys as text, scalars by YAML 1.2, aliases shared, merge keys merged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from wsrun.diagnostics import Diagnostic, Location
from wsrun.source.environment import substitute
from wsrun.source.node import Node
from wsrun.source.scalars import ScalarError, resolve

MERGE = "<<"


class Builder:
    """Builds the tree of one document and gathers the mistakes that leave a tree to look at.

    The events have passed the caps of ``events``, so that recursion is shallow and every alias is known.
    """

    def __init__(self, path: str, lines: list[str], environ: Mapping[str, str] | None) -> None:
        self.path = path
        self.lines = lines
        self.environ = environ
        self.problems: list[Diagnostic] = []
        self.anchors: dict[str, Node] = {}

    def build(self, events: list[Any]) -> Node:
        """Return the root."""
        return self._node(iter(events), None)

    def _node(self, events: Iterator[Any], event: Any) -> Node:
        event = next(events) if event is None else event
        if isinstance(event, yaml.AliasEvent):
            return self.anchors[str(event.anchor)]
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            node = self._mapping(event, events)
        else:
            node = self._list(event, events)
        if event.tag is not None:
            help_text = "remove the word that starts with '!'"
            self._problem(node, "tag", "a scenario has no tags", self._spot(event), help_text)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def _scalar(self, event: Any) -> Node:
        node = self._blank(event)
        node.end_line, node.end_column = event.end_mark.line + 1, event.end_mark.column + 1
        node.style = event.style or None
        node.written = node.value = event.value
        if node.style is None and event.value != MERGE:
            try:
                node.value = resolve(event.value)
            except ScalarError as error:
                node.value = 0
                location = node.location(self.lines)
                self._problem(node, "number", str(error), location, "to write it as a text, put it in quotes")
        if isinstance(node.value, str) and self.environ is not None:
            node.value, node.segments, slips = substitute(node.written, self.environ)
            for slip in slips:
                place = node.written_place(self.lines, slip.offset, slip.length)
                self._problem(node, slip.code, slip.message, place, slip.help)
        return node

    def _list(self, event: Any, events: Iterator[Any]) -> Node:
        node = self._blank(event)
        items: list[Node] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(self._node(events, event))
        node.children = items
        self._end(node, event)
        return node

    def _mapping(self, event: Any, events: Iterator[Any]) -> Node:
        node = self._blank(event)
        children: dict[str, Node] = {}
        merged: list[Node] = []
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            place, is_merge = self._spot(event), _is_merge(event)
            key = self._key(node, event, events)
            value = self._node(events, None)
            if key is None:
                continue
            if key in node.keys:
                self._repeated(node, key, place)
                continue
            node.keys[key] = place
            if is_merge:
                merged = self._merged(node, value, place)
            else:
                children[key] = value
        node.children = children
        for source in merged:
            self._merge(node, source)
        self._end(node, event)
        return node

    def _key(self, node: Node, event: Any, events: Iterator[Any]) -> str | None:
        """Read a key: its text as written, never a number or a truth. None where it is no key at all."""
        if isinstance(event, yaml.ScalarEvent) and event.tag is None:
            if event.anchor is not None:
                self.anchors[event.anchor] = self._scalar(event)
            return str(event.value)
        place = self._spot(event)
        self._node(events, event)
        if isinstance(event, yaml.MappingStartEvent) and self._char_before(place) == "{":
            help_text = 'put a template in quotes: "{{ name }}"'
            self._problem(node, "unquoted-template", "YAML reads these braces as a mapping", place, help_text)
        else:
            self._problem(node, "key", "a key is a word or a text", place, "put it in quotes")
        return None

    def _merged(self, node: Node, value: Node, place: Location) -> list[Node]:
        sources = value.children if isinstance(value.children, list) else [value]
        if all(isinstance(source.children, dict) for source in sources):
            return sources
        self._problem(node, "merge", "'<<' takes a mapping or a list of mappings", place, "write <<: *NAME")
        return []

    def _merge(self, node: Node, source: Node) -> None:
        assert isinstance(node.children, dict)
        assert isinstance(source.children, dict)
        for key, child in source.children.items():
            if key not in node.children:
                node.children[key] = child
                node.keys[key] = source.keys[key]

    def _repeated(self, node: Node, key: str, place: Location) -> None:
        first = node.keys[key]
        message = f"'{key[:60]}' is here a second time; the first is at {first.line}:{first.column}"
        self.problems.append(Diagnostic("duplicate-key", message, place, "keep one of the two"))

    def _blank(self, event: Any) -> Node:
        mark = event.start_mark
        return Node(self.path, mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 1)

    def _end(self, node: Node, event: Any) -> None:
        node.end_line, node.end_column = event.end_mark.line + 1, event.end_mark.column + 1

    def _spot(self, event: Any) -> Location:
        """Where an event stands; a scalar is underlined in full where it is on one line."""
        start, end = event.start_mark, event.end_mark
        length = end.column - start.column if start.line == end.line else 1
        return Location(self.path, start.line + 1, start.column + 1, max(length, 1))

    def _char_before(self, place: Location) -> str:
        return self.lines[place.line - 1][: place.column - 1][-1:]

    def _problem(self, node: Node, code: str, message: str, place: Location, help_text: str) -> None:
        """Note a mistake, after which nothing else about this node is worth saying."""
        node.spoilt = True
        self.problems.append(Diagnostic(code, message, place, help_text))


def _is_merge(event: Any) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.value == MERGE and not event.style
