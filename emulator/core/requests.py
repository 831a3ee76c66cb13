"""A request body as the rest of the emulator sees it: checked, defaults filled in; it stores nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from operator import attrgetter
from typing import Any

from pydantic import ValidationError

from emulator.core.additional_tools import ADDITIONAL, brought, check_additional
from emulator.core.client_tools import client_tools
from emulator.core.errors import ApiError
from emulator.core.input_params import item_type
from emulator.core.item_types import ITEM_TYPES
from emulator.core.queries import ListQuery, RetrieveQuery, parse_list_query, parse_retrieve_query
from emulator.core.records import dataclass
from emulator.core.request_body import CompactBody, ContextBody, CreateBody, InputBody, TokensBody
from emulator.core.request_memo import EACH_TURN, Memo, key_of
from emulator.core.tool_choice import Choice, check_choice
from emulator.core.tool_params import echo, secrets
from emulator.core.unknown import names, unknown_fields
from emulator.core.validation import Wire, check_id, check_response_id, load_object, translate

__all__ = [
    "CreateRequest",
    "ListQuery",
    "RetrieveQuery",
    "check_response_id",
    "parse_compact",
    "parse_create",
    "parse_input_tokens",
    "parse_list_query",
    "parse_retrieve_query",
]

Object = dict[str, Any]
MOST_ITEMS = 10_000  # of one input
_ID_LENGTH = 64
_WARNING_LENGTH = 200


def _plain_text() -> Object:
    return {"format": {"type": "text"}, "verbosity": "medium"}


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """What `POST /responses` asks for (docs/reference/requests.md).

    `input` holds the new items as they were sent, each with its `type`; a string is one user message.
    `tools`, `tool_choice` and `text` are as the response echoes them. `temperature`, `top_p`, `top_logprobs`
    and `service_tier` are None where they were left out. `strict_functions` are the paths of the functions that
    said `strict: true` themselves. `warnings` name what nobody understood. `secrets` are the headers that an MCP server
    gets, by its label: they stay in memory and are shown nowhere.
    """

    model: str
    input: list[Object] = field(default_factory=list)
    previous_response_id: str | None = None
    instructions: str | None = None
    conversation: str | None = None
    background: bool = False
    stream: bool = False
    include_obfuscation: bool = True
    store: bool = True
    include: tuple[str, ...] = ()
    tools: list[Object] = field(default_factory=list)
    tool_choice: Choice = "auto"
    parallel_tool_calls: bool = True
    max_output_tokens: int | None = None
    max_tool_calls: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_logprobs: int | None = None
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    text: Object = field(default_factory=_plain_text)
    reasoning: Object | None = None
    truncation: str = "disabled"
    metadata: dict[str, str] = field(default_factory=dict)
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    service_tier: str | None = None
    prompt: Object | None = None
    compact_threshold: int | None = None
    strict_functions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)


_lasting = attrgetter(*(name for name in CreateRequest.__slots__ if name not in EACH_TURN))
_KNOWN = Memo()
_TOKENS = names(TokensBody)
_COMPACT = names(CompactBody)
ANY_THRESHOLD = 0  # of a compaction whose threshold is left to the service


def parse_create(raw: bytes, *, strict: bool = False) -> CreateRequest:
    """Read the body of `POST /responses`, or raise the first error in it (docs/reference/errors.md).

    Unknown fields become `warnings`; with `strict` the first is an `unknown_parameter`.
    """
    given = _without_nulls(load_object(raw))
    _check_size(given)
    key = key_of(given)
    known = _KNOWN.get(key)
    request = _again(given, known) if known else None
    if request is None:
        request = _request(given, unknown_fields(given, _validate(CreateBody, given)), strict=strict)
        if not (request.warnings or brought(request.input) or any(tool["type"] == "mcp" for tool in request.tools)):
            _KNOWN.keep(key, _lasting(request))  # what is sent to an MCP server may hold a secret anywhere
    return request


def _again(given: Object, known: tuple[Any, ...]) -> CreateRequest | None:
    """The request of a body of which all but its turn is known to be right; None where its turn is not quite plain."""
    items, previous = given.get("input"), given.get("previous_response_id")
    if not isinstance(previous, str | None):
        return None
    if not isinstance(items, str | None):
        turn = {"input": items}
        if unknown_fields(turn, _validate(InputBody, turn)) or any(item.get("type") == ADDITIONAL for item in items):
            return None
    _check_together(given, _conversation(given.get("conversation")))
    return CreateRequest(known[0], _items(items), previous, *known[1:])


def parse_input_tokens(raw: bytes, *, strict: bool = False) -> CreateRequest:
    """Read the body of `POST /responses/input_tokens`: it knows fewer fields than `POST /responses`."""
    return _parsed(raw, TokensBody, _TOKENS, strict=strict)


def parse_compact(raw: bytes, *, strict: bool = False) -> CreateRequest:
    """Read the body of `POST /responses/compact`: the context to compact, and nothing of an answer."""
    return _parsed(raw, CompactBody, _COMPACT, strict=strict)


def _parsed(raw: bytes, model: type[ContextBody], fields: frozenset[str], *, strict: bool) -> CreateRequest:
    """The request of a body of a model that knows but these `fields`: all others are unknown."""
    given = _without_nulls(load_object(raw))
    _check_size(given)
    known = {name: value for name, value in given.items() if name in fields}
    return _request(known, unknown_fields(given, _validate(model, known)), strict=strict)


def _without_nulls(value: Mapping[str, Any]) -> Object:
    return {name: held for name, held in value.items() if held is not None}


def _check_size(given: Object) -> None:
    """Before each item is looked at: so many would hold up everyone else."""
    items = given.get("input")
    if isinstance(items, list) and len(items) > MOST_ITEMS:
        raise ApiError("array_above_max_length", "input", limit=MOST_ITEMS, got=len(items))


def _validate(model: type[Wire], given: Object) -> Wire:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise translate(error) from None


def _request(given: Object, unknown: tuple[str, ...], *, strict: bool) -> CreateRequest:
    """The request of a body whose fields are right each by itself."""
    if unknown and strict:
        raise ApiError("unknown_parameter", unknown[0])
    conversation = _conversation(given.get("conversation"))
    _check_together(given, conversation)
    fields: Object = {}
    for name, value in given.items():
        if name in _SAME:
            fields[name] = value
        elif name in _READ:
            field_name, read = _READ[name]
            fields[field_name] = read(value)
    if conversation is not None:
        fields["conversation"] = conversation
    fields["input"] = _items(given.get("input"))
    if "tools" in given or "tool_choice" in given:
        fields |= _tools(given, fields["input"])
    if unknown:
        fields["warnings"] = tuple([f"unknown_parameter: {_printable(path)}" for path in unknown])
    return CreateRequest(**fields)


def _printable(path: str) -> str:
    """ASCII without control characters: a warning becomes a header."""
    return ascii(path)[1:-1][:_WARNING_LENGTH]


def _conversation(value: Any) -> str | None:
    if value is None:
        return None
    found: str = value["id"] if isinstance(value, dict) else value
    check_id(found, "conv", "conversation.id" if isinstance(value, dict) else "conversation")
    return found


def _check_together(given: Object, conversation: str | None) -> None:
    """The rules between fields."""
    previous = given.get("previous_response_id")
    if previous is not None:
        check_response_id(previous, "previous_response_id")
        if conversation is not None:
            # The service shortens the name of the field so, and names no param.
            raise ApiError("mutually_exclusive", names="'pre..._id' or 'conversation'")
    if not given.get("input") and previous is None and conversation is None and "prompt" not in given:
        raise ApiError("missing_input", "input")
    if "stream_options" in given and not given.get("stream"):
        raise ApiError("stream_options_need_stream", "stream_options")
    if given.get("background") and given.get("store") is False:
        raise ApiError("background_needs_store", "background")


def _tools(given: Object, items: list[Object]) -> Object:
    """The tools and the choice among them and those of items; what may not be told of the tools stands beside them."""
    tools = [echo(tool) for tool in given.get("tools", ())]
    choice = given.get("tool_choice", "auto")
    check_choice(choice, [*tools, *(tool for _, tool in brought(items))])
    strict = (offered.path for offered in client_tools(given.get("tools", ())) if offered.tool.get("strict") is True)
    return {
        "tools": tools,
        "tool_choice": _without_nulls(choice) if isinstance(choice, dict) else choice,
        "strict_functions": tuple(strict),
        "secrets": secrets(given.get("tools", ())),
    }


def _threshold(given: list[Object]) -> int | None:
    """The lowest threshold of those given; None where nothing is to be compacted."""
    found = [entry.get("compact_threshold") or ANY_THRESHOLD for entry in given]
    return min(found, default=None)


def _text(given: Object) -> Object:
    return {"format": _format(given.get("format")), "verbosity": given.get("verbosity") or "medium"}


def _format(given: Object | None) -> Object:
    if given is None:
        return {"type": "text"}
    if given["type"] != "json_schema":
        return {"type": given["type"]}
    return {
        "type": "json_schema",
        "description": given.get("description"),
        "name": given["name"],
        "schema": given["schema"],
        "strict": bool(given.get("strict")),
    }


# Fields that are not taken over as they are sent -> the field that they become, and how they are read.
_READ: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "include": ("include", lambda given: tuple(dict.fromkeys(given))),
    "stream_options": ("include_obfuscation", lambda given: given.get("include_obfuscation") is not False),
    "text": ("text", _text),
    "reasoning": ("reasoning", _without_nulls),
    "context_management": ("compact_threshold", _threshold),
    # Azure's schema writes `in-memory`; the answers of the service have `in_memory`.
    "prompt_cache_retention": ("prompt_cache_retention", lambda given: given.replace("-", "_")),
    **{name: (name, float) for name in ("temperature", "top_p", "frequency_penalty", "presence_penalty")},
}
# Fields that are taken over as they are sent.
_SAME = frozenset(CreateRequest.__slots__) - {
    *_READ,
    "input",
    "include_obfuscation",
    "conversation",
    "tools",
    "tool_choice",
    "compact_threshold",
    "strict_functions",
    "warnings",
    "secrets",
}


def _items(given: str | list[Object] | None) -> list[Object]:
    """The items of `input`, where a string is one user message."""
    if not given:
        return []
    if isinstance(given, str):
        part = {"type": "input_text", "text": given}
        return [{"type": "message", "role": "user", "content": [part]}]
    return typed_items(given, "input")


def typed_items(given: Sequence[Object], param: str) -> list[Object]:
    """Checked items, each with its type and an id of its own; `param` is the field that they stand in."""
    items = [item if item.get("type") else {**item, "type": item_type(item)} for item in given]
    seen: set[str] = set()
    for number, item in enumerate(items):
        if item["type"] == ADDITIONAL:
            check_additional(item, f"{param}[{number}]")
        elif item["type"] == "compaction_trigger" and number < len(items) - 1:
            reason = "a compaction_trigger must be the last input item."
            raise ApiError("invalid", f"{param}[{number}]", reason=reason)
        item_id = item.get("id")
        if item_id is not None:
            _check_item_id(item, f"{param}[{number}].id")
            if item_id in seen:
                raise ApiError("duplicate_item", param, id=item_id)
            seen.add(item_id)
    return items


def _check_item_id(item: Object, param: str) -> None:
    check_id(item["id"], ITEM_TYPES[item["type"]].accepts, param)
    if len(item["id"]) > _ID_LENGTH:
        raise ApiError("string_above_max_length", param, limit=_ID_LENGTH, got=len(item["id"]))
