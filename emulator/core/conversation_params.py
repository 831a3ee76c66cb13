"""The bodies of the conversations API as checked values; they store nothing, and no item is looked for."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from pydantic import BaseModel, ValidationError

from emulator.core.errors import ApiError
from emulator.core.input_params import InputItem
from emulator.core.records import dataclass
from emulator.core.request_body import Metadata
from emulator.core.requests import typed_items
from emulator.core.unknown import names, unknown_fields
from emulator.core.validation import Wire, load_object, translate

MOST_ITEMS = 20  # of one request
Object = dict[str, Any]


class ConversationBody(Wire):
    """The body of `POST /conversations`."""

    items: list[InputItem] | None = None
    metadata: Metadata | None = None


class ChangeBody(Wire):
    """The body of `POST /conversations/{id}`; `null` takes all metadata away."""

    metadata: Metadata | None


class ItemsBody(Wire):
    """The body of `POST /conversations/{id}/items`."""

    items: list[InputItem]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a body asks for: `items` as they were sent, each with its `type`. `warnings` name what nobody understood."""

    items: list[Object] = field(default_factory=list)
    metadata: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def parse_conversation(raw: bytes, *, strict: bool = False) -> Asked:
    """Read the body of `POST /conversations`, which may be empty, or raise the first error in it."""
    return _parse(raw or b"{}", ConversationBody, strict=strict)


def parse_change(raw: bytes, *, strict: bool = False) -> Asked:
    """Read the body of `POST /conversations/{id}`, or raise the first error in it."""
    return _parse(raw, ChangeBody, strict=strict)


def parse_items(raw: bytes, *, strict: bool = False) -> Asked:
    """Read the body of `POST /conversations/{id}/items`, or raise the first error in it."""
    return _parse(raw, ItemsBody, strict=strict)


def _parse(raw: bytes, model: type[BaseModel], *, strict: bool) -> Asked:
    given, known = load_object(raw), names(model)
    items = given.get("items") if "items" in known else None
    if isinstance(items, list) and len(items) > MOST_ITEMS:  # before each of them is looked at
        raise ApiError("array_above_max_length", "items", limit=MOST_ITEMS, got=len(items))
    try:
        unknown = unknown_fields(given, model.model_validate(given))
    except ValidationError as error:
        raise translate(error) from None
    if unknown and strict:
        raise ApiError("unknown_parameter", unknown[0])
    return Asked(
        items=typed_items(items or [], "items"),
        metadata=(given.get("metadata") or {}) if "metadata" in known else {},
        warnings=tuple(f"unknown_parameter: {ascii(name)[1:-1]}" for name in unknown),
    )
