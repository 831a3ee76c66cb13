"""Check the events of a stream against the types of the installed openai package; it asks the server nothing."""

import functools
from typing import Any, get_args

import orjson
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel

SNAPSHOTS = {
    "response.created", "response.queued", "response.in_progress",
    "response.completed", "response.failed", "response.incomplete",
}  # fmt: skip
# What is on the wire beside the fields of the types; only some versions know the name that ends a function's arguments,
# and what a partial image looks like.
MORE = {"obfuscation", "name", "background", "output_format", "quality", "size"}


@functools.cache
def types() -> dict[str, type[BaseModel]]:
    """The class of each event type."""
    union = get_args(get_args(ResponseStreamEvent)[0])
    return {name: kind for kind in union for name in get_args(kind.model_fields["type"].annotation)}


def read(text: str) -> list[dict[str, Any]]:
    """The events of a body, each checked for its framing: `event: TYPE`, one line of data, no id."""
    found = []
    assert text.endswith("\n\n")
    for frame in text.removesuffix("\n\n").split("\n\n"):
        named, data = frame.split("\n")
        event = orjson.loads(data.removeprefix("data: "))
        assert named == f"event: {event['type']}"
        found.append(event)
    return found


def check(events: list[dict[str, Any]], *, first: int = 0) -> dict[str, Any]:
    """Every event is one that the client knows, numbered without gaps from `first`; returns the last Response."""
    assert [event["sequence_number"] for event in events] == list(range(first, first + len(events)))
    for event in events:
        kind = types()[event["type"]]
        parsed = kind.model_validate(event)
        assert set(parsed.model_extra or {}) <= MORE, event
        if event["type"] in SNAPSHOTS:
            Response.model_validate(event["response"])
    last: dict[str, Any] = events[-1]["response"]
    return last
