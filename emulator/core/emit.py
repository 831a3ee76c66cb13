"""The standard event sequences: message, refusal, reasoning, call; pure generators that number and fold nothing.

Each yields `(type, fields)` in the order of docs/reference/events.md. An item is opened by `output_item.added` and
closed by `output_item.done`; in between come its parts and deltas.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple


class Deltas(NamedTuple):
    """The fields of a run of delta events that differ in their `delta` only, with those `before` and `after` it.

    A long answer is mostly deltas: as one unit they are numbered and encoded several times faster than one by one.
    """

    before: dict[str, Any]
    texts: Sequence[str]
    after: dict[str, Any]

    def fields(self, text: str) -> dict[str, Any]:
        """The fields of one of the events."""
        return {**self.before, "delta": text, **self.after}


Told = tuple[str, Sequence[str]]  # a text, and the deltas that make it up
Emission = tuple[str, dict[str, Any] | Deltas]
Emissions = Iterator[Emission]
# No event: here a run waits until the outside work of a call is done.
WORK: Emission = ("work", {})
ERROR_FORMS = ("nested", "flat")


def message(
    item_id: str,
    index: int,
    text: str,
    deltas: Sequence[str],
    *,
    annotations: Sequence[dict[str, Any]] = (),
    status: str = "completed",
) -> Emissions:
    """A message item with one `output_text` part; annotations follow the text that they stand for."""
    at = {"item_id": item_id, "output_index": index, "content_index": 0}
    yield from _open_message(item_id, index, text_part(""))
    yield "response.output_text.delta", Deltas(at, deltas, {"logprobs": []})
    for number, annotation in enumerate(annotations):
        fields = {**at, "annotation_index": number, "annotation": annotation}
        yield "response.output_text.annotation.added", fields
    yield "response.output_text.done", {**at, "text": text, "logprobs": []}
    yield from _close_message(item_id, index, text_part(text, annotations), status)


def refusal(item_id: str, index: int, text: str, deltas: Sequence[str], *, status: str = "completed") -> Emissions:
    """A message item with one `refusal` part."""
    at = {"item_id": item_id, "output_index": index, "content_index": 0}
    yield from _open_message(item_id, index, {"type": "refusal", "refusal": ""})
    yield "response.refusal.delta", Deltas(at, deltas, {})
    yield "response.refusal.done", {**at, "refusal": text}
    yield from _close_message(item_id, index, {"type": "refusal", "refusal": text}, status)


def reasoning(
    item_id: str,
    index: int,
    summaries: Sequence[Told],
    *,
    content: Sequence[Told] = (),
    encrypted: str | None = None,
) -> Emissions:
    """A reasoning item; each part of its summary and `content` is a text and the deltas that make it up.

    `encrypted` content is there from the beginning.
    """
    item: dict[str, Any] = {"id": item_id, "type": "reasoning"}
    if encrypted is not None:
        item["encrypted_content"] = encrypted
    yield _added(index, {**item, "summary": []})
    for number, (text, deltas) in enumerate(content):
        at = {"item_id": item_id, "output_index": index, "content_index": number}
        part = {"type": "reasoning_text", "text": ""}
        yield "response.content_part.added", {**at, "part": part}
        yield "response.reasoning_text.delta", Deltas(at, deltas, {})
        yield "response.reasoning_text.done", {**at, "text": text}
        yield "response.content_part.done", {**at, "part": {**part, "text": text}}
    for number, (text, deltas) in enumerate(summaries):
        at = {"item_id": item_id, "output_index": index, "summary_index": number}
        part = {"type": "summary_text", "text": ""}
        yield "response.reasoning_summary_part.added", {**at, "part": part}
        yield "response.reasoning_summary_text.delta", Deltas(at, deltas, {})
        yield "response.reasoning_summary_text.done", {**at, "text": text}
        yield "response.reasoning_summary_part.done", {**at, "part": {**part, "text": text}}
    item["summary"] = [{"type": "summary_text", "text": text} for text, _ in summaries]
    if content:
        item["content"] = [{"type": "reasoning_text", "text": text} for text, _ in content]
    yield _done(index, item)


def call(item: dict[str, Any], index: int, field: str, event: str, deltas: Sequence[str], **last: Any) -> Emissions:
    """An item whose `field` (arguments, input) is written piece by piece under `event`.delta and `event`.done.

    `item` is the finished item; `last` are more fields of the done event.
    """
    at = {"item_id": item["id"], "output_index": index}
    yield _added(index, {**item, "status": "in_progress", field: ""})
    yield f"{event}.delta", Deltas(at, deltas, {})
    yield f"{event}.done", {**at, field: item[field], **last}
    yield _done(index, item)


def item(done: dict[str, Any], index: int) -> Emissions:
    """Any item, with nothing between its beginning and its end."""
    yield _added(index, {**done, "status": "in_progress"} if "status" in done else done)
    yield _done(index, done)


def compaction(item: dict[str, Any], index: int) -> Emissions:
    """A compaction item, whole from its beginning; in between it is told that it is being made."""
    yield _added(index, item)
    yield "response.compaction.compacting", {"item_id": item["id"], "output_index": index}
    yield _done(index, item)


def phases(
    begun: dict[str, Any],
    done: dict[str, Any],
    index: int,
    event: str,
    names: Sequence[str],
    *,
    parts: Sequence[Emission] = (),
) -> Emissions:
    """A hosted tool's item that goes through phases, each an event `event`.name; the last one comes after the work.

    `parts` are the events of the work itself.
    """
    at = {"item_id": done["id"], "output_index": index}
    yield _added(index, begun)
    for name in names[:-1]:
        yield f"{event}.{name}", at
    yield WORK
    yield from parts
    yield f"{event}.{names[-1]}", at
    yield _done(index, done)


def error(form: str, code: str, message: str) -> dict[str, Any]:
    """The fields of an `error` event: `nested`, as the service sends it, or `flat`, as the official types have it.

    Nested, the official clients raise it; flat, they hand it on as an event. The service types it as it codes it.
    """
    if form == "flat":
        return {"code": code, "message": message, "param": None}
    return {"error": {"type": code, "code": code, "message": message, "param": None}}


def _open_message(item_id: str, index: int, part: dict[str, Any]) -> Emissions:
    item = {"id": item_id, "type": "message", "status": "in_progress", "content": [], "role": "assistant"}
    yield _added(index, item)
    fields = {"item_id": item_id, "output_index": index, "content_index": 0, "part": part}
    yield "response.content_part.added", fields


def _close_message(item_id: str, index: int, part: dict[str, Any], status: str) -> Emissions:
    fields = {"item_id": item_id, "output_index": index, "content_index": 0, "part": part}
    yield "response.content_part.done", fields
    yield _done(index, message_item(item_id, part, status))


def text_part(text: str, annotations: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """The `output_text` part of a message."""
    return {"type": "output_text", "annotations": list(annotations), "logprobs": [], "text": text}


def message_item(item_id: str, part: dict[str, Any], status: str) -> dict[str, Any]:
    """A finished message of one part."""
    return {"id": item_id, "type": "message", "status": status, "content": [part], "role": "assistant"}


def _added(index: int, item: dict[str, Any]) -> Emission:
    return "response.output_item.added", {"output_index": index, "item": item}


def _done(index: int, item: dict[str, Any]) -> Emission:
    return "response.output_item.done", {"output_index": index, "item": item}
