"""Which tool a request asks for: the forms of `tool_choice`, and is it offered; it chooses none."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Tag

from emulator.core.client_tools import GROUP, client_tools
from emulator.core.errors import ApiError
from emulator.core.lazy_pattern import lazy_pattern
from emulator.core.tool_params import TOOLS
from emulator.core.validation import Wire, by_shape, by_type, type_of

Choice = str | dict[str, Any]
# Which field names the tool in a choice of that type; every other type of tool is named by the type alone.
_NAMED: Mapping[str, str] = {"function": "name", "custom": "name", "mcp": "server_label"}
# A choice may name a tool otherwise than the tool names itself.
_ALIASES: Mapping[str, str] = {"computer_use": "computer"}
_HOSTED = (*(kind for kind in TOOLS if kind not in (*_NAMED, GROUP)), *_ALIASES)
_DATED = lazy_pattern(r"_20\d\d_\d\d_\d\d$")


class NamedChoice(Wire):
    """One function or custom tool."""

    name: str


class McpChoice(Wire):
    """One MCP server, or one of its tools."""

    server_label: str
    name: str | None = None


class AllowedChoice(Wire):
    """Some of the tools, of which the model may or must use one."""

    mode: Literal["auto", "required"]
    tools: list[dict[str, Any]]


class HostedChoice(Wire):
    """The one tool of that type."""


CHOICES: Mapping[str, type[Wire]] = {
    "function": NamedChoice,
    "custom": NamedChoice,
    "mcp": McpChoice,
    "allowed_tools": AllowedChoice,
    **dict.fromkeys(_HOSTED, HostedChoice),
}


def _choice_tag(value: Any) -> str | None:
    found = type_of(value)
    if found in ("function", "custom"):
        return "@named"
    return "@hosted" if found in _HOSTED else f"@{found}"


_Object = Annotated[
    Annotated[NamedChoice, Tag("@named")]
    | Annotated[McpChoice, Tag("@mcp")]
    | Annotated[AllowedChoice, Tag("@allowed_tools")]
    | Annotated[HostedChoice, Tag("@hosted")],
    by_type(CHOICES, _choice_tag),
]
ToolChoice = Annotated[
    Annotated[Literal["none", "auto", "required"], Tag("@string")] | Annotated[_Object, Tag("@object")],
    by_shape("one of a string or object"),
]


def check_choice(choice: Choice, tools: Sequence[Mapping[str, Any]]) -> None:
    """A tool that is asked for is among the tools, those of groups too (docs/reference/errors.md).

    Raises `tool_choice_not_in_tools`, and `tool_choice_without_tools` where one is required of none.
    """
    if isinstance(choice, str):
        if choice == "required" and not tools:
            raise ApiError("tool_choice_without_tools", "tool_choice", name=choice)
        return
    offered = {_identity(tool) for tool in tools} | {_identity(one.tool) for one in client_tools(tools)}
    asked = choice["tools"] if choice["type"] == "allowed_tools" else [choice]
    for tool in asked:
        kind, name = _identity(tool)
        if (kind, name) not in offered:
            raise ApiError("tool_choice_not_in_tools", "tool_choice", name=name or kind)


def _identity(tool: Mapping[str, Any]) -> tuple[str, str]:
    """The type of a tool, without its date, and its name where tools of the type have one."""
    kind = str(tool.get("type"))
    kind = _ALIASES.get(kind, kind)
    field = _NAMED.get(kind)
    return _DATED.sub("", kind), str(tool.get(field)) if field else ""
