"""A fixture's `then`: the steps of the model and their ending; it decides neither when nor how fast."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from emulator.script.node import Node
from emulator.script.plan import CustomToolCall, Ending, FunctionCall, Message, Reasoning, Refusal, Step

LATER = (
    "raw",
    "events",
    "wait",
    "error",
    "code_interpreter_call",
    "mcp_list_tools",
    "mcp_approval_request",
    "mcp_call",
    "image_generation_call",
)
REASONS = ("max_output_tokens", "content_filter")
TEMPLATE = re.compile(r"\{\{.*?\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Then:
    """What one run says: its steps, in order, and its ending."""

    steps: tuple[Step, ...] = ()
    ending: Ending = field(default_factory=Ending)


def read_then(node: Node) -> Then:
    """Read `then`, a list of steps; raises FixtureError for what is wrong or not built yet."""
    steps: list[Step] = []
    ending = None
    for entry in node.list("steps"):
        kind, value = _step(entry)
        if ending:
            entry.wrong(f"{entry.label} comes after {ending.status!r}, which ends the script: put that last")
        if kind in ENDINGS:
            ending = ENDINGS[kind](value)
        else:
            steps.append(STEPS[kind](value))
    return Then(tuple(steps), ending or Ending())


def _step(node: Node) -> tuple[str, Node]:
    if not isinstance(node.value, dict):
        node.wrong(f"{node.label} must be a mapping such as {{message: Hello}}, not {node.kind}")
    entries = node.mapping((*STEPS, *ENDINGS), LATER)
    if len(entries) != 1:
        node.wrong(f"{node.label} must have one key, not {len(entries)}: each step is an entry of its own")
    return next(iter(entries.items()))


def _text(node: Node) -> str:
    text = node.text()
    if TEMPLATE.search(text):
        node.later(f"a template ({{{{ }}}}) in {node.label}")
    return text


def _message(node: Node) -> Step:
    if isinstance(node.value, dict):
        node.later(f"{node.label} as a mapping")
    return Message(_text(node))


def _refusal(node: Node) -> Step:
    return Refusal(_text(node))


def _reasoning(node: Node) -> Step:
    if node.value is None or node.value == "":
        return Reasoning()
    if isinstance(node.value, list):
        for part in node.value:
            part.filled()
        return Reasoning(tuple(_text(part) for part in node.value))
    return Reasoning((_text(node),))


def _function_call(node: Node) -> Step:
    entries = node.mapping(("name", "arguments"))
    arguments = _arguments(entries["arguments"]) if "arguments" in entries else "{}"
    return FunctionCall(_required(node, entries, "name"), arguments)


def _arguments(node: Node) -> str:
    if isinstance(node.value, str):
        return _text(node)
    if not isinstance(node.value, dict):
        node.wrong(f"{node.label} must be a mapping or JSON text, not {node.kind}")
    _no_templates(node)
    try:
        return json.dumps(node.plain(), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:
        node.wrong(f"{node.label} holds a number that JSON cannot write")


def _no_templates(node: Node) -> None:
    if isinstance(node.value, str):
        _text(node)
    children = node.value.values() if isinstance(node.value, dict) else node.value
    for child in children if isinstance(node.value, dict | list) else ():
        _no_templates(child)


def _custom_tool_call(node: Node) -> Step:
    entries = node.mapping(("name", "input"))
    text = _text(entries["input"]) if "input" in entries else ""
    return CustomToolCall(_required(node, entries, "name"), text)


def _fail(node: Node) -> Ending:
    entries = node.mapping(("code", "message"))
    code, message = (_required(node, entries, key) for key in ("code", "message"))
    return Ending("failed", code=code, message=message)


def _incomplete(node: Node) -> Ending:
    return Ending("incomplete", reason=node.one_of(REASONS))


def _required(node: Node, entries: dict[str, Node], key: str) -> str:
    if key not in entries:
        node.wrong(f"{node.label} needs {key!r}")
    entries[key].filled()
    return _text(entries[key])


STEPS: dict[str, Callable[[Node], Step]] = {
    "message": _message,
    "refusal": _refusal,
    "reasoning": _reasoning,
    "function_call": _function_call,
    "custom_tool_call": _custom_tool_call,
}
ENDINGS: dict[str, Callable[[Node], Ending]] = {"fail": _fail, "incomplete": _incomplete}
