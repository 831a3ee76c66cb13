"""Pydantic models of the tools that a request offers, and how a response echoes them; it runs no tool."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, Tag

from emulator.core.attribute_filters import Filter
from emulator.core.client_tools import GROUP, KINDS
from emulator.core.input_params import InputImage
from emulator.core.media import check_image
from emulator.core.validation import Wire, by_shape, by_type, problem, type_of

ToolName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-zA-Z0-9_-]+$")]
Object = dict[str, Any]


class Function(Wire):
    """A function that the application runs; `parameters` is its JSON schema."""

    name: ToolName
    parameters: Object | None = None
    strict: bool | None = None
    description: str | None = None
    allowed_callers: list[str] | None = None
    defer_loading: bool | None = None
    output_schema: Object | None = None


class TextFormat(Wire):
    """Free text for a custom tool."""

    type: Literal["text"]


class Grammar(Wire):
    """A grammar that the input of a custom tool follows."""

    type: Literal["grammar"]
    syntax: Literal["lark", "regex"]
    definition: str


def _own_tag(value: Any) -> str | None:
    found = type_of(value)
    return f"@{found}" if found else None


CustomFormat = Annotated[
    Annotated[TextFormat, Tag("@text")] | Annotated[Grammar, Tag("@grammar")],
    by_type(("text", "grammar"), _own_tag),
]


class Custom(Wire):
    """A tool that takes free text, or text of a grammar."""

    name: ToolName
    description: str | None = None
    format: CustomFormat | None = None
    allowed_callers: list[str] | None = None
    defer_loading: bool | None = None


class AutoContainer(Wire):
    """A container that the service makes or takes over from the chain."""

    type: Literal["auto"]
    file_ids: list[str] | None = None
    memory_limit: Literal["1g", "4g", "16g", "64g"] | None = None
    network_policy: Object | None = None


class CodeInterpreter(Wire):
    """Runs code in a container: the id of one, or `{"type": "auto"}`."""

    container: Annotated[
        Annotated[str, Tag("@string")] | Annotated[AutoContainer, Tag("@object")],
        by_shape("one of a string or object"),
    ]
    allowed_callers: list[str] | None = None


class ToolNames(Wire):
    """Tools of an MCP server, by name or by whether they only read."""

    tool_names: list[str] | None = None
    read_only: bool | None = None


class Approval(Wire):
    """Which tools of an MCP server need an approval."""

    always: ToolNames | None = None
    never: ToolNames | None = None


class Mcp(Wire):
    """An MCP server: by URL, connector or tunnel."""

    server_label: Annotated[str, Field(min_length=1, max_length=64)]
    server_url: str | None = None
    connector_id: str | None = None
    tunnel_id: str | None = None
    server_description: str | None = None
    headers: dict[str, str] | None = None
    authorization: str | None = None
    allowed_tools: (
        Annotated[
            Annotated[list[str], Tag("@array")] | Annotated[ToolNames, Tag("@object")],
            by_shape("one of an array of strings or object"),
        ]
        | None
    ) = None
    require_approval: (
        Annotated[
            Annotated[Literal["always", "never"], Tag("@string")] | Annotated[Approval, Tag("@object")],
            by_shape("one of a string or object"),
        ]
        | None
    ) = None
    allowed_callers: list[str] | None = None
    defer_loading: bool | None = None


def _reachable(tool: Mcp) -> Mcp:
    if tool.server_url is None and tool.connector_id is None and tool.tunnel_id is None:
        raise problem("missing_parameter", at=".server_url")
    return tool


class ImageGeneration(Wire):
    """Draws images; newer options are kept as they are sent."""

    model: str | None = None
    action: Literal["generate", "edit", "auto"] | None = None
    background: Literal["transparent", "opaque", "auto"] | None = None
    input_fidelity: Literal["high", "low"] | None = None
    input_image_mask: Annotated[InputImage, AfterValidator(check_image)] | None = None
    moderation: Literal["auto", "low"] | None = None
    n: int | None = None
    output_compression: Annotated[int, Field(ge=0, le=100)] | None = None
    output_format: Literal["png", "webp", "jpeg", "gif", "svg"] | None = None
    partial_images: Annotated[int, Field(ge=0, le=3)] | None = None
    quality: Literal["low", "medium", "high", "xhigh", "max", "auto"] | None = None
    size: str | None = None
    complexity: str | None = None
    frame_count: int | None = None
    frame_duration_ms: int | None = None
    svg: Object | None = None


class UserLocation(Wire):
    """Roughly where the user is."""

    type: Literal["approximate"] | None = None
    city: str | None = None
    country: str | None = None
    region: str | None = None
    timezone: str | None = None


class WebSearch(Wire):
    """Searches the web."""

    search_context_size: Literal["low", "medium", "high"] | None = None
    user_location: UserLocation | None = None
    filters: Object | None = None
    external_web_access: bool | None = None
    search_content_types: list[str] | None = None


class RankingOptions(Wire):
    """How results are ranked; only the threshold has an effect here."""

    ranker: Literal["none", "auto", "default-2024-11-15"] | None = None
    score_threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    hybrid_search: Object | None = None


class FileSearch(Wire):
    """Searches vector stores."""

    vector_store_ids: list[str]
    filters: Filter | None = None
    max_num_results: Annotated[int, Field(ge=1, le=50)] | None = None
    ranking_options: RankingOptions | None = None


class ComputerUsePreview(Wire):
    """Drives a computer."""

    display_width: Annotated[int, Field(ge=1)]
    display_height: Annotated[int, Field(ge=1)]
    environment: Literal["windows", "mac", "linux", "ubuntu", "browser"]


class Plain(Wire):
    """A tool whose options, if any, are kept as they are sent."""

    allowed_callers: list[str] | None = None
    environment: Object | None = None
    description: str | None = None
    execution: str | None = None
    parameters: Any = None


Member = Annotated[
    Annotated[Function, Tag("@function")] | Annotated[Custom, Tag("@custom")],
    by_type(KINDS, _own_tag),
]


class Namespace(Wire):
    """A group of tools under one name; a call of one of them says which group it is of."""

    name: ToolName
    description: str
    tools: list[Member]


_WEB_SEARCH = (
    "web_search",
    "web_search_2025_08_26",
    "web_search_preview",
    "web_search_preview_2025_03_11",
)
_PLAIN = ("computer", "local_shell", "shell", "apply_patch", "tool_search", "programmatic_tool_calling")
TOOLS: Mapping[str, type[Wire]] = {
    "function": Function,
    "file_search": FileSearch,
    **dict.fromkeys(_WEB_SEARCH, WebSearch),
    "code_interpreter": CodeInterpreter,
    "image_generation": ImageGeneration,
    "mcp": Mcp,
    "computer_use_preview": ComputerUsePreview,
    "custom": Custom,
    **dict.fromkeys(_PLAIN, Plain),
    GROUP: Namespace,
}


def _tool_tag(value: Any) -> str | None:
    found = type_of(value)
    if found in _WEB_SEARCH:
        return "@web_search"
    return "@plain" if found in _PLAIN else f"@{found}"


Tool = Annotated[
    Annotated[Function, Tag("@function")]
    | Annotated[Custom, Tag("@custom")]
    | Annotated[CodeInterpreter, Tag("@code_interpreter")]
    | Annotated[Mcp, AfterValidator(_reachable), Tag("@mcp")]
    | Annotated[ImageGeneration, Tag("@image_generation")]
    | Annotated[WebSearch, Tag("@web_search")]
    | Annotated[FileSearch, Tag("@file_search")]
    | Annotated[ComputerUsePreview, Tag("@computer_use_preview")]
    | Annotated[Namespace, Tag("@namespace")]
    | Annotated[Plain, Tag("@plain")],
    by_type(TOOLS, _tool_tag),
]

_LOCATION = {"type": "approximate", "city": None, "country": "US", "region": None, "timezone": None}
# What the echo of a tool has where the request left it out, in the order of the echo.
_ECHO: Mapping[str, Object] = {
    "function": {"description": None, "name": None, "parameters": None, "strict": True},
    "custom": {"name": None, "description": None, "format": {"type": "text"}},
    "mcp": {
        "allowed_tools": None,
        "headers": None,
        "require_approval": "always",
        "server_description": None,
        "server_label": None,
        "server_url": None,
    },
    "image_generation": {
        "background": "auto",
        "model": "gpt-image-1",
        "moderation": "auto",
        "n": 1,
        "output_compression": 100,
        "output_format": "png",
        "quality": "auto",
        "size": "auto",
    },
    "file_search": {
        "filters": None,
        "max_num_results": 20,
        "ranking_options": {"ranker": "auto", "score_threshold": 0},
        "vector_store_ids": None,
    },
    **{kind: {"search_context_size": "medium", "user_location": _LOCATION} for kind in _WEB_SEARCH},
}
_SECRETS = ("headers", "authorization")


def secrets(tools: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """The headers that the MCP servers among checked tools get, by the server's label: what `echo` leaves out."""
    found: dict[str, dict[str, str]] = {}
    for tool in tools:
        if tool["type"] == "mcp" and any(tool.get(name) for name in _SECRETS):
            headers = {name.lower(): value for name, value in (tool.get("headers") or {}).items()}
            token = {"authorization": f"Bearer {tool['authorization']}"} if tool.get("authorization") else {}
            found[tool["server_label"]] = {**token, **headers}
    return found


def echo(tool: Mapping[str, Any]) -> Object:
    """A checked tool as a response names it (docs/reference/response.md): defaults filled in, no secret.

    A function's `parameters` stay as they are sent; an MCP server's headers and authorization are left out.
    """
    kind = tool["type"]
    given = {key: value for key, value in tool.items() if value is not None}
    if kind == "mcp":
        for name in _SECRETS:
            given.pop(name, None)
    if kind == GROUP:
        given["tools"] = [echo(member) for member in tool["tools"]]
    return {"type": kind, **_ECHO.get(kind, {}), **given}
