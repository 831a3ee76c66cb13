"""The standard event sequences: message, refusal, reasoning, call; pure generators that number and fold nothing.

Each yields `(type, fields)` in the order of docs/reference/events.md. An item is opened by `output_item.added` and
closed by `output_item.done`; in between come its parts and deltas.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

Emission = tuple[str, dict[str, Any]]
Emissions = Iterator[Emission]


def message(
    item_id: str,
    index: int,
    text: str,
    deltas: Iterable[str],
    *,
    annotations: Sequence[dict[str, Any]] = (),
    status: str = "completed",
) -> Emissions:
    """A message item with one `output_text` part; annotations follow the text that they stand for."""
    at = {"item_id": item_id, "output_index": index, "content_index": 0}
    yield from _open_message(item_id, index, {"type": "output_text", "annotations": [], "logprobs": [], "text": ""})
    for delta in deltas:
        yield "response.output_text.delta", {**at, "delta": delta, "logprobs": []}
    for number, annotation in enumerate(annotations):
        fields = {**at, "annotation_index": number, "annotation": annotation}
        yield "response.output_text.annotation.added", fields
    yield "response.output_text.done", {**at, "text": text, "logprobs": []}
    part = {"type": "output_text", "annotations": list(annotations), "logprobs": [], "text": text}
    yield from _close_message(item_id, index, part, status)


def refusal(item_id: str, index: int, text: str, deltas: Iterable[str], *, status: str = "completed") -> Emissions:
    """A message item with one `refusal` part."""
    at = {"item_id": item_id, "output_index": index, "content_index": 0}
    yield from _open_message(item_id, index, {"type": "refusal", "refusal": ""})
    for delta in deltas:
        yield "response.refusal.delta", {**at, "delta": delta}
    yield "response.refusal.done", {**at, "refusal": text}
    yield from _close_message(item_id, index, {"type": "refusal", "refusal": text}, status)


def reasoning(item_id: str, index: int, summaries: Sequence[tuple[str, Iterable[str]]]) -> Emissions:
    """A reasoning item; each summary part is its text and the deltas that make it up."""
    yield _added(index, {"id": item_id, "type": "reasoning", "summary": []})
    for number, (text, deltas) in enumerate(summaries):
        at = {"item_id": item_id, "output_index": index, "summary_index": number}
        part = {"type": "summary_text", "text": ""}
        yield "response.reasoning_summary_part.added", {**at, "part": part}
        for delta in deltas:
            yield "response.reasoning_summary_text.delta", {**at, "delta": delta}
        yield "response.reasoning_summary_text.done", {**at, "text": text}
        yield "response.reasoning_summary_part.done", {**at, "part": {**part, "text": text}}
    parts = [{"type": "summary_text", "text": text} for text, _ in summaries]
    yield _done(index, {"id": item_id, "type": "reasoning", "summary": parts})


def call(item: dict[str, Any], index: int, field: str, event: str, deltas: Iterable[str], **last: Any) -> Emissions:
    """An item whose `field` (arguments, input) is written piece by piece under `event`.delta and `event`.done.

    `item` is the finished item; `last` are more fields of the done event.
    """
    at = {"item_id": item["id"], "output_index": index}
    yield _added(index, {**item, "status": "in_progress", field: ""})
    for delta in deltas:
        yield f"{event}.delta", {**at, "delta": delta}
    yield f"{event}.done", {**at, field: item[field], **last}
    yield _done(index, item)


def _open_message(item_id: str, index: int, part: dict[str, Any]) -> Emissions:
    item = {"id": item_id, "type": "message", "status": "in_progress", "content": [], "role": "assistant"}
    yield _added(index, item)
    fields = {"item_id": item_id, "output_index": index, "content_index": 0, "part": part}
    yield "response.content_part.added", fields


def _close_message(item_id: str, index: int, part: dict[str, Any], status: str) -> Emissions:
    fields = {"item_id": item_id, "output_index": index, "content_index": 0, "part": part}
    yield "response.content_part.done", fields
    item = {"id": item_id, "type": "message", "status": status, "content": [part], "role": "assistant"}
    yield _done(index, item)


def _added(index: int, item: dict[str, Any]) -> Emission:
    return "response.output_item.added", {"output_index": index, "item": item}


def _done(index: int, item: dict[str, Any]) -> Emission:
    return "response.output_item.done", {"output_index": index, "item": item}
