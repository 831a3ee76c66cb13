"""The shell in scripts: the short form of a call and its output, and what the built-in model does; it runs nothing."""

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
COUNT = {"type": "integer", "minimum": 1}
OUTPUT = {
    "type": "object",
    "properties": {
        "stdout": {"type": "string"},
        "stderr": {"type": "string"},
        "exit_code": {"type": "integer"},
        "timeout": {"const": True},
    },
    "additionalProperties": False,
}
SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        TEXT,
        TEXTS,
        {
            "type": "object",
            "properties": {
                "commands": {"anyOf": [TEXT, TEXTS]},
                "timeout_ms": COUNT,
                "max_output_length": COUNT,
                "output": {"type": "array", "minItems": 1, "items": OUTPUT},
                "piecewise": {"type": "boolean"},
            },
            "required": ["commands"],
            "additionalProperties": False,
        },
    ]
}


def read(node: Node) -> Step | Draft:
    """`shell_call: command`, a list of commands, or a mapping.

    With `output` the service ran them itself, one entry a command. `piecewise` sends the events of newer services.
    """
    if not isinstance(node.value, dict):
        return _made(node, {"action": _action(_commands(node), {})})
    entries = node.mapping(("commands", "timeout_ms", "max_output_length", "output", "piecewise"))
    if "commands" not in entries:
        node.wrong(f"{node.label} needs 'commands'")
    commands = _commands(entries["commands"])
    fields: dict[str, Any] = {"action": _action(commands, entries)}
    if "output" in entries:
        outputs = entries["output"].list("outputs")
        if len(outputs) != len(commands):
            entries["output"].wrong(
                f"{entries['output'].label} must have one entry for each of {len(commands)} commands"
            )
        fields["output"] = [_output(entry) for entry in outputs]
    if "piecewise" in entries and entries["piecewise"].flag():
        fields["piecewise"] = True
    return _made(node, fields)


def _commands(node: Node) -> list[Any]:
    node.texts("commands")
    return [words(entry) for entry in node.value] if isinstance(node.value, list) else [words(node)]


def _action(commands: list[Any], entries: Mapping[str, Node]) -> dict[str, Any]:
    limits = {
        name: entries[name].integer(1) if name in entries else None for name in ("timeout_ms", "max_output_length")
    }
    return {"commands": commands, **limits}


def _output(node: Node) -> dict[str, Any]:
    entries = node.mapping(("stdout", "stderr", "exit_code", "timeout"))
    if "timeout" in entries and "exit_code" in entries:
        node.wrong(f"{node.label} has both 'timeout' and 'exit_code': one of them")
    code = entries["exit_code"].integer() if "exit_code" in entries else 0
    timed_out = "timeout" in entries and entries["timeout"].flag()
    return {
        "stdout": data(entries["stdout"]) if "stdout" in entries else "",
        "stderr": data(entries["stderr"]) if "stderr" in entries else "",
        "outcome": {"type": "timeout"} if timed_out else {"type": "exit", "exit_code": code},
    }


def _made(node: Node, fields: dict[str, Any]) -> Step | Draft:
    return made(HostedCall, node.label, type="shell_call", fields=fields)


def says(ask: Ask, tool: Mapping[str, Any], message: Words) -> tuple[Step, ...]:
    """A harmless command, and only where the request forces the tool."""
    if not is_forced(ask, tool):
        return ()
    return (HostedCall("shell_call", {"action": _action(["echo hello"], {})}),)


def answers(ask: Ask, message: Words) -> tuple[Step, ...]:
    """What the commands put out."""
    outputs = ask.items[-1].get("output") or ()
    text = "\n".join(str(entry.get("stdout") or entry.get("stderr") or "") for entry in outputs if entry)
    return (told(ask, "The command", text, message),)
