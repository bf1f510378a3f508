"""A small HTTP API of the demo server: items that can be listed, added, read, written and removed."""

from __future__ import annotations

import orjson

from wsrun.demo.http import Request, RequestError, Response, json_response
from wsrun.demo.service import Service

ROOT = "/api/items"
MOST = 1000
"""Items that are kept; of more, the oldest is forgotten."""

LISTED = 20


class Items:
    """What there is, by id; three to begin with."""

    def __init__(self) -> None:
        self.kept: dict[str, object] = {"1": {"name": "tea"}, "2": {"name": "milk"}, "3": {"name": "bread"}}
        self._number = 3

    def new_id(self) -> str:
        """Return an id that no item has had."""
        self._number += 1
        return str(self._number)

    def put(self, item_id: str, item: object) -> None:
        """Keep an item."""
        if item_id not in self.kept and len(self.kept) >= MOST:
            del self.kept[next(iter(self.kept))]
        self.kept[item_id] = item


def list_items(service: Service, request: Request) -> Response:
    """List the first items and their number."""
    kept = service.part(Items).kept
    shown = [{"id": item_id, "item": item} for item_id, item in list(kept.items())[:LISTED]]
    return json_response({"count": len(kept), "items": shown})


def add_item(service: Service, request: Request) -> Response:
    """Keep an item under an id of its own.

    Raises:
        RequestError: the body is no JSON.
    """
    items = service.part(Items)
    item_id = items.new_id()
    items.put(item_id, _item(request))
    answer = json_response({"id": item_id}, 201)
    answer.headers["Location"] = f"{ROOT}/{item_id}"
    return answer


def read_item(service: Service, request: Request) -> Response:
    """Show an item."""
    item_id = _id(request)
    kept = service.part(Items).kept
    if item_id not in kept:
        return json_response({"error": "there is no such item"}, 404)
    return json_response({"id": item_id, "item": kept[item_id]})


def write_item(service: Service, request: Request) -> Response:
    """Keep an item under an id that the path names.

    Raises:
        RequestError: the body is no JSON.
    """
    service.part(Items).put(_id(request), _item(request))
    return json_response({"id": _id(request)})


def remove_item(service: Service, request: Request) -> Response:
    """Forget an item."""
    known = service.part(Items).kept.pop(_id(request), None) is not None
    return json_response({"ok": True}) if known else json_response({"error": "there is no such item"}, 404)


def _id(request: Request) -> str:
    return request.path.removeprefix(ROOT + "/")[:64]


def _item(request: Request) -> object:
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise RequestError(400, "an item is JSON") from None
