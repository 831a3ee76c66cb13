"""The item that brings more tools into a conversation: what it must be like, and what it brings; it offers none."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import ValidationError

from emulator.core.tool_params import Tool
from emulator.core.validation import Wire, translate

ADDITIONAL = "additional_tools"
Brought = tuple[str, dict[str, Any]]


class AdditionalTools(Wire):
    """Tools that the model may use from the item on."""

    role: Literal["developer"]
    tools: list[Tool]


def check_additional(item: Mapping[str, Any], path: str) -> None:
    """Refuse an item that brings what is no tool, by the path of the item, such as `input[0]`."""
    try:
        AdditionalTools.model_validate(item)
    except ValidationError as error:
        raise translate(error, path) from None


def brought(items: Iterable[Mapping[str, Any]]) -> list[Brought]:
    """The path and the tool of each that checked items bring, such as `input[0].tools[2]`."""
    found: list[Brought] = []
    for number, item in enumerate(items):
        if item.get("type") == ADDITIONAL:
            found += [(f"input[{number}].tools[{at}]", tool) for at, tool in enumerate(item["tools"])]
    return found
