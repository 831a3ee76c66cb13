"""Which fields of a checked body nobody knows, by path; whether that is an error is for others to say."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

from emulator.core import input_params, request_body, tool_choice, tool_params
from emulator.core.item_types import FIELDS

# Parameters of later API versions: accepted, without effect.
LATER = frozenset(
    {
        "access_programs",
        "background_options",
        "image",
        "moderation",
        "prompt_cache_options",
    }
)
_TYPE = frozenset({"type"})
_CACHE = frozenset({"type", "prompt_cache_breakpoint"})
# What objects may have besides the fields of their models: those that a union tells apart have their type.
_ALSO: Mapping[type[BaseModel], frozenset[str]] = {
    request_body.CreateBody: LATER,
    request_body.CompactBody: frozenset({"image", "prompt_cache_options"}),
    **dict.fromkeys(tool_params.TOOLS.values(), _TYPE | {"async"}),
    **dict.fromkeys(tool_choice.CHOICES.values(), _TYPE),
    **dict.fromkeys((input_params.InputText, input_params.InputImage, input_params.InputFile), _CACHE),
    # What the client's helpers add to an answer that is sent back.
    input_params.OutputText: frozenset({"type", "parsed"}),
    input_params.Refusal: _TYPE,
}
ITEM_LISTS = ("input", "items")  # of a body: lists of items
_NOTHING: frozenset[str] = frozenset()


@cache
def _fields(model: type[BaseModel]) -> Mapping[str, str]:
    """The attributes of a model by the names that the wire has for them."""
    return {field.alias or name: name for name, field in model.model_fields.items()}


def names(model: type[BaseModel]) -> frozenset[str]:
    """The fields of a model as the wire names them."""
    return frozenset(_fields(model))


def known(model: type[BaseModel]) -> frozenset[str]:
    """All fields that an object of a model may have without a warning."""
    return names(model) | _ALSO.get(model, _NOTHING)


def unknown_fields(given: Mapping[str, Any], checked: BaseModel) -> tuple[str, ...]:
    """The paths of all fields of a body that are unknown and not null, such as `input[0].content[1].txt`.

    `checked` is what its model made of `given`. Items may carry what any version of their type has; what a model holds
    as a plain object, such as metadata or a JSON schema, may have whatever it likes.
    """
    found: list[str] = []
    _look(given, checked, "", found)
    return tuple(found)


def _look(given: Mapping[str, Any], checked: BaseModel, path: str, found: list[str]) -> None:
    model = type(checked)
    fields, also = _fields(model), _ALSO.get(model, _NOTHING)
    for name, held in given.items():
        if name not in fields:
            if held is not None and name not in also:
                found.append(path + name)
        elif isinstance(held, dict | list):
            _look_into(held, getattr(checked, fields[name]), path + name, found)


def _look_into(held: Any, checked: Any, path: str, found: list[str]) -> None:
    if isinstance(held, list) and isinstance(checked, list):
        items = path in ITEM_LISTS
        for number, (one, made) in enumerate(zip(held, checked, strict=True)):
            if items:
                _look_at_item(one, made, f"{path}[{number}]", found)
            elif isinstance(one, dict):
                _look_into(one, made, f"{path}[{number}]", found)
    elif isinstance(checked, BaseModel):
        _look(held, checked, path + ".", found)
    elif isinstance(checked, dict):
        for name, made in checked.items():
            if isinstance(made, BaseModel):
                _look(held[name], made, f"{path}.{name}.", found)


def _look_at_item(item: dict[str, Any], checked: Any, path: str, found: list[str]) -> None:
    """Which fields an item may have stands in the table of types; its model knows of the objects in it."""
    known = FIELDS[input_params.item_type(item) or "message"]
    found += [f"{path}.{name}" for name, held in item.items() if held is not None and name not in known]
    if isinstance(checked, BaseModel):
        fields = _fields(type(checked))
        for name, held in item.items():
            if isinstance(held, dict | list) and name in fields:
                _look_into(held, getattr(checked, fields[name]), f"{path}.{name}", found)
