"""Computer use in scripts: the short form of a call with its action, and what the built-in model asks and sees."""

from collections.abc import Callable, Mapping
from typing import Any

from emulator.core.hosted import HostedCall
from emulator.script.ask import Ask
from emulator.script.draft import Draft, Texts, made, words
from emulator.script.hosted import Words
from emulator.script.node import Node
from emulator.script.plan import Message, Step

KIND = "computer_call"
BUTTONS = ("left", "right", "wheel", "back", "forward")
TEXT = {"type": "string", "minLength": 1}
POINT = {"type": "object", "properties": {key: {"type": "integer"} for key in "xy"}, "required": ["x", "y"]}
FIELDS: Mapping[str, Any] = {
    "x": {"type": "integer"},
    "y": {"type": "integer"},
    "scroll_x": {"type": "integer"},
    "scroll_y": {"type": "integer"},
    "button": {"enum": list(BUTTONS)},
    "text": {"type": "string"},
    "keys": {"type": "array", "minItems": 1, "items": TEXT},
    "path": {"type": "array", "minItems": 1, "items": POINT},
}
# Every action with its fields: those that it needs, and those that it may have.
ACTIONS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "click": (("x", "y"), ("button", "keys")),
    "double_click": (("x", "y"), ("keys",)),
    "drag": (("path",), ("keys",)),
    "keypress": (("keys",), ()),
    "move": (("x", "y"), ("keys",)),
    "screenshot": ((), ()),
    "scroll": (("x", "y", "scroll_x", "scroll_y"), ("keys",)),
    "type": (("text",), ()),
    "wait": ((), ()),
}
BARE = tuple(kind for kind, (needed, _) in ACTIONS.items() if not needed)
CHECK_KEYS = ("id", "code", "message")
_ACTION = {
    "type": "object",
    "properties": {"type": {"enum": list(ACTIONS)}, **FIELDS},
    "required": ["type"],
    "additionalProperties": False,
}
_CHECK = {"type": "object", "properties": dict.fromkeys(CHECK_KEYS, TEXT), "additionalProperties": False}
SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        {"enum": list(BARE)},
        {
            "type": "object",
            "properties": {
                "action": {"anyOf": [{"enum": list(BARE)}, _ACTION]},
                "pending_safety_checks": {"type": "array", "minItems": 1, "items": _CHECK},
            },
            "required": ["action"],
            "additionalProperties": False,
        },
    ]
}


def read(node: Node) -> Step | Draft:
    """`computer_call: screenshot` (or `wait`), or a mapping: `action`, with `pending_safety_checks`."""
    if not isinstance(node.value, dict):
        return HostedCall(KIND, {"action": _action(node)})
    entries = node.mapping(("action", "pending_safety_checks"))
    fields: dict[str, Any] = {"action": _action(entries["action"]) if "action" in entries else _needs(node, "action")}
    if "pending_safety_checks" in entries:
        checks = entries["pending_safety_checks"].list("safety checks")
        fields["pending_safety_checks"] = [_check(check) for check in checks]
    return made(HostedCall, node.label, type=KIND, fields=Texts(fields))


def _needs(node: Node, key: str) -> Any:
    node.wrong(f"{node.label} needs {key!r}")


def _check(node: Node) -> dict[str, Any]:
    return {key: words(entry) for key, entry in node.mapping(CHECK_KEYS).items()}


def _action(node: Node) -> dict[str, Any]:
    if not isinstance(node.value, dict):
        return {"type": node.one_of(BARE)}
    entries = node.any_mapping()
    kind = entries["type"].one_of(ACTIONS) if "type" in entries else _needs(node, "type")
    needed, more = ACTIONS[kind]
    node.mapping(("type", *needed, *more))
    for key in needed:
        if key not in entries:
            node.wrong(f"{node.label} needs {key!r}, as every {kind}")
    read_field = {key: READERS.get(key, Node.integer)(entry) for key, entry in entries.items() if key != "type"}
    return {"type": kind, **({"button": "left"} if kind == "click" else {}), **read_field}


def _path(node: Node) -> list[dict[str, int]]:
    points = [entry.mapping(("x", "y")) for entry in node.list("points")]
    for point, entry in zip(points, node.value, strict=True):
        for key in "xy":
            if key not in point:
                entry.wrong(f"{entry.label} needs {key!r}")
    return [{key: entry.integer() for key, entry in point.items()} for point in points]


READERS: Mapping[str, Callable[[Node], Any]] = {
    "button": lambda node: node.one_of(BUTTONS),
    "text": words,
    "keys": lambda node: list(node.texts("keys")),
    "path": _path,
}


def says(ask: Ask, tool: Mapping[str, Any], message: Words) -> tuple[Step, ...]:
    """First it looks: it asks for a screenshot, and says nothing more before it has one."""
    return (HostedCall(KIND, {"action": {"type": "screenshot"}}),)


def answers(ask: Ask, message: Words) -> tuple[Step, ...]:
    """What it sees on a screenshot, in a sentence, or the JSON that is asked for."""
    if ask.request.text["format"]["type"] != "text":
        return (Message(message()),)
    tool = next((tool for tool in ask.request.tools if tool["type"] == "computer_use_preview"), None)
    if tool is None:
        return (Message("I see a screenshot."),)
    size = f"{tool['display_width']} by {tool['display_height']} pixels"
    return (Message(f"I see a screenshot of the {tool['environment']}, {size}."),)
