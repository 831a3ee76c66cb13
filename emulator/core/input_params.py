"""Pydantic models of input items and their content parts; they check what is sent and change nothing."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, Tag

from emulator.core import media
from emulator.core.item_types import ITEM_TYPES
from emulator.core.validation import Wire, by_shape, by_type, kind, problem, type_of

USER_PARTS = ("input_text", "input_image", "input_file")
ASSISTANT_PARTS = ("output_text", "refusal")
STRICT_TYPES = frozenset(
    {
        "function_call",
        "function_call_output",
        "custom_tool_call",
        "custom_tool_call_output",
        "reasoning",
        "item_reference",
        "computer_call_output",
    }
)
# Fields of the other types that later code relies on; what else they hold is kept as it is sent.
_STRINGS = frozenset({"call_id", "name", "server_label", "container_id", "encrypted_content", "approval_request_id"})
_TYPED: dict[str, tuple[type, str]] = dict.fromkeys(_STRINGS, (str, "a string")) | {
    "approve": (bool, "a boolean"),
    "pending_safety_checks": (list, "an array"),
    "queries": (list, "an array"),
    "status": (str, "a string"),
}

# What an item has that is no reference.
_TELLING = frozenset(name for row in ITEM_TYPES.values() for name in (*row.required, *row.optional))
Status = Literal["in_progress", "completed", "incomplete"] | None


def plain(value: str) -> str:
    """No NUL characters: ids and names are kept in columns."""
    if "\0" in value:
        raise problem("id_characters", value=value)
    return value


CallId = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(plain)]
Name = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(plain)]


class InputText(Wire):
    """Text from the application."""

    text: str


class InputImage(Wire):
    """An image: `image_url` (http, https or data URL) or `file_id`."""

    image_url: str | None = None
    file_id: Annotated[str, AfterValidator(plain)] | None = None
    detail: Literal["auto", "low", "high", "original"] | None = None


class InputFile(Wire):
    """A file: `file_id`, `file_url`, or `file_data` (data URL or base64) with its `filename`."""

    file_id: Annotated[str, AfterValidator(plain)] | None = None
    file_data: str | None = None
    filename: str | None = None
    file_url: str | None = None
    detail: Literal["auto", "low", "high"] | None = None


class OutputText(Wire):
    """Text of the model, sent back."""

    text: str
    annotations: list[Any] | None = None
    logprobs: list[Any] | None = None


class Refusal(Wire):
    """A refusal of the model, sent back."""

    refusal: str


def _part_tag(value: Any) -> str | None:
    found = type_of(value)
    return f"@{found}" if found else None


UserPart = Annotated[
    Annotated[InputText, Tag("@input_text")]
    | Annotated[InputImage, AfterValidator(media.check_image), Tag("@input_image")]
    | Annotated[InputFile, AfterValidator(media.check_file), Tag("@input_file")],
    by_type(USER_PARTS, _part_tag, at=""),
]
AssistantPart = Annotated[
    Annotated[OutputText, Tag("@output_text")] | Annotated[Refusal, Tag("@refusal")],
    by_type(ASSISTANT_PARTS, _part_tag, at=""),
]
_TEXT_OR_PARTS = by_shape("one of a string or array of objects")
UserContent = Annotated[Annotated[str, Tag("@string")] | Annotated[list[UserPart], Tag("@array")], _TEXT_OR_PARTS]
AssistantContent = Annotated[
    Annotated[str, Tag("@string")] | Annotated[list[AssistantPart], Tag("@array")], _TEXT_OR_PARTS
]


class InputMessage(Wire):
    """A message of the user, the system or the developer."""

    role: Literal["assistant", "system", "developer", "user"]
    content: UserContent
    id: str | None = None
    status: Status = None


class AssistantMessage(Wire):
    """A message of the model, sent back or made up."""

    content: AssistantContent
    id: str | None = None
    status: Status = None


class FunctionCall(Wire):
    """A function call, sent back; `arguments` is JSON text."""

    call_id: CallId
    name: Name
    arguments: str
    id: str | None = None
    status: Status = None


class CustomToolCall(Wire):
    """A call of a custom tool, sent back."""

    call_id: CallId
    name: Name
    input: str
    id: str | None = None


class CallOutput(Wire):
    """What a function or custom tool gave: text, or a list of parts."""

    call_id: CallId
    output: UserContent
    id: str | None = None
    status: Status = None


class Screenshot(Wire):
    """What the screen looked like: `image_url` (http, https or data URL) or `file_id`."""

    type: Literal["computer_screenshot"]
    image_url: str | None = None
    file_id: Annotated[str, AfterValidator(plain)] | None = None


class SafetyCheck(Wire):
    """A safety check that the application has seen."""

    id: str
    code: str | None = None
    message: str | None = None


class ComputerCallOutput(Wire):
    """The screenshot after a computer call, and the safety checks of the call that somebody agreed to."""

    call_id: CallId
    output: Annotated[Screenshot, AfterValidator(media.check_image)]
    acknowledged_safety_checks: list[SafetyCheck] | None = None
    id: str | None = None
    status: Literal["in_progress", "completed", "incomplete", "failed"] | None = None


class SummaryText(Wire):
    """One part of a reasoning summary."""

    type: Literal["summary_text"]
    text: str


class Reasoning(Wire):
    """A reasoning item, sent back."""

    summary: list[SummaryText]
    encrypted_content: str | None = None
    content: list[dict[str, Any]] | None = None
    id: str | None = None
    status: Status = None


class ItemReference(Wire):
    """An item that is stored already, by its id."""

    id: str


def check_stored(value: dict[str, Any]) -> dict[str, Any]:
    """An item of any other type: what it must have is there, and what others rely on has the right type."""
    row = ITEM_TYPES[value["type"]]
    for name in row.required:
        if name not in value:
            raise problem("missing_parameter", at=f".{name}")
    if value["type"] == "local_shell_call_output" and not (value.get("call_id") or value.get("id")):
        raise problem("missing_parameter", at=".call_id")
    for name in _TYPED.keys() & value.keys():
        _check_type(name, value[name], required=name in row.required)
    _check_type("id", value.get("id"), required=False)
    return value


def _check_type(name: str, value: Any, *, required: bool) -> None:
    expected, said = _TYPED.get(name, (str, "a string"))
    if value is None and not required:
        return
    if not isinstance(value, expected):
        raise problem("invalid_type", at=f".{name}", expected=said, got=kind(value))
    if name in _STRINGS and name != "encrypted_content":
        _check_plain(name, value)


def _check_plain(name: str, value: object) -> None:
    if "\0" in str(value):
        raise problem("id_characters", at=f".{name}", value=str(value))


def item_type(item: dict[str, Any]) -> str | None:
    """The type of an item, which messages and references may leave out; None where it is unknown."""
    found = item.get("type")
    if found is None:
        if "role" in item:
            return "message"
        return "item_reference" if item.get("id") is not None and not _tells(item) else None
    return found if isinstance(found, str) and found in ITEM_TYPES else None


def _tells(item: dict[str, Any]) -> bool:
    """Whether it has a field of some other type of item than a reference; one that nobody knows tells nothing."""
    return any(value is not None and name in _TELLING for name, value in item.items())


def _item_tag(value: Any) -> str | None:
    found = item_type(value) if isinstance(value, dict) else None
    if found == "message":
        return "@assistant" if value.get("role") == "assistant" else "@message"
    if found is None or found in STRICT_TYPES:
        return f"@{found}"
    return "@stored"


InputItem = Annotated[
    Annotated[InputMessage, Tag("@message")]
    | Annotated[AssistantMessage, Tag("@assistant")]
    | Annotated[FunctionCall, Tag("@function_call")]
    | Annotated[CallOutput, Tag("@function_call_output")]
    | Annotated[CustomToolCall, Tag("@custom_tool_call")]
    | Annotated[CallOutput, Tag("@custom_tool_call_output")]
    | Annotated[Reasoning, Tag("@reasoning")]
    | Annotated[ItemReference, Tag("@item_reference")]
    | Annotated[ComputerCallOutput, Tag("@computer_call_output")]
    | Annotated[Any, AfterValidator(check_stored), Tag("@stored")],
    by_type(ITEM_TYPES, _item_tag),
]
