"""The local shell in scripts: the short form of a call, and what the built-in model does with it; it runs nothing."""

from collections.abc import Mapping
from typing import Any

from emulator.core.hosted import HostedCall
from emulator.script.ask import Ask
from emulator.script.draft import Draft, data, made, words
from emulator.script.hosted import Words, is_forced, told
from emulator.script.node import Node
from emulator.script.plan import Step

TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "array", "minItems": 1, "items": TEXT}
SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        TEXT,
        TEXTS,
        {
            "type": "object",
            "properties": {
                "command": {"anyOf": [TEXT, TEXTS]},
                "env": {"type": "object", "additionalProperties": {"type": "string"}},
                "timeout_ms": {"type": "integer", "minimum": 1},
                "user": TEXT,
                "working_directory": TEXT,
            },
            "required": ["command"],
            "additionalProperties": False,
        },
    ]
}


def read(node: Node) -> Step | Draft:
    """`local_shell_call: command`, a list of its words, or a mapping with `command` and how it is to be run."""
    if not isinstance(node.value, dict):
        return _made(node, {"type": "exec", "command": _command(node), "env": {}})
    entries = node.mapping(("command", "env", "timeout_ms", "user", "working_directory"))
    if "command" not in entries:
        node.wrong(f"{node.label} needs 'command'")
    env = entries["env"].any_mapping() if "env" in entries else {}
    action: dict[str, Any] = {
        "type": "exec",
        "command": _command(entries["command"]),
        "env": {name: words(value) for name, value in env.items()},
    }
    if "timeout_ms" in entries:
        action["timeout_ms"] = entries["timeout_ms"].integer(1)
    for name in ("user", "working_directory"):
        if name in entries:
            entries[name].filled()
            action[name] = words(entries[name])
    return _made(node, action)


def _command(node: Node) -> Any:
    if not isinstance(node.value, list):
        node.filled()
        return ["bash", "-lc", words(node)]
    node.texts("the words of a command")
    return data(node)


def _made(node: Node, action: dict[str, Any]) -> Step | Draft:
    return made(HostedCall, node.label, type="local_shell_call", fields={"action": action})


def says(ask: Ask, tool: Mapping[str, Any], message: Words) -> tuple[Step, ...]:
    """A harmless command, and only where the request forces the tool."""
    if not is_forced(ask, tool):
        return ()
    action = {"type": "exec", "command": ["echo", "hello"], "env": {}}
    return (HostedCall("local_shell_call", {"action": action}),)


def answers(ask: Ask, message: Words) -> tuple[Step, ...]:
    """What the command put out."""
    return (told(ask, "The command", str(ask.items[-1].get("output") or ""), message),)
