"""How an event changes the Response: `FOLD`, the only reduction of a log; it never looks at time or at a store.

An item enters `output` when it is done, its deltas change nothing: a Response seen mid-flight holds whole items only.
"""

from collections.abc import Callable, Mapping
from typing import Any

Response = dict[str, Any]
Event = Mapping[str, Any]


def _update(response: Response, event: Event) -> None:
    # On the way in an event carries the changes, on the way back the whole Response: the same update serves both.
    response.update(event["response"])


def _item_done(response: Response, event: Event) -> None:
    output, index = response["output"], event["output_index"]
    if index != len(output):
        raise ValueError(f"item {index} is done, but {len(output)} items are")
    output.append(event["item"])


FOLD: Mapping[str, Callable[[Response, Event], None]] = {
    "response.created": _update,
    "response.queued": _update,
    "response.in_progress": _update,
    "response.completed": _update,
    "response.failed": _update,
    "response.incomplete": _update,
    "response.output_item.done": _item_done,
}
SNAPSHOTS = frozenset(FOLD) - {"response.output_item.done"}


def fold(events: list[dict[str, Any]]) -> Response:
    """The Response that a whole log makes."""
    response: Response = {"output": []}
    for event in events:
        if change := FOLD.get(event["type"]):
            change(response, event)
            response["output"] = list(response["output"])  # the event keeps its own
    return response
