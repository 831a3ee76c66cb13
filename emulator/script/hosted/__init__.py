"""What a script knows of hosted tools: the short forms of their items, and what the built-in model does with each.

One module a tool. `read(node)` makes a step of a short form whose schema is `SCHEMA`; a module with several has an
object with both for each, of the same name. `says(ask, tool, words)` is the built-in model's answer when the tool is
offered (nothing: it does not use the tool), `answers(ask, words)` that to an input item of its own, and
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
from emulator.script.prose import result

Words = Callable[[], str]

# Short form, which is the type of the item -> module.
FORMS: Mapping[str, str] = {
    "web_search_call": "web_search",
    "local_shell_call": "local_shell",
    "shell_call": "shell",
    "apply_patch_call": "apply_patch",
    "code_interpreter_call": "code_interpreter",
    "image_generation_call": "image_generation",
    "computer_call": "computer_use",
    "mcp_list_tools": "mcp",
    "mcp_call": "mcp",
    "mcp_approval_request": "mcp",
    "mcp_server": "mcp",
    "file_search_call": "file_search",
}
# Short forms that are no item: what the built-in model does with them takes their place.
EXPANDED = ("mcp_server",)
# The type under which a request offers the tool -> module.
OFFERED: Mapping[str, str] = {
    "web_search": "web_search",
    "web_search_2025_08_26": "web_search",
    "web_search_preview": "web_search",
    "web_search_preview_2025_03_11": "web_search",
    "local_shell": "local_shell",
    "shell": "shell",
    "apply_patch": "apply_patch",
    "code_interpreter": "code_interpreter",
    "image_generation": "image_generation",
    "computer_use_preview": "computer_use",
    "mcp": "mcp",
    "file_search": "file_search",
}
# The type of a last input item that a tool answers -> module.
ANSWERED: Mapping[str, str] = {
    "local_shell_call_output": "local_shell",
    "shell_call_output": "shell",
    "apply_patch_call_output": "apply_patch",
    "computer_call_output": "computer_use",
    "image_generation_call": "image_generation",
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
            steps = tuple(_load(OFFERED[tool["type"]]).says(ask, tool, words))
            if steps:
                return steps
    return ()


def is_forced(ask: Ask, tool: Mapping[str, Any]) -> bool:
    """Whether a request leaves the model no other tool: it names this one, or requires a call and offers no other."""
    choice = ask.request.tool_choice
    if choice == "required":
        return all(offered["type"] == tool["type"] for offered in ask.request.tools)
    return isinstance(choice, dict) and choice.get("type") == tool["type"]


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


def told(ask: Ask, name: str, output: str, words: Words) -> Message:
    """The message after a tool's output: what it was, or the JSON that the request asks for."""
    return Message(result(name, output) if ask.request.text["format"]["type"] == "text" else words())


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
