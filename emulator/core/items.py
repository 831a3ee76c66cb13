"""Input items as they are stored and listed; it checks no request and resolves no reference."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import orjson

from emulator.core.item_types import ITEM_TYPES
from emulator.core.views import shown_item

Item = dict[str, Any]

ITEM_PREFIXES: Mapping[str, str] = {kind: row.prefix for kind, row in ITEM_TYPES.items()}
_IMAGE = "message.input_image.image_url"
_SCREENSHOT = "computer_call_output.output.image_url"
_SEALED = b'"encrypted_content"'


def normalise(item: Item, new_id: Callable[[str], str]) -> Item:
    """The stored form of a checked input item (docs/reference/items.md): `id`, `type`, then its fields.

    `new_id` makes an id from a prefix such as `msg_`, where the item brings none. A message gets its status,
    its content as parts and its role, without nulls; another item keeps its fields as they are sent, and is
    `completed` where its type always has a status. References stay as they are.
    """
    kind = item.get("type") or ("message" if "role" in item else "item_reference")
    if kind == "item_reference":
        return {"id": item["id"], "type": kind}
    item_id = item.get("id") or new_id(ITEM_PREFIXES[kind])
    if kind == "message":
        return _message(item, item_id)
    stored = {"id": item_id, "type": kind, **_rest(item)}
    if ITEM_TYPES[kind].status and stored.get("status") is None:
        stored["status"] = "completed"
    if kind == "local_shell_call_output" and not stored.get("call_id"):
        stored["call_id"] = item_id  # such an output names its call by its own id
    return stored


def _rest(item: Item) -> Item:
    return {name: value for name, value in item.items() if name not in ("id", "type", "parsed_arguments")}


def _message(item: Item, item_id: str) -> Item:
    role, content = item["role"], item["content"]
    message = {
        "id": item_id,
        "type": "message",
        "status": item.get("status") or "completed",
        "content": _parts(content, role),
        "role": role,
    }
    if item.get("phase") is not None:
        message["phase"] = item["phase"]
    return message


def _parts(content: str | list[Item], role: str) -> list[Item]:
    if isinstance(content, str):
        content = [{"type": "output_text" if role == "assistant" else "input_text", "text": content}]
    return [_part(part) for part in content]


def _part(part: Item) -> Item:
    given = {name: value for name, value in part.items() if value is not None and name != "parsed"}
    if given["type"] == "output_text":
        return {"type": "output_text", "annotations": [], "logprobs": [], **given}
    if given["type"] == "input_image":
        return {"detail": "auto", **given}
    return given


def hide(items: Iterable[Item], include: Collection[str]) -> list[Item]:
    """The items as a list shows them: what is heavy is left out unless `include` asks for it.

    Left out are data URLs of images in messages and of screenshots, what `core/views.py` hides of output items, and
    always the encrypted content of reasoning.
    """
    return [_hidden(item, include) for item in items]


def _hidden(item: Item, include: Collection[str]) -> Item:
    kind = item["type"]
    if kind == "message" and _IMAGE not in include:
        content = item["content"]
        if any(_has_data_url(part) for part in content):
            return {**item, "content": [_without_data_url(part) for part in content]}
    elif kind == "computer_call_output" and _SCREENSHOT not in include:
        return {**item, "output": _without_data_url(item["output"])}
    elif kind == "reasoning":
        return without_seal(item)
    return shown_item(item, include)


def persisted(response: bytes) -> bytes:
    """A saved Response as whoever looks later sees it: its encrypted content was for its creator alone."""
    if _SEALED not in response:
        return response
    found = orjson.loads(response)
    return orjson.dumps({**found, "output": [without_seal(item) for item in found["output"]]})


def without_seal(item: Item) -> Item:
    """A reasoning item without its encrypted content; any other as it is."""
    if item["type"] != "reasoning":
        return item
    return {name: value for name, value in item.items() if name != "encrypted_content"}


def _has_data_url(part: Any) -> bool:
    url = part.get("image_url") if isinstance(part, dict) else None
    return isinstance(url, str) and url[:5].lower() == "data:"


def _without_data_url(part: Any) -> Any:
    return {**part, "image_url": None} if _has_data_url(part) else part
