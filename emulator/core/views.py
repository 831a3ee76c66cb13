"""What a client is shown of a stored Response and its events: `include` decides; the log itself is never changed.

The log is whole. What is heavy or was not asked for is left out on the way to the client, here and nowhere else.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import orjson

Item = dict[str, Any]


def _outputs(item: Item) -> Item:
    return {**item, "outputs": None} if "outputs" in item else item


def _results(item: Item) -> Item:
    return {**item, "results": None} if item.get("results") else item


def _sources(item: Item) -> Item:
    action = item.get("action")
    if not isinstance(action, dict) or "sources" not in action:
        return item
    return {**item, "action": {name: value for name, value in action.items() if name != "sources"}}


# Item type -> (the value of `include` that shows all of it, how it looks without).
HIDDEN: Mapping[str, tuple[str, Callable[[Item], Item]]] = {
    "code_interpreter_call": ("code_interpreter_call.outputs", _outputs),
    "file_search_call": ("file_search_call.results", _results),
    "web_search_call": ("web_search_call.action.sources", _sources),
}
_MARKS = {kind: f'"{kind}"'.encode() for kind in HIDDEN}
# The events that carry a whole item or Response.
CARRIERS = frozenset(
    f"response.{name}".encode()
    for name in ("completed", "failed", "incomplete", "output_item.added", "output_item.done")
)


def shown_item(item: Item, include: Collection[str]) -> Item:
    """An output item as a client sees it that asked for `include`."""
    row = HIDDEN.get(item["type"])
    return item if row is None or row[0] in include else row[1](item)


def shown(response: bytes, include: Collection[str]) -> bytes:
    """A Response as JSON, as a client sees it that asked for `include`; most have nothing to hide."""
    if not _may_hide(response, include):
        return response
    return orjson.dumps(_shown_response(orjson.loads(response), include))


def shown_line(line: bytes, include: Collection[str]) -> bytes:
    """The same for the line of an event that carries an item or a Response (`CARRIERS`)."""
    if not _may_hide(line, include):
        return line
    event = orjson.loads(line)
    if "item" in event:
        event["item"] = shown_item(event["item"], include)
    else:
        event["response"] = _shown_response(event["response"], include)
    return orjson.dumps(event)


def _may_hide(data: bytes, include: Collection[str]) -> bool:
    if data.find(b'_call"') < 0:  # many times as quick as `in`, which first takes the bytes for a number
        return False
    return any(mark in data for kind, mark in _MARKS.items() if HIDDEN[kind][0] not in include)


def _shown_response(response: dict[str, Any], include: Collection[str]) -> dict[str, Any]:
    response["output"] = [shown_item(item, include) for item in response["output"]]
    return response
