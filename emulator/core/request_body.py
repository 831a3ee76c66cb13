"""Pydantic models of the bodies of `POST /responses` and `/input_tokens`; no rule between fields is here."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, Tag

from emulator.core.input_params import InputItem, UserPart, plain
from emulator.core.tool_choice import ToolChoice
from emulator.core.tool_params import Tool
from emulator.core.validation import Wire, by_shape, by_type, problem, type_of

Include = Literal[
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
]
Short = Annotated[str, Field(max_length=64)]
SchemaName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-zA-Z0-9_-]+$")]
Retention = Literal["in_memory", "in-memory", "24h"]
Tier = Literal["auto", "default", "flex", "scale", "priority"]
Penalty = Annotated[float, Field(ge=-2, le=2)]


class PlainFormat(Wire):
    """Text, or any JSON object."""

    type: str


class SchemaFormat(Wire):
    """JSON of a schema."""

    type: str
    name: SchemaName
    json_schema: dict[str, Any] = Field(alias="schema")
    strict: bool | None = None
    description: str | None = None


FORMATS = {"text": PlainFormat, "json_object": PlainFormat, "json_schema": SchemaFormat}


def _format_tag(value: Any) -> str | None:
    found = type_of(value)
    return "@plain" if found in ("text", "json_object") else f"@{found}"


class TextOptions(Wire):
    """How the text of the answer looks."""

    format: (
        Annotated[
            Annotated[PlainFormat, Tag("@plain")] | Annotated[SchemaFormat, Tag("@json_schema")],
            by_type(FORMATS, _format_tag),
        ]
        | None
    ) = None
    verbosity: Literal["low", "medium", "high"] | None = None


class ReasoningOptions(Wire):
    """How hard the model thinks and what it tells of that; the deployment may know fewer efforts."""

    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None
    generate_summary: Literal["auto", "concise", "detailed"] | None = None


class StreamOptions(Wire):
    """What a stream carries besides its events."""

    include_obfuscation: bool | None = None


class ContextManagement(Wire):
    """When the context is compacted: from so many tokens on."""

    type: Literal["compaction"]
    compact_threshold: Annotated[int, Field(ge=1_000)] | None = None


class ConversationRef(Wire):
    """A conversation by its id."""

    id: str


Variable = Annotated[
    Annotated[str, Tag("@string")] | Annotated[UserPart, Tag("@object")], by_shape("one of a string or object")
]


class Prompt(Wire):
    """A stored prompt with its variables: texts, images and files."""

    id: str
    version: str | None = None
    variables: dict[str, Variable | None] | None = None


def _check_metadata(metadata: dict[str, str]) -> dict[str, str]:
    """At most 16 pairs, keys of at most 64 characters, values of at most 512."""
    if len(metadata) > 16:
        raise problem("object_above_max_properties", limit=16, got=len(metadata))
    for key, value in metadata.items():
        if len(key) > 64:
            raise problem("string_above_max_length", limit=64, got=len(key))
        if len(value) > 512:
            raise problem("string_above_max_length", limit=512, got=len(value))
    return metadata


Metadata = Annotated[dict[str, str], AfterValidator(_check_metadata)]


Input = (
    Annotated[
        Annotated[str, Tag("@string")] | Annotated[list[InputItem], Tag("@array")],
        by_shape("one of a string or array of objects"),
    ]
    | None
)


class InputBody(Wire):
    """The items of a turn alone."""

    input: Input = None


class ContextBody(Wire):
    """What a model reads."""

    model: Annotated[str, Field(min_length=1, max_length=256), AfterValidator(plain)]
    input: Input = None
    instructions: str | None = None
    previous_response_id: str | None = None


class CompactBody(ContextBody):
    """The body of `POST /responses/compact`. `null` in any field means that it is left out."""

    prompt_cache_key: Short | None = None
    prompt_cache_retention: Retention | None = None
    service_tier: Tier | None = None


class TokensBody(ContextBody):
    """The body of `POST /responses/input_tokens`. `null` in any field means that it is left out."""

    conversation: (
        Annotated[
            Annotated[str, Tag("@string")] | Annotated[ConversationRef, Tag("@object")],
            by_shape("one of a string or object"),
        ]
        | None
    ) = None
    tools: list[Tool] | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    text: TextOptions | None = None
    reasoning: ReasoningOptions | None = None
    truncation: Literal["auto", "disabled"] | None = None


class CreateBody(TokensBody):
    """The body of `POST /responses`. `null` in any field means that it is left out."""

    background: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    store: bool | None = None
    include: list[Include] | None = None
    context_management: list[ContextManagement] | None = None
    max_output_tokens: Annotated[int, Field(ge=16)] | None = None
    max_tool_calls: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    metadata: Metadata | None = None
    prompt: Prompt | None = None
    user: Short | None = None
    safety_identifier: Short | None = None
    prompt_cache_key: Short | None = None
    prompt_cache_retention: Retention | None = None
    service_tier: Tier | None = None
