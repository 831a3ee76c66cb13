"""Which fields of a checked body nobody knows, by path; whether that is an error is for others to say."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from emulator.core import request_body, tool_choice, tool_params
from emulator.core.client_tools import GROUP
from emulator.core.input_params import item_type
from emulator.core.item_types import FIELDS

# Parameters of later API versions: accepted, without effect.
LATER = frozenset(
    {
        "access_programs",
        "background_options",
        "context_management",
        "image",
        "moderation",
        "prompt_cache_options",
    }
)
_ANY_OBJECT = frozenset({"type", "async"})
Known = Mapping[str, frozenset[str]]


def names(model: type[BaseModel]) -> frozenset[str]:
    """The fields of a model as the wire names them."""
    return frozenset(field.alias or name for name, field in model.model_fields.items())


def _by_type(models: Mapping[str, Any]) -> Known:
    return {kind: names(model) | _ANY_OBJECT for kind, model in models.items()}


_CREATE = names(request_body.CreateBody) | LATER
_TOOLS = _by_type(tool_params.TOOLS)
_CHOICES = _by_type(tool_choice.CHOICES)
_FORMATS = _by_type(request_body.FORMATS)
_OBJECTS: Known = {
    "text": names(request_body.TextOptions),
    "reasoning": names(request_body.ReasoningOptions),
    "stream_options": names(request_body.StreamOptions),
    "conversation": names(request_body.ConversationRef),
    "prompt": names(request_body.Prompt),
}


def unknown_fields(body: Mapping[str, Any], known: frozenset[str] = _CREATE) -> tuple[str, ...]:
    """The paths of all unknown fields of a checked body that are not null, such as `text.formt`.

    Items may carry what any version of their type has, and parts of their content whatever they like.
    """
    found = [] if body.keys() <= known else [name for name in body if name not in known]
    for name, fields in _OBJECTS.items():
        if name in body:
            found += _beyond(body[name], fields, name)
    if "text" in body:
        found += _typed(body["text"].get("format"), _FORMATS, "text.format")
    found += _typed(body.get("tool_choice"), _CHOICES, "tool_choice")
    for number, tool in enumerate(body.get("tools", ())):
        found += _of_tool(tool, f"tools[{number}]")
    items = body.get("input")
    if isinstance(items, list):
        found += of_items(items, "input")
    return tuple(found)


def _of_tool(tool: Mapping[str, Any], path: str) -> Iterator[str]:
    yield from _typed(tool, _TOOLS, path)
    if tool["type"] == GROUP:
        for number, member in enumerate(tool["tools"]):
            yield from _typed(member, _TOOLS, f"{path}.tools[{number}]")


def of_items(items: list[dict[str, Any]], param: str) -> Iterator[str]:
    """The unknown fields of checked items that stand in the field `param`."""
    for number, item in enumerate(items):
        fields = FIELDS[item_type(item) or "message"]
        if not item.keys() <= fields:
            yield from _beyond(item, fields, f"{param}[{number}]")


def _typed(value: Any, known: Known, path: str) -> Iterator[str]:
    return _beyond(value, known[value["type"]], path) if isinstance(value, dict) else iter(())


def _beyond(value: Any, fields: frozenset[str], path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, held in value.items():
            if held is not None and name not in fields:
                yield f"{path}.{name}"
