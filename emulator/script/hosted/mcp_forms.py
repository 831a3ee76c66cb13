"""The short forms of MCP: a list of tools, a call, an approval request, and a whole server; it decides nothing."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulator.core.hosted import HostedCall
from emulator.core.records import dataclass
from emulator.script.draft import Draft, Json, Texts, arguments, json_data, made, words
from emulator.script.node import Node
from emulator.script.plan import Step

NO_INPUT = {"type": "object", "properties": {}}
FILLED = {"type": "string", "minLength": 1}
OBJECT = {"type": "object"}


@dataclass(frozen=True, slots=True)
class Form:
    """One short form: how it is read, and its schema."""

    read: Callable[[Node], Step | Draft]
    SCHEMA: Mapping[str, Any]


def _schema(required: Sequence[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"server_label": FILLED, **properties},
        "required": ["server_label", *required],
        "additionalProperties": False,
    }


def _read_list(node: Node) -> Step | Draft:
    entries = node.mapping(("server_label", "tools", "error"))
    fields: dict[str, Any] = {"server_label": _needed(node, entries, "server_label")}
    if "error" in entries:
        entries["error"].filled()
        fields |= {"tools": [], "error": Texts(words(entries["error"]))}
    elif "tools" in entries:
        fields["tools"] = [_tool(entry) for entry in entries["tools"].list("tools")]
    else:
        fields["pretended"] = True
    return made(HostedCall, node.label, type="mcp_list_tools", fields=fields)


def _read_server(node: Node) -> Step | Draft:
    entries = node.mapping(("server_label", "tools"))
    tools = entries["tools"].list("tools") if "tools" in entries else node.wrong(f"{node.label} needs 'tools'")
    fields = {
        "server_label": _needed(node, entries, "server_label"),
        "tools": [_tool(entry, ("output", "error")) for entry in tools],
        "outcomes": [_scripted(entry) for entry in tools],
    }
    return made(HostedCall, node.label, type="mcp_server", fields=fields)


def _scripted(node: Node) -> dict[str, Any]:
    """What comes of every call of a scripted server's tool."""
    outcome = _outcome(node, node.value) if isinstance(node.value, dict) else {}
    return outcome or {"output": "Done."}


def _tool(node: Node, more: Sequence[str] = ()) -> dict[str, Any]:
    plain = {"description": None, "input_schema": NO_INPUT, "annotations": None}
    if not isinstance(node.value, dict):
        node.filled()
        return {"name": Texts(words(node)), **plain}
    entries = node.mapping(("name", "description", "input_schema", "annotations", *more))
    told: dict[str, Any] = {"name": _needed(node, entries, "name"), **plain}
    if "description" in entries:
        told["description"] = Texts(words(entries["description"]))
    for key in ("input_schema", "annotations"):
        if key in entries:
            entries[key].any_mapping()
            told[key] = json_data(entries[key])
    return told


def _read_call(node: Node) -> Step | Draft:
    entries = node.mapping(("server_label", "name", "arguments", "output", "error"))
    fields = {**_called(node, entries), **_outcome(node, entries)}
    return made(HostedCall, node.label, type="mcp_call", fields=fields)


def _read_request(node: Node) -> Step | Draft:
    entries = node.mapping(("server_label", "name", "arguments"))
    return made(HostedCall, node.label, type="mcp_approval_request", fields=_called(node, entries))


def _called(node: Node, entries: Mapping[str, Node]) -> dict[str, Any]:
    written = arguments(entries["arguments"]) if "arguments" in entries else "{}"
    return {
        "server_label": _needed(node, entries, "server_label"),
        "name": _needed(node, entries, "name"),
        "arguments": written if isinstance(written, Json) else Texts(written),
    }


def _outcome(node: Node, entries: Mapping[str, Node]) -> dict[str, Any]:
    """What comes of a call: its output, or its error; neither is left to the server."""
    if "output" in entries and "error" in entries:
        node.wrong(f"{node.label} has an 'output' and an 'error': a call has one of them")
    if "output" in entries:
        output = entries["output"]
        return {"output": Texts(words(output)) if isinstance(output.value, str) else Json(json_data(output))}
    if "error" in entries:
        error = entries["error"]
        return {"error": json_data(error) if isinstance(error.value, dict) else Texts(words(error))}
    return {}


def _needed(node: Node, entries: Mapping[str, Node], key: str) -> Texts:
    if key not in entries:
        node.wrong(f"{node.label} needs {key!r}")
    entries[key].filled()
    return Texts(words(entries[key]))


_TOLD = {"name": FILLED, "description": FILLED, "input_schema": OBJECT, "annotations": OBJECT}
_OUTCOME: Mapping[str, Any] = {"output": {}, "error": {"type": ["string", "object"]}}
_ONE_OUTCOME = {"not": {"required": ["output", "error"]}}
_CALLED = {"name": FILLED, "arguments": {"type": ["object", "string"]}}


def _tools(more: Mapping[str, Any]) -> dict[str, Any]:
    tool = {
        "type": "object",
        "properties": {**_TOLD, **more},
        "required": ["name"],
        "additionalProperties": False,
        **(_ONE_OUTCOME if more else {}),
    }
    return {"type": "array", "minItems": 1, "items": {"anyOf": [FILLED, tool]}}


mcp_list_tools = Form(_read_list, _schema((), tools=_tools({}), error=FILLED))
mcp_call = Form(_read_call, {**_schema(("name",), **_CALLED, **_OUTCOME), **_ONE_OUTCOME})
mcp_approval_request = Form(_read_request, _schema(("name",), **_CALLED))
mcp_server = Form(_read_server, _schema(("tools",), tools=_tools(_OUTCOME)))
