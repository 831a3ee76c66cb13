"""What a script knows of hosted tools: the short forms of their items, and what the built-in model does with each.

One module a tool. `read(node)` makes a step of a short form whose schema is `SCHEMA`; a module with several has an
object with both for each, of the same name. `says(ask, tool, words)` is the
built-in model's answer when the tool is offered, `answers(ask, words)` that to an input item of its own, and
`goes_on(ask, steps, words)` what comes after outside work; `expanded(ask, step, words)` takes the place of a short form
that is no item. `words()` is the message that would be said without tools.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from emulator.core.hosted import HostedCall
from emulator.script.ask import Ask
from emulator.script.plan import Message, Step

Words = Callable[[], str]

# Short form, which is the type of the item -> module.
FORMS: Mapping[str, str] = {
    "web_search_call": "web_search",
    "mcp_list_tools": "mcp",
    "mcp_call": "mcp",
    "mcp_approval_request": "mcp",
    "mcp_server": "mcp",
}
# Short forms that are no item: what the built-in model does with them takes their place.
EXPANDED = ("mcp_server",)
# The type under which a request offers the tool -> module.
OFFERED: Mapping[str, str] = {
    "web_search": "web_search",
    "web_search_2025_08_26": "web_search",
    "web_search_preview": "web_search",
    "web_search_preview_2025_03_11": "web_search",
    "mcp": "mcp",
}
# The type of a last input item that a tool answers -> module.
ANSWERED: Mapping[str, str] = {
    "mcp_approval_response": "mcp",
}


def form(kind: str) -> Any:
    """What reads a short form: its `read` and its `SCHEMA`."""
    module = _load(FORMS[kind])
    return getattr(module, kind, module)


def answer(ask: Ask, words: Words) -> tuple[Step, ...]:
    """What the built-in model does with the hosted tools of a request: one of them, the first that may; or nothing."""
    last = ask.items[-1] if ask.items else {}
    if last.get("type") in ANSWERED:
        return tuple(_load(ANSWERED[last["type"]]).answers(ask, words))
    if last.get("type") != "message" or last.get("role") != "user":
        return ()
    for tool in ask.request.tools:
        if tool["type"] in OFFERED and _allowed(tool, ask.request.tool_choice):
            return tuple(_load(OFFERED[tool["type"]]).says(ask, tool, words))
    return ()


def expanded(ask: Ask, steps: Sequence[Step], words: Words) -> tuple[Step, ...]:
    """The steps of a script, with what the built-in model does in place of those that are no item."""
    if not any(isinstance(step, HostedCall) and step.type in EXPANDED for step in steps):
        return tuple(steps)
    found: list[Step] = []
    for step in steps:
        if isinstance(step, HostedCall) and step.type in EXPANDED:
            found += _load(FORMS[step.type]).expanded(ask, step, words)
        else:
            found.append(step)
    return tuple(found)


def go_on(ask: Ask, steps: Sequence[Step], words: Words) -> tuple[Step, ...]:
    """What comes after the last of `steps`, whose outside work is done: more of its tool, or a message."""
    last = steps[-1]
    module = _load(FORMS[last.type]) if isinstance(last, HostedCall) and last.type in FORMS else None
    if module is not None and hasattr(module, "goes_on"):
        return tuple(module.goes_on(ask, steps, words))
    return (Message(words()),)


def _allowed(tool: Mapping[str, Any], choice: str | Mapping[str, Any]) -> bool:
    """Whether the request's `tool_choice` lets the model use this tool."""
    if isinstance(choice, str):
        return choice != "none"
    if choice.get("type") == "allowed_tools":
        return choice.get("mode") != "none" and any(_meant(tool, named) for named in choice.get("tools") or ())
    return _meant(tool, choice)


def _meant(tool: Mapping[str, Any], choice: Mapping[str, Any]) -> bool:
    same = choice.get("server_label") in (None, tool.get("server_label"))
    return bool(choice.get("type") == tool["type"]) and same


def _load(name: str) -> ModuleType:
    return import_module(f"emulator.script.hosted.{name}")
