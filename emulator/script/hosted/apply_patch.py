"""Apply patch in scripts: the short form of a call, and what the built-in model does with it; it changes no file."""

from collections.abc import Mapping
from typing import Any

from emulator.core.hosted import HostedCall
from emulator.script.ask import Ask
from emulator.script.draft import Draft, made, words
from emulator.script.hosted import Words, is_forced, told
from emulator.script.node import Node
from emulator.script.plan import Step

OPERATIONS = ("create_file", "update_file", "delete_file")
TEXT = {"type": "string", "minLength": 1}
SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        {
            "type": "object",
            "properties": {name: TEXT, **({} if name == "delete_file" else {"diff": {"type": "string"}})},
            "required": [name, *([] if name == "delete_file" else ["diff"])],
            "additionalProperties": False,
        }
        for name in OPERATIONS
    ]
}


def read(node: Node) -> Step | Draft:
    """`apply_patch_call: {update_file: path, diff: text}`, or `create_file`, or `delete_file` without a diff."""
    entries = node.mapping((*OPERATIONS, "diff"))
    kinds = [name for name in OPERATIONS if name in entries]
    if len(kinds) != 1:
        node.wrong(f"{node.label} needs one of {', '.join(OPERATIONS)}, with the path of the file")
    (kind,) = kinds
    entries[kind].filled()
    operation: dict[str, Any] = {"type": kind, "path": words(entries[kind])}
    if kind == "delete_file":
        if "diff" in entries:
            entries["diff"].wrong(f"{entries['diff'].label}: a file that is deleted has no diff")
    elif "diff" not in entries:
        node.wrong(f"{node.label} needs 'diff' beside {kind!r}")
    else:
        operation["diff"] = words(entries["diff"])
    return made(HostedCall, node.label, type="apply_patch_call", fields={"operation": operation})


def says(ask: Ask, tool: Mapping[str, Any], message: Words) -> tuple[Step, ...]:
    """A new file with one line, and only where the request forces the tool."""
    if not is_forced(ask, tool):
        return ()
    operation = {"type": "create_file", "path": "hello.txt", "diff": "+hello\n"}
    return (HostedCall("apply_patch_call", {"operation": operation}),)


def answers(ask: Ask, message: Words) -> tuple[Step, ...]:
    """How it went."""
    last = ask.items[-1]
    return (told(ask, "The patch", str(last.get("output") or last.get("status") or ""), message),)
