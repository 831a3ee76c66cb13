"""Seals the reasoning that a request asks to keep, and opens what comes back; it stores none of it."""

from collections.abc import Iterable
from dataclasses import field, replace
from typing import Any

import orjson

from emulator.core.errors import ApiError
from emulator.core.records import dataclass
from emulator.core.requests import CreateRequest
from emulator.core.seal import OTHER_ITEM, SealError, refused, seal, unseal
from emulator.run.namespace import Namespace
from emulator.run.timeline import done_items
from emulator.script.plan import Plan, Reasoning, holds

Item = dict[str, Any]
ENCRYPTED = "reasoning.encrypted_content"


@dataclass(frozen=True, slots=True)
class Opened:
    """Input items of which the sealed ones are whole again, and the tokens of each of those by its id."""

    items: list[Item]
    tokens: dict[str, int] = field(default_factory=dict)


def seal_reasoning(namespace: Namespace, request: CreateRequest, plan: Plan, *, response_id: str, now: float) -> Plan:
    """The plan with the encrypted content of its reasoning, where the request asked for that."""
    if ENCRYPTED not in request.include or not holds(plan.steps, Reasoning):
        return plan
    ids = iter([item["id"] for step, item in done_items(plan, response_id) if isinstance(step, Reasoning)])
    key = namespace.seal_keys[0]
    steps = [
        replace(step, encrypted=seal(key, _told(step, next(ids)), now)) if isinstance(step, Reasoning) else step
        for step in plan.steps
    ]
    return replace(plan, steps=tuple(steps))


def _told(step: Reasoning, item_id: str) -> bytes:
    """What the seal holds of a reasoning item."""
    return orjson.dumps({"id": item_id, "summary": step.summary, "text": step.text, "tokens": step.tokens})


def open_reasoning(namespace: Namespace, items: Iterable[Item], now: float) -> Opened:
    """Open the reasoning items that carry encrypted content; raises `invalid_encrypted_content`.

    An opened item has the id and the summary that were sealed, whatever the client left out.
    """
    opened = Opened([])
    for item in items:
        content = item.get("encrypted_content") if item["type"] == "reasoning" else None
        opened.items.append(_whole(namespace, item, content, opened, now) if content else item)
    return opened


def _whole(namespace: Namespace, item: Item, content: str, opened: Opened, now: float) -> Item:
    try:
        told = orjson.loads(unseal(namespace.seal_keys, content, now))
    except SealError:
        raise refused(content) from None
    item_id = told["id"]
    if "summary" not in told:  # the seal of something else
        raise refused(content)
    if item.get("id") not in (None, item_id):
        raise refused(content, OTHER_ITEM, item["id"])
    if item_id in opened.tokens:
        raise ApiError("duplicate_item", "input", id=item_id)
    opened.tokens[item_id] = told["tokens"]
    summary = [{"type": "summary_text", "text": text} for text in told["summary"]]
    whole = {**item, "id": item_id, "summary": summary}
    return {**whole, "content": [{"type": "reasoning_text", "text": told["text"]}]} if told["text"] else whole
