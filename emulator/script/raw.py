"""Raw items and events of a script: checked against what can happen on the wire; it emits neither."""

from collections.abc import Sequence
from typing import Any

from emulator.core.chain import CALLS, OUTPUTS
from emulator.core.fold import SNAPSHOTS
from emulator.core.item_types import ITEM_TYPES
from emulator.script.node import Node, nearest, quoted

# What only a client sends. An output whose call stands before it is the service's own.
INPUT_ONLY = (
    "item_reference",
    "mcp_approval_response",
    "compaction_trigger",
    "configuration_update",
    "function_call_output",
    "custom_tool_call_output",
    "local_shell_call_output",
)
OUTPUT_TYPES = tuple(kind for kind in ITEM_TYPES if kind not in INPUT_ONLY)
FILLED = ("id", "status", "call_id", "role")
ALWAYS_TEXT = ("id", "status", "call_id")
TEXT = {
    "function_call": ("name", "arguments"),
    "custom_tool_call": ("name", "input"),
    "mcp_call": ("name", "arguments", "server_label"),
    "mcp_approval_request": ("name", "arguments", "server_label"),
}
CLOSED = (*sorted(SNAPSHOTS), "response.output_item.added", "response.output_item.done")
ANNOTATIONS = {
    "url_citation": ("start_index", "end_index", "title", "url"),
    "file_citation": ("file_id", "filename", "index"),
    "container_file_citation": ("container_id", "file_id", "filename", "start_index", "end_index"),
    "file_path": ("file_id", "index"),
}
INDEXES = ("start_index", "end_index", "index")


def check_item(node: Node) -> None:
    """An output item by its type: no field is unknown, none but those that are filled in is missing."""
    entries = node.any_mapping()
    kind = entries["type"].text() if "type" in entries else node.wrong(f"{node.label} needs 'type'")
    if kind in INPUT_ONLY:
        entries["type"].wrong(f"{node.label}: no model puts out {quoted(kind)}; the client sends it")
    if kind not in OUTPUT_TYPES:
        near = nearest(kind, OUTPUT_TYPES, "the types are")
        entries["type"].wrong(f"{node.label}: there is no item type {quoted(kind)}; {near}")
    row = ITEM_TYPES[kind]
    for key, entry in entries.items():
        if key not in row.fields:
            near = nearest(key, (*row.required, *row.optional, "id"), "the fields are")
            entry.wrong(f"{node.label}: a {kind} has no field {quoted(key)}; {near}")
        if key in (*ALWAYS_TEXT, *TEXT.get(kind, ())):
            entry.text()
    for key in row.required:
        if key not in entries and key not in FILLED:
            node.wrong(f"{node.label} needs {key!r}, as every {kind}")
    if kind == "message":
        _check_message(node, entries)


def _check_message(node: Node, entries: dict[str, Node]) -> None:
    if "role" in entries and entries["role"].value != "assistant":
        entries["role"].wrong(f"{node.label}: a model's message has the role 'assistant'")
    for part in entries["content"].list("content parts"):
        fields = part.mapping(("type", "text", "refusal", "annotations", "logprobs"))
        kind = fields["type"].one_of(("output_text", "refusal")) if "type" in fields else "nothing"
        said = "refusal" if kind == "refusal" else "text"
        if kind == "nothing" or said not in fields:
            part.wrong(f"{part.label} needs 'type' (output_text or refusal) and its text")
        fields[said].text()


def check_order(items: Sequence[Node]) -> None:
    """An output stands after its call, which is an item of the same script; no two items go by the same id."""
    calls: dict[Any, str] = {}
    taken: set[tuple[str, str]] = set()
    for node in items:
        entries = node.any_mapping()
        _take_ids(entries, taken)
        kind, call_id = entries["type"].value, entries["call_id"].value if "call_id" in entries else None
        if kind in CALLS:
            calls[call_id] = kind
        elif kind in OUTPUTS and (call_id is None or calls.get(call_id) != OUTPUTS[kind][0]):
            node.wrong(
                f"{node.label} comes without its {OUTPUTS[kind][0]}: that is an item before it, with its call_id"
            )


def _take_ids(entries: dict[str, Node], taken: set[tuple[str, str]]) -> None:
    kind = entries["type"].value
    for key in ("id", "call_id"):
        value = entries[key].value if key in entries else None
        if not isinstance(value, str) or "{{" in value:  # what a template gives is known when it is filled in
            continue
        name = (kind if key == "call_id" else key, value)  # an output has its call's
        if name in taken:
            entries[key].wrong(f"{entries[key].label}: an item before it has the same {key} {quoted(value)}")
        taken.add(name)


def check_event(node: Node) -> None:
    """An event that neither ends the log nor changes the Response; its number is the log's."""
    entries = node.any_mapping()
    kind = entries["type"].filled() if "type" in entries else node.wrong(f"{node.label} needs 'type'")
    if kind in CLOSED:
        entries["type"].wrong(f"{node.label}: {kind} is the log's own; use the steps message, item, fail or incomplete")
    for key in ("sequence_number", "self"):
        if key in entries:
            entries[key].wrong(f"{node.label}: {key!r} cannot be set; the log numbers its events")


def check_annotation(node: Node) -> None:
    """A citation with all that its type has."""
    entries = node.any_mapping()
    kind = entries["type"].one_of(ANNOTATIONS) if "type" in entries else node.wrong(f"{node.label} needs 'type'")
    node.mapping(("type", *ANNOTATIONS[kind]))
    for key in ANNOTATIONS[kind]:
        if key not in entries:
            node.wrong(f"{node.label} needs {key!r}, as every {kind}")
        if key in INDEXES:
            entries[key].integer(0)
        else:
            entries[key].text()
